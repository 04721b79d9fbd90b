//! The page about the rules, `docs/lint.md`, says of each rule what the rule says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use authguard_policy::lint::{rule::Rule, rules::ALL};

/// The sections of the page by their headings, which are the anchors of rules.
fn sections() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lint.md");
    let page = std::fs::read_to_string(page).unwrap();
    let sections = page.split("\n### ").skip(1).map(|section| {
        let (heading, text) = section.split_once('\n').unwrap();
        let text = text.split("\n## ").next().unwrap();
        (heading.to_owned(), text.to_owned())
    });
    sections.collect()
}

/// The first paragraph on one line.
fn first_paragraph(section: &str) -> String {
    let paragraph = section.trim_start().split("\n\n").next().unwrap();
    paragraph.replace('\n', " ")
}

/// The numbers of other linters' rules that a paragraph begins with, such as
/// `splinter 0007, 0013, pgrls SEC001`.
fn numbers(paragraph: &str) -> BTreeSet<String> {
    let (sentence, _) = paragraph.split_once(". ").unwrap();
    let Some((_, numbers)) = sentence.split_once("; ") else {
        return BTreeSet::new();
    };
    let mut linter = "";
    let mut found = BTreeSet::new();
    for number in numbers.split(", ") {
        let number = match number.split_once(' ') {
            Some((name, number)) => {
                linter = name;
                number
            }
            None => number,
        };
        found.insert(format!("{linter} {number}"));
    }
    found
}

#[test]
fn each_rule_has_a_section_and_each_section_a_rule() {
    let named: BTreeSet<String> = sections().into_keys().collect();
    let rules: BTreeSet<String> = ALL.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(named, rules);
}

#[test]
fn the_page_of_a_rule_is_its_section() {
    for rule in ALL {
        assert_eq!(rule.page, format!("docs/lint.md#{}", rule.name));
    }
}

#[test]
fn each_section_begins_with_the_level_and_the_numbers_of_the_rule() {
    let sections = sections();
    for Rule {
        name, level, also, ..
    } in ALL
    {
        let paragraph = first_paragraph(&sections[*name]);
        assert!(paragraph.starts_with(&format!("**{level}**")), "{name}");
        let also: BTreeSet<String> = also.iter().map(|&number| number.to_owned()).collect();
        assert_eq!(numbers(&paragraph), also, "{name}");
    }
}
