//! A database behind pgbouncer, set up by `docs/pool.md`. All clients of one login role share one
//! connection.

use crate::page::{self, Page};
use crate::script;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::packages;
use pgrx_embed::postgres::Install;
use pgrx_embed::sidecar::Sidecar;
use postgres::{Client, NoTls};
use std::process::Command;

const DATABASE: &str = "app";

/// A database and its pool.
pub struct Pool {
    bouncer: Sidecar,
    /// A superuser's connection, past the pool.
    pub admin: Client,
    /// The page that it was set up from.
    pub page: Page,
    // This field is last: programs that run beside the server end before the server.
    _cluster: Cluster,
}

impl Pool {
    /// Starts a server and its pool, with more lines for pgbouncer's configuration. Returns `None`
    /// if pgbouncer cannot be installed.
    pub fn start(lines: &str) -> Option<Self> {
        let program = script::installed(packages::ensure_pgbouncer())?;
        let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
        let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
        page::database(&cluster, DATABASE);
        let page = Page::read("pool.md");
        page::run(&cluster, DATABASE, &page.block("Roles and a table", "sql"));
        let admin = cluster
            .connect("postgres", DATABASE)
            .expect("a superuser connects");

        let port = Cluster::free_port().expect("a port is free");
        let users = cluster.dir().join("users.txt");
        std::fs::write(&users, "\"app\" \"\"\n\"authenticator\" \"\"\n")
            .expect("users are written");
        let of_page = page.block("pgbouncer", "ini");
        let ini = format!(
            "{}listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\ndefault_pool_size = 1\n{lines}\n",
            of_page.replace("port=5432", &format!("port={}", cluster.port())),
            users.display(),
        );
        let file = cluster.dir().join("pgbouncer.ini");
        std::fs::write(&file, ini).expect("the configuration is written");
        let mut command = Command::new(program);
        command.arg(file);
        Some(Self {
            bouncer: Sidecar::start(&cluster, "pgbouncer", command, port)
                .expect("pgbouncer starts"),
            admin,
            page,
            _cluster: cluster,
        })
    }

    /// The address that a client of the pool connects to.
    pub fn uri(&self, user: &str) -> String {
        let port = self.bouncer.port();
        format!("postgresql://{user}@127.0.0.1:{port}/{DATABASE}")
    }

    /// Connects to the pool as this user.
    pub fn connect(&self, user: &str) -> Client {
        Client::connect(&self.uri(user), NoTls).expect("a client connects to the pool")
    }

    /// A user's access token.
    pub fn token(&mut self, user: &str) -> String {
        let sign_in = "select access_token from authguard.sign_in($1)";
        self.admin
            .query_one(sign_in, &[&user])
            .expect("the user signs in")
            .get(0)
    }
}
