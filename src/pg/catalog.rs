//! Direct look-ups in tables and system caches: newest committed state, no privileges, no SPI, and
//! no search_path (`systable_beginscan` in src/backend/access/index/genam.c).

use super::call::Value;
use super::encoding::{self, Utf8};
use super::memory;
use super::relation::{self, Lock, Relation};
use pgrx::pg_sys::{self, Oid};
use pgrx::{FromDatum, IntoDatum};
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::ptr;

/// The OID of a schema, if it exists.
pub fn schema(name: &CStr) -> Option<Oid> {
    // SAFETY: a syscache look-up inside a transaction.
    valid(unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) })
}

/// The OID of a table or index, if it exists.
pub fn relation(name: &CStr, schema: Oid) -> Option<Oid> {
    // SAFETY: a syscache look-up inside a transaction.
    valid(unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema) })
}

/// The OID of a plain table, if it exists. Other relations do not count: a partitioned table or a
/// view has no rows that could be read or written here.
pub fn table(name: &CStr, schema: Oid) -> Option<Oid> {
    relation_of_kind(name, schema, pg_sys::RELKIND_RELATION)
}

/// The OID of a sequence, if it exists.
pub fn sequence(name: &CStr, schema: Oid) -> Option<Oid> {
    relation_of_kind(name, schema, pg_sys::RELKIND_SEQUENCE)
}

fn relation_of_kind(name: &CStr, schema: Oid, kind: u8) -> Option<Oid> {
    const CACHE: i32 = pg_sys::SysCacheIdentifier::RELNAMENSP as i32;
    // SAFETY: a syscache look-up inside a transaction; the tuple is released once it has been read.
    // A row of pg_class begins with its form. Its kind is read here, because asking for it by the
    // OID would be a second look-up in another cache.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            CACHE,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(schema),
        );
        if tuple.is_null() {
            return None;
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
        let found = ((*form).relkind as u8 == kind).then_some((*form).oid);
        pg_sys::ReleaseSysCache(tuple);
        found
    }
}

/// A function, as the catalogue has it now.
pub struct Function {
    pub schema: Oid,
    pub name: String,
    /// The function's name in its library, if it is written in C.
    pub symbol: Option<String>,
    /// The version of the function's row.
    pub version: Version,
}

/// A function by its OID, if there is one.
pub fn function(function: Oid) -> Option<Function> {
    const CACHE: i32 = pg_sys::SysCacheIdentifier::PROCOID as i32;
    const LANGUAGE_C: Oid = Oid::from_u32(13);
    // SAFETY: a syscache look-up inside a transaction; the tuple is released once it has been read.
    // A row of pg_proc begins with its form, and has a source, which is a text and is copied here.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(CACHE, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return None;
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let mut is_null = false;
        let source = pg_sys::SysCacheGetAttr(
            CACHE,
            tuple,
            pg_sys::Anum_pg_proc_prosrc as i16,
            &mut is_null,
        );
        let symbol = ((*form).prolang == LANGUAGE_C)
            .then(|| String::from_datum(source, is_null))
            .flatten();
        let function = Function {
            schema: (*form).pronamespace,
            name: CStr::from_ptr((*form).proname.data.as_ptr())
                .to_string_lossy()
                .into_owned(),
            symbol,
            version: Version::of(tuple),
        };
        pg_sys::ReleaseSysCache(tuple);
        Some(function)
    }
}

/// The hash by which invalidations of system cache PROCOID name a function.
pub fn function_hash(function: Oid) -> u32 {
    let (cache, none) = (
        pg_sys::SysCacheIdentifier::PROCOID as i32,
        pg_sys::Datum::from(0),
    );
    // SAFETY: a hash of a key of that cache, which has one key.
    unsafe { pg_sys::GetSysCacheHashValue(cache, pg_sys::Datum::from(function), none, none, none) }
}

