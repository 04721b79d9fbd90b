//! Words in settings that nothing knows: an error of ALTER SYSTEM, a warning in the log.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use std::sync::{Arc, Mutex};

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
