//! The SQL of the pages that no other test runs, block by block, on the kind of server that their
//! reader has.
//!
//! Other tests run the rest: `cli.rs`, `guide.rs` and `cron.rs`, `operations.rs`, `pools.rs`,
//! `postgrest*.rs`, `troubleshooting.rs`, `upgrade.rs` the page of their name, `transcripts.rs` the
//! pages that show a session of psql.

use authguard_wire::page::{self, Page, with_output};
use authguard_wire::policies::assert_exemplary;
use authguard_wire::tokens::Issuer;
use authguard_wire::{ADA, admin, set_claims, shaped, text, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use pgrx_embed::postgres::Install;
use postgres::Client;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// The user that the pages name.
const USER: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
const SECRET: &str = "not a secret, but long enough for HS256";

/// A server without any of the tests' roles, and with an empty database `app`.
fn fresh(config: Config) -> Cluster {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, config).expect("the server starts");
    page::database(&cluster, "app");
    cluster
}

fn connect(cluster: &Cluster, user: &str) -> Client {
    cluster.connect(user, "app").expect("the role connects")
}

/// Returns the only value of a query, which is true or false.
fn holds(client: &mut Client, query: &str) -> bool {
    client.query_one(query, &[]).expect("the query runs").get(0)
}

#[test]
fn every_page_with_sql_is_run_by_a_test() {
    let docs = dirs::checkout().join("docs");
    let with_sql: BTreeSet<String> = std::fs::read_dir(docs)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && !Page::read(name).every("sql").is_empty())
        .collect();
    let run = [
        "attach.md",
        "from-denylist.md",
        "from-pg_session_jwt.md",
        "from-pgjwt.md",
        "from-supabase-functions.md",
        "cheatsheet.md",
        "claims.md",
        "cli.md",
        "guide.md",
        "hosted.md",
        "operations.md",
        "installing.md",
        "ids.md",
        "initplan.md",
        "policies.md",
        "lint.md",
        "pool.md",
        "postgrest.md",
        "replication.md",
        "restoring.md",
        "sessions.md",
        "supabase.md",
        "testing-policies.md",
        "tokens.md",
        "upgrading.md",
        "troubleshooting.md",
    ];
    assert_eq!(with_sql, run.map(str::to_owned).into());
}

#[test]
fn a_server_says_if_it_can_have_the_extension() {
    let cluster = fresh(Config::default());
    let [ask] = &Page::read("hosted.md").every("sql")[..] else {
        panic!("one block");
    };
    let printed = page::run(&cluster, "app", ask);
    assert!(printed.contains(" authguard | "), "{printed}");
    assert!(printed.contains("(1 row)"), "{printed}");
}

#[test]
fn the_readme_s_ten_lines_show_a_row_that_vanishes_and_leave_nothing_behind() {
    let cluster = fresh(Config::default());
    let readme = Page::read("../README.md");
    let [ten_lines, install] = &readme.every("sql")[..] else {
        panic!("two blocks");
    };
    assert!(ten_lines.lines().count() <= 10);
    let shown = readme.blocks("See a row vanish", "text").remove(0);
    // Twice: what the first run leaves behind would be in the way of the second.
    for _ in 0..2 {
        let printed = page::run(&cluster, "app", ten_lines);
        let printed: Vec<_> = printed.lines().map(str::trim_end).collect();
        let mut printed = &printed[..];
        for table in shown.trim_end().split("\n\n") {
            let table: Vec<_> = table.lines().collect();
            let at = printed.windows(table.len()).position(|of| of == table);
            let at = at.unwrap_or_else(|| panic!("{table:#?} is not in {printed:#?}"));
            printed = &printed[at + table.len()..];
        }
    }
    page::run(&cluster, "app", install);
    // What it makes is an example.
    let (schema, _) = ten_lines
        .split_once("select authguard.act_as_user")
        .unwrap();
    let kept = format!("{schema}commit;");
    connect(&cluster, "postgres")
        .batch_execute("drop extension authguard")
        .unwrap();
    page::run(&cluster, "app", &kept);
    assert_exemplary(&cluster, "app");
}

