//! Where a value comes from that does not depend on the row: the caller's claims, a setting, the
//! role of the database.

use std::cell::Cell;

use crate::facts::{Body, Facts, Function};
use crate::{Expr, Query, SubLink, SubLinkKind};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The subject of the caller's token: `auth.uid()`, `auth.subject()`, the claim `sub`. NULL for
    /// callers without a token.
    Subject,
    /// Another claim, by its path; the empty path is all claims. `["user_metadata"]` is what the
    /// user writes.
    Claim(Vec<String>),
    /// A setting of the session, such as `app.tenant`.
    Setting(String),
    /// The role: `current_user`, `session_user`.
    DatabaseRole,
    /// A function without arguments that is not known: it may return any of these.
    Helper(u32),
}

impl Source {
    /// Returns true if the value tells one user from all others.
    pub fn is_caller(&self) -> bool {
        matches!(self, Self::Subject | Self::DatabaseRole)
    }

    fn claim(path: Vec<String>) -> Self {
        match path.as_slice() {
            [only] if only == "sub" => Self::Subject,
            _ => Self::Claim(path),
        }
    }

    /// Adds a step to the path of a claim.
    fn at(self, key: String) -> Option<Self> {
        match self {
            Self::Claim(mut path) => {
                path.push(key);
                Some(Self::claim(path))
            }
            _ => None,
        }
    }
}

/// The depth to which functions of users are looked into.
const MAX_CALLS: u32 = 8;

/// The number of functions of users that are looked into for one value.
const MAX_LOOKS: u32 = 32;

/// How far functions are looked into.
#[derive(Clone, Copy)]
struct Looks<'l> {
    depth: u32,
    number: &'l Cell<u32>,
}

impl Looks<'_> {
    /// Looks into one more, if that is not too many.
    fn deeper(self) -> Option<Self> {
        self.number.set(self.number.get().saturating_add(1));
        let depth = self.depth.checked_add(1)?;
        let is_open = depth < MAX_CALLS && self.number.get() <= MAX_LOOKS;
        is_open.then_some(Self { depth, ..self })
    }
}

/// Finds where values come from.
pub(super) struct Sources<'f> {
    facts: &'f Facts,
}

