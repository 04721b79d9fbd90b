//! Settings as guc.c keeps them (src/backend/utils/misc/guc.c).

use super::call::{guarded, guarded_hook};
use super::encoding;
use super::guc_records::name_to_define;
use super::placeholder::Placeholder;
use super::shortage;
use super::state::PerBackend;
use super::transaction;
use crate::error::{Error, Report};
use pgrx::guc::GucEnum;
use pgrx::pg_sys::{self, GucSource};
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::ptr;

pub use super::guc_records::together;

/// A setting: a `static` that is defined once, from `_PG_init`.
///
/// It is declared with its name, its default and a line of description, all as `pg_settings` shows
/// them. Unless it says otherwise, only the server's file and ALTER SYSTEM can set it.
pub struct Setting<V> {
    name: &'static CStr,
    description: &'static CStr,
    more: &'static CStr,
    set_by: SetBy,
    flags: GucFlags,
    value: V,
}

/// The ways in which a setting may be set.
#[derive(Clone, Copy)]
pub enum SetBy {
    /// The server's file and ALTER SYSTEM (PGC_SIGHUP).
    Server,
    /// A superuser in a session, too (PGC_SUSET).
    Superuser,
    /// Anybody (PGC_USERSET).
    Anybody,
}

/// The unit of a number.
pub enum Unit {
    Seconds,
    Bytes,
}

/// A switch.
pub type Switch = Setting<GucSetting<bool>>;

/// A whole number in a range.
pub type Number = Setting<Range>;

/// One of the words of an enum.
pub type Choice<E> = Setting<Word<E>>;

/// A text, with the hooks `H`.
pub type Text<H = ()> = Setting<Watched<H>>;

/// The value of a [`Number`].
pub struct Range {
    value: GucSetting<i32>,
    least: i32,
    most: i32,
}

/// The value of a [`Choice`].
pub struct Word<E: GucEnum>(GucSetting<E>);

/// The value of a [`Text`].
pub struct Watched<H> {
    value: GucSetting<Option<CString>>,
    hooks: PhantomData<fn(H)>,
}

/// The code that runs when a [`Text`] changes.
pub trait Hooks: 'static {
    /// The text that SHOW gives in place of the value, if it hides the value.
    const SHOW: Option<fn() -> &'static CStr> = None;

    /// Returns an error if the setting must not become `new`.
    fn check(_new: &CStr, _source: SetFrom) -> Result<(), Report> {
        Ok(())
    }

    /// Reacts to the setting becoming `new`. The setting has its old value until this returns.
    ///
    /// Every change passes here: SET, SET LOCAL, its end, a rollback to a savepoint, RESET, DISCARD
    /// ALL. RESET is not checked, so this may raise an error, unless a transaction is ending.
    fn assign(_new: &CStr) {}
}

impl Hooks for () {}

/// The origin of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SetFrom {
    /// The default, or a command in a session.
    Session,
    /// A file, an environment, a database, a role or a function.
    Elsewhere,
    /// ALTER SYSTEM, or a look at `pg_file_settings`. The value is tried, and not assigned.
    Trial,
}

impl<V> Setting<V> {
    const fn new(name: &'static CStr, description: &'static CStr, value: V) -> Self {
        Self {
            name,
            description,
            more: c"",
            set_by: SetBy::Server,
            flags: GucFlags::empty(),
            value,
        }
    }

    /// The same setting with a second line of description.
    pub const fn more(mut self, more: &'static CStr) -> Self {
        self.more = more;
        self
    }

    /// The same setting, but others than the server's file and ALTER SYSTEM can set it too.
    pub const fn set_by(mut self, set_by: SetBy) -> Self {
        self.set_by = set_by;
        self
    }

    /// The same setting with a flag of guc.h.
    pub const fn flag(mut self, flag: u32) -> Self {
        self.flags = GucFlags::from_bits_retain(self.flags.bits() | flag as i32);
        self
    }

    fn name(&self) -> &'static str {
        self.name.to_str().expect("names of settings are ASCII")
    }

    fn context(&self) -> GucContext {
        match self.set_by {
            SetBy::Server => GucContext::Sighup,
            SetBy::Superuser => GucContext::Suset,
            SetBy::Anybody => GucContext::Userset,
        }
    }
}

