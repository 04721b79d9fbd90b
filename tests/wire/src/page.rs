//! The blocks of a page in `docs`: the tests run exactly what the page shows.

use pgrx_embed::cluster::Cluster;
use pgrx_embed::{command, dirs};

/// A page, as it is in the checkout.
pub struct Page(String);

impl Page {
    /// Reads the page of this name.
    pub fn read(name: &str) -> Self {
        let path = dirs::checkout().join("docs").join(name);
        Self(std::fs::read_to_string(path).expect("the page is there"))
    }

    /// The only block in this language under a heading.
    pub fn block(&self, heading: &str, language: &str) -> String {
        let mut blocks = self.blocks(heading, language);
        assert_eq!(blocks.len(), 1, "{language} under {heading}");
        blocks.remove(0)
    }

    /// All blocks in this language under a heading, in their order.
    pub fn blocks(&self, heading: &str, language: &str) -> Vec<String> {
        let start = format!("\n## {heading}\n");
        let (_, section) = self.0.split_once(&start).expect("the heading is there");
        let section = section.split("\n## ").next().unwrap_or(section);
        blocks_of(section, language)
    }

    /// All blocks in this language of a section of the third level.
    pub fn of_anchor(&self, heading: &str, language: &str) -> Vec<String> {
        let start = format!("\n### {heading}\n");
        let (_, section) = self.0.split_once(&start).expect("the heading is there");
        let section = section.split("\n## ").next().unwrap_or(section);
        blocks_of(section.split("\n### ").next().unwrap_or(section), language)
    }

    /// All blocks in this language of the whole page.
    pub fn every(&self, language: &str) -> Vec<String> {
        blocks_of(&self.0, language)
    }
}

fn blocks_of(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).map(|rest| {
        let (block, _) = rest.split_once("```").expect("the block ends");
        block.to_owned()
    });
    blocks.collect()
}

/// Runs SQL of a page as its reader would, with psql beside `setup.sql`. Returns what psql shows.
/// An error fails the test.
pub fn run(cluster: &Cluster, database: &str, sql: &str) -> String {
    output(cluster, "postgres", database, sql)
}

/// Returns what psql shows to a role that runs SQL of a page.
pub fn output(cluster: &Cluster, user: &str, database: &str, sql: &str) -> String {
    let file = cluster.dir().join(format!("page of {user}.sql"));
    std::fs::write(&file, sql).expect("the block is written");
    let setup = dirs::checkout().join("docs/setup.sql");
    std::fs::copy(setup, cluster.dir().join("setup.sql")).expect("setup.sql is copied");
    let mut psql = cluster.client_command("psql", database);
    psql.env("PGUSER", user)
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file)
        .current_dir(cluster.dir());
    let shown = command::capture(&mut psql).expect("the page's SQL runs");
    let lines: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// SQL of a page with a text in the place of a command between backticks, whose output `\set`
/// would take.
pub fn with_output(sql: &str, command: &str, text: &str) -> String {
    let command = format!("`{command}`");
    assert!(sql.contains(&command), "{command} is in {sql}");
    sql.replace(&command, &format!("'{}'", text.replace('\'', "''")))
}

/// Makes an empty database, for a page that starts with one.
pub fn database(cluster: &Cluster, name: &str) {
    let mut admin = cluster
        .connect("postgres", "postgres")
        .expect("a superuser connects");
    admin
        .batch_execute(&format!("create database {name}"))
        .expect("the database is made");
}
