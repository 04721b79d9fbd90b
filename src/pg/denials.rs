//! The DETAIL and the HINT of a write that row-level security refuses
//! (ExecWithCheckOptions in src/backend/executor/execMain.c).
//!
//! Postgres names a policy only if it is a restrictive one. The permissive policies of a command
//! are one check, without a name, and those of SELECT may be a second one with the same message
//! (get_row_security_policies in rewrite/rowsecurity.c). So the names are noted before a plan runs,
//! while the catalog may be read. At an error Postgres calls back (errfinish in
//! utils/error/elog.c). Then nothing is looked up, and nothing runs: the checks of the plan still
//! have the result of the one that has failed.

use super::call::guarded_hook;
use super::guc::Switch;
use super::state::PerBackend;
use super::{allocator, log};
use pgrx::pg_sys::{self, List, Oid, ResultRelInfo};
use pgrx::{FromDatum, PgSqlErrorCode};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

/// The functions that are declared here because an error in pgrx's own ones would be copied on the
/// way, in the middle of another error.
mod declared {
    use super::{c_char, c_int, pg_sys};

    unsafe extern "C-unwind" {
        pub fn geterrcode() -> c_int;
        pub fn errdetail_internal(format: *const c_char, ...) -> c_int;
        pub fn CopyErrorData() -> *mut pg_sys::ErrorData;
        pub fn FreeErrorData(error: *mut pg_sys::ErrorData);
        /// The first evaluation of an expression that is interpreted (execExprInterp.c).
        pub fn ExecInterpExprStillValid(
            state: *mut pg_sys::ExprState,
            context: *mut pg_sys::ExprContext,
            is_null: *mut bool,
        ) -> pg_sys::Datum;
    }
}

/// RowSecurityDesc and RowSecurityPolicy (rewrite/rowsecurity.h), which are the same in Postgres 14
/// to 18. pgrx does not have their fields.
#[repr(C)]
struct RowSecurityDesc {
    context: pg_sys::MemoryContext,
    policies: *mut List,
}

#[repr(C)]
struct RowSecurityPolicy {
    name: *mut c_char,
    command: c_char,
    roles: *mut pg_sys::ArrayType,
    permissive: bool,
    using: *mut pg_sys::Expr,
    check: *mut pg_sys::Expr,
    has_sublinks: bool,
}

/// Kinds of checks (WCOKind in nodes/parsenodes.h). Postgres 14 has no MERGE, so it lacks the last
/// two. Kind 0 is the check option of a view.
const INSERT_CHECK: u32 = 1;
const UPDATE_CHECK: u32 = 2;
const CONFLICT_CHECK: u32 = 3;
const MERGE_UPDATE_CHECK: u32 = 4;
const MERGE_DELETE_CHECK: u32 = 5;

/// The sets of policies that are a check: those of a command, with the expression that counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Insert,
    Update,
    UpdateExisting,
    DeleteExisting,
    Select,
}

const SETS: [Set; 5] = [
    Set::Insert,
    Set::Update,
    Set::UpdateExisting,
    Set::DeleteExisting,
    Set::Select,
];

impl Set {
    /// The set that a kind of checks begins with. [`Set::Select`] may follow it.
    fn of(kind: u32) -> Option<Self> {
        Some(match kind {
            INSERT_CHECK => Self::Insert,
            UPDATE_CHECK => Self::Update,
            CONFLICT_CHECK | MERGE_UPDATE_CHECK => Self::UpdateExisting,
            MERGE_DELETE_CHECK => Self::DeleteExisting,
            _ => return None,
        })
    }

    /// The command of its policies, as pg_policy and as SQL write it.
    fn command(self) -> (u8, &'static CStr) {
        match self {
            Self::Insert => (b'a', c"INSERT"),
            Self::Update | Self::UpdateExisting => (b'w', c"UPDATE"),
            Self::DeleteExisting => (b'd', c"DELETE"),
            Self::Select => (b'r', c"SELECT"),
        }
    }