/// The values that a setting takes.
pub trait Value {
    /// Returns an error if guc.c would not take `text` from the server's file for the setting
    /// `name`.
    fn check(&self, name: &'static str, text: &CStr, flags: GucFlags) -> Result<(), Report>;
}

impl Value for GucSetting<bool> {
    fn check(&self, name: &'static str, text: &CStr, _flags: GucFlags) -> Result<(), Report> {
        // SAFETY: reads a C string; NULL asks for the answer alone.
        match unsafe { pg_sys::parse_bool(text.as_ptr(), ptr::null_mut()) } {
            true => Ok(()),
            false => Err(Error::InvalidSetting(name, "It is on or off.".to_owned()).report()),
        }
    }
}

impl Value for Range {
    fn check(&self, name: &'static str, text: &CStr, flags: GucFlags) -> Result<(), Report> {
        let mut number = 0;
        // SAFETY: reads a C string and writes the number; no hint is asked for.
        let is_number = unsafe {
            pg_sys::parse_int(
                text.as_ptr(),
                &raw mut number,
                flags.bits(),
                ptr::null_mut(),
            )
        };
        match is_number && (self.least..=self.most).contains(&number) {
            true => Ok(()),
            false => {
                let needs = format!("It is a whole number from {} to {}.", self.least, self.most);
                Err(Error::InvalidSetting(name, needs).report())
            }
        }
    }
}

impl<E: GucEnum> Value for Word<E> {
    fn check(&self, name: &'static str, text: &CStr, _flags: GucFlags) -> Result<(), Report> {
        let mut words = Vec::new();
        let mut entry = E::CONFIG_ENUM_ENTRY;
        // SAFETY: the entries are followed by one without a name (utils/guc.h); the names are
        // constants.
        unsafe {
            while !(*entry).name.is_null() {
                words.push(CStr::from_ptr((*entry).name).to_string_lossy());
                entry = entry.add(1);
            }
        }
        // As config_enum_lookup_by_name compares them.
        match words
            .iter()
            .any(|word| word.as_bytes().eq_ignore_ascii_case(text.to_bytes()))
        {
            true => Ok(()),
            false => {
                let needs = format!("It is one of: {}.", words.join(", "));
                Err(Error::InvalidSetting(name, needs).report())
            }
        }
    }
}

impl<H: Hooks> Value for Watched<H> {
    fn check(&self, _name: &'static str, text: &CStr, _flags: GucFlags) -> Result<(), Report> {
        H::check(text, SetFrom::Elsewhere)
    }
}

impl<V: Value> Setting<V> {
    /// Raises an error if the setting, once it is defined, would not have the value that the server
    /// gives it. To be called from `_PG_init`, for all settings, before any is defined.
    pub fn check_given(&self) {
        // A parallel worker loads the libraries of its leader first. Then it gets the leader's
        // settings, whatever it has itself (ParallelWorkerMain in access/transam/parallel.c).
        if transaction::is_worker_starting() {
            return;
        }
        let Some(given) = Placeholder::of(self.name) else {
            return;
        };
        // Then guc.c takes over no value at all (set_config_option).
        if given.has_value() && transaction::is_parallel() {
            Error::LoadedInParallel(self.name()).raise();
        }
        match (self.set_by, given.giver()) {
            (SetBy::Server, Some(giver)) => {
                Error::NotOfServer(self.name(), giver.gave(), giver.undo(self.name())).raise();
            }
            // Without a value in the file guc.c does right: what is not a superuser's is dropped.
            (SetBy::Superuser, Some(_)) if !given.is_of_superuser() => {
                if given.is_in_file() {
                    Error::NotSuperuser(self.name()).raise();
                }
                return;
            }
            // The hooks judge it.
            (SetBy::Anybody, _) => return,
            _ => {}
        }
        if let Some(text) = given.initial()
            && let Err(report) = self.value.check(self.name(), text, self.flags)
        {
            report.raise();
        }
    }
}

impl Switch {
    pub const fn switch(name: &'static CStr, default: bool, description: &'static CStr) -> Self {
        Self::new(name, description, GucSetting::<bool>::new(default))
    }

