//! The extension outside of `/usr`: a user without any rights unpacks the tarball in their home,
//! and tells their own server where it is. Postgres can do so since version 18.

use super::Release;
use super::built::Package;
use super::server::Server;
use super::story::{ADA, Story, expect_rows};
use crate::bare::System;
use crate::cluster::Config;
use crate::error::{Error, Result};

/// The user's home has the tree of the package below this directory.
const TREE: &str = "/home/ada/tree";

/// Tries the tarball in a system whose directories have no trace of the extension.
pub fn run(release: &Release, package: &Package) -> Result<()> {
    let major = release.major;
    let system = System::start(&release.base)?;
    system.run("root", "useradd --create-home ada")?;
    system.copy_in(&package.tarball, "/home/ada/tarball")?;
    system.run(
        "ada",
        &format!("mkdir {TREE}; tar --extract --file /home/ada/tarball --directory {TREE}"),
    )?;
    let at = |file: &str| system.run("ada", &format!("dirname $(find {TREE} -name {file})"));
    let control = at("authguard.control")?;
    let library = at("authguard.so")?;
    let Some(share) = control.trim().strip_suffix("/extension") else {
        return Err(Error::new(format!("the control file is in {control}")));
    };
    let config = Config::default()
        .set("extension_control_path", format!("$system:{share}"))
        .set(
            "dynamic_library_path",
            format!("$libdir:{}", library.trim()),
        );
    let server = Server::of_user(&system, "ada", major, config)?;
    let mut story = Story::begin(&server)?;
    let mut client = story.client(ADA)?;
    expect_rows(&mut client, 1)?;
    story.revoke(ADA)?;
    expect_rows(&mut client, 0)?;
    let installed = system.run("root", "find /usr /etc -name '*authguard*'")?;
    match installed.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!("installed for everybody: {installed}"))),
    }
}
