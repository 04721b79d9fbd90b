//! Attached tables as Supabase's auth server keeps them: users and sessions that belong to a
//! separate role.

use crate::{ADA, BEN, admin, claims, gateway, server, set_claims, text};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// Makes the tables, owned by the login role `idp`, with two users and a session for each.
pub fn tables(cluster: &Cluster) {
    admin(cluster)
        .batch_execute(&format!(
            "create schema people authorization idp; set role idp;
             create table people.users (id uuid primary key, email text, banned_until timestamptz, deleted_at timestamptz,
                 raw_app_meta_data jsonb, last_sign_in_at timestamptz);
             create table people.sessions (id uuid primary key,
                 user_id uuid not null references people.users on delete cascade, not_after timestamptz, refreshed_at timestamptz);
             create index on people.sessions (user_id);
             insert into people.users (id, email) values ('{ADA}', 'ada'), ('{BEN}', 'ben');
             insert into people.sessions (id, user_id) select id, id from people.users;"
        ))
        .expect("the tables are made");
}

/// A server on which these tables are attached.
pub fn attached(config: Config) -> Cluster {
    let cluster = server(config);
    change(&mut admin(&cluster), "create role idp login");
    tables(&cluster);
    change(
        &mut admin(&cluster),
        "select authguard.attach_users('people.users', banned_until => 'banned_until', deleted_at => 'deleted_at',
             app_metadata => 'raw_app_meta_data');
         select authguard.attach_sessions('people.sessions', not_after => 'not_after')",
    );
    cluster
}

/// The connection of the identity provider, which has no right in authguard.
pub fn idp(cluster: &Cluster) -> Client {
    cluster
        .connect("idp", "wire")
        .expect("the provider connects")
}

/// Runs statements.
pub fn change(client: &mut Client, sql: &str) {
    client.batch_execute(sql).expect("the statements run");
}

/// A gateway's connection for a user, without a session.
pub fn request(cluster: &Cluster, user: &str) -> Client {
    let mut client = gateway(cluster);
    set_claims(&mut client, &claims(user));
    client
}

/// Claims of a user's session. The session's id is the user's id.
pub fn session_claims(user: &str) -> String {
    claims(user).replace('}', &format!(r#","session_id":"{user}"}}"#))
}

/// The reason why the client's token is revoked.
pub fn reason(client: &mut Client) -> Option<String> {
    text(client, "select auth.revocation_reason()")
}
