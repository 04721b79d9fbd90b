//! The key of refresh tokens. Like a private key it is a credential, in no table and no dump.

use super::credentials;
use crate::invalidation::{self, PerGeneration};
use authguard_token::RefreshKey;
use std::rc::Rc;

/// The key's name among the credentials. All other names are UUIDs.
const NAME: &str = "refresh_token";

static KEY: PerGeneration<u64, Option<Rc<RefreshKey>>> =
    PerGeneration::new(invalidation::keys, None);

/// The key; `None` before the first sign-in, and after a restore.
pub fn refresh_key() -> Option<Rc<RefreshKey>> {
    KEY.get(|| RefreshKey::from_bytes(&credentials::read(NAME)?).map(Rc::new))
}

/// Makes the key, if there is none. The caller keeps others from doing the same.
pub fn make_refresh_key() {
    if credentials::read(NAME).is_none()
        && let Ok(key) = RefreshKey::generate()
    {
        credentials::keep(NAME, key.as_bytes());
        // All other keys may be in a file: then no table reports this one.
        invalidation::tell(invalidation::objects().key_channel);
    }
}

/// Makes another key, if there is one. The caller keeps others from doing the same.
pub fn replace_refresh_key() {
    if credentials::read(NAME).is_some() {
        credentials::forget(NAME);
        make_refresh_key();
    }
}
