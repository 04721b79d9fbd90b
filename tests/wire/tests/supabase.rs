//! What `docs/supabase.md` says of Supabase's parts, each acted out on a database of its shape: how
//! Studio, Realtime and the Auth service log in, set claims and change rows.

use authguard_wire::page::{self, Page};
use authguard_wire::shaped::*;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;
use postgres::Client;
use postgres::error::SqlState;
use std::process::Command;

/// The page's blocks of SQL, in their order: adopt, gateways, guard, realtime, foreign keys,
/// clients, leave.
fn block(number: usize) -> String {
    Page::read("supabase.md").every("sql").remove(number)
}

/// A database of Supabase's shape that is adopted, with a guard on two tables that its users read.
fn adopted() -> (Cluster, Client) {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner
        .batch_execute(&format!(
            "{ADOPT}; select authguard.guard_table('todos'), authguard.guard_table('posts')"
        ))
        .unwrap();
    (cluster, owner)
}

/// Claims of Ada with more members.
fn ada(more: &str) -> String {
    claims(ADA).replace('}', &format!(",{more}}}"))
}

fn as_user(cluster: &Cluster, claims: &str) -> Client {
    let mut user = cluster.connect("authenticator", "shaped").unwrap();
    user.batch_execute("set role authenticated").unwrap();
    set_claims(&mut user, claims);
    user
}

fn todos(user: &mut Client) -> i64 {
    let count = user.query_one("select count(*) from todos", &[]).unwrap();
    count.get(0)
}

fn reason(user: &mut Client) -> Option<String> {
    text(user, "select auth.revocation_reason()")
}

fn refused<T>(result: Result<T, postgres::Error>) -> SqlState {
    let error = result.map(|_| ()).expect_err("it is refused");
    error.code().expect("the server refuses").clone()
}

#[test]
fn postgres_acts_as_a_user_if_it_is_listed() {
    let (cluster, mut owner) = adopted();
    // The superuser of these tests gives its name away: Supabase's `postgres` is none.
    owner
        .batch_execute("create role supabase_root superuser login")
        .unwrap();
    drop(owner);
    let mut root = cluster.connect("supabase_root", "shaped").unwrap();
    let give_name = "alter role postgres rename to bootstrap; create role postgres login bypassrls;
                     grant authenticated to postgres";
    let take_name = "drop role postgres; alter role bootstrap rename to postgres";
    // Studio's SQL editor and a pgTAP suite do the same.
    let acts = || {
        let mut editor = cluster.connect("postgres", "shaped").unwrap();
        let mut transaction = editor.transaction().unwrap();
        transaction
            .batch_execute("set local role authenticated")
            .unwrap();
        let set = "select set_config('request.jwt.claims', $1, true)";
        transaction.execute(set, &[&claims(ADA)]).unwrap();
        let count = transaction.query_one("select count(*) from todos", &[]);
        count.map(|row| row.get::<_, i64>(0))
    };
    root.batch_execute(give_name).unwrap();
    let error = acts().unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "28000");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("login role postgres is not believed"),
        "{hint}"
    );
    assert!(hint.contains("authguard.gateway_roles"), "{hint}");
    root.batch_execute(take_name).unwrap();
    page::run(&cluster, "shaped", &block(1));
    root.batch_execute(give_name).unwrap();
    wait_until(|| acts().is_ok(), "the setting is read");
    assert_eq!(acts().unwrap(), 10);
    root.batch_execute(&format!("select authguard.revoke_user('{ADA}')"))
        .unwrap();
    assert_eq!(acts().unwrap(), 0);
    // Without claims that role reads everything, listed or not.
    let mut weak = cluster.connect("postgres", "shaped").unwrap();
    root.batch_execute("grant select on todos to postgres")
        .unwrap();
    assert_eq!(todos(&mut weak), 40);
    drop(weak);
    root.batch_execute("revoke select on todos from postgres")
        .unwrap();
    root.batch_execute(take_name).unwrap();
}

