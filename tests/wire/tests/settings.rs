//! The README describes exactly the settings that exist, with their defaults.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

/// The settings in the README, each with its default as `pg_settings` shows it. The default is
/// empty if the README names none.
fn described() -> BTreeMap<String, String> {
    let readme = fs::read_to_string(dirs::checkout().join("README.md")).expect("the README");
    let (_, settings) = readme.split_once("\n## Settings\n").expect("the settings");
    let settings = settings.split("\n## ").next().unwrap_or(settings);
    let mut described = BTreeMap::new();
    for section in settings.split("\n### ").skip(1) {
        let (heading, text) = section.split_once('\n').expect("a text");
        let names: Vec<_> = heading.split('`').skip(1).step_by(2).collect();
        let text = text.replace('\n', " ").replace("Defaults: ", "Default: ");
        let (_, defaults) = text.split_once("Default: ").unwrap_or_default();
        let defaults = defaults.split(['.', ';']).next().unwrap_or_default();
        let defaults: Vec<_> = defaults
            .split(", ")
            .flat_map(|it| it.split(" and "))
            .collect();
        for (place, name) in names.iter().enumerate() {
            let default = match names.len() == 1 || defaults.len() == 1 {
                true => defaults[0],
                false => defaults[place],
            };
            described.insert((*name).to_owned(), in_base_unit(default));
        }
    }
    described
}

/// A default in its base unit: `64kB` as 65536, `1 h` as 3600, `100 times` as 100, `empty` as
/// nothing.
fn in_base_unit(default: &str) -> String {
    let default = default.replace(['`', ' '], "");
    let digits = default.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &default[digits.len()..] {
        "" | "s" | "times" => 1,
        "kB" => 1024,
        "h" => 3600,
        word => return word.replace("empty", ""),
    };
    match digits.parse::<i64>() {
        Ok(number) => (number * unit).to_string(),
        Err(_) => default,
    }
}

#[test]
fn the_readme_has_every_setting_with_its_default() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    client.batch_execute("load 'authguard'").expect("it loads");
    let rows = client
        .query(
            "select name, boot_val from pg_settings
              where name like 'authguard.%' or name = 'request.jwt.claims'",
            &[],
        )
        .expect("the settings are listed");
    let mut settings: BTreeMap<String, String> = rows
        .iter()
        .map(|row| {
            (
                row.get(0),
                row.get::<_, Option<String>>(1).unwrap_or_default(),
            )
        })
        .collect();
    // This setting is shown to nobody, so it is not on the list.
    settings.insert("authguard.jwt".to_owned(), String::new());
    assert_eq!(settings, described());
}

/// Runs ALTER SYSTEM, and takes it back: the error, or the warnings.
fn alter_system(cluster: &Cluster, setting: &str, value: &str) -> Result<Vec<String>, String> {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&warnings);
    let mut client = postgres::Config::new()
        .host_path(cluster.dir())
        .port(cluster.port())
        .user("postgres")
        .dbname("wire")
        .notice_callback(move |notice| told.lock().unwrap().push(notice.message().to_owned()))
        .connect(postgres::NoTls)
        .unwrap();
    client.batch_execute("load 'authguard'").unwrap();
    let set = format!("alter system set {setting} = '{value}'");
    if let Err(error) = client.batch_execute(&set) {
        return Err(error.as_db_error().unwrap().message().to_owned());
    }
    let reset = format!("alter system reset {setting}");
    client.batch_execute(&reset).unwrap();
    let warnings = warnings.lock().unwrap().clone();
    Ok(warnings)
}

#[test]
fn alter_system_refuses_words_that_nothing_knows_and_warns_of_names_that_may_come_to_exist() {
    let cluster = server(Config::default());
    let long = "x".repeat(1025);
    for (setting, wrong) in [
        ("min_aal", "aal9"),
        ("min_aal", "AAL2"),
        ("notify_events", "signed_in"),
        ("notify_events", "SIGNED_IN,,SIGNED_OUT"),
        ("notify_events", "SIGNED_IN SIGNED_OUT"),
        ("gateway_roles", "authenticator,,web"),
        ("issuer", ""),
        ("issuer", &long),
        ("audience", ""),
        ("after_restore", "allow"),
        ("log_refused_tokens", "yes"),
        ("seal_claims", "maybe"),
        ("leeway", "301"),
        ("session_timebox", "8 hours"),
    ] {
        let setting = format!("authguard.{setting}");
        let error = alter_system(&cluster, &setting, wrong).expect_err(wrong);
        assert!(error.contains(&setting), "{setting} = {wrong}: {error}");
    }
    for (setting, unknown, word) in [
        ("notify_events", "SIGNED_IN, SIGN_IN", "SIGN_IN"),
        ("gateway_roles", "authenticator, nosuch", "nosuch"),
        ("gateway_roles", "Web, \"Web\"", "\"Web\""),
    ] {
        let warnings = alter_system(&cluster, &format!("authguard.{setting}"), unknown).unwrap();
        assert_eq!(warnings.len(), 1, "{setting} = {unknown}: {warnings:?}");
        assert!(
            warnings[0].contains(word),
            "{setting} = {unknown}: {warnings:?}"
        );
    }
    for (setting, good) in [
        ("min_aal", "aal2"),
        ("min_aal", ""),
        ("notify_events", "SIGNED_IN, USER_REVOKED"),
        ("notify_events", ""),
        ("gateway_roles", "authenticator, \"web\""),
        ("gateway_roles", ""),
        ("issuer", "https://example.com"),
    ] {
        let warnings = alter_system(&cluster, &format!("authguard.{setting}"), good);
        assert_eq!(warnings, Ok(vec![]), "{setting} = {good}");
    }
}

#[test]
fn words_in_the_file_that_nothing_knows_are_read_strictly_and_logged_and_reported() {
    let cluster = server(
        Config::default()
            .set("authguard.min_aal", "aal9")
            .set("authguard.notify_events", "SIGN_IN, signed_in")
            .set("authguard.gateway_roles", "authenticator, nosuch"),
    );
    let mut admin = admin(&cluster);
    let rows = "select string_agg(concat_ws(': ', object, guarded, problem), e'\n' order by object, problem)
                  from authguard.coverage() where kind = 'setting'";
    assert_eq!(
        text(&mut operator(&cluster), rows).as_deref(),
        Some(
            "authguard.gateway_roles: t: role \"nosuch\" does not exist\n\
             authguard.min_aal: f: \"aal9\" is no assurance level, and counts as the strictest\n\
             authguard.notify_events: f: \"signed_in\" is no name of an event\n\
             authguard.notify_events: t: authguard records no event \"SIGN_IN\""
        )
    );
    let log = cluster.log();
    assert!(log.contains("WARNING:  authguard.min_aal: \"aal9\" is no assurance level"));
    assert!(log.contains("WARNING:  authguard.notify_events: \"signed_in\" is no name"));
    // Nobody gets in at a level below the strictest.
    let low = admin.batch_execute("select authguard.sign_in('ada', aal => 'aal2')");
    assert!(low.is_err());
    admin
        .batch_execute("select authguard.sign_in('ada', aal => 'aal3')")
        .unwrap();
    // The view of what the files hold says so too.
    without_forced_workers(&mut admin);
    let shown = "select string_agg(name, ', ') from pg_file_settings where error is not null";
    assert_eq!(
        text(&mut admin, shown).as_deref(),
        Some("authguard.min_aal, authguard.notify_events")
    );
}
