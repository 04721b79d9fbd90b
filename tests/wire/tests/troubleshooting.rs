//! Each entry of `docs/troubleshooting.md` with psql, as its reader has it: the block that makes
//! the mistake prints what the page shows, and so does the block that mends it.
//!
//! An entry has a database of its own and one psql, and a second one if a block has lines after
//! `-- another session:`. What a block prints must end with the lines that the page shows.

use authguard_wire::{ADA, page};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use pgrx_embed::postgres::Install;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::process::{Child, ChildStdin, Stdio};

/// The user whose row the entries begin with.
const USER: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
/// The database that each entry begins with a copy of.
const SETUP: &str = "setup";
/// The entry after which the extension is gone.
const LEAVING: &str = "The extension cannot be dropped";
/// What no cure says: it would take a protection away.
const OPENS: [&str; 14] = [
    "using (true)",
    "check (true)",
    "disable row level security",
    "no force row level security",
    " bypassrls",
    " superuser",
    "grant all",
    "to public",
    "drop policy",
    "security definer",
    "security_invoker = false",
    "refused_claims",
    "shares_subjects",
    "cascade",
];

/// The two halves of an entry: a block of SQL, and what is shown after it.
struct Entry {
    heading: String,
    mistake: (String, String),
    cure: (String, String),
}

fn text() -> String {
    fs::read_to_string(dirs::checkout().join("docs/troubleshooting.md")).expect("the page is there")
}

/// The fenced blocks of a text: their language and their content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut fences = text.split("```");
    fences.next();
    let mut blocks = Vec::new();
    while let (Some(block), Some(_)) = (fences.next(), fences.next()) {
        blocks.push(block.split_once('\n').expect("a language and a block"));
    }
    blocks
}

fn entries(page: &str) -> Vec<Entry> {
    let sections = page.split("\n### ").skip(1);
    let entry = |section: &str| {
        let section = section.split("\n## ").next().unwrap_or(section);
        let (heading, body) = section.split_once('\n').expect("a heading");
        let blocks = blocks(body);
        let [
            ("sql", mistake),
            ("text", shown),
            ("sql", cure),
            ("text", then),
        ] = blocks[..]
        else {
            panic!("{heading}: sql and text, twice, but not {blocks:?}");
        };
        Entry {
            heading: heading.to_owned(),
            mistake: (mistake.to_owned(), shown.to_owned()),
            cure: (cure.to_owned(), then.to_owned()),
        }
    };
    sections.map(entry).collect()
}

/// The anchor that a heading has on the page.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|of| of.is_alphanumeric() || " -_".contains(*of));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A running psql.
struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<PipeReader>,
}

