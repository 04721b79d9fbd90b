//! No client, role or database changes a setting of the server, by whatever road, whichever way
//! the library is loaded.
//!
//! Each setting has a value in the server's file that is not its default. Each is then offered
//! another value, and a text that is no value of it. Either the setting keeps the value of the
//! file, or the session is refused: no session has the default.

use authguard_wire::startup::Startup;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::os::unix::fs::symlink;

/// A setting of the server.
struct Known {
    name: String,
    /// Its value in the server's file, which is not the default.
    in_file: String,
    /// Another value.
    other: String,
    /// True if not every text is a value.
    refuses: bool,
    /// True if a superuser may set it for a role or a database.
    by_superusers: bool,
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
            "select name, vartype, boot_val, enumvals[1], enumvals[2], context = 'superuser'
               from pg_settings
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
            refuses: kind != "string",
            by_superusers: row.get(5),
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
        .batch_execute("grant pg_read_all_settings to web; alter database wire owner to web")
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
    if let Loaded::With(statement) = loaded
        && let Err(first) = client.run(statement)
    {
        let _ = client.run("rollback");
        let again = client.run("select auth.is_revoked()");
        assert_eq!(
            again.err().as_ref(),
            Some(&first),
            "the answer stays the same"
        );
        return Err(first);
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

/// Parameters of the startup packet, and statements before the library is loaded.
type Road<'r> = (&'r [(&'r str, &'r str)], &'r [&'r str]);

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
                let roads: [Road<'_>; 9] = [
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

const TARGETS: [&str; 4] = [
    "role web",
    "role all",
    "database wire",
    "role web in database wire",
];

/// A superuser's session that has not loaded the library, unless the server has.
fn unloaded(cluster: &Cluster) -> Startup {
    let options = "-c session_preload_libraries= -c local_preload_libraries=";
    Startup::connect(cluster, "postgres", "wire", &[("options", options)]).unwrap()
}

#[test]
fn nothing_that_a_role_a_database_or_a_function_has_changes_a_setting_of_the_server() {
    let (mut cluster, settings) = configured();
    // The next test has the fifth way: then Postgres itself lets nobody give them a value.
    for loaded in &LOADED[..4] {
        load(&mut cluster, *loaded);
        let kept = undisturbed(&cluster, *loaded, &settings);
        let mut weak = Startup::connect(&cluster, "web", "postgres", &[]).unwrap();
        let mut owner = unloaded(&cluster);
        for (setting, kept) in settings.iter().zip(&kept) {
            let name = setting.name.as_str();
            for offer in setting.offers() {
                for target in TARGETS {
                    let set = format!("alter {target} set {name} = '{offer}'");
                    assert!(
                        weak.run(&set).is_err(),
                        "only superusers deny others access"
                    );
                    owner.run(&set).unwrap();
                    let found = value(&cluster, *loaded, name, &[], &[]);
                    // A superuser may give a role or a database a value of these.
                    if !setting.by_superusers || found.as_deref() != Ok(offer) {
                        assert_kept(found, kept, name, &format!("{loaded:?}, {target}, {offer}"));
                    }
                    // Whatever fails to log in, a superuser can.
                    drop(unloaded(&cluster));
                    owner.run(&format!("alter {target} reset {name}")).unwrap();
                }
                owner
                    .run(&format!(
                        "create or replace function public.setter() returns text language plpgsql
                         set {name} = '{offer}'
                         as $$ begin perform auth.uid(); return current_setting('{name}'); end $$"
                    ))
                    .unwrap();
                let found = value(&cluster, *loaded, name, &[], &["select public.setter()"]);
                assert_kept(
                    found,
                    kept,
                    name,
                    &format!("{loaded:?}, a function, {offer}"),
                );
            }
            let found = value(&cluster, *loaded, name, &[], &[]);
            assert_eq!(found.as_ref(), Ok(kept), "{name}");
        }
    }
}

#[test]
fn what_a_role_or_a_database_had_before_the_server_preloads_changes_no_setting_of_the_server() {
    let (mut cluster, settings) = configured();
    let kept = undisturbed(&cluster, LOADED[0], &settings);
    let mut owner = unloaded(&cluster);
    for (setting, target) in settings.iter().flat_map(|it| TARGETS.map(|to| (it, to))) {
        if !setting.by_superusers {
            let (name, other) = (&setting.name, &setting.other);
            owner
                .run(&format!("alter {target} set {name} = '{other}'"))
                .unwrap();
        }
    }
    let loaded = Loaded::By("shared_preload_libraries");
    load(&mut cluster, loaded);
    assert_eq!(undisturbed(&cluster, loaded, &settings), kept);
}

#[test]
fn a_library_that_is_first_called_in_a_parallel_operation_keeps_settings_and_claims() {
    let cluster = server(Config::default().set("authguard.leeway", 7));
    // No plan looks into a function in PL/pgSQL, so the workers are the first to call authguard.
    admin(&cluster)
        .batch_execute(
            "create function whose() returns text language plpgsql stable parallel safe as
             $$ begin return auth.subject() || ', ' || current_setting('authguard.leeway'); end $$;
             create table big as select g as id from generate_series(1, 1000) g;
             grant select on big to authenticator",
        )
        .unwrap();
    let right = format!("{ADA}, 7s");
    let answer = |client: &mut Client, sql| client.query_one(sql, &[]).map(|row| row.get(0));
    for preloaded in [false, true] {
        if preloaded {
            preload(&cluster);
        }
        for workers in [
            "max_parallel_workers = 0",
            "max_parallel_workers = 8",
            "parallel_leader_participation = off",
        ] {
            let mut client = cluster.connect("authenticator", "wire").unwrap();
            client
                .batch_execute(&format!(
                    "set parallel_setup_cost = 0; set parallel_tuple_cost = 0;
                     set min_parallel_table_scan_size = 0; set {workers}",
                ))
                .unwrap();
            without_forced_workers(&mut client);
            set_claims(&mut client, &claims(ADA));
            let found = answer(&mut client, "select min(whose()) from big");
            match found {
                Ok(found) => assert_eq!((preloaded, found), (true, right.clone()), "{workers}"),
                Err(error) => {
                    assert!(!preloaded, "{workers}: {error}");
                    let error = error.as_db_error().expect("an error of the server");
                    assert_eq!(error.code().code(), "25000", "{workers}: {error}");
                }
            }
            // Outside of a parallel operation it is loaded as if nothing had happened.
            let found: String = answer(&mut client, "select whose()").unwrap();
            assert_eq!(found, right, "{workers}");
        }
    }
}

#[test]
fn a_text_in_the_file_that_is_no_value_closes_the_sessions_that_load_it() {
    let mut cluster = server(Config::default());
    let settings = settings(&cluster);
    for setting in settings.iter().filter(|it| it.refuses) {
        let name = setting.name.as_str();
        cluster
            .configure(&[(name, "no value, of any, kind")])
            .unwrap();
        let refused = || {
            let mut client = cluster.connect("web", "wire").unwrap();
            let error = client.query_one("select auth.uid()", &[]).err()?;
            Some(error.as_db_error()?.message().to_owned())
        };
        wait_until(|| refused().is_some(), "the value arrives");
        let message = refused().unwrap();
        assert!(message.contains(name), "{name}: {message}");
        cluster.configure(&[(name, &setting.in_file)]).unwrap();
        wait_until(|| refused().is_none(), "the value arrives");
    }
    // A server that preloads it does not start, as with a value of Postgres's own settings.
    cluster
        .configure(&[
            ("shared_preload_libraries", "authguard"),
            ("authguard.leeway", "301"),
        ])
        .unwrap();
    cluster.stop().unwrap();
    assert!(cluster.start().is_err(), "the server does not start");
    let told = "invalid value for parameter \"authguard.leeway\" in the server's configuration";
    assert!(cluster.log().contains(told));
}

#[test]
fn a_parallel_worker_has_the_settings_of_its_leader_whatever_the_database_has_by_now() {
    let cluster = server(Config::default().set("authguard.leeway", 7));
    preload(&cluster);
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    in_workers(&mut client);
    unloaded(&cluster)
        .run("alter database wire set authguard.leeway = 9")
        .unwrap();
    let sql = "select count(*)::text from notes
                where auth.subject() || current_setting('authguard.leeway') = $1";
    let found: String = client
        .query_one(sql, &[&format!("{ADA}7s")])
        .unwrap()
        .get(0);
    assert_eq!(found, "3");
}

/// Makes new sessions load the library at login.
fn preload(cluster: &Cluster) {
    cluster
        .configure(&[("session_preload_libraries", "authguard")])
        .unwrap();
    let told = || text(&mut admin(cluster), "show session_preload_libraries").unwrap();
    wait_until(|| told() == "authguard", "the setting arrives");
}
