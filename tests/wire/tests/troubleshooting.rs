//! Each entry of `docs/troubleshooting.md` with psql, as its reader has it: the block that makes
//! the mistake prints what the page shows, and so does the block that mends it.
//!
//! An entry has a database of its own and one psql, and a second one if a block has lines after
//! `-- another session:`. What a block prints must end with the lines that the page shows.

use authguard_wire::ADA;
use authguard_wire::transcript::{self, Reader, blocks, ends_with};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::dirs;
use std::collections::BTreeSet;
use std::fs;

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
    if !transcript::is_version_shown() {
        return;
    }
    let cluster = transcript::server(SETUP);
    let page = text();
    let (_, setup) = blocks(&page)[0];
    let printed = Reader::new(&cluster, SETUP.to_owned()).run(setup);
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
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(") |"))
        .map(|row| {
            let (shown, link) = row.split_once(" | [").expect("what is shown, and a link");
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
        let printed = &entry.mistake.1;
        match shown
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`'))
        {
            Some(quoted) => assert!(printed.contains(quoted), "{heading} shows {quoted}"),
            None => assert!(!printed.contains("ERROR"), "{heading}: an error is quoted"),
        }
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
