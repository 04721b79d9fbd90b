//! The extension's `#[pg_test]`s, which run inside a server that cargo-pgrx starts.
//!
//! cargo-pgrx installs a test build, so this suite uses a Postgres of its own.

use super::Target;
use super::outcome::{self, Tally};
use crate::error::Result;
use crate::user::ServerUser;
use crate::{command, dirs, packages, pgrx, server, source};

pub fn run(target: &Target) -> Result<Tally> {
    let install = source::private_install(target.major, "pgtest")?;
    // The test build has the same file name as the library without tests.
    let _alone = server::lock()?;
    let mut test = pgrx::cargo_pgrx(&install, "test")?;
    test.arg(pgrx::feature(&install));
    // Another checkout may run the same suite at the same time.
    let data = dirs::run()?.join(format!("test-{}-pgtest", std::process::id()));
    if let Some(user) = ServerUser::needed()? {
        packages::ensure_sudo()?;
        dirs::readable_dir(data.clone())?;
        user.give(&data)?;
        test.args(["--runas", &user.name]);
    }
    test.arg("--pgdata").arg(&data);
    let (success, output) = command::tee(pgrx::with_features(&mut test, &install))?;
    let _ = std::fs::remove_dir_all(&data);
    Ok(outcome::of_cargo(&output).with_status(success))
}
