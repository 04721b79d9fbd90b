//! Versions that were never released: today's script without some of its objects, and the updates
//! that bring these back. They show that the tests of this module notice what an update forgets.

use std::fs;
use std::path::Path;

/// The version of this checkout.
pub const HEAD: &str = env!("CARGO_PKG_VERSION");

/// Lacks a column that only SQL knows, a function of the operators' and an index.
pub const OLDER: &str = "0.0.9";

/// Lacks a column that every decision reads, too.
pub const OLDEST: &str = "0.0.8";

/// Lacks a column in the middle of a row that a function returns.
pub const MIDDLE: &str = "0.0.7";

/// Has one function more than this checkout.
pub const NEWER: &str = "99.0.0";

const BEGIN: &str = "\\echo Use \"alter extension authguard update\" to load this file. \\quit";
const CLOSE: &str = "select authguard.close_grants(keep_doors => true);";

/// Where Postgres looks for scripts.
pub struct Scripts<'d>(pub &'d Path);

impl Scripts<'_> {
    /// Adds the versions above, and the updates from each to the next. Returns the statements of
    /// the update from [`OLDER`] to [`HEAD`].
    pub fn add(&self) -> Vec<String> {
        let head = fs::read_to_string(self.0.join(format!("authguard--{HEAD}.sql"))).unwrap();

        let mut older = head.clone();
        let column = cut(
            &mut older,
            "    acknowledged_at pg_catalog.timestamptz",
            "\n",
        );
        let column_comment = cut(
            &mut older,
            "comment on column authguard.installation.acknowledged_at",
            ";\n",
        );
        let function = cut(
            &mut older,
            "create function authguard.restore_issuer(",
            "$$;\n",
        );
        let function_comment = cut(
            &mut older,
            "comment on function authguard.restore_issuer(",
            ";\n",
        );
        let doors = cut(
            &mut head.clone(),
            "create function authguard.door_objects(",
            "$$;\n",
        );
        cut(
            &mut older,
            "        'authguard.restore_issuer(text)',",
            "\n",
        );
        let index = cut(&mut older, "create index revocation_keep_until", ";\n");
        self.version(OLDER, &older);
        let update = vec![
            add_column("installation", &column),
            column_comment,
            function,
            function_comment,
            doors.replacen("create", "create or replace", 1),
            index,
            CLOSE.to_owned(),
        ];
        self.update(OLDER, HEAD, &update);

        let mut oldest = older;
        let column = cut(
            &mut oldest,
            "    refresh_on_change pg_catalog.bool not null",
            "\n",
        );
        let comment = cut(
            &mut oldest,
            "comment on column authguard.attached.refresh_on_change",
            ";\n",
        );
        self.version(OLDEST, &oldest);
        let update_of_oldest = [add_column("attached", &column), comment, CLOSE.to_owned()];
        self.update(OLDEST, OLDER, &update_of_oldest);

        let mut middle = head.clone();
        let column = cut(
            &mut middle,
            "    include_keys pg_catalog.bool not null",
            "\n",
        );
        let comment = cut(
            &mut middle,
            "comment on column authguard.revocation.include_keys",
            ";\n",
        );
        self.version(MIDDLE, &middle);
        let update_of_middle = [add_column("revocation", &column), comment, CLOSE.to_owned()];
        self.update(MIDDLE, HEAD, &update_of_middle);

        let news = "create function authguard.news() returns int4 language sql as 'select 1';";
        self.update(HEAD, NEWER, &[news.to_owned(), CLOSE.to_owned()]);
        update
    }

    /// Adds a script that installs a version.
    pub fn version(&self, version: &str, script: &str) {
        fs::write(self.0.join(format!("authguard--{version}.sql")), script).unwrap();
    }

    /// Adds a script that updates from one version to another.
    pub fn update(&self, from: &str, to: &str, statements: &[String]) {
        let script = format!("{BEGIN}\n{}\n", statements.join("\n"));
        fs::write(self.0.join(format!("authguard--{from}--{to}.sql")), script).unwrap();
    }
}

/// Takes away the only text that begins and ends like this, and returns it.
fn cut(script: &mut String, begin: &str, end: &str) -> String {
    assert_eq!(script.matches(begin).count(), 1, "{begin}");
    let start = script.find(begin).unwrap();
    let length = script[start..].find(end).expect("it ends") + end.len();
    script.drain(start..start + length).collect()
}

fn add_column(table: &str, declaration: &str) -> String {
    let declaration = declaration.trim().trim_end_matches(',');
    format!("alter table authguard.{table} add column {declaration};")
}