/// The name of a type in SQL.
pub fn type_name(of: Oid) -> String {
    // SAFETY: a syscache look-up inside a transaction; the result is palloc'd and copied here.
    unsafe { CStr::from_ptr(pg_sys::format_type_be(of)) }
        .to_string_lossy()
        .into_owned()
}

/// The extension of that name.
pub fn extension(name: &CStr) -> Option<Oid> {
    // SAFETY: scans pg_extension inside a transaction.
    valid(unsafe { pg_sys::get_extension_oid(name.as_ptr(), true) })
}

/// The extension that an object of catalogue `class` is a member of.
pub fn extension_of(class: Oid, object: Oid) -> Option<Oid> {
    // SAFETY: scans pg_depend inside a transaction.
    valid(unsafe { pg_sys::getExtensionOfObject(class, object) })
}

/// Returns true if a role is a superuser; false for one that does not exist.
pub fn is_superuser(role: Oid) -> bool {
    // SAFETY: a syscache look-up inside a transaction.
    unsafe { pg_sys::superuser_arg(role) }
}

/// The identifier of this server's data, which its standbys share.
pub fn system_identifier() -> i64 {
    // SAFETY: reads the control file's copy in shared memory. Postgres shows it as int8, too.
    unsafe { pg_sys::GetSystemIdentifier() }.cast_signed()
}

/// The OID of this database.
pub fn database() -> Oid {
    // SAFETY: a global of globals.c, set when the backend starts.
    unsafe { pg_sys::MyDatabaseId }
}

/// The name of a role in the encoding of the database, if the role exists.
pub fn role_name(role: Oid) -> Option<CString> {
    // SAFETY: a syscache look-up inside a transaction; the result is palloc'd and copied here.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_owned())
    }
}

/// Returns true if there is a role of that name, in the encoding of the database.
pub fn role_exists(name: &CStr) -> bool {
    // SAFETY: a syscache look-up inside a transaction, which raises nothing for a missing role.
    valid(unsafe { pg_sys::get_role_oid(name.as_ptr(), true) }).is_some()
}

/// The name of a role as a `name`, byte by byte; NULL if the role does not exist.
pub fn role_name_value(role: Oid) -> Value {
    // SAFETY: a syscache look-up inside a transaction; namein takes a C string, and returns a name
    // or raises an error.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        let name = (!name.is_null()).then(|| pg_sys::Datum::from(name));
        name.and_then(|name| pgrx::direct_function_call_as_datum(pg_sys::namein, &[Some(name)]))
            .into()
    }
}

/// The name of a role in UTF-8, for people. Characters that cannot be converted are replaced.
pub fn role_title(role: Oid) -> Option<String> {
    role_name(role).map(|name| encoding::title(&name))
}

/// Returns true if the role whose privileges count is one that no policy applies to: a superuser,
/// or one with BYPASSRLS.
pub fn bypasses_policies() -> bool {
    // SAFETY: GetUserId returns a static of miscinit.c; then a syscache look-up inside a
    // transaction.
    unsafe { pg_sys::has_bypassrls_privilege(pg_sys::GetUserId()) }
}

/// The name of the role whose privileges count now.
pub fn current_user() -> Option<String> {
    // SAFETY: GetUserId returns a static of miscinit.c.
    role_title(unsafe { pg_sys::GetUserId() })
}

/// Returns true if the encoding of the database can hold the text that this JSON, in UTF-8, stands
/// for.
pub fn can_hold(text: &str) -> bool {
    encoding::is_utf8() || stays_ascii(text)
}

/// Returns true if JSON `text` holds only ASCII, with its escapes resolved. A database in another
/// encoding than UTF-8 could not hold other characters.
fn stays_ascii(text: &str) -> bool {
    text.is_ascii()
        && text.split("\\u").skip(1).all(|escape| {
            escape.starts_with("00") && matches!(escape.as_bytes().get(2), Some(b'0'..=b'7'))
        })
}

