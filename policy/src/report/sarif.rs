//! SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for: a physical location for each
//! result, stable fingerprints, and rules with a page.

use serde_json::{Value, json};

use super::files::Files;
use super::{PAGES, one_line};
use crate::finding::{Finding, Level};
use crate::lint::rule::Rule;
use crate::lint::rules;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Returns the findings as a log of one run. Accepted ones are suppressed, with their reason.
pub fn sarif(findings: &[Finding], files: &Files) -> Value {
    let results: Vec<_> = findings
        .iter()
        .map(|finding| result(finding, files))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "authguard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules::ALL.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    let page = format!("{PAGES}{}", rule.page);
    json!({
        "id": rule.name,
        "name": rule.name,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.title },
        "help": {
            "text": format!("{}: see {page}", rule.title),
            "markdown": format!("[{}]({page})", rule.title),
        },
        "helpUri": page,
        "defaultConfiguration": { "level": level(rule.level) },
        "properties": {
            "tags": ["security", "row-level-security"],
            "problem.severity": match rule.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Info => "recommendation",
            },
            "alsoKnownAs": rule.also,
        },
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

fn result(finding: &Finding, files: &Files) -> Value {
    let place = files.place(finding);
    let of_policy = finding
        .policy
        .as_ref()
        .map(|policy| format!(", policy {policy}"));
    let name = format!("{}{}", finding.object, of_policy.unwrap_or_default());
    let hint = match finding.hint.as_str() {
        "" => String::new(),
        hint => format!("\n{hint}"),
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": { "text": format!("{}: {}{hint}", one_line(&name), finding.problem) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": place.file, "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": place.line },
            },
            "logicalLocations": [{
                "name": finding.policy.as_ref().unwrap_or(&finding.object),
                "fullyQualifiedName": name,
                "kind": if finding.policy.is_some() { "policy" } else { finding.kind },
            }],
        }],
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
            "authguard/v1": finding.fingerprint,
        },
        "properties": { "evidence": finding.evidence },
    });
    let index = rules::ALL.iter().position(|rule| rule.name == finding.rule);
    if let (Some(index), Value::Object(result)) = (index, &mut result) {
        result.insert("ruleIndex".to_owned(), json!(index));
        if finding.accepted {
            let reason = finding.reason.as_deref().unwrap_or_default();
            let suppression =
                json!({ "kind": "external", "status": "accepted", "justification": reason });
            result.insert("suppressions".to_owned(), json!([suppression]));
        }
    }
    result
}