    /// Returns true if a policy belongs to it, for a role that the policy is for. A policy without
    /// an expression is skipped (add_with_check_options).
    fn has(self, policy: &RowSecurityPolicy) -> bool {
        let takes_check = matches!(self, Self::Insert | Self::Update);
        let has_expression = !policy.using.is_null() || takes_check && !policy.check.is_null();
        has_expression && [b'*', self.command().0].contains(&(policy.command as u8))
    }
}

/// What is noted of a table that a plan writes. The texts are in the memory of the query.
struct Table {
    /// The table that the statement names: its policies count, also for its partitions.
    named: *const ResultRelInfo,
    /// The permissive policies of each of [`SETS`], as a list; NULL if there is none.
    permissive: [*const c_char; SETS.len()],
    /// The role that the policies are chosen for.
    role: *const c_char,
}

/// What is noted of a plan.
struct Notes {
    estate: *const pg_sys::EState,
    command: pg_sys::CmdType::Type,
    /// The function of a check that has not been evaluated yet, if checks are compiled.
    not_evaluated: pg_sys::ExprStateEvalFunc,
    tables: *const Table,
    count: usize,
}

/// The place of the setting's value.
static SETTING: PerBackend<Cell<*const bool>> = PerBackend::new(Cell::new(&raw const OFF));

static OFF: bool = false;

/// Explains refused writes from now on, while the setting is on. To be called once, from
/// `_PG_init`.
pub fn explain_if(setting: &'static Switch) {
    SETTING.set(setting.place());
}

/// Returns true if refused writes are to be explained.
#[inline(always)]
pub fn is_on() -> bool {
    // SAFETY: the value of a setting, which lives as long as the library; guc.c writes it between
    // statements, or before a call in this thread.
    unsafe { *SETTING.get() }
}

/// Runs a plan, and explains a write that is refused meanwhile.
///
/// # Safety
/// `query` is what the executor handed to a hook, and `run` runs it. An error may jump over `run`
/// and over the frame of the caller, so neither owns anything.
#[cold]
#[inline(never)]
pub unsafe fn explained(query: *mut pg_sys::QueryDesc, run: impl FnOnce()) {
    // SAFETY: the callback is taken off before this frame is left. If an error jumps over it,
    // whoever catches the error puts the list back (PG_CATCH in utils/elog.h). The notes are in the
    // memory of the query, which outlives the run.
    unsafe {
        let notes = match (*(*query).plannedstmt).resultRelations.is_null() {
            true => ptr::null(),
            false => guarded_hook(|| take_notes(query)),
        };
        if notes.is_null() {
            return run();
        }
        let mut callback = pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(CALLBACK),
            arg: notes.cast_mut().cast(),
        };
        pg_sys::error_context_stack = &raw mut callback;
        run();
        pg_sys::error_context_stack = callback.previous;
    }
}

/// The members of a list of pointers.
///
/// # Safety
/// `list` is NIL or a list of pointers to `T`, and lives for `'l`.
unsafe fn members<'l, T>(list: *const List) -> impl Iterator<Item = *mut T> + 'l {
    // SAFETY: a list has `length` cells (nodes/pg_list.h).
    let count = unsafe { list.as_ref() }.map_or(0, |list| list.length);
    (0..usize::try_from(count).unwrap_or(0))
        .map(move |at| unsafe { (*(*list).elements.add(at)).ptr_value.cast() })
}

/// The relations that a plan writes, partitions included that a row was routed to.
///
/// # Safety
/// `estate` is the state of a plan that has started, and lives for `'e`.
unsafe fn written<'e>(
    estate: *const pg_sys::EState,
) -> impl Iterator<Item = *const ResultRelInfo> + 'e {
    // SAFETY: both are lists of ResultRelInfo (nodes/execnodes.h).
    unsafe {
        members((*estate).es_opened_result_relations)
            .chain(members((*estate).es_tuple_routing_result_relations))
            .map(<*mut ResultRelInfo>::cast_const)
    }
}