/// Equality of a column with a key.
pub enum Key<'a> {
    /// A `text collate "C"` column.
    Text(i16, &'a str),
    /// An `oid` column.
    Oid(i16, Oid),
    /// A `uuid` column.
    Uuid(i16, [u8; 16]),
    /// A `bigint` column.
    Number(i16, i64),
    /// A `text` or `varchar` column. Its collation is that of the index.
    Collated(i16, Oid, &'a str),
}

impl Key<'_> {
    /// The value, in the current memory context.
    pub fn value(&self) -> pg_sys::Datum {
        let value = match *self {
            Self::Text(_, text) | Self::Collated(_, _, text) => Some(encoding::text_datum(text)),
            Self::Oid(_, oid) => oid.into_datum(),
            Self::Uuid(_, bytes) => pgrx::Uuid::from_bytes(bytes).into_datum(),
            Self::Number(_, number) => number.into_datum(),
        };
        value.expect("keys are not NULL")
    }
}

/// The name of a relation with its schema, if it exists.
pub fn relation_name(relation: Oid) -> Option<String> {
    // SAFETY: syscache look-ups inside a transaction; the results are palloc'd, and the last is
    // copied here.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return None;
        }
        let name = pg_sys::quote_qualified_identifier(schema, name);
        Some(CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// The state of the database that a scan shows: committed rows, and those of this transaction's own
/// earlier commands.
#[derive(Clone, Copy)]
pub struct Snapshot<'s>(pg_sys::Snapshot, PhantomData<&'s ()>);

impl Snapshot<'_> {
    /// A snapshot that each scan takes for itself when it begins: the newest state by then.
    pub const FRESH: Snapshot<'static> = Snapshot(ptr::null_mut(), PhantomData);

    /// Runs `work` with a snapshot of the newest state. All scans that get it show the same state.
    pub fn with_newest<R>(work: impl FnOnce(Snapshot<'_>) -> R) -> R {
        // SAFETY: registered and unregistered here, in a pair; on an error the resource owner of
        // the transaction gives it back. For a relation that has no system cache, such as none at
        // all, GetCatalogSnapshot takes a new snapshot (snapmgr.c), in parallel workers too, and
        // RegisterSnapshot copies it.
        unsafe {
            let newest = pg_sys::GetCatalogSnapshot(pg_sys::InvalidOid);
            let snapshot = pg_sys::RegisterSnapshot(newest);
            let result = work(Snapshot(snapshot, PhantomData));
            pg_sys::UnregisterSnapshot(snapshot);
            result
        }
    }
}

/// Calls `each` for every row of the system catalogue `table` that equals `keys`, as [`scan_in`]
/// does, by the newest state.
pub fn scan(table: Oid, index: Option<Oid>, keys: &[Key<'_>], each: impl FnMut(Row<'_>)) {
    relation::open(table, Lock::AccessShare, |table| {
        scan_in(table, index, keys, Snapshot::FRESH, each);
    });
}