impl Session {
    fn open(cluster: &Cluster, database: &str) -> Self {
        let (output, both) = std::io::pipe().expect("a pipe");
        let mut psql = cluster.client_command("psql", database);
        psql.args(["-X", "-q", "-v", "SHOW_CONTEXT=never"])
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
    fn type_in(&mut self, lines: &str) -> String {
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

/// The reader of one entry.
struct Reader<'a> {
    cluster: &'a Cluster,
    database: String,
    first: Session,
    another: Option<Session>,
}

impl<'a> Reader<'a> {
    fn new(cluster: &'a Cluster, database: String) -> Self {
        let first = Session::open(cluster, &database);
        Self {
            cluster,
            database,
            first,
            another: None,
        }
    }

    /// Runs a block. Returns what the first session prints.
    fn run(&mut self, block: &str) -> String {
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
fn ends_with(printed: &str, shown: &str) -> bool {
    let lines = |text: &str| {
        let text = text.trim_end();
        text.lines().map(str::trim_end).map(str::to_owned).collect()
    };
    let (printed, shown): (Vec<String>, Vec<String>) = (lines(printed), lines(shown));
    shown.iter().any(|line| !line.is_empty()) && printed.ends_with(&shown)
}

/// What a weak role gets that it must not have: as another user the notes of this one, and as a
/// role that is no gateway any at all.
fn leaks(cluster: &Cluster, database: &str) -> Vec<String> {
    let tries = [("authenticator", ADA), ("app", USER)];
    let leak = |(login, sub): &(&str, &str)| {
        let mut client = cluster.connect(login, database).expect("the role logs in");
        let claims = format!(
            "begin; set local role authenticated; set local request.jwt.claims = '{{\"sub\":\"{sub}\"}}'"
        );
        client.batch_execute(&claims).expect("claims are set");
        let seen = client.query(
            "select from note where owner is distinct from auth.uid() or session_user = 'app'",
            &[],
        );
        seen.is_ok_and(|rows| !rows.is_empty())
    };
    let leaking = tries.iter().filter(|of| leak(of));
    leaking
        .map(|(login, sub)| format!("{login} as {sub}"))
        .collect()
}

#[test]
fn every_entry_shows_what_comes_and_its_cure_works() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    let page = text();
    page::database(&cluster, SETUP);
    fs::copy(
        dirs::checkout().join("docs/setup.sql"),
        cluster.dir().join("setup.sql"),
    )
    .expect("setup.sql is copied");
    let (_, setup) = blocks(&page)[0];
    let printed = Session::open(&cluster, SETUP).type_in(setup);
    assert_eq!(printed.trim(), "", "the roles and the table are made");

    let mut server = cluster
        .connect("postgres", "postgres")
        .expect("a superuser connects");
    let mut wrong = Vec::new();
    for (number, entry) in entries(&page).iter().enumerate() {
        let database = format!("entry_{number}");
        server
            .batch_execute(&format!("create database {database} template {SETUP}"))
            .expect("the entry's database is made");
        cluster
            .connect("postgres", &database)
            .and_then(
                |mut owner| Ok(owner.batch_execute("select authguard.acknowledge_restore()")?),
            )
            .expect("a copy is no restored database here");
        let mut reader = Reader::new(&cluster, database.clone());
        for (block, shown) in [&entry.mistake, &entry.cure] {
            let printed = reader.run(block);
            if !ends_with(&printed, shown) {
                wrong.push(format!(
                    "### {}\n{block}prints:\n{printed}and not:\n{shown}",
                    entry.heading
                ));
            }
        }
        drop(reader);
        if entry.heading != LEAVING {
            for leak in leaks(&cluster, &database) {
                wrong.push(format!("### {}\nafter the cure, {leak}", entry.heading));
            }
        }
        if format!("{}{}", entry.mistake.0, entry.cure.0).contains("alter system") {
            for reset in ["alter system reset all", "select pg_reload_conf()"] {
                server.batch_execute(reset).expect("settings are reset");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_index_has_each_entry_once_under_what_it_shows() {
    let page = text();
    let entries = entries(&page);
    assert!(entries.len() >= 40, "{} entries", entries.len());
    let (_, index) = page.split_once("\n## Index\n").expect("the index");
    let (index, _) = index.split_once("\n## ").expect("sections follow");
    let rows: Vec<_> = index
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(") |"))
        .map(|row| {
            let (shown, link) = row.split_once("` | [").expect("what is shown, and a link");
            let (heading, place) = link.split_once("](#").expect("a link");
            (shown.replace("\\|", "|"), heading, place)
        })
        .collect();
    let linked: Vec<_> = rows.iter().map(|(_, heading, _)| *heading).collect();
    let headings: Vec<_> = entries.iter().map(|entry| &entry.heading).collect();
    assert_eq!(linked, headings, "in the order of the page");
    assert_eq!(linked.iter().collect::<BTreeSet<_>>().len(), linked.len());
    for ((shown, heading, place), entry) in rows.iter().zip(&entries) {
        assert_eq!(*place, anchor(heading));
        assert!(entry.mistake.1.contains(shown), "{heading} shows {shown}");
    }
}

#[test]
fn no_cure_takes_a_protection_away() {
    for entry in entries(&text()) {
        let cure = entry.cure.0.to_lowercase();
        let open = OPENS.iter().find(|words| cure.contains(*words));
        assert_eq!(open, None, "{}", entry.heading);
    }
}
