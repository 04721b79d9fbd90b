//! Pages that show a session of psql: blocks of SQL, and below them what psql prints.

use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use pgrx_embed::postgres::{DEFAULT_MAJOR, Install};
use std::fs;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::process::{Child, ChildStdin, Stdio};

/// The fenced blocks of a text: their language and their content.
pub fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut fences = text.split("```");
    fences.next();
    let mut blocks = Vec::new();
    while let (Some(block), Some(_)) = (fences.next(), fences.next()) {
        blocks.push(block.split_once('\n').expect("a language and a block"));
    }
    blocks
}

/// A running psql.
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<PipeReader>,
}

impl Session {
    /// Starts psql as the superuser, where `\i setup.sql` finds the pages' roles and table.
    pub fn open(cluster: &Cluster, database: &str) -> Self {
        let (output, both) = std::io::pipe().expect("a pipe");
        let mut psql = cluster.client_command("psql", database);
        psql.args(["-X", "-q", "-v", "SHOW_CONTEXT=never"])
            // A block that waits for another one is an error, and not a test that never ends.
            .env("PGOPTIONS", "-c statement_timeout=60s")
            .current_dir(cluster.dir())
            .stdin(Stdio::piped())
            .stdout(both.try_clone().expect("a pipe has many writers"))
            .stderr(both);
        let mut child = psql.spawn().expect("psql starts");
        let input = child.stdin.take().expect("its input");
        Self {
            child,
            input,
            output: BufReader::new(output),
        }
    }

    /// Types some lines, and returns what is printed until they are done.
    pub fn type_in(&mut self, lines: &str) -> String {
        const DONE: &str = "the block is done";
        writeln!(self.input, "{lines}\n\\echo {DONE}").expect("psql reads");
        let mut printed = String::new();
        loop {
            let before = printed.len();
            let read = self.output.read_line(&mut printed).expect("psql writes");
            assert_ne!(read, 0, "psql has ended after:\n{printed}");
            if printed[before..].trim_end() == DONE {
                printed.truncate(before);
                return printed;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who types the blocks of a page into one psql. Lines after `-- another session:` go into
/// a second one.
pub struct Reader<'a> {
    cluster: &'a Cluster,
    database: String,
    first: Session,
    another: Option<Session>,
}

impl<'a> Reader<'a> {
    /// Begins to read in this database.
    pub fn new(cluster: &'a Cluster, database: String) -> Self {
        let first = Session::open(cluster, &database);
        Self {
            cluster,
            database,
            first,
            another: None,
        }
    }

    /// Runs a block. Returns what the first session prints.
    pub fn run(&mut self, block: &str) -> String {
        const ANOTHER: &str = "-- another session:\n";
        const FIRST: &str = "-- the first session:\n";
        let mut printed = String::new();
        let mut parts = block.split(ANOTHER);
        printed += &self.first.type_in(parts.next().unwrap_or_default());
        for part in parts {
            let (theirs, ours) = part.split_once(FIRST).expect("the first session goes on");
            let open = || Session::open(self.cluster, &self.database);
            self.another.get_or_insert_with(open).type_in(theirs);
            printed += &self.first.type_in(ours);
        }
        printed
    }
}

/// Returns true if a print ends with the lines that are shown.
pub fn ends_with(printed: &str, shown: &str) -> bool {
    let lines = |text: &str| {
        let text = text.trim_end();
        text.lines().map(str::trim_end).map(str::to_owned).collect()
    };
    let (printed, shown): (Vec<String>, Vec<String>) = (lines(printed), lines(shown));
    shown.iter().any(|line| !line.is_empty()) && printed.ends_with(&shown)
}

/// Returns true if this Postgres prints what the pages show: plans and some messages differ on
/// other versions. Says so on the terminal otherwise.
pub fn is_version_shown() -> bool {
    let major = Install::from_env().expect("AUTHGUARD_PG_BIN").major;
    if major != DEFAULT_MAJOR {
        // Unlike `eprintln!`, a write to stderr is not captured by the test runner.
        let word = format!("SKIPPED: the pages show what Postgres {DEFAULT_MAJOR} prints");
        let _ = writeln!(std::io::stderr(), "{word}");
    }
    major == DEFAULT_MAJOR
}

/// A server without any of the tests' roles, with `setup.sql` beside it and an empty database.
pub fn server(database: &str) -> Cluster {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    let setup = dirs::checkout().join("docs/setup.sql");
    fs::copy(setup, cluster.dir().join("setup.sql")).expect("setup.sql is copied");
    crate::page::database(&cluster, database);
    cluster
}

/// Runs the blocks of a page from its first to its last. What a block prints must end with the
/// lines that the page shows below it, or have no error if it shows none. Returns the server, whose
/// database is `app`, unless the page shows another version.
pub fn run(text: &str) -> Option<Cluster> {
    if !is_version_shown() {
        return None;
    }
    let cluster = server("app");
    let mut reader = Reader::new(&cluster, "app".to_owned());
    let mut blocks = blocks(text).into_iter().peekable();
    while let Some((language, block)) = blocks.next() {
        if language != "sql" {
            continue;
        }
        let printed = reader.run(block);
        match blocks.next_if(|(language, _)| *language == "text") {
            Some((_, shown)) => assert!(
                ends_with(&printed, shown),
                "{block}prints:\n{printed}and not:\n{shown}"
            ),
            None => assert!(!printed.contains("ERROR"), "{block}prints:\n{printed}"),
        }
    }
    Some(cluster)
}
