//! The key of refresh tokens. Like a private key it is a credential, in no table and no dump.

use super::credentials;
use crate::invalidation;
use crate::pg::state::PerBackend;
use authguard_token::RefreshKey;
use std::cell::RefCell;
use std::rc::Rc;

/// Its name among the credentials, where all others have a UUID.
const NAME: &str = "refresh_token";

/// A key, and the generation of keys that it was read under.
type Read = Option<(u64, Rc<RefreshKey>)>;

static READ: PerBackend<RefCell<Read>> = PerBackend::new(RefCell::new(None));

/// The key; `None` before the first sign-in, and after a restore.
pub fn refresh_key() -> Option<Rc<RefreshKey>> {
    // Makes sure that the tables are known, without which no invalidation is noticed.
    invalidation::objects();
    let generation = invalidation::keys();
    if let Some((of, key)) = &*READ.borrow()
        && *of == generation
    {
        return Some(Rc::clone(key));
    }
    let key = Rc::new(RefreshKey::from_bytes(&credentials::read(NAME)?)?);
    // What this transaction has made, a rollback takes back.
    if !invalidation::has_changed() {
        READ.replace(Some((generation, Rc::clone(&key))));
    }
    Some(key)
}

/// Makes one, where there is none. The caller keeps others from doing the same.
pub fn make_refresh_key() {
    if credentials::read(NAME).is_none()
        && let Ok(key) = RefreshKey::generate()
    {
        credentials::keep(NAME, key.as_bytes());
        // A file may hold all other keys: then no table tells of this one.
        invalidation::tell(invalidation::objects().key_channel);
    }
}

/// Makes another one, where there is one. The caller keeps others from doing the same.
pub fn replace_refresh_key() {
    if credentials::read(NAME).is_some() {
        credentials::forget(NAME);
        make_refresh_key();
    }
}