/// Calls `each` for every row of `table` that equals `keys` by that snapshot. Uses `index` if one
/// is given; the keys' columns must lead the index, in its order.
pub fn scan_in(
    table: &Relation,
    index: Option<Oid>,
    keys: &[Key<'_>],
    snapshot: Snapshot<'_>,
    mut each: impl FnMut(Row<'_>),
) {
    scan_all(table, index, [((), keys)], snapshot, |(), row| {
        each(row);
        true
    });
}

/// Returns true if a table has no row, by the newest committed state and this transaction's own
/// writes.
pub fn is_empty(table: &Relation) -> bool {
    let mut empty = true;
    scan_all(table, None, [((), [])], Snapshot::FRESH, |(), _row| {
        empty = false;
        false
    });
    empty
}

/// Scans as [`scan_in`] does, for one set of keys after another. `each` gets the value that comes
/// with the set. If `each` returns false, everything ends.
pub fn scan_all<'k, T: Copy, K: AsRef<[Key<'k>]>>(
    table: &Relation,
    index: Option<Oid>,
    sets: impl IntoIterator<Item = (T, K)>,
    snapshot: Snapshot<'_>,
    mut each: impl FnMut(T, Row<'_>) -> bool,
) {
    let mut scan = Scan::new(table, index, snapshot);
    'sets: for (beside, keys) in sets {
        scan.restart(keys.as_ref());
        // SAFETY: each tuple is read before the next is fetched, or the scan ends; it is of the
        // open table.
        while let Some(row) = unsafe { Row::of(scan.next(), (*table.raw()).rd_att) } {
            if !each(beside, row) {
                break 'sets;
            }
        }
    }
    scan.end();
}

/// Calls `each` with the value that comes with a set of keys, if `index` has no entry for these
/// keys, not even of a dead row. This costs one descent of the tree, however many rows there are.
/// Without an index nothing is called.
pub fn without_entries<'k, T, K: AsRef<[Key<'k>]>>(
    table: &Relation,
    index: Option<Oid>,
    sets: impl IntoIterator<Item = (T, K)>,
    mut each: impl FnMut(T),
) {
    let mut scan = Scan::new(table, index, Snapshot::FRESH);
    for (beside, keys) in sets {
        scan.restart(keys.as_ref());
        // SAFETY: the index scan belongs to a scan that is open; its result is only compared with
        // NULL.
        unsafe {
            let entries = (*scan.scan).iscan;
            let forward = pg_sys::ScanDirection::ForwardScanDirection;
            if !entries.is_null() && pg_sys::index_getnext_tid(entries, forward).is_null() {
                each(beside);
            }
        }
    }
    scan.end();
}

/// A version of a row. Every change of the row makes another version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    made_by: pg_sys::TransactionId,
    place: (u16, u16, u16),
}

impl Version {
    /// The version of a tuple.
    ///
    /// # Safety
    ///
    /// The tuple belongs to a table, and is alive.
    unsafe fn of(tuple: pg_sys::HeapTuple) -> Self {
        // SAFETY: as the caller promises; a tuple of a table has a transaction's number there
        // (htup_details.h).
        unsafe {
            let place = (*tuple).t_self;
            Self {
                made_by: (*(*tuple).t_data).t_choice.t_heap.t_xmin,
                place: (place.ip_blkid.bi_hi, place.ip_blkid.bi_lo, place.ip_posid),
            }
        }
    }
}

/// The versions of the catalogue rows of a table's triggers. Every change of a trigger makes
/// another version.
pub fn trigger_versions(table: Oid) -> Vec<Version> {
    const TABLE: i16 = pg_sys::Anum_pg_trigger_tgrelid as i16;
    let mut versions = Vec::new();
    relation::open(pg_sys::TriggerRelationId, Lock::AccessShare, |triggers| {
        let index = Oid::from(pg_sys::TriggerRelidNameIndexId);
        let mut scan = Scan::new(triggers, Some(index), Snapshot::FRESH);
        scan.restart(&[Key::Oid(TABLE, table)]);
        loop {
            let tuple = scan.next();
            if tuple.is_null() {
                break;
            }
            // SAFETY: the tuple is the current one of the scan.
            versions.push(unsafe { Version::of(tuple) });
        }
        scan.end();
    });
    versions
}

/// A table that is scanned for one set of keys after another, each with as many columns. On an
/// error the resource owner of the transaction ends the scan.
struct Scan<'r> {
    relation: &'r Relation,
    index: Option<Oid>,
    snapshot: Snapshot<'r>,
    scan: pg_sys::SysScanDesc,
}

impl<'r> Scan<'r> {
    /// A scan that has not begun, of an open table through one of its indexes.
    fn new(relation: &'r Relation, index: Option<Oid>, snapshot: Snapshot<'r>) -> Self {
        Self {
            relation,
            index,
            snapshot,
            scan: ptr::null_mut(),
        }
    }

