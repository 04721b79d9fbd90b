//! What identifies a finding: a hash of names, never of OIDs. It is the same after the object was
//! made anew, in another database, and whatever is done to other objects.

use sha2::{Digest, Sha256};

use crate::facts::Facts;
use crate::{
    Aggregation, ArrayOperation, Case, Const, Expr, FromItem, Operation, Query, RangeKind, SubLink,
    Var,
};

/// A fingerprint in the making.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds a part. A part never runs into the next one.
    pub(crate) fn add(&mut self, part: &str) {
        self.0.update(part.len().to_string());
        self.0.update(":");
        self.0.update(part);
    }

    /// Adds an expression that belongs to a relation.
    pub(crate) fn add_expr(&mut self, facts: &Facts, relation: u32, expr: Option<&Expr>) {
        match expr {
            Some(expr) => self.add(&normal_form(facts, relation, expr)),
            None => self.add(""),
        }
    }

    /// Returns the first 128 bits in hexadecimal digits.
    pub(crate) fn done(self) -> String {
        let hash = self.0.finalize();
        hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
    }
}

/// Returns an expression, as far as rules see it, as a text that has names in the place of OIDs.
/// What else it says is in the [`Details`](crate::Details) of its policy.
fn normal_form(facts: &Facts, relation: u32, expr: &Expr) -> String {
    let mut writer = Writer {
        facts,
        relation,
        queries: Vec::new(),
        text: String::new(),
    };
    writer.expr(expr);
    writer.text
}

struct Writer<'f> {
    facts: &'f Facts,
    relation: u32,
    /// The queries around the expression, the innermost last.
    queries: Vec<&'f Query>,
    text: String,
}

impl<'f> Writer<'f> {
    fn word(&mut self, word: &str) {
        self.text.push(' ');
        self.text.push_str(word);
    }

    fn name(&mut self, name: &str) {
        self.word(&format!("{name:?}"));
    }

    fn open(&mut self, word: &str) {
        self.text.push('(');
        self.text.push_str(word);
    }

    fn list<'e: 'f>(&mut self, word: &str, exprs: impl IntoIterator<Item = &'e Expr>) {
        self.open(word);
        for expr in exprs {
            self.expr(expr);
        }
        self.text.push(')');
    }

    fn expr<'e: 'f>(&mut self, expr: &'e Expr) {
        match expr {
            Expr::Var(var) => self.var(*var),
            Expr::Const(constant) => self.constant(constant),
            Expr::Param(param) => self.word(&format!("param {} {}", param.kind, param.id)),
            Expr::Call(call) => {
                let name = self.facts.function_name(call.function);
                self.list(&format!("call {name:?}"), &call.args);
            }
            Expr::Operator(operation) => self.operation("operator", operation),
            Expr::Distinct(operation) => self.operation("distinct", operation),
            Expr::NullIf(operation) => self.operation("nullif", operation),
            Expr::ArrayOperator(ArrayOperation { operation, any }) => {
                self.operation(if *any { "any" } else { "all" }, operation);
            }
            Expr::RowCompare(rows) => {
                self.open("row-compare");
                for operator in &rows.operators {
                    let name = self.operator(*operator);
                    self.name(&name);
                }
                self.list("left", &rows.left);
                self.list("right", &rows.right);
                self.text.push(')');
            }
            Expr::And(args) => self.list("and", args),
            Expr::Or(args) => self.list("or", args),
            Expr::Not(arg) => self.list("not", [&**arg]),
            Expr::IsNull(arg) => self.list("null", [&**arg]),
            Expr::IsNotNull(arg) => self.list("not-null", [&**arg]),
            Expr::BooleanTest(test, arg) => self.list(&format!("is {test:?}"), [&**arg]),
            Expr::Case(Case {
                arg,
                whens,
                otherwise,
            }) => {
                self.open("case");
                self.list("arg", arg.as_deref());
                for (when, then) in whens {
                    self.list("when", [when, then]);
                }
                self.list("else", otherwise.as_deref());
                self.text.push(')');
            }
            Expr::CaseTest => self.word("tested"),
            Expr::Coalesce(args) => self.list("coalesce", args),
            Expr::Greatest(args) => self.list("greatest", args),
            Expr::Least(args) => self.list("least", args),
            Expr::SubLink(SubLink { kind, test, query }) => {
                self.open(&format!("{kind:?}"));
                self.list("test", test.as_deref());
                self.query(query);
                self.text.push(')');
            }
            Expr::Cast {
                kind,
                type_id,
                arg,
                element,
            } => {
                let name = self.facts.type_name(*type_id);
                let both = [Some(&**arg), element.as_deref()];
                self.list(
                    &format!("cast {kind:?} {name:?}"),
                    both.into_iter().flatten(),
                );
            }
            Expr::Collate(arg) => self.list("collate", [&**arg]),
            Expr::Row(args) => self.list("row", args),
            Expr::Array(args) => self.list("array", args),
            Expr::Subscript(container, bounds) => {
                self.list("subscript", std::iter::once(&**container).chain(bounds));
            }
            Expr::Field(arg, number) => self.list(&format!("field {number}"), [&**arg]),
            Expr::NamedArg(arg) => self.list("named", [&**arg]),
            Expr::CurrentOf => self.word("current-of"),
            Expr::SqlValue(number) => self.word(&format!("sql-value {number}")),
            Expr::Aggregate(aggregation) => self.aggregation("aggregate", aggregation),
            Expr::Window(aggregation) => self.aggregation("window", aggregation),
            Expr::Other(other) => {
                self.open(&format!("other {:?}", other.node));
                for function in &other.functions {
                    let name = self.facts.function_name(*function);
                    self.name(&name);
                }
                for operator in &other.operators {
                    let name = self.operator(*operator);
                    self.name(&name);
                }
                self.list("args", &other.args);
                self.text.push(')');
            }
            Expr::Opaque(name) => self.word(&format!("opaque {name:?}")),
        }
    }