    /// Defines the setting. To be called once, from `_PG_init`, within [`together`].
    pub fn define(&'static self) {
        GucRegistry::define_bool_guc(
            name_to_define(self.name),
            self.description,
            self.more,
            &self.value,
            self.context(),
            self.flags,
        );
    }

    pub fn get(&self) -> bool {
        self.value.get()
    }

    /// The place of the value, for a test in the way of every statement.
    pub(super) fn place(&'static self) -> *const bool {
        self.value.as_ptr()
    }
}

impl Number {
    /// A number from `least` to `most`.
    pub const fn number(
        name: &'static CStr,
        default: i32,
        (least, most): (i32, i32),
        description: &'static CStr,
    ) -> Self {
        let value = GucSetting::<i32>::new(default);
        Self::new(name, description, Range { value, least, most })
    }

    /// The same setting with a unit.
    pub const fn unit(self, unit: Unit) -> Self {
        self.flag(match unit {
            Unit::Seconds => pg_sys::GUC_UNIT_S,
            Unit::Bytes => pg_sys::GUC_UNIT_BYTE,
        })
    }

    /// Defines the setting. To be called once, from `_PG_init`, within [`together`].
    pub fn define(&'static self) {
        GucRegistry::define_int_guc(
            name_to_define(self.name),
            self.description,
            self.more,
            &self.value.value,
            self.value.least,
            self.value.most,
            self.context(),
            self.flags,
        );
    }

    pub fn get(&self) -> i32 {
        self.value.value.get()
    }
}

impl<E: GucEnum> Choice<E> {
    pub const fn choice(name: &'static CStr, default: E, description: &'static CStr) -> Self {
        Self::new(name, description, Word(GucSetting::<E>::new(default)))
    }

    /// Defines the setting. To be called once, from `_PG_init`, within [`together`].
    pub fn define(&'static self) {
        GucRegistry::define_enum_guc(
            name_to_define(self.name),
            self.description,
            self.more,
            &self.value.0,
            self.context(),
            self.flags,
        );
    }

    pub fn get(&self) -> E {
        self.value.0.get()
    }
}

/// The number of texts that are being read. No text may be assigned meanwhile.
static READING: PerBackend<Cell<u32>> = PerBackend::new(Cell::new(0));

impl<H: Hooks> Text<H> {
    pub const fn text(
        name: &'static CStr,
        default: &'static CStr,
        description: &'static CStr,
    ) -> Self {
        let value = Watched {
            value: GucSetting::<Option<CString>>::new(Some(default)),
            hooks: PhantomData,
        };
        Self::new(name, description, value)
    }

    /// Defines the setting. To be called once, from `_PG_init`, within [`together`].
    pub fn define(&'static self) {
        let _defining = Defining::begin();
        // SAFETY: each hook stops a panic before it reaches guc.c.
        unsafe {
            GucRegistry::define_string_guc_with_hooks(
                name_to_define(self.name),
                self.description,
                self.more,
                &self.value.value,
                self.context(),
                self.flags,
                Some(check::<H>),
                Some(assign::<H>),
                H::SHOW.map(|_| show::<H> as unsafe extern "C-unwind" fn() -> *const c_char),
            );
        }
    }

    /// Defines the setting as [`Self::define`] does. Returns false if another library has defined
    /// it already.
    pub fn try_define(&'static self) -> bool {
        // If guc.c refuses (define_custom_variable), it has changed nothing, so there is nothing to
        // clean up.
        pg_sys::PgTryBuilder::new(AssertUnwindSafe(|| {
            self.define();
            true
        }))
        // "attempt to redefine parameter"; no other error is hidden.
        .catch_when(pgrx::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, |_| false)
        .execute()
    }

    /// Returns `read` of the text. The text is empty if none is set.
    pub fn with<R>(&self, read: impl FnOnce(&CStr) -> R) -> R {
        // SAFETY: guc.c keeps the string until it is assigned again.
        while_kept(unsafe { *self.value.value.as_ptr() }, read)
    }