impl<'f> Sources<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        Self { facts }
    }

    /// Returns where a value comes from, through casts, `(select …)`, `coalesce` and `nullif`;
    /// nothing if it depends on the row, or is something else.
    pub(super) fn source(&self, expr: &Expr) -> Option<Source> {
        let number = &Cell::new(0);
        self.find(expr, Looks { depth: 0, number })
    }

    fn find(&self, expr: &Expr, calls: Looks<'_>) -> Option<Source> {
        let mut expr = expr;
        loop {
            expr = match expr {
                Expr::Cast { arg, .. } | Expr::Collate(arg) | Expr::NamedArg(arg) => arg,
                Expr::NullIf(operation) => operation.args.first()?,
                Expr::SubLink(link) => only_value(link)?,
                Expr::Coalesce(args) => return self.coalesced(args, calls),
                Expr::Operator(operation) => {
                    let name = &self.facts.operators.get(&operation.operator)?.name;
                    let [from, key] = operation.args.as_slice() else {
                        return None;
                    };
                    return self.part(name, from, key, calls);
                }
                Expr::Subscript(from, bounds) => {
                    let [key] = bounds.as_slice() else {
                        return None;
                    };
                    return self.find(from, calls)?.at(self.facts.text_of(key)?);
                }
                // Numbers of SQLValueFunctionOp (src/include/nodes/primnodes.h).
                Expr::SqlValue(9..=12) => return Some(Source::DatabaseRole),
                Expr::Call(call) => {
                    let function = self.facts.functions.get(&call.function)?;
                    return self.called(function, &call.args, calls);
                }
                _ => return None,
            };
        }
    }

    /// Of `coalesce(a, b)`: the source that all have that are no constants.
    fn coalesced(&self, args: &[Expr], calls: Looks<'_>) -> Option<Source> {
        let mut found = None;
        for arg in args.iter().filter(|arg| !is_constant(arg)) {
            let source = self.find(arg, calls)?;
            if found.get_or_insert_with(|| source.clone()) != &source {
                return None;
            }
        }
        found
    }

    fn part(&self, operator: &str, from: &Expr, key: &Expr, calls: Looks<'_>) -> Option<Source> {
        let from = self.find(from, calls)?;
        match operator {
            "->" | "->>" => from.at(self.facts.text_of(key)?),
            "#>" | "#>>" => self
                .path(std::slice::from_ref(key))?
                .into_iter()
                .try_fold(from, Source::at),
            _ => None,
        }
    }

    fn called(&self, function: &Function, args: &[Expr], calls: Looks<'_>) -> Option<Source> {
        let schema = self.facts.schema_name(function.schema);
        if schema == "pg_catalog" {
            return self.built_in(function, args, calls);
        }
        let readers = self.facts.server.authguard.as_ref().map(|own| own.readers);
        let is_reader = schema == "auth" || readers == Some(function.schema);
        if is_reader && let Some(source) = self.reader(&function.name, args) {
            return Some(source);
        }
        let calls = calls.deeper()?;
        match &function.body {
            _ if !args.is_empty() => None,
            Body::Tree(queries) => match queries.as_slice() {
                [Expr::SubLink(link)] => self.find(value_of(&link.query)?, calls),
                _ => Some(Source::Helper(function.oid)),
            },
            Body::Source(_) => Some(Source::Helper(function.oid)),
            Body::Unread => None,
        }
    }

    fn built_in(&self, function: &Function, args: &[Expr], calls: Looks<'_>) -> Option<Source> {
        match function.name.as_str() {
            "current_user" | "session_user" | "getpgusername" => Some(Source::DatabaseRole),
            "current_setting" => Some(setting(self.facts.text_of(args.first()?)?)),
            "jsonb_extract_path"
            | "jsonb_extract_path_text"
            | "json_extract_path"
            | "json_extract_path_text" => {
                let (from, path) = args.split_first()?;
                self.path(path)?
                    .into_iter()
                    .try_fold(self.find(from, calls)?, Source::at)
            }
            // Casts that are functions, and what only spells a value in another way.
            "text" | "varchar" | "bpchar" | "name" | "uuid" | "lower" | "btrim" | "to_json"
            | "to_jsonb" => self.find(args.first()?, calls),
            "int4" | "int8" | "int2" | "numeric" => self.find(args.first()?, calls),
            _ => None,
        }
    }

    /// The readers of schema `auth`: those of authguard, of Supabase, of pg_session_jwt.
    fn reader(&self, name: &str, args: &[Expr]) -> Option<Source> {
        let claim = |path: &[&str]| {
            Some(Source::claim(
                path.iter().map(|step| (*step).to_owned()).collect(),
            ))
        };
        match name {
            "uid" | "subject" | "user_id" => Some(Source::Subject),
            "jwt" | "session" => claim(&[]),
            "claim" | "claim_text" => Some(Source::claim(self.path(args)?)),
            "issuer" => claim(&["iss"]),
            "sid" => claim(&["session_id"]),
            "session_id" | "role" | "email" | "aal" | "app_metadata" | "client_id" | "org_id"
            | "org_role" | "roles" => claim(&[name]),
            _ => None,
        }
    }

    /// A path that is given as texts, or as an array of texts.
    fn path(&self, args: &[Expr]) -> Option<Vec<String>> {
        let steps = match args {
            [Expr::Array(steps)] => steps.as_slice(),
            [Expr::Cast { arg, .. } | Expr::NamedArg(arg)] => {
                return self.path(std::slice::from_ref(&**arg));
            }
            [Expr::Const(constant)] => match self.facts.texts_of(constant) {
                Some(steps) => return Some(steps),
                None => args,
            },
            _ => args,
        };
        steps.iter().map(|step| self.facts.text_of(step)).collect()
    }
}

/// Where the value of a setting comes from. PostgREST sets all claims at once, and did set each in
/// a setting of its own.
pub(super) fn setting(name: String) -> Source {
    let lower = name.to_ascii_lowercase();
    if lower == "request.jwt.claims" {
        return Source::Claim(Vec::new());
    }
    if lower == "role" || lower == "session_authorization" {
        return Source::DatabaseRole;
    }
    match lower.strip_prefix("request.jwt.claim.") {
        Some(claim) => Source::claim(claim.split('.').map(str::to_owned).collect()),
        None => Source::Setting(lower),
    }
}

/// Returns true for a constant, an array of constants too, through casts.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) => true,
        Expr::Cast { arg, .. } => is_constant(arg),
        Expr::Array(elements) => elements.iter().all(is_constant),
        _ => false,
    }
}

