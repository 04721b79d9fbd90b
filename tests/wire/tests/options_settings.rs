//! No client, role or database changes a setting of the server, by whatever road, whichever way
//! the library is loaded.
//!
//! Each setting has a value in the server's file that is not its default. Each is then offered
//! another value, and a text that is no value of it. Either the setting keeps the value of the
//! file, or the session is refused: no session has the default.

use authguard_wire::startup::Startup;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use std::os::unix::fs::symlink;

/// A setting of the server.
struct Known {
    name: String,
    /// Its value in the server's file, which is not the default.
    in_file: String,
    /// Another value.
    other: String,
}

impl Known {
    /// A value and a text that is none, of those settings that know what a value is.
    fn offers(&self) -> [&str; 2] {
        [&self.other, "no value, of any, kind"]
    }
}

/// Every setting of the server, as `pg_settings` lists them.
fn settings(cluster: &Cluster) -> Vec<Known> {
    let mut client = admin(cluster);
    client.batch_execute("load 'authguard'").unwrap();
    let rows = client
        .query(
            "select name, vartype, boot_val, enumvals[1], enumvals[2] from pg_settings
              where name like 'authguard.%' and context in ('sighup', 'superuser')",
            &[],
        )
        .unwrap();
    assert!(rows.len() > 20, "every setting is listed");
    let known = rows.iter().map(|row| {
        let [name, kind, default] = [0, 1, 2].map(|i| row.get::<_, String>(i));
        let words = || [3, 4].map(|i| row.get::<_, String>(i));
        let number = || default.parse::<i32>().unwrap();
        let (in_file, other) = match (kind.as_str(), name.as_str()) {
            ("bool", _) => match default.as_str() {
                "on" => ("off".into(), "on".into()),
                _ => ("on".into(), "off".into()),
            },
            ("integer", _) => ((number() + 7).to_string(), (number() + 8).to_string()),
            ("enum", _) => match words() {
                [first, second] if first == default => (second, first),
                [first, second] => (first, second),
            },
            (_, "authguard.min_aal") => ("aal2".into(), "aal1".into()),
            (_, "authguard.notify_events") => ("USER_REVOKED".into(), "SIGNED_IN".into()),
            _ => ("web, postgres".into(), "authenticator".into()),
        };
        assert_ne!(in_file, default, "{name}");
        Known {
            name,
            in_file,
            other,
        }
    });
    known.collect()
}