    /// Returns `read` of the text as [`Self::with`] does, for a setting that another library has
    /// defined: guc.c knows where its text is.
    pub fn with_foreign<R>(&self, read: impl FnOnce(&CStr) -> R) -> R {
        // SAFETY: guc.c gives its own string, or NULL, and keeps it until the setting is assigned
        // again.
        while_kept(
            unsafe { pg_sys::GetConfigOption(self.name.as_ptr(), true, false) },
            read,
        )
    }

    /// A copy of the text.
    pub fn get(&self) -> String {
        self.with(|text| match encoding::to_utf8(text.to_bytes()) {
            Some(text) => text.into_owned(),
            None => text.to_string_lossy().into_owned(),
        })
    }

    /// Sets the setting as the session itself would, until the end of the transaction or of the
    /// session.
    pub fn set(&self, value: &CStr, is_local: bool) {
        let action = match is_local {
            true => pg_sys::GucAction::GUC_ACTION_LOCAL,
            false => pg_sys::GucAction::GUC_ACTION_SET,
        };
        set(self.name, value, action);
    }
}

/// Runs `read` with a string of guc.c, or with an empty text if the string is NULL. No text is
/// assigned meanwhile.
fn while_kept<R>(text: *const c_char, read: impl FnOnce(&CStr) -> R) -> R {
    /// Ends the reading, also when it is dropped by unwinding.
    struct Reading;

    impl Drop for Reading {
        fn drop(&mut self) {
            READING.set(READING.get() - 1);
        }
    }

    READING.set(READING.get() + 1);
    let _reading = Reading;
    // SAFETY: guc.c frees a string when it assigns another one, which assign() refuses now.
    read(unsafe { text_or_empty(text) })
}

/// True while a text is defined, and gets the value that its placeholder has.
static DEFINING: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Sets [`DEFINING`] until it is dropped, also by unwinding.
struct Defining;

impl Defining {
    fn begin() -> Self {
        DEFINING.set(true);
        Self
    }
}

impl Drop for Defining {
    fn drop(&mut self) {
        DEFINING.set(false);
    }
}

/// Returns true if a value of a file that is checked now is not going to be assigned. A reload
/// happens between the statements of a client (PostgresMain in tcop/postgres.c), so during a
/// statement only a command tries such a value (AlterSystemSetConfigFile, show_all_file_settings).
fn is_trial() -> bool {
    // SAFETY: a global of portalmem.c.
    !DEFINING.get() && !unsafe { pg_sys::ActivePortal }.is_null()
}

unsafe extern "C-unwind" fn check<H: Hooks>(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    let source = match source {
        GucSource::PGC_S_DEFAULT
        | GucSource::PGC_S_DYNAMIC_DEFAULT
        | GucSource::PGC_S_CLIENT
        | GucSource::PGC_S_OVERRIDE
        | GucSource::PGC_S_INTERACTIVE
        | GucSource::PGC_S_SESSION => SetFrom::Session,
        GucSource::PGC_S_FILE if is_trial() => SetFrom::Trial,
        _ => SetFrom::Elsewhere,
    };
    // SAFETY: guc.c hands a string, or NULL for no value, and keeps it until the hook returns.
    let text = unsafe { text_or_empty(*value) };
    let check = || H::check(text, source).map_err(complain).is_ok();
    // A value can be taken away even if memory is short.
    match text.is_empty() {
        true => guarded_hook(check),
        false => guarded(check),
    }
}

unsafe extern "C-unwind" fn assign<H: Hooks>(value: *const c_char, _extra: *mut c_void) {
    if shortage::is_ending() {
        return;
    }
    guarded_hook(|| {
        // While a transaction ends, nobody goes on reading: a FATAL error does not come back.
        let is_read = READING.get() > 0 && transaction::is_in_progress();
        assert!(!is_read, "no text is assigned while one is read");
        // SAFETY: as in check().
        H::assign(unsafe { text_or_empty(value) });
    });
}

unsafe extern "C-unwind" fn show<H: Hooks>() -> *const c_char {
    guarded_hook(|| H::SHOW.map_or(c"", |show| show()).as_ptr())
}

/// Gives guc.c the message for a value that is refused. The message of guc.c itself would show the
/// value.
fn complain(report: Report) {
    let copy = |text: &str| match CString::new(text) {
        // SAFETY: copies a C string into the current memory context, which outlives the check.
        Ok(text) => unsafe { pg_sys::pstrdup(text.as_ptr()) },
        Err(_) => ptr::null_mut(),
    };
    // SAFETY: guc.c resets these before each check, and only reads what they point to.
    unsafe {
        pg_sys::GUC_check_errcode(report.code as c_int);
        pg_sys::GUC_check_errmsg_string = copy(&report.message);
        pg_sys::GUC_check_errdetail_string = report.detail.map_or(ptr::null_mut(), |it| copy(&it));
        pg_sys::GUC_check_errhint_string = report.hint.map_or(ptr::null_mut(), |it| copy(&it));
    }
}

/// The names in a list of identifiers, as Postgres splits it, in the encoding of the list. Returns
/// `None` if its syntax is wrong.
pub fn identifiers(list: &CStr) -> Option<Vec<CString>> {
    // SAFETY: SplitIdentifierString writes into the copy and makes a list of pointers into it
    // (varlena.c); both are in the current memory context.
    unsafe {
        let copy = pg_sys::pstrdup(list.as_ptr());
        let mut names: *mut pg_sys::List = ptr::null_mut();
        if !pg_sys::SplitIdentifierString(copy, b',' as c_char, &raw mut names) {
            return None;
        }
        let names = pgrx::PgList::<c_char>::from_pg(names);
        Some(
            names
                .iter_ptr()
                .map(|name| CStr::from_ptr(name).to_owned())
                .collect(),
        )
    }
}

/// A name as an item of a list of identifiers, in the encoding of the database.
pub fn quoted(name: &CStr) -> Vec<u8> {
    // SAFETY: returns its argument or a copy in the current memory context (ruleutils.c).
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }
        .to_bytes()
        .to_vec()
}

