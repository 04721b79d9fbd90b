//! Attached tables of users and sessions: the row decides, from the next statement on.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// A server with users and sessions as Supabase's auth server keeps them, owned by a role of their own.
fn attached(config: Config) -> Cluster {
    let cluster = server(config);
    admin(&cluster)
        .batch_execute(&format!(
            "create role idp login; create schema people authorization idp; set role idp;
             create table people.users (id uuid primary key, email text, banned_until timestamptz, deleted_at timestamptz,
                 raw_app_meta_data jsonb, last_sign_in_at timestamptz);
             create table people.sessions (id uuid primary key, user_id uuid not null references people.users on delete cascade,
                 not_after timestamptz, refreshed_at timestamptz);
             create index on people.sessions (user_id);
             insert into people.users (id, email) values ('{ADA}', 'ada'), ('{BEN}', 'ben');
             reset role;
             select authguard.attach_users('people.users', banned_until => 'banned_until', deleted_at => 'deleted_at',
                 app_metadata => 'raw_app_meta_data');"
        ))
        .expect("the tables are attached");
    cluster
}

/// The identity provider's own connection, without any right in authguard.
fn idp(cluster: &Cluster) -> Client {
    cluster
        .connect("idp", "wire")
        .expect("the provider connects")
}

/// A gateway's connection for `user`.
fn request(cluster: &Cluster, user: &str) -> Client {
    let mut client = gateway(cluster);
    set_claims(&mut client, &claims(user));
    client
}

fn reason(client: &mut Client) -> Option<String> {
    text(client, "select auth.revocation_reason()")
}

#[test]
fn delete_the_row_and_the_very_next_statement_sees_nothing() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut ben = request(&cluster, BEN);
    let prepared = ada.prepare("select count(*) from notes").unwrap();
    let count = |client: &mut Client| client.query_one(&prepared, &[]).unwrap().get::<_, i64>(0);
    assert_eq!(count(&mut ada), 3);
    assert_eq!(seen(&mut ben), 3);
    idp(&cluster)
        .execute(&format!("delete from people.users where id = '{ADA}'"), &[])
        .unwrap();
    assert_eq!(count(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"));
    assert_eq!(seen(&mut ben), 3);
    // A user who is back is let in.
    idp(&cluster)
        .execute(
            &format!("insert into people.users (id) values ('{ADA}')"),
            &[],
        )
        .unwrap();
    assert_eq!(count(&mut ada), 3);
}