    /// Begins the scan anew, with these keys.
    fn restart(&mut self, keys: &[Key<'_>]) {
        let mut scan_keys = scan_keys(keys);
        let count = keys.len() as i32;
        // SAFETY: the relation is open, and the snapshot registered. Without one, the scan takes
        // its own. Key data are in the current memory context and outlive the scan. An index scan
        // takes other values for the same columns, which it knows by their place in the index
        // (systable_beginscan).
        unsafe {
            // There is no index scan if the client's session ignores system indexes, which it may:
            // then it is a scan of the heap.
            if !self.scan.is_null() && !(*self.scan).iscan.is_null() {
                for (place, key) in (1..).zip(&mut scan_keys) {
                    key.sk_attno = place;
                }
                let keys = scan_keys.as_mut_ptr();
                pg_sys::index_rescan((*self.scan).iscan, keys, count, ptr::null_mut(), 0);
            } else {
                self.end();
                self.scan = pg_sys::systable_beginscan(
                    self.relation.raw(),
                    self.index.unwrap_or(pg_sys::InvalidOid),
                    self.index.is_some(),
                    self.snapshot.0,
                    count,
                    scan_keys.as_mut_ptr(),
                );
            }
        }
    }

    /// The next tuple, which is there until the one after it is fetched; NULL if there is none.
    fn next(&mut self) -> pg_sys::HeapTuple {
        // SAFETY: the scan was begun by restart().
        unsafe { pg_sys::systable_getnext(self.scan) }
    }

    fn end(&mut self) {
        if !self.scan.is_null() {
            // SAFETY: the scan was begun by restart(), and is ended once.
            unsafe { pg_sys::systable_endscan(self.scan) };
            self.scan = ptr::null_mut();
        }
    }
}

/// The scan keys for at most two keys.
pub(super) fn scan_keys(keys: &[Key<'_>]) -> [pg_sys::ScanKeyData; 2] {
    let mut scan_keys = [pg_sys::ScanKeyData::default(); 2];
    for (scan_key, key) in scan_keys.iter_mut().zip(keys) {
        let (column, procedure, collation) = match *key {
            Key::Text(column, _) => (column, pg_sys::F_TEXTEQ, pg_sys::C_COLLATION_OID),
            Key::Uuid(column, _) => (column, pg_sys::F_UUID_EQ, pg_sys::InvalidOid),
            Key::Oid(column, _) => (column, pg_sys::F_OIDEQ, pg_sys::InvalidOid),
            Key::Number(column, _) => (column, pg_sys::F_INT8EQ, pg_sys::InvalidOid),
            Key::Collated(column, collation, _) => (column, pg_sys::F_TEXTEQ, collation),
        };
        // SAFETY: fills a scan key of this array; the procedure is a built-in one for the column's
        // type.
        unsafe {
            pg_sys::ScanKeyEntryInitialize(
                scan_key,
                0,
                column,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::InvalidOid,
                collation,
                Oid::from(procedure),
                key.value(),
            );
        }
    }
    scan_keys
}

/// The columns of one row, as they are in the row's tuple, which lives for `'t`.
pub struct Row<'t> {
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    tuple: PhantomData<&'t ()>,
}

impl<'t> Row<'t> {
    /// The row that a scan or a query gives or a trigger fires for, if there is one.
    ///
    /// # Safety
    ///
    /// The tuple is NULL or matches that descriptor, and both are there for `'t`.
    pub(super) unsafe fn of(
        tuple: pg_sys::HeapTuple,
        descriptor: pg_sys::TupleDesc,
    ) -> Option<Self> {
        if tuple.is_null() {
            return None;
        }
        // SAFETY: as the caller promises; heap_deform_tuple sets as many values and flags as the
        // descriptor has columns.
        unsafe {
            let count = (*descriptor).natts as usize;
            let mut values = vec![pg_sys::Datum::null(); count];
            let mut nulls = vec![true; count];
            pg_sys::heap_deform_tuple(tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            Some(Self {
                values,
                nulls,
                tuple: PhantomData,
            })
        }
    }

    /// The value of column `number`, from 1. Returns `None` if it is NULL, or if there is no such
    /// column.
    ///
    /// The type `T` must be the column's. For the extension's own tables and pg_extension it is
    /// known; for attached tables it was checked under the same lock.
    pub fn get<T: Owned>(&self, number: i16) -> Option<T> {
        // SAFETY: the tuple is there for 't; the column is of type T.
        unsafe { T::from_datum(self.datum(number)?, false) }
    }

    /// The value of column `number`, a `name`.
    pub fn name(&self, number: i16) -> Option<&'t CStr> {
        // SAFETY: the tuple is there for 't; a name is a C string in a field of fixed size.
        self.datum(number)
            .map(|name| unsafe { CStr::from_ptr(name.cast_mut_ptr()) })
    }