/// Reserves `authguard.`, so that a misspelt setting is an error and not ignored.
pub fn reserve_prefix() {
    // SAFETY: the prefix is a constant.
    unsafe {
        #[cfg(feature = "pg14")]
        pg_sys::EmitWarningsOnPlaceholders(c"authguard".as_ptr());
        #[cfg(not(feature = "pg14"))]
        pg_sys::MarkGUCPrefixReserved(c"authguard".as_ptr());
    }
}

/// Returns true if a setting has this value, as SHOW writes it.
pub fn is(name: &CStr, value: &CStr) -> bool {
    // SAFETY: guc.c gives a string of its own, or NULL for an unknown name, and keeps it until the
    // next look.
    unsafe { text_or_empty(pg_sys::GetConfigOption(name.as_ptr(), true, false)) == value }
}

/// Sets a setting as the session itself would, whatever the session's role. `action` says until
/// when.
pub fn set(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: guc.c copies the value; what it refuses is raised as an error.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}

/// Removes the value of a setting for the rest of the session, or of the transaction around a
/// subtransaction that has just been rolled back. A value that cannot be removed is a panic.
pub fn clear(name: &CStr) {
    // SAFETY: guc.c copies the value. Outside a transaction it keeps the value as the session's
    // (push_old_value).
    let answer = unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SET,
            true,
            pg_sys::WARNING as c_int,
            false,
        )
    };
    assert!(answer > 0, "the value is removed");
}

/// Runs `work` while a setting has another value, as `create function … set` does
/// (fmgr_security_definer in src/backend/utils/fmgr/fmgr.c).
pub fn with<R>(name: &CStr, value: &CStr, work: impl FnOnce() -> R) -> R {
    // SAFETY: entered and left here, in a pair; on an error the end of the transaction or
    // subtransaction leaves it.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    set(name, value, pg_sys::GucAction::GUC_ACTION_SAVE);
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}

/// # Safety
/// `text` is NULL or a C string that lives for `'t`.
unsafe fn text_or_empty<'t>(text: *const c_char) -> &'t CStr {
    match text.is_null() {
        true => c"",
        // SAFETY: as the caller promises.
        false => unsafe { CStr::from_ptr(text) },
    }
}