    fn operator(&self, operator: u32) -> String {
        match self.facts.operators.get(&operator) {
            Some(o) => format!("{}.{}", self.facts.schema_name(o.schema), o.name),
            None => operator.to_string(),
        }
    }

    fn operation<'e: 'f>(&mut self, word: &str, operation: &'e Operation) {
        let name = self.operator(operation.operator);
        self.list(&format!("{word} {name:?}"), &operation.args);
    }

    fn aggregation<'e: 'f>(&mut self, word: &str, aggregation: &'e Aggregation) {
        let name = self.facts.function_name(aggregation.function);
        self.open(&format!("{word} {name:?}"));
        self.list("args", &aggregation.args);
        self.list("filter", aggregation.filter.as_deref());
        self.list("sorting", &aggregation.sorting);
        self.text.push(')');
    }

    /// A column by its name, if its table is known, or by its number.
    fn var(&mut self, var: Var) {
        let levels = usize::try_from(var.levels_up).unwrap_or(usize::MAX);
        let relation = match self.queries.len().checked_sub(levels) {
            Some(0) => Some(self.relation),
            Some(place) => {
                let query = self.queries.get(place.saturating_sub(1));
                let entry = usize::try_from(var.varno)
                    .ok()
                    .and_then(|n| n.checked_sub(1));
                let entry = query.zip(entry).and_then(|(q, n)| q.range_table.get(n));
                entry.and_then(|entry| match entry.kind {
                    RangeKind::Relation { relation, .. } => Some(relation),
                    _ => None,
                })
            }
            None => None,
        };
        let name = relation.and_then(|relation| self.facts.column_name(relation, var.attno));
        let name = match name {
            Some(name) => format!("{name:?}"),
            None => var.attno.to_string(),
        };
        self.word(&format!("column {} {} {name}", var.levels_up, var.varno));
    }

    fn constant(&mut self, constant: &Const) {
        let type_name = self.facts.type_name(constant.type_id);
        let value = match (&constant.bytes, self.facts.named_constant(constant)) {
            (None, _) => "null".to_owned(),
            (_, Some(name)) => format!("{name:?}"),
            (Some(bytes), None) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        };
        self.word(&format!("const {type_name:?} {value}"));
    }

    fn query<'e: 'f>(&mut self, query: &'e Query) {
        self.open(&format!("query {:?}", query.command));
        self.queries.push(query);
        for cte in &query.ctes {
            self.name(&cte.name);
            self.query(&cte.query);
        }
        for entry in &query.range_table {
            match &entry.kind {
                RangeKind::Relation {
                    relation,
                    with_children,
                } => {
                    let name = self.facts.relation_name(*relation);
                    self.word(&format!("relation {name:?} {with_children}"));
                }
                RangeKind::Subquery(query) => self.query(query),
                RangeKind::Join(_) => self.word("join"),
                RangeKind::Functions(calls) => self.list("functions", calls),
                RangeKind::Values(rows) => self.list("values", rows.iter().flatten()),
                RangeKind::Cte { name, levels_up } => {
                    self.word(&format!("cte {name:?} {levels_up}"));
                }
                RangeKind::Group(_) => self.word("group"),
                RangeKind::Opaque(name) => self.word(&format!("opaque {name:?}")),
            }
        }
        for item in &query.from {
            self.from(item);
        }
        self.list("where", &query.condition);
        self.list("select", query.targets.iter().map(|target| &target.expr));
        self.list("having", &query.having);
        self.list("offset", &query.offset);
        self.list("limit", &query.limit);
        self.list("others", &query.others);
        if query.is_set_operation {
            self.word("set-operation");
        }
        self.queries.pop();
        self.text.push(')');
    }

