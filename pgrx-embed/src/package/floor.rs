//! The oldest C library that the packages run with.

use crate::error::{Error, Result};

/// The newest glibc that may be needed: that of Debian 12, RHEL 9 and Ubuntu 22.04 is not older.
const HIGHEST: [u32; 2] = [2, 34];

/// Fails unless the dependencies that dpkg-shlibdeps computed name a C library, and none that is
/// newer than allowed.
pub fn check(depends: &str) -> Result<()> {
    let needed = depends
        .split(',')
        .find_map(|one| one.trim().strip_prefix("libc6 (>= ")?.strip_suffix(')'))
        .ok_or_else(|| Error::new(format!("no version of libc6 is among: {depends}")))?;
    let version: Vec<u32> = needed
        .split('.')
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| Error::new(format!("libc6 has no plain version: {needed}")))?;
    match version.as_slice() <= HIGHEST.as_slice() {
        true => Ok(()),
        false => Err(Error::new(format!(
            "the library needs glibc {needed}, but packages may need at most {}.{}",
            HIGHEST[0], HIGHEST[1]
        ))
        .hint("build on Debian 12, as .github/workflows/release.yml does")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_needs_a_newer_glibc_is_not_packaged() {
        for good in ["2.34", "2.9", "2"] {
            check(&format!("libc6 (>= {good}), libgcc-s1 (>= 4.2)")).unwrap();
        }
        for bad in ["2.35", "2.34.1", "2.100", "3.0"] {
            let told = check(&format!("libgcc-s1 (>= 4.2), libc6 (>= {bad})")).unwrap_err();
            assert!(told.to_string().contains(bad), "{told}");
        }
    }

    #[test]
    fn dependencies_without_a_c_library_are_not_believed() {
        for none in [
            "",
            "libgcc-s1 (>= 4.2)",
            "libc6",
            "libc6 (>= x)",
            "libc6-dev (>= 2.1)",
        ] {
            assert!(check(none).is_err(), "{none}");
        }
    }
}
