//! Connection options that a client may choose, and that reach deeper than the settings of
//! authguard.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

fn connect(cluster: &Cluster, user: &str, options: &str) -> Client {
    postgres::Config::new()
        .host_path(cluster.dir())
        .port(cluster.port())
        .user(user)
        .dbname("wire")
        .options(options)
        .connect(postgres::NoTls)
        .unwrap()
}

#[test]
fn a_session_that_ignores_system_indexes_decides_as_any_other() {
    let cluster = server(Config::default());
    let mut client = connect(&cluster, "authenticator", "-c ignore_system_indexes=on");
    client.batch_execute("set role authenticated").unwrap();
    // A session, a token and a user: several look-ups in one scan.
    let claims = claims(ADA).replace('}', &format!(r#","iss":"a","session_id":"{BEN}"}}"#));
    set_claims(&mut client, &claims);
    assert_eq!(seen(&mut client), 3);
    for (call, restore) in [
        (format!("revoke_user('{ADA}')"), true),
        (format!("revoke_session('{BEN}')"), false),
    ] {
        assert!(operate(&cluster, &call));
        assert_eq!(seen(&mut client), 0, "{call}");
        if restore {
            let call = format!("restore_user('{ADA}', revive_tokens => true)");
            assert!(operate(&cluster, &call));
            assert_eq!(seen(&mut client), 3);
        }
    }
}
