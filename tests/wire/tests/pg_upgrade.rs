//! `pg_upgrade` to the newest Postgres, from each version that the suite runs on. It keeps
//! revocations, live sessions and an adopted schema, and is noticed.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use pgrx_embed::postgres::MAJORS;
use pgrx_embed::server;
use postgres::Client;

fn reason(client: &mut Client) -> Option<String> {
    text(client, "select auth.revocation_reason()")
}

#[test]
fn pg_upgrade_keeps_what_is_revoked_and_who_is_signed_in() {
    let mut old = shaped::shaped();
    // Debian's 15.20 keeps a version of its own in each column's options, which other builds do not
    // know.
    let vendors =
        "select count(*)::text from pg_attribute where attoptions::text like '%pg_attver%'";
    let newest = MAJORS[MAJORS.len() - 1];
    if old.install().major == newest || text(&mut admin(&old), vendors).as_deref() != Some("0") {
        eprintln!(
            "skipped: Postgres {} cannot be upgraded to {newest}",
            old.install().version
        );
        return;
    }
    let newest = server::built_for_tests(newest).unwrap();
    shaped::owner(&old).batch_execute(shaped::ADOPT).unwrap();
    let rows = shaped::rows(&old, "shaped");
    let mut owner = admin(&old);
    owner
        .batch_execute(
            "select authguard.grant_client('web'); select authguard.rotate_signing_key()",
        )
        .unwrap();
    let sign_in = format!("select access_token, refresh_token from authguard.sign_in('{ADA}')");
    let live = owner.query_one(&sign_in, &[]).unwrap();
    let ended = owner.query_one(&sign_in, &[]).unwrap();
    owner
        .execute(
            "select authguard.revoke_session((auth.verify($1) ->> 'session_id')::uuid)",
            &[&ended.get::<_, String>(0)],
        )
        .unwrap();
    assert!(operate(&old, &format!("revoke_user('{BEN}')")));
    drop(owner);

    let new = old.upgraded(&newest, Config::default()).unwrap();
    let mut owner = admin(&new);
    let mut web = new.connect("web", "wire").unwrap();
    let mut count = |token: String| {
        tokens::set_token(&mut web, &token);
        seen(&mut web)
    };
    assert_eq!((count(live.get(0)), count(ended.get(0))), (3, 0));
    let mut client = gateway(&new);
    set_claims(&mut client, &claims(BEN));
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
    let refresh = |client: &mut Client, token: String| {
        let row = client
            .query_one(
                "select status, access_token from auth.refresh($1)",
                &[&token],
            )
            .unwrap();
        (row.get::<_, String>(0), row.get::<_, Option<String>>(1))
    };
    let mut web = new.connect("web", "wire").unwrap();
    assert_eq!(refresh(&mut web, ended.get(1)).0, "session_revoked");
    let (status, token) = refresh(&mut web, live.get(1));
    assert_eq!(status, "ok");
    tokens::set_token(&mut web, &token.unwrap());
    assert_eq!(seen(&mut web), 3);

    assert_eq!(shaped::rows(&new, "shaped"), rows);
    for database in ["wire", "shaped"] {
        let mut owner = new.connect("postgres", database).unwrap();
        let copy = "select authguard.is_copy()::text";
        assert_eq!(
            text(&mut owner, copy).as_deref(),
            Some("true"),
            "{database}"
        );
        owner
            .batch_execute("select authguard.acknowledge_restore()")
            .unwrap();
        assert_eq!(text(&mut owner, copy).as_deref(), Some("false"));
    }
    assert_eq!(text(&mut owner, "select auth.uid()::text"), None);
}
