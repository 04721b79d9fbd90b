//! The way to read an attached table: its columns and the index of its key, checked while the table
//! is open.

use super::table::{self as tables, Table};
use super::{AttachedKind, Part, TableProblem};
use crate::pg::catalog::{Key, Row};
use crate::pg::partition::Routing;
use crate::pg::relation::{collation_of, is_enum};
use crate::pg::timestamp;
use authguard_token::{
    Claims, MAX_IDENTITY_BYTES, canonical, format_uuid, parse_number, parse_uuid,
};
use pgrx::pg_sys::{self, Oid};

/// The columns and the index of a table's parts.
#[derive(Clone, Debug)]
pub struct Layout {
    columns: Vec<(Part, i16, Oid)>,
    /// The index of the key.
    pub index: Oid,
    /// True if every change of a row is reported to all backends.
    pub has_invalidation_triggers: bool,
    /// The way to the partition of a key, if the table is partitioned.
    pub routing: Option<Routing>,
}

/// A user or session, in the forms that a key can have.
#[derive(Clone, Debug)]
pub struct Identity {
    uuid: Option<[u8; 16]>,
    /// The canonical form, and the form that was sent if it differs.
    texts: Vec<String>,
}

impl Identity {
    /// The user of a token; `None` if it names none.
    pub fn of_user(claims: &Claims) -> Option<Self> {
        let subject = claims.subject.as_ref()?;
        let sent = claims.raw_subject.as_ref().filter(|sent| *sent != subject);
        Some(Self {
            uuid: claims.uid,
            texts: [Some(subject), sent]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        })
    }

    /// The session of a token; `None` if it names none.
    pub fn of_session(claims: &Claims) -> Option<Self> {
        let sent = claims.session.as_ref()?;
        let key = claims.session_key()?.into_owned();
        let sent = (*sent != key).then(|| sent.clone());
        Some(Self {
            uuid: claims.session_id,
            texts: [Some(key), sent].into_iter().flatten().collect(),
        })
    }

    /// A user, given in canonical form.
    pub fn of(user: &str) -> Self {
        Self {
            uuid: parse_uuid(user),
            texts: vec![user.to_owned()],
        }
    }
}

impl Layout {
    /// The layout of an attached table, as its trigger declares it.
    pub fn read(table: &Table, kind: AttachedKind) -> Result<Self, TableProblem> {
        let parts = tables::declared(table).ok_or(TableProblem::NoTrigger)?;
        Self::check(table, kind, &parts)
    }

    /// The layout of a table whose `parts` are in these columns, or the table's problem.
    pub fn check(
        table: &Table,
        kind: AttachedKind,
        parts: &[(Part, i16)],
    ) -> Result<Self, TableProblem> {
        tables::check_storage(table)?;
        let mut columns = Vec::with_capacity(parts.len());
        for &(part, number) in parts {
            let column = table.column(number).ok_or(TableProblem::NoColumn(part))?;
            if column.is_virtual {
                return Err(TableProblem::Virtual(part));
            }
            let base_type = column.base_type();
            if !is_readable(kind, part, base_type) {
                return Err(TableProblem::WrongType(part));
            }
            if part == Part::Id && !column.not_null {
                return Err(TableProblem::NullableKey);
            }
            columns.push((part, number, base_type));
        }
        let (number, base_type) = place(&columns, Part::Id).ok_or(TableProblem::NoTrigger)?;
        let partitioned = table.is_partitioned();
        let index = tables::unique_index(table, number, base_type);
        let index = index.ok_or(TableProblem::NoIndex { partitioned })?;
        let mut routing = None;
        if partitioned {
            let found = table.routing(number, base_type);
            routing = Some(found.ok_or(TableProblem::OtherPartitions)?);
        }
        Ok(Self {
            index,
            columns,
            has_invalidation_triggers: tables::has_invalidation_triggers(table),
            routing,
        })
    }

    /// The column of a part, and the column's type below any domains.
    pub fn column(&self, part: Part) -> Option<(i16, Oid)> {
        place(&self.columns, part)
    }

    /// The keys to look for in the column of `part`, by an index. Returns none if no row can have
    /// that identity.
    pub fn keys<'i>(&self, part: Part, identity: &'i Identity, index: Option<Oid>) -> Vec<Key<'i>> {
        let Some((number, base_type)) = self.column(part) else {
            return Vec::new();
        };
        // Without an index the collation only says what is equal: byte by byte.
        let collation = index.map_or(pg_sys::C_COLLATION_OID, collation_of);
        let texts = identity.texts.iter();
        match base_type {
            pg_sys::UUIDOID => identity
                .uuid
                .map(|uuid| Key::Uuid(number, uuid))
                .into_iter()
                .collect(),
            pg_sys::INT8OID => texts
                .filter_map(|text| Some(Key::Number(number, parse_number(text)?)))
                .collect(),
            _ => texts
                .map(|text| Key::Collated(number, collation, text))
                .collect(),
        }
    }

    /// The row's key in canonical form; `None` if no token can name it.
    pub fn id(&self, row: &Row) -> Option<String> {
        let (number, base_type) = self.column(Part::Id)?;
        let id = match base_type {
            pg_sys::UUIDOID => format_uuid(row.get::<pgrx::Uuid>(number)?.as_bytes()),
            pg_sys::INT8OID => row.get::<i64>(number)?.to_string(),
            _ => canonical(&row.text(number)?).into_owned(),
        };
        let can_be_named = (1..=MAX_IDENTITY_BYTES).contains(&id.len());
        can_be_named.then_some(id)
    }

    /// The time in a part's column, in microseconds since 1970.
    pub fn time(&self, row: &Row, part: Part) -> Option<i64> {
        row.get::<i64>(self.column(part)?.0)
            .map(timestamp::unix_micros)
    }

    /// Returns true if a part's column says yes: it is a boolean that is true, or another value
    /// that is not NULL.
    pub fn is_set(&self, row: &Row, part: Part) -> bool {
        match self.column(part) {
            None => false,
            Some((number, pg_sys::BOOLOID)) => row.get(number).unwrap_or(false),
            Some((number, _)) => !row.is_null(number),
        }
    }

    /// The JSON object in a part's column, or one of its members, as text.
    pub fn json(&self, row: &Row, part: Part, member: Option<&str>) -> Option<String> {
        row.json(self.column(part)?.0, member)
    }
}

fn place(columns: &[(Part, i16, Oid)], part: Part) -> Option<(i16, Oid)> {
    let found = columns.iter().find(|(it, ..)| *it == part)?;
    Some((found.1, found.2))
}

fn is_readable(kind: AttachedKind, part: Part, base_type: Oid) -> bool {
    let is_text = matches!(base_type, pg_sys::TEXTOID | pg_sys::VARCHAROID);
    let is_key = is_text || matches!(base_type, pg_sys::UUIDOID | pg_sys::INT8OID);
    match part {
        // No issuer names a session by a number.
        Part::Id => is_key && (kind == AttachedKind::Users || base_type != pg_sys::INT8OID),
        Part::UserId => is_key,
        Part::BannedUntil | Part::NotAfter => base_type == pg_sys::TIMESTAMPTZOID,
        Part::DeletedAt => matches!(
            base_type,
            pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::BOOLOID
        ),
        Part::AppMetadata => base_type == pg_sys::JSONBOID,
        Part::Role => is_text || is_enum(base_type),
    }
}