#[test]
fn the_setup_of_the_pages_can_be_run_again() {
    let cluster = fresh(Config::default());
    page::run(&cluster, "app", "\\i setup.sql");
    let mut owner = connect(&cluster, "postgres");
    let state = "select (select relacl::text from pg_class where relname = 'note')
        || (select string_agg(pg_get_expr(polqual, polrelid), ' ' order by polname) from pg_policy)
        || (select string_agg(proacl::text, ' ' order by oid) from pg_proc
             where pronamespace = 'authguard'::regnamespace)";
    let before = text(&mut owner, state);
    page::run(&cluster, "app", "\\i setup.sql\n\\i setup.sql");
    assert_eq!(text(&mut owner, state), before);
    assert_exemplary(&cluster, "app");
}

#[test]
fn the_cheat_sheet_can_be_pasted_from_its_top_to_its_end() {
    let cluster = fresh(Config::default());
    let sheet = Page::read("cheatsheet.md").every("sql").concat();
    // One psql: variables that a block sets are used in later ones.
    let printed = page::run(&cluster, "app", &sheet);
    assert!(printed.contains("| buy milk\n(1 row)"), "{printed}");
    assert!(printed.contains(" SIGNED_OUT "), "{printed}");
    let mut owner = connect(&cluster, "postgres");
    assert!(holds(
        &mut owner,
        "select bool_and(guarded) and count(*) = 2 from authguard.coverage() where kind = 'table'"
    ));
    assert_exemplary(&cluster, "app");
}

#[test]
fn the_page_on_claims_sets_them_revokes_and_guards() {
    let cluster = fresh(Config::default());
    page::run(&cluster, "app", "\\i setup.sql");
    let [request, revoke, guard] = &Page::read("claims.md").every("sql")[..] else {
        panic!("three blocks");
    };
    let mut owner = connect(&cluster, "postgres");
    let rows = format!(
        "insert into note (owner, body) values ('{USER}', 'hers'), (gen_random_uuid(), 'another')"
    );
    owner.batch_execute(&rows).unwrap();
    // As the gateway, which is no superuser.
    let seen = || page::run(&cluster, "app", &format!("\\c - authenticator\n{request}"));
    let one_row = " body\n------\n hers\n(1 row)";
    assert!(seen().contains(one_row), "{}", seen());
    let (revocation, restore) = revoke.split_once("-- The user's next").unwrap();
    page::run(&cluster, "app", revocation);
    assert!(seen().contains("(0 rows)"));
    page::run(&cluster, "app", &format!("--{restore}"));
    assert!(
        seen().contains("(0 rows)"),
        "the tokens from before stay out"
    );
    let kind = "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'authguard'";
    let guarded = text(&mut owner, kind).unwrap();
    assert!(guarded.contains("is_revoked()"), "{guarded}");
    page::run(&cluster, "app", guard);
    assert_eq!(text(&mut owner, kind).as_deref(), Some("auth.is_active()"));
    assert_exemplary(&cluster, "app");
}

/// An identity provider, with its keys and one of its tokens.
fn provider(name: &str, audience: &str) -> (Issuer, String, String) {
    let issuer = Issuer::new(name);
    let mut claims = issuer.claims(USER);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    claims["aud"] = json!(audience);
    claims["iat"] = json!(now.as_secs());
    claims["exp"] = json!(now.as_secs() + 3600);
    let (keys, token) = (issuer.jwks(&[issuer.kid()]), issuer.sign(&claims));
    (issuer, keys, token)
}

