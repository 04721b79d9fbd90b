//! The files of libpq: the services, and the passwords.

use super::address::HostAddress;
use super::parse::Parameters;
use crate::error::{Error, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where servers have their sockets if nobody says otherwise.
pub const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The parameters of a service: from the user's file, or from the system's.
pub fn service(
    name: &str,
    file: Option<PathBuf>,
    sysconfdir: Option<PathBuf>,
) -> Result<Parameters> {
    let of_user = file.or_else(|| Some(std::env::home_dir()?.join(".pg_service.conf")));
    let of_system = match sysconfdir {
        Some(dir) => dir,
        None => PathBuf::from("/etc/postgresql-common"),
    };
    for file in of_user
        .into_iter()
        .chain([of_system.join("pg_service.conf")])
    {
        if !file.exists() {
            continue;
        }
        let text = fs::read_to_string(&file)
            .map_err(|error| Error::new(format!("cannot read {}: {error}", file.display())))?;
        if let Some(found) = section(&text, name)
            .map_err(|error| error.context(format_args!("in {}", file.display())))?
        {
            return Ok(found);
        }
    }
    Err(Error::new(format!("there is no service \"{name}\""))
        .hint("Services are in ~/.pg_service.conf, or in the file that PGSERVICEFILE names."))
}

/// Finds a service in the text of a file.
fn section(text: &str, name: &str) -> Result<Option<Parameters>> {
    let mut found: Option<Parameters> = None;
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(of) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            if found.is_some() {
                break;
            }
            if of == name {
                found = Some(Parameters::new());
            }
        } else if let Some(parameters) = &mut found {
            let (key, value) = line
                .split_once('=')
                .ok_or_else(|| Error::new(format!("service \"{name}\" has a line without =")))?;
            if key == "service" {
                return Err(Error::new(format!(
                    "service \"{name}\" names another service"
                )));
            }
            let first = parameters.entry(key.trim().to_owned());
            first.or_insert_with(|| value.trim().to_owned());
        }
    }
    Ok(found)
}

/// The password for a connection, from a file that nobody else may read.
pub fn password(file: &Path, host: &HostAddress, dbname: &str, user: &str) -> Option<String> {
    let about = fs::metadata(file).ok()?;
    if !about.is_file() {
        return None;
    }
    if about.permissions().mode() & 0o077 != 0 {
        eprintln!(
            "authguard: password file {} is not used: others may read it; chmod 0600 {0}",
            file.display()
        );
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    // As in libpq, the usual sockets count as this machine.
    let usual = SOCKET_DIRECTORIES.contains(&host.host.as_str());
    let name = if usual { "localhost" } else { &host.host };
    let port = host.port.to_string();
    text.lines().find_map(|line| {
        let fields = fields(line)?;
        let asked = [name, &port, dbname, user];
        let fits = fields
            .iter()
            .zip(asked)
            .all(|(field, asked)| field.raw == "*" || field.text == asked);
        fits.then(|| fields.last().map(|field| field.text.clone()))?
    })
}

struct Field<'a> {
    raw: &'a str,
    text: String,
}

/// The five fields of a line, between colons, with backslashes removed.
fn fields(line: &str) -> Option<Vec<Field<'_>>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = Vec::new();
    let mut start = 0;
    let mut text = String::new();
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            ':' if fields.len() < 4 => {
                let raw = line.get(start..at)?;
                fields.push(Field {
                    raw,
                    text: std::mem::take(&mut text),
                });
                start = at + 1;
            }
            c => text.push(c),
        }
    }
    let raw = line.get(start..)?;
    fields.push(Field { raw, text });
    (fields.len() == 5).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Address;

    #[test]
    fn a_service_gives_what_its_section_has() {
        let text = "# a comment\n[other]\nhost=x\n[app]\nhost = db.example.com\nport=6543\nport=1\n[last]\nuser=z\n";
        let found = section(text, "app").unwrap().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(found, [("host", "db.example.com"), ("port", "6543")]);
        assert_eq!(section(text, "none").unwrap(), None);
        assert!(section("[app]\nhost\n", "app").is_err());
        assert!(section("[app]\nservice=b\n", "app").is_err());
    }

    fn directory(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("authguard-cli-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_service_comes_before_the_environment_and_after_what_is_given() {
        let dir = directory("service");
        let file = dir.join("services");
        fs::write(&file, "[app]\nhost=db.example.com\nuser=ada\ndbname=app\n").unwrap();
        let file = file.to_string_lossy().into_owned();
        let gather = |given: Option<&str>| {
            Address::of(given, &|name| match name {
                "PGSERVICE" => Some("app".into()),
                "PGSERVICEFILE" => Some(file.clone()),
                "PGUSER" => Some("ben".into()),
                _ => None,
            })
        };
        let address = gather(None).unwrap();
        assert_eq!(
            (address.user.as_str(), address.dbname.as_str()),
            ("ada", "app")
        );
        assert_eq!(gather(Some("user=eve")).unwrap().user, "eve");
        let missing = gather(Some("service=none")).map(|_| ()).unwrap_err();
        assert!(missing.to_string().contains("no service \"none\""));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let dir = directory("passfile");
        let file = dir.join("pgpass");
        let lines = "# comment:*:*:*:no\nshort:line\ndb:5432:app:ada:a\\:b\\\\c\n*:6000:*:ada:port\nlocalhost:*:*:*:here\n\\*:*:*:*:star\n";
        fs::write(&file, lines).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let find = |host: &str, port: u16, user: &str| {
            let host = HostAddress {
                host: host.into(),
                hostaddr: None,
                port,
            };
            password(&file, &host, "app", user)
        };
        assert_eq!(find("db", 5432, "ada").as_deref(), Some("a:b\\c"));
        assert_eq!(find("other", 6000, "ada").as_deref(), Some("port"));
        assert_eq!(find("/tmp", 1, "ben").as_deref(), Some("here"));
        assert_eq!(find("/run/mine", 1, "ben"), None);
        assert_eq!(
            find("other", 5432, "ada"),
            None,
            "an escaped star is a star"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(find("db", 5432, "ada"), None, "others may read it");
        fs::remove_dir_all(dir).unwrap();
    }
}
