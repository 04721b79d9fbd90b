//! The form of a table, read while the table is open and locked.

use super::tables::{Column, Declared, Table};
use super::{copies, member, trigger};
use crate::error::Error;
use crate::pg::catalog::{self, Version};
use crate::pg::relation::{Relation, btree_family};
use pgrx::pg_sys::{self, Oid};

/// The form of a table that is as declared.
pub struct Form {
    /// The index that finds rows by the table's key. If there is none, all rows are scanned.
    pub index: Option<Oid>,
    /// The function that the table's triggers call.
    pub function: Option<Oid>,
    pub state: State,
}

/// The state that changes when a table's rows, or the rows that are read, become different ones
/// without a trigger that says so.
#[derive(PartialEq, Eq)]
pub struct State {
    /// The number of each column of the declaration.
    columns: Vec<i16>,
    /// The file of the rows. TRUNCATE, and whatever writes all rows anew, give the table another
    /// one.
    file: Oid,
    /// True if every change of a row reaches all backends.
    pub has_invalidation_triggers: bool,
    /// The versions of the table's triggers. While a trigger was disabled, rows may have changed.
    /// The versions then differ, whatever the trigger is now.
    triggers: Vec<Version>,
    function: Option<Version>,
    /// True if the rows of `authguard.installation` say that this database is a copy.
    pub is_copy: bool,
}

/// The reason for which a table is not as declared.
pub enum Misfit {
    /// The relation is not a plain table that lasts and that standbys have.
    Storage,
    /// A column is missing, has another type or collation, or may be NULL.
    Column(&'static Declared),
}

impl Form {
    /// The form of a table that is open.
    pub fn of(table: Table, relation: &Relation) -> Result<Self, Misfit> {
        let declaration = table.declaration();
        if relation.kind() != pg_sys::RELKIND_RELATION
            || !relation.is_permanent()
            || !relation.is_heap()
        {
            return Err(Misfit::Storage);
        }
        let columns = declaration
            .columns
            .iter()
            .map(|declared| {
                number_of(relation, declared)
                    .or_else(|| absent(relation, declared))
                    .ok_or(Misfit::Column(declared))
            })
            .collect::<Result<Vec<i16>, _>>()?;
        let key = declaration.key.iter().map(|column| {
            let declared = &declaration.columns[usize::from(column.0)];
            (columns[usize::from(column.0)], declared)
        });
        let key: Vec<_> = key.collect();
        let function = trigger::function(table, relation);
        Ok(Self {
            index: index_of(relation, &key),
            function,
            state: State {
                file: relation.file(),
                has_invalidation_triggers: trigger::are_in_order(table, relation, &columns),
                triggers: catalog::trigger_versions(relation.oid()),
                function: function
                    .and_then(catalog::function)
                    .map(|function| function.version),
                is_copy: table == Table::Installation && copies::read(relation, &columns),
                columns,
            },
        })
    }

    /// The numbers of all columns, in the order of the declaration.
    pub fn numbers(&self) -> &[i16] {
        &self.state.columns
    }

    /// The number of a column.
    pub fn number(&self, column: Column) -> i16 {
        self.state.columns[usize::from(column.0)]
    }
}

fn number_of(relation: &Relation, declared: &Declared) -> Option<i16> {
    let column = relation.column_named(declared.name)?;
    let fits = column.of == declared.of
        && (!declared.in_c || column.collation == pg_sys::C_COLLATION_OID)
        && (!declared.not_null || column.not_null)
        && !column.is_virtual;
    fits.then_some(column.number)
}

/// The number 0, which no column has, for a column that the schema of an older release lacks. After
/// the update the table has changed, so its form is read again.
fn absent(relation: &Relation, declared: &Declared) -> Option<i16> {
    let is_absent = declared.is_new && relation.column_named(declared.name).is_none();
    (is_absent && member::is_outdated()).then_some(0)
}

/// An index by which the rows with a key are found. Its columns are those of the key, in their
/// order, and it sorts as their values are compared.
fn index_of(relation: &Relation, key: &[(i16, &Declared)]) -> Option<Oid> {
    if key.is_empty() {
        return None;
    }
    let in_c = |collation| collation == pg_sys::C_COLLATION_OID;
    let unsorted = |collation| collation == pg_sys::InvalidOid;
    relation.find_index(|index| {
        index.begins_with(key.iter().map(|(number, declared)| {
            let sorts: &dyn Fn(Oid) -> bool = if declared.in_c { &in_c } else { &unsorted };
            (*number, btree_family(declared.of), sorts)
        }))
    })
}

impl Misfit {
    /// The change that the table needs, as a whole sentence.
    pub fn needs(&self) -> String {
        match self {
            Self::Storage => {
                "It must be a plain table of access method heap, neither temporary nor unlogged."
                    .to_owned()
            }
            Self::Column(declared) => {
                let mut needs = format!(
                    "Column \"{}\" must be there, of type {}",
                    declared.name,
                    catalog::type_name(declared.of)
                );
                if declared.in_c {
                    needs.push_str(" with collation \"C\"");
                }
                if declared.not_null {
                    needs.push_str(", and not null");
                }
                needs + "."
            }
        }
    }

    /// Raises the error that names the table and the column.
    pub fn raise(&self, table: Table) -> ! {
        let table = table.declaration().name.to_string_lossy().into_owned();
        let needs = self.needs();
        let lacks = format!("The table is \"{table}\". {needs}");
        member::lacking(Error::OtherForm { table, needs }, lacks)
    }
}
