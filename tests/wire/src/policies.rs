//! The crate `policy` over a connection, and schemas that say which findings they are to have.

use authguard_policy::{Row, Server, ServerError, facts::Facts, lint};
use pgrx_embed::{cluster::Cluster, dirs};
use postgres::Client;
use postgres::types::{ToSql, Type};

/// A connection as the crate sees a server: in a transaction, which is rolled back in the end.
pub struct Session {
    client: Client,
    depth: u32,
}

impl Session {
    /// Begins the transaction.
    pub fn begin(mut client: Client) -> Self {
        client.batch_execute("begin").expect("it begins");
        Self { client, depth: 0 }
    }

    /// Runs statements in the transaction.
    pub fn run(&mut self, sql: &str) {
        let done = self.client.batch_execute(sql);
        done.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    }
}

impl Server for Session {
    fn query(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Vec<Row>, ServerError> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
            .iter()
            .map(|p| (p as &(dyn ToSql + Sync), Type::TEXT))
            .collect();
        let rows = self.client.query_typed(sql, &parameters).map_err(answer)?;
        let row = |row: &postgres::Row| (0..row.len()).map(|column| row.get(column)).collect();
        Ok(rows.iter().map(row).collect())
    }

    fn begin(&mut self) -> Result<(), ServerError> {
        self.depth += 1;
        let sql = format!("savepoint s{}", self.depth);
        self.client.batch_execute(&sql).map_err(answer)
    }

    fn roll_back(&mut self) -> Result<(), ServerError> {
        let name = format!("s{}", self.depth);
        self.depth -= 1;
        let sql = format!("rollback to savepoint {name}; release savepoint {name}");
        self.client.batch_execute(&sql).map_err(answer)
    }
}

fn answer(error: postgres::Error) -> ServerError {
    let of_server = error.as_db_error();
    ServerError {
        sqlstate: of_server.map_or("08006", |e| e.code().code()).to_owned(),
        message: of_server.map_or_else(|| error.to_string(), |e| e.message().to_owned()),
        detail: of_server.and_then(|e| e.detail()).map(str::to_owned),
        hint: of_server.and_then(|e| e.hint()).map(str::to_owned),
    }
}

/// The findings of a database as a role sees it, a line each: rule, level, object, and the policy
/// if it is about one.
pub fn findings(cluster: &Cluster, user: &str, database: &str) -> Vec<String> {
    let client = cluster.connect(user, database).expect("the role connects");
    let mut session = Session::begin(client);
    let facts = Facts::read(&mut session).expect("the facts are read");
    let findings = lint::lint(&facts, &lint::Options::default()).expect("all rules are known");
    let line = |f: &authguard_policy::finding::Finding| {
        let policy = f.policy.as_ref().map(|name| format!(" {name}"));
        let policy = policy.unwrap_or_default();
        format!("{} {} {}{policy}", f.rule, f.level, f.object)
    };
    findings.iter().map(line).collect()
}

/// Asserts that lint has neither an error nor a warning about a database: that of a page, which has
/// to be an example.
pub fn assert_exemplary(cluster: &Cluster, database: &str) {
    let found = findings(cluster, "postgres", database).into_iter();
    let wrong: Vec<_> = found
        .filter(|line| !line.split(' ').any(|word| word == "info"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A schema in `fixtures/lint`.
pub struct Fixture {
    /// Its name, without the folder and the suffix.
    pub name: String,
    /// Its SQL.
    pub sql: String,
}

impl Fixture {
    /// Reads all of them.
    pub fn all() -> Vec<Self> {
        let folder = dirs::checkout().join("tests/wire/fixtures/lint");
        let mut fixtures: Vec<Self> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("the entry is read").path())
            .filter(|path| path.extension().is_some_and(|suffix| suffix == "sql"))
            .map(|path| Self {
                name: path
                    .file_stem()
                    .expect("it has a name")
                    .to_string_lossy()
                    .into_owned(),
                sql: std::fs::read_to_string(&path).expect("the file is read"),
            })
            .collect();
        fixtures.sort_by(|a, b| a.name.cmp(&b.name));
        fixtures
    }

    /// The findings that the file names, in lines `-- finds: RULE LEVEL OBJECT POLICY`.
    pub fn expected(&self) -> Vec<String> {
        let lines = self.sql.lines();
        let found = lines.filter_map(|line| line.trim().strip_prefix("-- finds: "));
        found.map(str::to_owned).collect()
    }
}