/// Returns what `(select value)` selects.
fn only_value(link: &SubLink) -> Option<&Expr> {
    match link.kind {
        SubLinkKind::Value => value_of(&link.query),
        _ => None,
    }
}

fn value_of(query: &Query) -> Option<&Expr> {
    let plain = query.from.is_empty()
        && query.condition.is_none()
        && query.having.is_none()
        && !query.is_set_operation
        && query.opaque.is_empty();
    match query.targets.as_slice() {
        [target] if plain => Some(&target.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use crate::facts::Body;
    use crate::lint::context::Context;
    use crate::lint::testing::{
        Database, TEXT, UUID, call, claim, eq_uuid, own, query, select, setting, text, uid,
    };
    use crate::{CastKind, Expr, Operation, SubLink, SubLinkKind};

    fn source(db: &Database, expr: &Expr) -> Option<Source> {
        Context::of(&db.facts).source(expr)
    }

    fn of_claim(path: &[&str]) -> Option<Source> {
        let path = path.iter().map(|step| (*step).to_owned());
        Some(Source::Claim(path.collect()))
    }

    fn cast(arg: Expr, type_id: u32) -> Expr {
        Expr::Cast {
            kind: CastKind::InputOutput,
            type_id,
            arg: Box::new(arg),
            element: None,
        }
    }

    #[test]
    fn the_subject_is_seen_in_each_of_its_spellings() {
        let db = Database::supabase();
        let claims = cast(setting("request.jwt.claims"), TEXT);
        let nullif = Expr::NullIf(Operation {
            operator: 98,
            function: 67,
            args: vec![setting("request.jwt.claim.sub"), text("")],
        });
        for expr in [
            uid(),
            select(uid()),
            cast(uid(), TEXT),
            claim("sub"),
            select(cast(claim("sub"), UUID)),
            setting("request.jwt.claim.sub"),
            Expr::Coalesce(vec![nullif, text("nobody")]),
            Expr::Coalesce(vec![claim("sub"), uid()]),
            Expr::Subscript(Box::new(claims), vec![text("sub")]),
        ] {
            assert_eq!(source(&db, &expr), Some(Source::Subject), "{expr:?}");
        }
    }

    #[test]
    fn other_claims_settings_and_roles_are_told_apart() {
        let db = Database::supabase();
        assert_eq!(source(&db, &claim("email")), of_claim(&["email"]));
        assert_eq!(source(&db, &setting("request.jwt.claims")), of_claim(&[]));
        let of_app = Some(Source::Setting("app.tenant".to_owned()));
        assert_eq!(source(&db, &setting("app.tenant")), of_app);
        assert_eq!(source(&db, &setting("role")), Some(Source::DatabaseRole));
        assert_eq!(source(&db, &Expr::SqlValue(10)), Some(Source::DatabaseRole));
        // current_date
        assert_eq!(source(&db, &Expr::SqlValue(0)), None);
        let either = Expr::Coalesce(vec![claim("email"), uid()]);
        assert_eq!(source(&db, &either), None);
    }

    #[test]
    fn what_depends_on_the_row_has_no_source() {
        let db = Database::supabase();
        assert_eq!(source(&db, &own(1)), None);
        assert_eq!(source(&db, &eq_uuid(own(1), uid())), None);
        assert_eq!(source(&db, &text("a")), None);
    }

    #[test]
    fn a_helper_is_looked_into_if_its_tree_is_known() {
        let mut db = Database::supabase();
        let known = db.function("me").oid;
        let unknown = db.function("who").oid;
        let body = Expr::SubLink(SubLink {
            kind: SubLinkKind::Exists,
            test: None,
            query: Box::new(query(Vec::new(), None, vec![uid()])),
        });
        db.facts.functions.get_mut(&known).unwrap().body = Body::Tree(vec![body]);
        assert_eq!(source(&db, &call(known, vec![])), Some(Source::Subject));
        assert_eq!(
            source(&db, &call(unknown, vec![])),
            Some(Source::Helper(unknown))
        );
        assert_eq!(source(&db, &call(unknown, vec![own(1)])), None);
        // One that calls itself ends.
        let body = Expr::SubLink(SubLink {
            kind: SubLinkKind::Exists,
            test: None,
            query: Box::new(query(Vec::new(), None, vec![call(known, vec![])])),
        });
        db.facts.functions.get_mut(&known).unwrap().body = Body::Tree(vec![body]);
        assert_eq!(source(&db, &call(known, vec![])), None);
    }
}