    fn from<'e: 'f>(&mut self, item: &'e FromItem) {
        match item {
            FromItem::Entry(number) => self.word(&format!("entry {number}")),
            FromItem::Join {
                kind,
                left,
                right,
                condition,
                ..
            } => {
                self.open(&format!("join {kind}"));
                self.from(left);
                self.from(right);
                self.list("on", condition);
                self.text.push(')');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::normal_form;
    use crate::expr::details::{IGNORED, SEEN};
    use crate::facts::Facts;
    use crate::lint::rule::Draft;
    use crate::lint::rules::ALL;
    use crate::lint::testing::{
        ANON, Database, UUID, boolean, column, eq_uuid, exists, own, text, uid,
    };
    use crate::{Const, Details, Expr, Value, read_node};

    fn form(db: &Database, table: u32, expr: &Expr) -> String {
        normal_form(&db.facts, table, expr)
    }

    /// `exists (select from member where member.user_id = auth.uid() and member.team_id = team_id)`
    fn member_of(member: u32) -> Expr {
        exists(
            &[member],
            Expr::And(vec![
                eq_uuid(column(0, 1, 2), uid()),
                eq_uuid(column(0, 1, 1), column(1, 1, 2)),
            ]),
        )
    }

    fn database() -> (Database, u32, u32) {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "team_id"]);
        let member = db.table("member", &["team_id", "user_id"]);
        (db, notes, member)
    }

    #[test]
    fn it_has_names_in_the_place_of_numbers() {
        let (db, notes, member) = database();
        let form = form(&db, notes, &member_of(member));
        for name in ["public.member", "user_id", "auth.uid()", "pg_catalog.="] {
            assert!(form.contains(name), "{name} in {form}");
        }
        for number in [notes, member] {
            assert!(!form.contains(&number.to_string()), "{form}");
        }
    }

    #[test]
    fn a_table_made_again_has_the_same_and_another_column_has_not() {
        let (mut db, notes, member) = database();
        let before = form(&db, notes, &member_of(member));
        db.facts.relations.remove(&member);
        let again = db.table("member", &["team_id", "user_id"]);
        assert_ne!(again, member);
        assert_eq!(form(&db, notes, &member_of(again)), before);
        assert_ne!(
            form(&db, notes, &eq_uuid(own(1), uid())),
            form(&db, notes, &eq_uuid(own(2), uid()))
        );
    }

    #[test]
    fn parts_never_run_into_each_other() {
        let db = Database::supabase();
        let of = |exprs: Vec<Expr>| normal_form(&db.facts, 0, &Expr::And(exprs));
        assert_ne!(of(vec![text("a"), text("b")]), of(vec![text("ab")]));
        assert_ne!(
            of(vec![text("a"), text("b")]),
            of(vec![text("b"), text("a")])
        );
        assert_ne!(of(vec![boolean(true)]), of(vec![boolean(false)]));
        let nested = Expr::Or(vec![text("a"), Expr::Or(vec![text("b")])]);
        assert_ne!(
            of(vec![nested]),
            of(vec![Expr::Or(vec![text("a"), text("b")])])
        );
    }

    #[test]
    fn a_label_of_an_enum_is_its_name_and_not_its_number() {
        let (mut db, notes, _) = database();
        let of_label = |db: &mut Database, type_id: u32, label: u32| {
            let mut kind = db.facts.types[&UUID].clone();
            kind.oid = type_id;
            kind.kind = 'e';
            kind.spelling = "public.role".to_owned();
            db.facts.types.insert(type_id, kind);
            db.facts.enum_labels.insert(label, "owner".to_owned());
            let bytes = u64::from(label).to_ne_bytes().to_vec();
            let expr = Expr::Const(Const {
                type_id,
                bytes: Some(bytes),
            });
            form(db, notes, &expr)
        };
        let first = of_label(&mut db, 50_001, 50_002);
        assert_eq!(of_label(&mut db, 60_001, 60_002), first);
        assert!(first.contains("\"owner\""), "{first}");
    }

    /// What identifies a policy with this expression.
    fn of_tree(facts: &Facts, tree: &Value<'_>) -> [String; 2] {
        let form = normal_form(facts, 1, &Expr::of(tree));
        [form, Details::of_value(tree).named(facts)]
    }

    /// Gets the names of a node and its field, and the value.
    type Call<'t, 'c> = dyn FnMut([&'t str; 2], &mut Value<'t>) + 'c;

    /// Calls a function for each field of each node, those left out that change nothing.
    fn each_field<'t>(value: &mut Value<'t>, call: &mut Call<'t, '_>) {
        match value {
            Value::Node(node) => {
                for (field, value) in &mut node.fields {
                    if !IGNORED.contains(field) {
                        call([node.name, field], value);
                        each_field(value, call);
                    }
                }
            }
            Value::List(values) => values.iter_mut().for_each(|value| each_field(value, call)),
            _ => {}
        }
    }

    /// Makes another value of one that is no node.
    fn change(value: &mut Value<'_>) {
        match value {
            Value::Null => *value = Value::Token("1"),
            Value::Token(token) => {
                *token = match *token {
                    "true" => "false",
                    "false" => "true",
                    "3" => "2",
                    number if number.parse::<i64>().is_ok() => "3",
                    _ => "changed",
                }
            }
            Value::Numbers(numbers) => numbers.push(1),
            Value::Datum(bytes) => bytes.push(1),
            Value::List(values) => values.push(Value::Null),
            Value::Node(_) => {}
        }
    }

    fn value_kind(value: &Value<'_>) -> &'static str {
        match value {
            Value::Null => "null",
            Value::Token(_) => "token",
            Value::Node(_) => "node",
            Value::List(_) => "list",
            Value::Numbers(_) => "numbers",
            Value::Datum(_) => "datum",
        }
    }

    #[test]
    fn each_change_of_a_field_is_another_fingerprint() {
        let facts = Facts::default();
        let mut seen = BTreeSet::new();
        // Of what many texts have, two changes of each kind are enough.
        let mut tried = HashMap::new();
        for text in include_str!("../../tests/nodes/real.txt").lines() {
            let tree = read_node(text).unwrap();
            let before = of_tree(&facts, &tree);
            let mut changes = Vec::new();
            let mut at = 0;
            each_field(&mut tree.clone(), &mut |names, value| {
                let kind = (names, value_kind(value));
                let times = tried.entry(kind).or_insert(0);
                *times += 1;
                if *times <= 2 {
                    changes.push((at, names));
                }
                at += 1;
            });
            for (place, [node, field]) in changes {
                let mut other = tree.clone();
                let mut at = 0;
                each_field(&mut other, &mut |_, value| {
                    if at == place {
                        change(value);
                    }
                    at += 1;
                });
                if of_tree(&facts, &other) != before {
                    seen.insert(field);
                } else if other != tree {
                    // A sub-select has both, too, and they say nothing there.
                    assert!(["inh", "relid"].contains(&field), "{node} {field}: {text}");
                }
            }
        }
        let missed: Vec<_> = SEEN.iter().filter(|name| !seen.contains(*name)).collect();
        assert_eq!(missed, [&""; 0], "no text has it");
    }

    #[test]
    fn a_finding_about_a_policy_has_what_rules_do_not_see_by_name() {
        let (mut db, notes, _) = database();
        db.policy(notes, "p");
        let of = |db: &Database, collation: u32| {
            let mut policy = db.facts.policies[0].clone();
            let text = format!("{{COLLATEXPR :arg <> :collOid {collation} :location 4}}");
            policy.details = [Details::of(&text), Details::default()];
            let draft = Draft::policy(ALL[0], &db.facts, &policy);
            draft.done().fingerprint
        };
        assert_ne!(of(&db, 950), of(&db, 951));
        let before = of(&db, 950);
        db.facts.policies[0].permissive = false;
        let restrictive = of(&db, 950);
        assert_ne!(restrictive, before);
        db.facts.policies[0].roles = vec![ANON];
        assert_ne!(of(&db, 950), restrictive);
        let collations = [
            (50_001, "app.mine"),
            (60_001, "app.mine"),
            (60_002, "app.other"),
        ];
        let collations = collations.map(|(oid, name)| (oid, name.to_owned()));
        db.facts.collations = collations.into();
        assert_eq!(of(&db, 50_001), of(&db, 60_001));
        assert_ne!(of(&db, 50_001), of(&db, 60_002));
        // A text that cannot be read counts as it is.
        assert_ne!(Details::of("{A"), Details::of("{B"));
    }

    #[test]
    fn what_is_not_there_has_its_number() {
        let form = normal_form(&Facts::default(), 1, &eq_uuid(own(1), uid()));
        assert!(form.contains("300") && form.contains("2972"), "{form}");
    }
}
