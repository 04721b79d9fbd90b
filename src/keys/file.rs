//! The private key in `authguard.signing_key_file`, for databases that must not hold a private key.
//!
//! A backend reads the file once for each file name. So if a key is replaced, its file needs
//! another name.

use super::log;
use crate::error::Error;
use crate::pg::state::PerBackend;
use crate::settings;
use authguard_token::SigningKey;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;
use zeroize::Zeroizing;

struct Read {
    path: String,
    key: Rc<SigningKey>,
}

static READ: PerBackend<RefCell<Option<Read>>> = PerBackend::new(RefCell::new(None));

/// Returns true if the key of the local issuer comes from a file.
pub fn is_set() -> bool {
    !settings::signing_key_file().is_empty()
}

/// The key; `None` if the setting is empty. A file that cannot be used is noted in the server's log
/// alone: the cause has the system's words and leads to a secret.
pub fn key() -> Option<Result<Rc<SigningKey>, Error>> {
    let path = settings::signing_key_file();
    if path.is_empty() {
        return None;
    }
    if let Some(known) = &*READ.borrow()
        && known.path == path
    {
        return Some(Ok(Rc::clone(&known.key)));
    }
    Some(match read(&path) {
        Ok(key) => {
            let key = Rc::new(key);
            let result = Rc::clone(&key);
            READ.replace(Some(Read { path, key }));
            Ok(result)
        }
        Err(problem) => {
            log::key_file(&problem);
            Err(Error::KeyFile)
        }
    })
}

fn read(path: &str) -> Result<SigningKey, String> {
    let readable_by_all = fs::metadata(path)
        .map_err(|error| error.to_string())?
        .permissions()
        .mode()
        & 0o007;
    if readable_by_all != 0 {
        return Err(
            "others than the owner and the group of the file may use it; chmod 600".to_owned(),
        );
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| error.to_string())?);
    SigningKey::from_pkcs8_pem(&text).map_err(|error| error.to_string())
}

/// The names of the key, `kid` and algorithm; both NULL if the file cannot be used, and no row if
/// none is set.
#[pg_extern(sql = false)]
fn authguard_key_in_file()
-> TableIterator<'static, (name!(kid, Option<String>), name!(algorithm, Option<String>))> {
    TableIterator::new(key().map(|key| {
        let key = key.ok();
        let public = key.as_ref().map(|key| key.public());
        (
            public.map(|key| key.key_id().unwrap_or_default().to_owned()),
            public.map(|key| key.algorithm().to_string()),
        )
    }))
}