/// The relation that the statement names: a parent, if a child is written.
///
/// # Safety
/// `relation` is one of [`written`].
unsafe fn named(relation: *const ResultRelInfo) -> *const ResultRelInfo {
    // SAFETY: as the caller promises.
    let root = unsafe { (*relation).ri_RootResultRelInfo }.cast_const();
    if root.is_null() { relation } else { root }
}

/// The checks of a relation, each with its state; NULL is the state of a check that is always true.
///
/// # Safety
/// `relation` is one of [`written`], and lives for `'r`.
unsafe fn checks<'r>(
    relation: *const ResultRelInfo,
) -> impl Iterator<Item = (&'r pg_sys::WithCheckOption, *mut pg_sys::ExprState)> {
    // SAFETY: two lists of the same length (ExecInitModifyTable in executor/nodeModifyTable.c).
    unsafe {
        members::<pg_sys::WithCheckOption>((*relation).ri_WithCheckOptions)
            .map(|check| &*check)
            .zip(members((*relation).ri_WithCheckOptionExprs))
    }
}

/// Notes the policies of the tables that a plan writes. NULL if none has any, or if they are not
/// for everybody's eyes.
///
/// # Safety
/// `query` is what the executor handed to a hook, before it runs.
unsafe fn take_notes(query: *mut pg_sys::QueryDesc) -> *const Notes {
    // SAFETY: the executor has opened the relations, and locked them. Inside a transaction the
    // catalog can be read.
    unsafe {
        let estate = (*query).estate;
        let mut not_evaluated = None;
        let mut tables: Vec<Table> = Vec::new();
        for relation in written(estate) {
            let mut of_policies = checks(relation).filter(|(it, _)| Set::of(it.kind).is_some());
            let Some((_, state)) = of_policies.next() else {
                continue;
            };
            let states = of_policies.map(|(_, state)| state);
            if let Some(state) = states.chain([state]).find(|state| !state.is_null()) {
                not_evaluated = (*state).evalfunc;
            }
            let named = named(relation);
            if tables.iter().any(|table| table.named == named) {
                continue;
            }
            if !may_read_policies() {
                return ptr::null();
            }
            tables.extend(note_table(estate, named));
        }
        if tables.is_empty() {
            return ptr::null();
        }
        let count = tables.len();
        let copy = allocate::<Table>(estate, count);
        copy.copy_from_nonoverlapping(tables.as_ptr(), count);
        let notes = allocate::<Notes>(estate, 1);
        notes.write(Notes {
            estate,
            command: (*(*query).plannedstmt).commandType,
            not_evaluated,
            tables: copy,
            count,
        });
        notes
    }
}

/// Returns true if the current role and the one that the client has may read pg_policy, as
/// everybody may by default. In a SECURITY DEFINER function these are two.
fn may_read_policies() -> bool {
    /// PolicyRelationId (catalog/pg_policy.h).
    const PG_POLICY: u32 = 3256;
    // SAFETY: look-ups inside a transaction.
    unsafe {
        [pg_sys::GetUserId(), pg_sys::GetOuterUserId()]
            .into_iter()
            .all(|role| {
                let mode = pg_sys::AclMode::from(pg_sys::ACL_SELECT);
                pg_sys::pg_class_aclcheck(Oid::from(PG_POLICY), role, mode)
                    == pg_sys::AclResult::ACLCHECK_OK
            })
    }
}

/// Memory of a query for `count` values.
///
/// # Safety
/// `estate` is the state of a plan that has started.
unsafe fn allocate<T>(estate: *const pg_sys::EState, count: usize) -> *mut T {
    // SAFETY: memory of a context is aligned for any type (MAXALIGN).
    unsafe { pg_sys::MemoryContextAlloc((*estate).es_query_cxt, size_of::<T>() * count) }.cast()
}

