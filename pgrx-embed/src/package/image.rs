//! The image for CloudNativePG, which mounts it beside a running Postgres and names its directories
//! in `extension_control_path` and `dynamic_library_path`. There is nothing else in it.

use super::tree::Tree;
use super::{Release, fresh, make_readable};
use crate::error::Result;
use crate::{command, dirs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first major version with `extension_control_path`, and so far the only one.
pub const MAJOR: u16 = 18;

/// How the names of labels begin that registries read.
const LABEL: &str = "org.opencontainers.image";

/// Makes the image as a directory in OCI's layout.
pub fn layout(release: &Release, tree: &Tree, into: &Path) -> Result<PathBuf> {
    let root = fresh(tree.work.join("image"))?;
    tree.install(&root, "/lib", "/share")?;
    let licences = root.join("licenses");
    fs::create_dir(&licences)?;
    for licence in ["LICENSE", "THIRD-PARTY-LICENSES.md"] {
        fs::copy(dirs::checkout().join(licence), licences.join(licence))?;
    }
    make_readable(&root)?;
    let layer = tree.work.join("layer.tar");
    let mut tar = release.tar();
    tar.arg("--file").arg(&layer).arg("--directory").arg(&root);
    command::run(tar.args(["lib", "licenses", "share"]))?;

    let place = into.join(format!(
        "authguard-{}-pg{}-linux-{}.oci",
        release.version, tree.major, release.architecture
    ));
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    let image = format!("{}:{}", place.display(), release.version);
    let created = release.date("+%Y-%m-%dT%H:%M:%SZ")?;
    umoci(&["init", "--layout"], &[&place.to_string_lossy()])?;
    umoci(&["new", "--image"], &[&image])?;
    umoci(
        &["raw", "add-layer", "--image"],
        &[
            &image,
            "--history.created",
            &created,
            &layer.to_string_lossy(),
        ],
    )?;
    umoci(
        &["config", "--image"],
        &[
            &image,
            "--os=linux",
            &format!("--architecture={}", release.architecture),
            &format!("--created={created}"),
            &format!(
                "--config.label={LABEL}.source={}",
                env!("CARGO_PKG_REPOSITORY")
            ),
            &format!("--config.label={LABEL}.version={}", release.version),
            &format!("--config.label={LABEL}.licenses=Apache-2.0"),
            "--no-history",
        ],
    )?;
    umoci(&["gc", "--layout"], &[&place.to_string_lossy()])?;
    make_readable(&place)?;
    Ok(place)
}

fn umoci(subcommand: &[&str], arguments: &[&str]) -> Result<()> {
    command::run(Command::new("umoci").args(subcommand).args(arguments))
}