/// Realtime's check of a change: the claims of one subscriber after the other, in one statement.
const SUBSCRIBERS: &str = "
    create function realtime.sees(post int, claims jsonb[]) returns text[] language plpgsql as $$
    declare
        one jsonb;
        may boolean;
        seen text[] := '{}';
    begin
        prepare check_post(int) as select exists (select from public.posts where id = $1);
        foreach one in array claims loop
            perform set_config('role', one ->> 'role', true), set_config('request.jwt.claims', one::text, true);
            execute format('execute check_post(%s)', post) into may;
            perform set_config('role', null, true);
            if may then
                seen := seen || (one ->> 'sub');
            end if;
        end loop;
        deallocate check_post;
        return seen;
    end
    $$";

#[test]
fn realtime_checks_one_subscriber_after_the_other_and_a_seal_stops_that() {
    let (cluster, mut owner) = adopted();
    owner.batch_execute(SUBSCRIBERS).unwrap();
    owner
        .batch_execute("select authguard.guard_table('realtime.messages')")
        .unwrap();
    let (of_ada, of_ben) = (claims(ADA), claims(BEN));
    let sees = |realtime: &mut Client| {
        let check = "select array_to_string(realtime.sees(3, array[$1::text::jsonb, $2::text::jsonb]), ' ')";
        let row = realtime.query_one(check, &[&of_ada, &of_ben]);
        row.map(|row| row.get::<_, String>(0))
    };
    // Post 3 is published: the policies show it to everybody.
    let mut realtime = cluster.connect("postgres", "shaped").unwrap();
    assert_eq!(sees(&mut realtime).unwrap(), format!("{ADA} {BEN}"));
    let revoke = format!("select authguard.revoke_user('{BEN}')");
    owner.batch_execute(&revoke).unwrap();
    assert_eq!(sees(&mut realtime).unwrap(), ADA);
    assert_eq!(joins(&mut realtime, &of_ada), (true, true));
    assert_eq!(joins(&mut realtime, &of_ben), (false, false));

    owner
        .batch_execute("alter system set authguard.seal_claims = on")
        .unwrap();
    owner.batch_execute("select pg_reload_conf()").unwrap();
    let mut sealed = None;
    wait_until(
        || {
            let mut realtime = cluster.connect("postgres", "shaped").unwrap();
            sealed = sees(&mut realtime).err();
            sealed.is_some()
        },
        "the claims are sealed",
    );
    let sealed = sealed.unwrap();
    assert_eq!(sealed.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    let mut realtime = cluster.connect("postgres", "shaped").unwrap();
    assert_eq!(joins(&mut realtime, &of_ada), (true, true), "claims once");
    assert_eq!(joins(&mut realtime, &of_ben), (false, false));
}

/// Attaches both tables as `attach.md` does, for every issuer.
const ATTACH: &str = "
    select authguard.attach_users('auth.users', banned_until => 'banned_until', deleted_at => 'deleted_at');
    select authguard.attach_sessions('auth.sessions', not_after => 'not_after');";

#[test]
fn a_foreign_key_that_refuses_the_deletion_locks_nobody_out() {
    let (cluster, mut owner) = adopted();
    owner.batch_execute(ATTACH).unwrap();
    let session = "e0000000-0000-4000-8000-00000000000a";
    let mut user = as_user(&cluster, &ada(&format!(r#""session_id":"{session}""#)));
    owner
        .batch_execute(
            "create table device (session_id uuid references auth.sessions);
             create table cart (id uuid references auth.users on delete cascade);
             create table note (id uuid references auth.users on delete set null)",
        )
        .unwrap();
    let keep = format!("insert into device values ('{session}')");
    owner.batch_execute(&keep).unwrap();
    let page = Page::read("supabase.md");
    assert_eq!(
        page::output(&cluster, "postgres", "shaped", &block(4)),
        page.every("text")[0]
    );
    let delete =
        |owner: &mut Client, from: &str| owner.batch_execute(&format!("delete from {from}"));
    let of_session = format!("auth.sessions where id = '{session}'");
    let of_user = format!("auth.users where id = '{ADA}'");
    assert_eq!(
        refused(delete(&mut owner, &of_session)),
        SqlState::FOREIGN_KEY_VIOLATION
    );
    assert_eq!(
        refused(delete(&mut owner, &of_user)),
        SqlState::FOREIGN_KEY_VIOLATION
    );
    assert_eq!((todos(&mut user), reason(&mut user)), (10, None));
    let ban = format!(
        "update auth.users set banned_until = now() + interval '24 hours' where id = '{ADA}'"
    );
    owner.batch_execute(&ban).unwrap();
    assert_eq!(reason(&mut user).as_deref(), Some("user_banned"));
    let unban =
        format!("update auth.users set banned_until = null where id = '{ADA}'; delete from device");
    owner.batch_execute(&unban).unwrap();
    assert_eq!((todos(&mut user), reason(&mut user)), (10, None));
    delete(&mut owner, &of_session).unwrap();
    assert_eq!(reason(&mut user).as_deref(), Some("session_ended"));
    let revoke = format!("select authguard.revoke_user('{ADA}')");
    owner.batch_execute(&revoke).unwrap();
    assert_eq!(todos(&mut user), 0);
}

#[test]
fn a_grant_of_an_oauth_client_ends_with_its_session_s_row() {
    let (cluster, mut owner) = adopted();
    owner.batch_execute(ATTACH).unwrap();
    let (client, other) = (
        "0c000000-0000-4000-8000-000000000001",
        "0c000000-0000-4000-8000-000000000002",
    );
    let (granted, kept) = (
        "5e000000-0000-4000-8000-000000000001",
        "5e000000-0000-4000-8000-000000000002",
    );
    owner
        .batch_execute(&format!(
            "insert into auth.oauth_clients (id, client_name) values ('{client}', 'a reader'), ('{other}', 'another');
             insert into auth.oauth_consents (id, user_id, client_id, scopes)
             values (gen_random_uuid(), '{ADA}', '{client}', 'openid'), (gen_random_uuid(), '{ADA}', '{other}', 'openid');
             insert into auth.sessions (id, user_id, oauth_client_id, scopes)
             values ('{granted}', '{ADA}', '{client}', 'openid'), ('{kept}', '{ADA}', '{other}', 'openid')"
        ))
        .unwrap();
    let token = |client: &str, session: &str| {
        ada(&format!(
            r#""session_id":"{session}","client_id":"{client}","scope":"openid""#
        ))
    };
    let own = r#""session_id":"e0000000-0000-4000-8000-00000000000a""#;
    let mut reader = as_user(&cluster, &token(client, granted));
    let mut another = as_user(&cluster, &token(other, kept));
    let mut browser = as_user(&cluster, &ada(own));
    for user in [&mut reader, &mut another, &mut browser] {
        assert_eq!((todos(user), reason(user)), (10, None));
    }
    // What the Auth service writes when the user revokes the grant of the first client.
    let mut auth = owner.transaction().unwrap();
    auth.batch_execute(&format!(
        "update auth.oauth_consents set revoked_at = now() where user_id = '{ADA}' and client_id = '{client}';
         delete from auth.sessions where user_id = '{ADA}' and oauth_client_id = '{client}'"
    ))
    .unwrap();
    auth.commit().unwrap();
    assert_eq!(todos(&mut reader), 0);
    assert_eq!(reason(&mut reader).as_deref(), Some("session_ended"));
    assert_eq!((todos(&mut another), todos(&mut browser)), (10, 10));
    // A client that is deleted keeps its sessions, until the page's command ends them.
    let soft = format!("update auth.oauth_clients set deleted_at = now() where id = '{other}'");
    owner.batch_execute(&soft).unwrap();
    assert_eq!((todos(&mut another), reason(&mut another)), (10, None));
    page::run(&cluster, "shaped", &block(5));
    assert_eq!(todos(&mut another), 0);
    assert_eq!((todos(&mut browser), reason(&mut browser)), (10, None));
}

#[test]
fn a_table_decides_about_the_tokens_of_its_issuer_only() {
    let (cluster, mut owner) = adopted();
    const ISSUER: &str = "https://supabase.example.com/auth/v1";
    let iss = |name: &str| ada(&format!(r#""iss":"{name}""#));
    let mut exact = as_user(&cluster, &iss(ISSUER));
    let mut before = as_user(&cluster, &iss("https://supabase.example.com"));
    let mut none = as_user(&cluster, &claims(ADA));
    owner
        .batch_execute(&format!(
            "alter table profiles drop constraint profiles_id_fkey; delete from auth.users where id = '{ADA}'"
        ))
        .unwrap();
    for (issuer, out) in [
        (format!("'{ISSUER}'"), [true, false, false]),
        ("''".to_owned(), [false, false, true]),
        ("null".to_owned(), [true; 3]),
    ] {
        owner
            .batch_execute(&format!(
                "select authguard.attach_users('auth.users', issuer => {issuer})"
            ))
            .unwrap();
        for (user, out) in [&mut exact, &mut before, &mut none].into_iter().zip(out) {
            let expected = out.then(|| "user_deleted".to_owned());
            assert_eq!(reason(user), expected, "{issuer}");
        }
    }
}

/// What Supabase's image makes in a new database, before anything is restored.
const IMAGE: &str = "
    create schema auth authorization supabase_admin;
    grant usage on schema auth to anon, authenticated, service_role;
    grant all on schema auth to supabase_auth_admin;
    set role supabase_auth_admin;
    create function auth.uid() returns uuid language sql stable as $$ select null::uuid $$;
    create function auth.role() returns text language sql stable as $$ select null::text $$;
    create function auth.email() returns text language sql stable as $$ select null::text $$;
    create function auth.jwt() returns jsonb language sql stable as $$ select null::jsonb $$;
    reset role;
    create schema realtime;
    grant usage on schema realtime to anon, authenticated, service_role;";

#[test]
fn a_restore_goes_on_after_errors_and_the_check_tells_whether_the_guards_are_there() {
    let (cluster, mut owner) = adopted();
    owner
        .batch_execute(&format!("select authguard.revoke_user('{BEN}')"))
        .unwrap();
    let expected = rows(&cluster, "shaped");
    let mut dump = cluster.client_command("pg_dump", "shaped");
    let dump = dump
        .current_dir(cluster.dir())
        .args(["--format=custom", "--file=dump"]);
    assert!(dump.status().unwrap().success());
    let sh = Page::read("supabase.md").block("Dump and restore", "sh");
    let restore = |options: &str| {
        let database = "drop database if exists new; create database new";
        for statement in database.split(';') {
            cluster
                .connect("postgres", "postgres")
                .unwrap()
                .batch_execute(statement)
                .unwrap();
        }
        cluster
            .connect("postgres", "new")
            .unwrap()
            .batch_execute(IMAGE)
            .unwrap();
        let mut shell = cluster.reach(Command::new("sh"), "new");
        let path = format!(
            "{}:{}",
            cluster.install().bin.display(),
            std::env::var("PATH").unwrap()
        );
        let output = shell
            .current_dir(cluster.dir())
            .env("PATH", path)
            .args(["-c", &sh.replace("-c authguard.adopt=on", options)])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("schema \"auth\" already exists"), "{told}");
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (checked, told) = restore("-c authguard.adopt=on");
    assert!(checked, "{told}");
    let mut lines = told.lines();
    assert_eq!(
        (lines.next(), lines.next()),
        (Some("2"), Some("2")),
        "{told}"
    );
    assert!(!told.contains("replaced or altered"), "{told}");
    assert_same(&rows(&cluster, "new"), &expected);
    // If the extension is missing, the rest is restored without the guards, and the check fails.
    let (checked, told) = restore("-c authguard.adopt=off");
    assert!(!checked);
    assert_eq!(told.lines().collect::<Vec<_>>(), ["2", "0"]);
    let unguarded = "select count(*) from pg_policies where tablename = 'todos'";
    let mut new = cluster.connect("postgres", "new").unwrap();
    let policies: i64 = new.query_one(unguarded, &[]).unwrap().get(0);
    assert_eq!(policies, 4, "the project's own policies");
}