/// Where a session finds the library, and when it loads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loaded {
    /// By a setting, before the first statement.
    By(&'static str),
    /// By this statement.
    With(&'static str),
}

const LOADED: [Loaded; 5] = [
    Loaded::With("select auth.uid()"),
    Loaded::With("load '$libdir/plugins/authguard'"),
    Loaded::By("session_preload_libraries"),
    Loaded::By("local_preload_libraries"),
    Loaded::By("shared_preload_libraries"),
];

/// A server whose file sets every setting, its settings, and what each is in a session that offers
/// nothing.
fn configured() -> (Cluster, Vec<Known>) {
    let mut cluster = server(Config::default());
    let plugins = cluster.restart_apart().unwrap().pkglib.join("plugins");
    std::fs::create_dir_all(&plugins).unwrap();
    symlink("../authguard.so", plugins.join("authguard.so")).unwrap();
    admin(&cluster)
        .batch_execute("grant pg_read_all_settings to web; grant create on schema public to web")
        .unwrap();
    let settings = settings(&cluster);
    let lines = settings
        .iter()
        .map(|it| (it.name.as_str(), it.in_file.as_str()));
    cluster.configure(&lines.collect::<Vec<_>>()).unwrap();
    cluster.restart().unwrap();
    (cluster, settings)
}

/// Makes new sessions load the library in this way.
fn load(cluster: &mut Cluster, loaded: Loaded) {
    let by = |name| match loaded {
        Loaded::By(setting) if setting == name => "authguard",
        _ => "",
    };
    let names = [
        "session_preload_libraries",
        "local_preload_libraries",
        "shared_preload_libraries",
    ];
    cluster
        .configure(&names.map(|name| (name, by(name))))
        .unwrap();
    cluster.restart().unwrap();
}

/// A session of the weak role that has these parameters in its startup packet, runs these
/// statements and then loads the library: the setting's value, or the error.
fn value(
    cluster: &Cluster,
    loaded: Loaded,
    setting: &str,
    parameters: &[(&str, &str)],
    before: &[&str],
) -> Result<String, String> {
    let mut client = Startup::connect(cluster, "web", "wire", parameters)?;
    for statement in before {
        client.run(statement)?;
    }
    if let Loaded::With(statement) = loaded {
        if let Err(first) = client.run(statement) {
            let _ = client.run("rollback");
            let again = client.run("select auth.is_revoked()");
            assert_eq!(
                again.as_ref().err(),
                Some(&first),
                "the answer stays the same"
            );
            return Err(first);
        }
    }
    let show = format!("select pg_catalog.current_setting('{setting}')");
    Ok(client.run(&show)?.unwrap_or_default())
}

/// Asserts that the session keeps the value of the file, or is refused with an error that names
/// the setting.
fn assert_kept(found: Result<String, String>, kept: &str, setting: &str, how: &str) {
    match found {
        Ok(value) => assert_eq!(value, kept, "{setting} by {how}"),
        Err(error) => assert!(
            error.to_lowercase().contains(setting),
            "{setting} by {how}: {error}"
        ),
    }
}

/// The value of each setting in a session that offers nothing.
fn undisturbed(cluster: &Cluster, loaded: Loaded, settings: &[Known]) -> Vec<String> {
    let values = settings
        .iter()
        .map(|it| value(cluster, loaded, &it.name, &[], &[]).expect("nothing is in the way"));
    values.collect()
}

#[test]
fn nothing_that_a_client_offers_changes_a_setting_of_the_server() {
    let (mut cluster, settings) = configured();
    for loaded in LOADED {
        load(&mut cluster, loaded);
        let kept = undisturbed(&cluster, loaded, &settings);
        for (setting, kept) in settings.iter().zip(&kept) {
            let name = setting.name.as_str();
            for offer in setting.offers() {
                let options = format!("-c {name}={}", offer.replace(' ', "\\ "));
                let set = format!("set {name} = '{offer}'");
                let set_local = format!("set local {name} = '{offer}'");
                let config = format!("select set_config('{name}', '{offer}', false)");
                let upper = name.to_uppercase();
                let roads: [(&[(&str, &str)], &[&str]); 9] = [
                    (&[("options", &options)], &[]),
                    (&[(name, offer)], &[]),
                    (&[(&upper, offer)], &[]),
                    (&[("options", &options)], &["begin", &set_local]),
                    (&[], &[&set]),
                    (&[], &[&config]),
                    (&[], &["begin", &set_local]),
                    (&[], &["begin", &set, "savepoint a", &set_local]),
                    (
                        &[],
                        &["begin", "savepoint a", &config, "release a", &set_local],
                    ),
                ];
                for (parameters, before) in roads {
                    let found = value(&cluster, loaded, name, parameters, before);
                    let how = format!("{loaded:?}, {parameters:?}, {before:?}");
                    assert_kept(found, kept, name, &how);
                }
            }
        }
    }
}

#[test]
fn nothing_that_a_role_or_a_database_has_changes_a_setting_of_the_server() {
    let (mut cluster, settings) = configured();
    let targets = [
        "role web",
        "role all",
        "database wire",
        "role web in database wire",
    ];
    for loaded in LOADED
        .iter()
        .filter(|it| **it != Loaded::By("shared_preload_libraries"))
    {
        load(&mut cluster, *loaded);
        let kept = undisturbed(&cluster, *loaded, &settings);
        // This session has not loaded the library.
        let parameters = [(
            "options",
            "-c session_preload_libraries= -c local_preload_libraries=",
        )];
        let mut owner = Startup::connect(&cluster, "postgres", "postgres", &parameters).unwrap();
        for (setting, kept) in settings.iter().zip(&kept) {
            let name = setting.name.as_str();
            for (target, offer) in targets
                .iter()
                .flat_map(|it| setting.offers().map(|o| (it, o)))
            {
                owner
                    .run(&format!("alter {target} set {name} = '{offer}'"))
                    .unwrap();
                let found = value(&cluster, *loaded, name, &[], &[]);
                // A superuser may give a role or a database a value of these.
                let is_theirs =
                    name.starts_with("authguard.adopt") && found.as_deref() == Ok(offer);
                if !is_theirs {
                    assert_kept(found, kept, name, &format!("{loaded:?}, {target}, {offer}"));
                }
                owner.run(&format!("alter {target} reset {name}")).unwrap();
            }
            assert_eq!(
                value(&cluster, *loaded, name, &[], &[]).as_ref(),
                Ok(kept),
                "{name}"
            );
        }
    }
}

/// A table that is read by workers only, and a function of the weak role that no plan looks into.
const IN_WORKERS: &str = "
    create function app_user() returns text language plpgsql stable parallel safe
        as $$ begin return coalesce(auth.subject(), 'nobody') || current_setting('authguard.leeway'); end $$;
    create table big as select g as id from generate_series(1, 1000) g;
    grant select on big to web, authenticator";

#[test]
fn a_library_that_is_first_loaded_in_a_parallel_worker_has_the_settings_of_its_leader() {
    let cluster = server(Config::default().set("authguard.leeway", 7));
    admin(&cluster).batch_execute(IN_WORKERS).unwrap();
    for participation in ["on", "off"] {
        let mut client = cluster.connect("authenticator", "wire").unwrap();
        client
            .batch_execute(&format!(
                "set parallel_setup_cost = 0; set parallel_tuple_cost = 0;
                 set min_parallel_table_scan_size = 0; set max_parallel_workers = 0;
                 set parallel_leader_participation = {participation}",
            ))
            .unwrap();
        set_claims(&mut client, &claims(ADA));
        let sql = "select min(app_user()) || max(app_user()) from big";
        println!("{:?}", client.query_one(sql, &[]).map(|row| row.get::<_, String>(0)));
        println!("{:?}", client.query_one("select app_user()", &[]).map(|row| row.get::<_, String>(0)));
    }
    panic!()
}