/// The policies of a table, as the role has them that the statement reads the table with.
///
/// # Safety
/// `table` is of a plan that has started, and has checks of policies.
unsafe fn note_table(estate: *mut pg_sys::EState, table: *const ResultRelInfo) -> Option<Table> {
    // SAFETY: the relation is open, so its entry in the relcache and the policies in it are there;
    // nothing that could replace them runs meanwhile. Names are C strings.
    unsafe {
        let described = (*(*table).ri_RelationDesc).rd_rsdesc;
        let described = described.cast::<RowSecurityDesc>().as_ref()?;
        let user = checked_as(estate, table);
        let policies: Vec<&RowSecurityPolicy> = members(described.policies)
            .map(|policy: *mut RowSecurityPolicy| &*policy)
            .filter(|policy| policy.permissive && is_for(policy, user))
            .collect();
        let copy = |text: Vec<u8>| {
            let text = CString::new(text).unwrap_or_default();
            pg_sys::MemoryContextStrdup((*estate).es_query_cxt, text.as_ptr()).cast_const()
        };
        let role = pg_sys::GetUserNameFromId(user, true);
        let role = match role.is_null() {
            true => Vec::new(),
            false => quoted(role),
        };
        Some(Table {
            named: table,
            permissive: SETS.map(|set| {
                let names = policies.iter().filter(|policy| set.has(policy));
                match list(names.map(|policy| quoted(policy.name))) {
                    names if names.is_empty() => ptr::null(),
                    names => copy(names),
                }
            }),
            role: copy(role),
        })
    }
}

/// The role whose policies a statement gets for a table: a view may read it as the view's owner.
///
/// # Safety
/// As for [`note_table`].
unsafe fn checked_as(estate: *mut pg_sys::EState, table: *const ResultRelInfo) -> Oid {
    // SAFETY: a table that the statement names has an entry in the range table, from 1 on.
    unsafe {
        #[cfg(any(feature = "pg14", feature = "pg15"))]
        {
            let at = (*table).ri_RangeTableIndex as usize;
            let mut entries = members::<pg_sys::RangeTblEntry>((*estate).es_range_table);
            let entry = entries.nth(at.wrapping_sub(1));
            match entry.map_or(pg_sys::InvalidOid, |entry| (*entry).checkAsUser) {
                pg_sys::InvalidOid => pg_sys::GetUserId(),
                user => user,
            }
        }
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        pg_sys::ExecGetResultRelCheckAsUser(table.cast_mut(), estate)
    }
}

/// Returns true if a policy is for a role (check_role_for_policy in rewrite/rowsecurity.c).
///
/// # Safety
/// `policy` is of a relation that is open.
unsafe fn is_for(policy: &RowSecurityPolicy, user: Oid) -> bool {
    // SAFETY: the roles are an array of OIDs; 0 stands for PUBLIC. A look-up inside a transaction.
    unsafe {
        Vec::<Oid>::from_datum(policy.roles.into(), policy.roles.is_null())
            .unwrap_or_default()
            .into_iter()
            .any(|role| role == pg_sys::InvalidOid || pg_sys::has_privs_of_role(user, role))
    }
}

/// A name as SQL writes it.
///
/// # Safety
/// `name` is a C string.
unsafe fn quoted(name: *const c_char) -> Vec<u8> {
    // SAFETY: as the caller promises; the answer is the argument or a copy (ruleutils.c).
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name)) }
        .to_bytes()
        .to_vec()
}

/// The names in their order, separated by commas; only the first if there are many.
fn list(names: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    const MOST: usize = 20;
    let mut names: Vec<_> = names.collect();
    names.sort();
    let count = names.len();
    names.truncate(MOST);
    let mut list = names.join(b", ".as_slice());
    if count > MOST {
        list.extend(format!(" and {} more", count - MOST).into_bytes());
    }
    list
}

const CALLBACK: unsafe extern "C-unwind" fn(*mut c_void) = at_error;

/// The memory that the copy of an error may take, with the smallest blocks that a context asks for.
const ROOM: usize = 1 << 20;

