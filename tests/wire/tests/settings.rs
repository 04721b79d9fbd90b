//! The README describes exactly the settings that exist, with their defaults.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use pgrx_embed::dirs;
use std::collections::BTreeMap;
use std::fs;

/// The settings in the README, each with its default as `pg_settings` shows it. The default is
/// empty if the README names none.
fn described() -> BTreeMap<String, String> {
    let readme = fs::read_to_string(dirs::checkout().join("README.md")).expect("the README");
    let (_, settings) = readme.split_once("\n## Settings\n").expect("the settings");
    let settings = settings.split("\n## ").next().unwrap_or(settings);
    let mut described = BTreeMap::new();
    for section in settings.split("\n### ").skip(1) {
        let (heading, text) = section.split_once('\n').expect("a text");
        let names: Vec<_> = heading.split('`').skip(1).step_by(2).collect();
        let text = text.replace('\n', " ").replace("Defaults: ", "Default: ");
        let (_, defaults) = text.split_once("Default: ").unwrap_or_default();
        let defaults = defaults.split(['.', ';']).next().unwrap_or_default();
        let defaults: Vec<_> = defaults
            .split(", ")
            .flat_map(|it| it.split(" and "))
            .collect();
        for (place, name) in names.iter().enumerate() {
            let default = match names.len() == 1 || defaults.len() == 1 {
                true => defaults[0],
                false => defaults[place],
            };
            described.insert((*name).to_owned(), in_base_unit(default));
        }
    }
    described
}

/// A default in its base unit: `64kB` as 65536, `1 h` as 3600, `100 times` as 100, `empty` as
/// nothing.
fn in_base_unit(default: &str) -> String {
    let default = default.replace(['`', ' '], "");
    let digits = default.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &default[digits.len()..] {
        "" | "s" | "times" => 1,
        "kB" => 1024,
        "h" => 3600,
        word => return word.replace("empty", ""),
    };
    match digits.parse::<i64>() {
        Ok(number) => (number * unit).to_string(),
        Err(_) => default,
    }
}

#[test]
fn the_readme_has_every_setting_with_its_default() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    client.batch_execute("load 'authguard'").expect("it loads");
    let rows = client
        .query(
            "select name, boot_val from pg_settings
              where name like 'authguard.%' or name = 'request.jwt.claims'",
            &[],
        )
        .expect("the settings are listed");
    let mut settings: BTreeMap<String, String> = rows
        .iter()
        .map(|row| {
            (
                row.get(0),
                row.get::<_, Option<String>>(1).unwrap_or_default(),
            )
        })
        .collect();
    // This setting is shown to nobody, so it is not on the list.
    settings.insert("authguard.jwt".to_owned(), String::new());
    assert_eq!(settings, described());
}