    fn datum(&self, number: i16) -> Option<pg_sys::Datum> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let (value, null) = (*self.values.get(place)?, *self.nulls.get(place)?);
        (!null).then_some(value)
    }

    /// Returns true if column `number` is NULL.
    pub fn is_null(&self, number: i16) -> bool {
        self.datum(number).is_none()
    }

    /// The value of column `number`, a `text` or `varchar`. Characters that cannot be converted to
    /// UTF-8 are replaced: no claim that identifies anybody can hold them.
    pub fn text(&self, number: i16) -> Option<String> {
        let text = self.datum(number)?;
        // SAFETY: the datum is a varlena; a copy that is made of it is in the current memory
        // context.
        let text = unsafe {
            let text = pg_sys::pg_detoast_datum_packed(text.cast_mut_ptr());
            pgrx::varlena_to_byte_slice(text)
        };
        // Bytes that are no UTF-8 are replaced by three.
        super::shortage::require(text.len().saturating_mul(3));
        let text = encoding::to_utf8(text).unwrap_or_else(|| String::from_utf8_lossy(text));
        Some(text.into_owned())
    }

    /// The value of column `number`, a `jsonb`, as JSON in UTF-8. If `member` is given, the value
    /// of that member; `None` if the column is no object or has no such member.
    pub fn json(&self, number: i16, member: Option<&str>) -> Option<String> {
        let json = self.datum(number)?;
        let json = match member {
            None => json,
            // SAFETY: the function takes these types (utils/adt/jsonfuncs.c), detoasts its argument
            // while the scan's snapshot is registered, and its result is in the current memory
            // context.
            Some(name) => unsafe {
                pgrx::direct_function_call_as_datum(
                    pg_sys::jsonb_object_field,
                    &[Some(json), name.into_datum()],
                )?
            },
        };
        Some(memory::jsonb_text(json))
    }

    /// The values of column `number`, a `text[]`, without NULLs; empty for NULL.
    pub fn texts(&self, number: i16) -> Vec<String> {
        let texts = self.get::<Vec<Option<Utf8>>>(number);
        let texts = texts.unwrap_or_default().into_iter().flatten();
        texts.map(|text| text.0).collect()
    }
}

/// A column type that can be read: its values hold nothing of the tuple that they were read from.
pub trait Owned: FromDatum {}

impl Owned for bool {}
impl Owned for i8 {}
impl Owned for i16 {}
impl Owned for i32 {}
impl Owned for i64 {}
impl Owned for Oid {}
impl Owned for Utf8 {}
impl Owned for pgrx::Uuid {}
impl Owned for pgrx::datum::TimestampWithTimeZone {}
impl<T: Owned> Owned for Vec<T> where Self: FromDatum {}
impl<T: Owned> Owned for Vec<Option<T>> where Self: FromDatum {}

fn valid(oid: Oid) -> Option<Oid> {
    (oid != pg_sys::InvalidOid).then_some(oid)
}

#[cfg(test)]
mod unit {
    use super::stays_ascii;

    #[test]
    fn escapes_count_as_the_character_they_mean() {
        assert!(stays_ascii(r#"{"a":"b\u0026c"}"#));
        assert!(!stays_ascii(r#"{"a":"\u00e9"}"#));
        assert!(!stays_ascii(r#"{"a":"\u20ac"}"#));
        assert!(!stays_ascii("{\"a\":\"é\"}"));
    }
}