/// Postgres calls this for each error, warning and notice while the plan runs.
///
/// An error here jumps over this frame, which owns nothing.
unsafe extern "C-unwind" fn at_error(notes: *mut c_void) {
    const DENIED: c_int = PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE as c_int;
    // SAFETY: elog.c calls with an error on its stack, and notes as `explained` made them, whose
    // plan is running.
    unsafe {
        if declared::geterrcode() != DENIED || !is_innermost(notes) || !allocator::has_memory(ROOM)
        {
            return;
        }
        let notes = &*notes.cast_const().cast::<Notes>();
        // Not in ErrorContext, as CopyErrorData asserts.
        let before = pg_sys::CurrentMemoryContext;
        pg_sys::CurrentMemoryContext = (*notes.estate).es_query_cxt;
        let error = declared::CopyErrorData();
        if is_of_check(&*error)
            && let Some(refusal) = find(notes, &*error)
        {
            pg_sys::CurrentMemoryContext = before;
            refusal.explain(notes, &*error);
            pg_sys::CurrentMemoryContext = (*notes.estate).es_query_cxt;
        }
        declared::FreeErrorData(error);
        pg_sys::CurrentMemoryContext = before;
    }
}

/// Returns true if no plan is running below the one of these notes that is explained, too: an error
/// is its own then.
///
/// # Safety
/// The entries of the list live in frames that are running (utils/elog.h).
unsafe fn is_innermost(notes: *mut c_void) -> bool {
    // SAFETY: as the caller promises.
    unsafe {
        let mut entry = pg_sys::error_context_stack;
        while let Some(it) = entry.as_ref() {
            if it.callback.is_some_and(|it| ptr::fn_addr_eq(it, CALLBACK)) {
                return it.arg == notes;
            }
            entry = it.previous;
        }
        false
    }
}

/// Returns true if an error is one of a check, and not of something that a check has called.
///
/// # Safety
/// `error` is a copy of an error.
unsafe fn is_of_check(error: &pg_sys::ErrorData) -> bool {
    // SAFETY: a name of a C function, or NULL.
    !error.funcname.is_null()
        && unsafe { CStr::from_ptr(error.funcname) } == c"ExecWithCheckOptions"
        && !error.message_id.is_null()
}

/// A check that has failed.
struct Refusal<'n> {
    table: &'n Table,
    kind: u32,
    set: Set,
    restrictive: *const c_char,
}

/// The check that has failed; `None` unless exactly one can be it.
///
/// # Safety
/// `notes` are of a plan that is running, and `error` is of one of its checks.
unsafe fn find<'n>(notes: &'n Notes, error: &pg_sys::ErrorData) -> Option<Refusal<'n>> {
    // SAFETY: the state of the plan is there until the error has been reported.
    unsafe {
        // The message before translation, so in English in every language. It says if the check has
        // an existing row, and if it has a name.
        let message = CStr::from_ptr(error.message_id).to_bytes();
        let count = |part: &[u8]| message.windows(part.len()).filter(|it| *it == part).count();
        let (on_existing, has_name) = (count(b"USING") > 0, count(b"%s") > 1);
        let tables = std::slice::from_raw_parts(notes.tables, notes.count);
        let mut found = None;
        for relation in written(notes.estate) {
            let named = named(relation);
            for kind in INSERT_CHECK..=MERGE_DELETE_CHECK {
                // Checks are evaluated in this order, and the first that is not true ends it. The
                // permissive policies of each set are one check without a name.
                let mut sets = 0;
                let failed = checks(relation)
                    .filter(|(check, _)| check.kind == kind)
                    .inspect(|(check, _)| sets += u32::from(check.polname.is_null()))
                    .find(|(_, state)| notes.has_failed(*state));
                let Some((check, _)) = failed else { continue };
                if (kind >= CONFLICT_CHECK) != on_existing || check.polname.is_null() == has_name {
                    continue;
                }
                let refusal = Refusal {
                    table: tables.iter().find(|table| table.named == named)?,
                    kind,
                    set: match sets {
                        0 | 1 => Set::of(kind)?,
                        _ => Set::Select,
                    },
                    restrictive: check.polname,
                };
                if found.replace(refusal).is_some() {
                    return None;
                }
            }
        }
        found
    }
}