#[test]
fn the_page_on_supabase_adopts_guards_and_leaves() {
    let cluster = shaped::shaped();
    let mut owner = shaped::owner(&cluster);
    let before = shaped::identity(&mut owner);
    let blocks = Page::read("supabase.md").every("sql");
    // What `supabase.rs` runs is left out.
    let [adopt, gateways, guard, realtime, _, _, leave] = &blocks[..] else {
        panic!("seven blocks");
    };
    page::run(&cluster, "shaped", adopt);
    assert_eq!(shaped::ours(&mut owner), 4);
    page::run(&cluster, "shaped", gateways);
    page::run(&cluster, "shaped", guard);
    assert!(holds(
        &mut owner,
        "select bool_and(guarded) and count(*) = 11 from authguard.coverage()
          where kind = 'table' and object not like 'realtime.%'"
    ));
    set_claims(&mut owner, &format!(r#"{{"sub":"{USER}"}}"#));
    assert!(holds(&mut owner, "select auth.is_revoked()"));
    let joins = |sub: &str| {
        let claims = format!(r#"{{"sub":"{sub}","role":"authenticated"}}"#);
        shaped::joins(&mut shaped::owner(&cluster), &claims)
    };
    assert_eq!(joins(USER), (true, true), "without a guard");
    page::run(&cluster, "shaped", realtime);
    assert_eq!(joins(USER), (false, false), "a user who is revoked");
    assert_eq!(joins(ADA), (true, true), "another user");
    // A user who has attached a table leaves in the same way.
    owner
        .batch_execute("select authguard.attach_users('auth.users')")
        .unwrap();
    page::run(&cluster, "shaped", leave);
    assert_eq!(shaped::identity(&mut owner), before);
    assert!(holds(
        &mut owner,
        &format!(
            "select auth.uid() = '{USER}' and not exists (select from pg_extension where extname = 'authguard')"
        )
    ));
}

#[test]
fn the_page_on_attaching_shuts_out_by_the_rows() {
    let cluster = shaped::shaped();
    let mut owner = shaped::owner(&cluster);
    owner.batch_execute(shaped::ADOPT).unwrap();
    owner
        .batch_execute(&format!("insert into auth.users (id) values ('{USER}')"))
        .unwrap();
    let [first, supabase, bigint, partitioned] = &Page::read("attach.md").every("sql")[..] else {
        panic!("four blocks");
    };
    let of_user = format!(r#"{{"sub":"{USER}"}}"#);
    set_claims(&mut owner, &of_user);
    assert!(!holds(&mut owner, "select auth.is_revoked()"));
    page::run(&cluster, "shaped", first);
    let reason = "select auth.revocation_reason()";
    assert_eq!(text(&mut owner, reason).as_deref(), Some("user_deleted"));
    page::run(&cluster, "shaped", supabase);
    assert_eq!(text(&mut owner, reason), None, "of another issuer");
    let of_supabase = of_user.replace('}', r#","iss":"https://supabase.example.com/auth/v1"}"#);
    set_claims(&mut owner, &of_supabase);
    assert_eq!(text(&mut owner, reason).as_deref(), Some("user_deleted"));
    page::run(&cluster, "shaped", bigint);
    let mut blocked = |what: &str, query: &str| assert!(holds(&mut owner, query), "{what}");
    blocked(
        "42 was signed in",
        "select count(*) = 1 from authguard.session where user_id = '42'",
    );
    blocked(
        "its tokens are stale",
        "select count(*) = 1 from authguard.revocation where kind = 'claims' and key = '42'",
    );
    blocked(
        "it is shut out",
        "select status = 'user_blocked' from authguard.sign_in('42')",
    );
    page::run(&cluster, "shaped", partitioned);
    assert!(holds(
        &mut owner,
        "select count(*) = 1 from authguard.coverage() where object = 'public.account' and problem is null"
    ));
}

#[test]
fn the_page_on_sessions_opens_three_doors_and_makes_claims() {
    let cluster = fresh(Config::default());
    let mut owner = connect(&cluster, "postgres");
    let [first, roles, proof, claims, events] = &Page::read("sessions.md").every("sql")[..] else {
        panic!("five blocks");
    };
    let printed = page::run(&cluster, "app", &format!("{first}\n{roles}\n{proof}"));
    assert!(printed.contains("\n ok     |       3600\n"), "{printed}");
    let level = "select bool_and(aal = 'aal2') from authguard.session where user_id = 'ada'";
    assert!(holds(&mut owner, level));
    let mut app = connect(&cluster, "app");
    assert!(holds(
        &mut app,
        "select status = 'invalid' from auth.refresh('no token')"
    ));
    page::run(&cluster, "app", claims);
    page::run(&cluster, "app", events);
    owner
        .batch_execute("insert into app.member values ('ada', 'editor')")
        .unwrap();
    // Two users: one is in the table, the other is not.
    let mut role = |user: &str| {
        let token = text(
            &mut app,
            &format!("select access_token from authguard.sign_in('{user}')"),
        );
        let verify = "select auth.verify($1) ->> 'user_role'";
        let row = owner.query_one(verify, &[&token]).unwrap();
        row.get::<_, Option<String>>(0)
    };
    assert_eq!(role("ada").as_deref(), Some("editor"));
    assert_eq!(role("ben"), None);
    assert_exemplary(&cluster, "app");
    assert!(holds(
        &mut connect(&cluster, "support"),
        "select authguard.sign_out_user('ada') = 2"
    ));
}

#[test]
fn the_page_on_tokens_trusts_an_issuer_or_a_secret_and_signs() {
    let cluster = fresh(Config::default());
    for name in ["secret", "own"] {
        page::database(&cluster, name);
    }
    let blocks = Page::read("tokens.md").every("sql");
    let [explain, issuer, rotated, clients, secret, own, exact, pool] = &blocks[..] else {
        panic!("eight blocks");
    };
    let (idp, keys, token) = provider("https://idp.example.com/", "my-api");
    for database in ["app", "secret", "own"] {
        page::run(&cluster, database, "\\i setup.sql");
    }
    let with_keys = |sql: &str, keys: &str| {
        let url = "curl -fsS https://idp.example.com/.well-known/jwks.json";
        page::run(&cluster, "app", &with_output(sql, url, keys))
    };
    with_keys(issuer, &keys);
    with_keys(rotated, &keys);
    with_keys(exact, &keys);
    let of_clerk = "curl -fsS https://clerk.example.com/.well-known/jwks.json";
    page::run(&cluster, "app", &with_output(clients, of_clerk, &keys));
    let explained = page::run(
        &cluster,
        "app",
        &with_output(explain, "cat token.txt", &token),
    );
    assert!(
        explained.contains("signature") && !explained.contains("| f\n"),
        "{explained}"
    );
    page::run(
        &cluster,
        "secret",
        &with_output(secret, "cat secret.txt", SECRET),
    );
    assert!(!cluster.log().contains(SECRET));
    page::run(&cluster, "own", own);
    let mut owner = connect(&cluster, "postgres");
    let note = format!("insert into note (owner, body) values ('{USER}', 'hers')");
    owner.batch_execute(&note).unwrap();
    let read = page::run(&cluster, "app", &with_output(pool, "cat token.txt", &token));
    assert!(read.contains(" hers\n(1 row)"), "{read}");
    for database in ["app", "secret", "own"] {
        assert_exemplary(&cluster, database);
    }
    let newer = idp.jwks(&[idp.kid(), "another"]);
    with_keys(rotated, &newer);
    assert!(holds(
        &mut owner,
        "select count(*) = 2 from authguard.key
          where issuer = 'https://idp.example.com/' and status = 'active'"
    ));
}

#[test]
fn the_page_on_replication_tells_another_primary_and_how_to_end_a_conflict() {
    let mut primary = fresh(Config::default());
    let other = fresh(
        Config::default()
            .own_identity()
            .set("wal_retrieve_retry_interval", "100ms"),
    );
    for cluster in [&primary, &other] {
        page::run(cluster, "app", "create extension authguard");
    }
    let [publish, subscribe] = &Page::read("replication.md").every("sql")[..] else {
        panic!("two blocks");
    };
    page::run(&primary, "app", publish);
    primary.restart().unwrap();
    let address = format!("host=127.0.0.1 port={} dbname=app", primary.port());
    page::run(
        &other,
        "app",
        &subscribe.replace("host=… dbname=…", &address),
    );
    let (mut here, mut there) = (connect(&primary, "postgres"), connect(&other, "postgres"));
    let revoke = |client: &mut Client, user: &str| {
        client
            .batch_execute(&format!("select authguard.revoke_user('{user}')"))
            .unwrap();
    };
    let mut arrives = |user: &str| {
        let arrived = format!(
            "select exists (select from authguard.revocation where key = '{user}' and reason is null)"
        );
        wait_until(|| holds(&mut there, &arrived), user);
    };
    revoke(&mut here, "ada");
    arrives("ada");
    // The same entry is in both databases.
    let mut there = connect(&other, "postgres");
    revoke(&mut there, "eve");
    revoke(&mut here, "eve");
    revoke(&mut here, "fay");
    wait_until(
        || other.log().contains("\"revocation_key\""),
        "the conflict",
    );
    there
        .batch_execute("delete from authguard.revocation where kind = 'user' and key = 'eve'")
        .unwrap();
    arrives("fay");
    arrives("eve");
    for cluster in [&primary, &other] {
        assert_exemplary(cluster, "app");
    }
    there
        .batch_execute("drop subscription revocations_2")
        .unwrap();
}

#[test]
fn the_page_on_restoring_ends_what_a_clone_revives() {
    let cluster = authguard_wire::server(Config::default());
    let mut source = admin(&cluster);
    let sign_in = "select access_token from authguard.sign_in('ada')";
    let token = text(&mut source, sign_in).unwrap();
    drop(source);
    let mut server = cluster.connect("postgres", "postgres").unwrap();
    let clone = "create database app template wire";
    wait_until(
        || server.batch_execute(clone).is_ok(),
        "nobody is connected",
    );
    let mut owner = connect(&cluster, "postgres");
    let problem = "select count(*) = 1 from authguard.coverage() where kind = 'database'";
    assert!(holds(&mut owner, problem));
    let verify = "select auth.verify($1)";
    owner.query_one(verify, &[&token]).unwrap();
    page::run(
        &cluster,
        "app",
        &Page::read("restoring.md").block("The runbook", "sql"),
    );
    assert!(!holds(&mut owner, problem));
    let refused = owner.query_one(verify, &[&token]).map(|_| ()).unwrap_err();
    assert_eq!(refused.code().map(|code| code.code()), Some("28000"));
}

#[test]
fn the_page_on_installing_creates_updates_and_removes() {
    let cluster = fresh(Config::default());
    let [create, update, remove] = &Page::read("installing.md").every("sql")[..] else {
        panic!("three blocks");
    };
    page::run(&cluster, "app", create);
    let mut owner = connect(&cluster, "postgres");
    owner
        .batch_execute(
            "create table note ();
             create policy all_rows on note using (true);
             select authguard.guard_table('note')",
        )
        .unwrap();
    page::run(&cluster, "app", update);
    page::run(&cluster, "app", remove);
    assert!(holds(
        &mut owner,
        "select relrowsecurity and array(select polname::text from pg_policy) = '{all_rows}'
                and not exists (select from pg_extension where extname = 'authguard')
           from pg_class where relname = 'note'"
    ));
}

#[test]
fn the_page_about_lint_accepts_a_finding_and_writes_the_reports() {
    let cluster = fresh(Config::default());
    let page = Page::read("lint.md");
    let [first, ..] = &page.every("sql")[..] else {
        panic!("the page begins with a block");
    };
    page::run(&cluster, "app", first);
    let accepted = page::run(&cluster, "app", &page.block("Accepting a finding", "sql"));
    assert!(
        accepted.contains("rls_disabled | public.product | t"),
        "{accepted}"
    );
    let reports = page::run(&cluster, "app", &page.block("In CI", "sql"));
    assert!(
        reports.contains("2.1.0") && reports.contains("1.."),
        "{reports}"
    );
}

/// The page shows what psql prints; lines and spaces between columns are not compared.
#[test]
fn testing_policies_shows_what_its_tools_answer() {
    let cluster = fresh(Config::default());
    page::run(&cluster, "app", "\\i setup.sql");
    let page = Page::read("testing-policies.md");
    let [
        people,
        matrix,
        expected,
        diff,
        coverage,
        mutants,
        by_hand,
        grant,
    ] = &page.every("sql")[..]
    else {
        panic!("eight blocks");
    };
    page::run(&cluster, "app", people);
    let identities = people.lines().last().unwrap();
    let told = |sql: &str| page::run(&cluster, "app", &format!("{identities}\n{sql}"));
    let words = |text: &str| -> Vec<String> {
        let cells = text.split(['|', '\n']).map(str::trim);
        let shown = |cell: &&str| !cell.is_empty() && !cell.chars().all(|c| "-+".contains(c));
        cells.filter(shown).map(str::to_owned).collect()
    };
    let shown = page.every("text");
    for (sql, shown) in [matrix, diff, coverage, mutants, by_hand]
        .into_iter()
        .zip(&shown)
    {
        let (told, shown) = (words(&told(sql)), words(shown));
        assert!(told.ends_with(&shown), "{told:#?}\n{shown:#?}");
    }
    assert_eq!(shown.len(), 5);
    assert!(told(expected).ends_with("(0 rows)\n"));
    assert!(
        told(&expected.replace("'ada', 'select', 'some'", "'ada', 'select', 'all'"))
            .contains("| some")
    );
    // A role with these grants, which may become nobody, is told so.
    told(grant);
    let mut support = connect(&cluster, "support");
    let refused = support
        .query(
            "select authguard.access_matrix('[{\"role\": \"anon\"}]')",
            &[],
        )
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    // Nothing of it is left.
    let mut owner = connect(&cluster, "postgres");
    assert!(holds(
        &mut owner,
        "select array_agg(polname::text order by polname) = '{authguard,own_notes}' from pg_policy where polrelid = 'note'::regclass"
    ));
}
