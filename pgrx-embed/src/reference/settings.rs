//! The settings, from `pg_settings`.

use super::words::marked;
use super::{Entries, Entry};
use crate::error::Result;
use postgres::{Client, Row};

const QUERY: &str = "
select name, short_desc, extra_desc, vartype, unit, enumvals, boot_val, min_val, max_val, context
  from pg_settings where name like 'authguard.%' or name = 'request.jwt.claims'";

/// What the server says of each setting. It says nothing of `authguard.jwt`.
pub fn settings(client: &mut Client) -> Result<Entries> {
    let rows = client.query(QUERY, &[])?;
    Ok(rows
        .iter()
        .map(|row| (row.get("name"), entry(row)))
        .collect())
}

fn entry(row: &Row) -> Entry {
    let text =
        |column: &str| -> String { row.get::<_, Option<String>>(column).unwrap_or_default() };
    let described = format!("{} {}", text("short_desc"), text("extra_desc"));
    let kind = match (text("vartype").as_str(), text("unit").as_str()) {
        ("bool", _) => "on or off".to_owned(),
        ("integer", "s") => "a number of seconds".to_owned(),
        ("integer", "B") => "a number of bytes".to_owned(),
        ("integer", _) => "a number".to_owned(),
        ("enum", _) => {
            let words: Vec<String> = row.get("enumvals");
            words.join(", ")
        }
        _ => "a text".to_owned(),
    };
    let range = match (text("min_val"), text("max_val")) {
        (least, _) if least.is_empty() => String::new(),
        (least, most) if most == i32::MAX.to_string() => format!(", {least} or more"),
        (least, most) => format!(" from {least} to {most}"),
    };
    let default = match text("boot_val") {
        empty if empty.is_empty() => "empty".to_owned(),
        value => format!("`{value}`"),
    };
    let set_by = match text("context").as_str() {
        "sighup" => "the file, `alter system`",
        "superuser" => "a superuser, in the session",
        _ => "anybody",
    };
    Entry {
        text: format!(
            "{}\n\nValue: {kind}{range}. Default: {default}. Set by: {set_by}.",
            marked(described.trim())
        ),
        is_public: true,
    }
}