impl Notes {
    /// Returns true if a check was evaluated, and its last result is not true.
    ///
    /// The first evaluation of an expression replaces the function that evaluates it
    /// (ExecInterpExprStillValid in execExprInterp.c, ExecRunCompiledExpr in jit/llvm). The result
    /// is left in the state (EEOP_QUAL).
    ///
    /// # Safety
    /// `state` is NULL or the state of a check of a plan that is running.
    unsafe fn has_failed(&self, state: *const pg_sys::ExprState) -> bool {
        // SAFETY: as the caller promises.
        let Some(state) = (unsafe { state.as_ref() }) else {
            return false;
        };
        let Some(function) = state.evalfunc else {
            return false;
        };
        let first: unsafe extern "C-unwind" fn(_, _, _) -> _ = declared::ExecInterpExprStillValid;
        let is_evaluated = !ptr::fn_addr_eq(function, first)
            && !self
                .not_evaluated
                .is_some_and(|it| ptr::fn_addr_eq(it, function));
        is_evaluated && (state.resnull || state.resvalue.value() == 0)
    }
}

impl Refusal<'_> {
    /// Adds a DETAIL and a HINT to the error that is being reported, unless it has them.
    ///
    /// # Safety
    /// Postgres is calling back for the error of which `error` is a copy.
    unsafe fn explain(&self, notes: &Notes, error: &pg_sys::ErrorData) {
        let (_, command) = self.set.command();
        let row = match self.kind >= CONFLICT_CHECK {
            true => c"existing",
            false => c"new",
        };
        let at = SETS.iter().position(|set| *set == self.set);
        let names = at.map_or(ptr::null(), |at| self.table.permissive[at]);
        // SAFETY: the texts are C strings, as many as the format takes; elog.c copies them.
        unsafe {
            match (error.detail.is_null(), self.restrictive.is_null()) {
                (false, _) => {}
                (true, false) => {
                    declared::errdetail_internal(
                        c"The policy is restrictive: it must pass for the %s row besides a permissive policy for %s.".as_ptr(),
                        row.as_ptr(),
                        command.as_ptr(),
                    );
                }
                (true, true) if names.is_null() => {
                    declared::errdetail_internal(
                        c"No permissive policy for %s applies to role %s, so no row passes."
                            .as_ptr(),
                        command.as_ptr(),
                        self.table.role,
                    );
                }
                (true, true) => {
                    declared::errdetail_internal(
                        c"None of the permissive policies for %s passes for the %s row: %s."
                            .as_ptr(),
                        command.as_ptr(),
                        row.as_ptr(),
                        names,
                    );
                }
            }
            if error.hint.is_null() {
                log::declared::errhint(c"%s".as_ptr(), self.hint(notes.command).as_ptr());
            }
        }
    }

    /// The reason for the check, if it is not plain from the command.
    fn hint(&self, command: pg_sys::CmdType::Type) -> &'static CStr {
        let inserts = command == pg_sys::CmdType::CMD_INSERT;
        match (self.set, self.kind) {
            (Set::Select, CONFLICT_CHECK) => {
                c"ON CONFLICT DO UPDATE reads the existing row, so the policies for SELECT must pass for it, too."
            }
            (Set::Select, INSERT_CHECK) => {
                c"The statement reads the table (RETURNING, ON CONFLICT), so the new row must pass the policies for SELECT, too."
            }
            (Set::Select, _) => {
                c"The statement reads the table (WHERE, SET, RETURNING), so the new row must pass the policies for SELECT, too."
            }
            (_, CONFLICT_CHECK) => {
                c"ON CONFLICT DO UPDATE raises an error for a row that UPDATE would leave alone."
            }
            (_, MERGE_UPDATE_CHECK | MERGE_DELETE_CHECK) => {
                c"MERGE raises an error for a row that UPDATE and DELETE would leave alone."
            }
            (_, UPDATE_CHECK) if inserts => c"The new row is the one that ON CONFLICT DO UPDATE makes.",
            _ => c"authguard.explain_access tells which part of a policy is not true.",
        }
    }
}
