//! Reports of lint, as the programs of others read them; and what a dump keeps.

use authguard_wire::script::installed;
use authguard_wire::{admin, server, text};
use pgrx_embed::clients;
use pgrx_embed::cluster::{Cluster, Config};
use std::io::Write;
use std::process::{Command, Stdio};

/// A server whose database has findings of each kind, some of them accepted, with names that are
/// hard to write.
fn with_findings() -> Cluster {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            r#"create table "it's a ""table"" <&>" (id int, body text);
               create table "Ünïcode/\ #1" (id int);
               grant select on all tables in schema public to authenticated;
               create function past() returns bigint language sql security definer
                   as 'select count(*) from notes';
               create role past_policies bypassrls; grant past_policies to authenticator;
               select authguard.accept_finding(fingerprint, E'known: "\u2028\t<x>"')
                 from authguard.lint(null, '{definer_function}');"#,
        )
        .unwrap();
    cluster
}

/// What the schema of SARIF 2.1.0 has against a log.
fn against(log: &str) -> Option<String> {
    let dir = installed(clients::sarif())?;
    let script = dir.join("check.mjs");
    std::fs::write(&script, include_str!("../clients/sarif.mjs")).unwrap();
    let mut node = Command::new("node")
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin
        .take()
        .unwrap()
        .write_all(log.as_bytes())
        .unwrap();
    let output = node.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    Some(said)
}

#[test]
fn a_sarif_log_is_what_the_schema_and_code_scanning_ask_for() {
    let cluster = with_findings();
    let mut client = admin(&cluster);
    let log = "select authguard.lint_sarif('{\"*\": \"supabase/schema 1.sql\"}')::text";
    let log = text(&mut client, log).unwrap();
    assert_eq!(against(&log).unwrap_or_default(), "");
    // The check notices what is missing.
    let broken = log.replace("\"text\"", "\"words\"");
    assert!(against(&broken).is_none_or(|said| said.contains("text")));

    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 4, "{results:#?}");
    let mut suppressed = 0;
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "supabase/schema%201.sql");
        assert_eq!(place["region"]["startLine"], 1);
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str();
        assert_eq!(print.unwrap().len(), 34);
        if let Some(suppression) = result["suppressions"].get(0) {
            assert_eq!(result["ruleId"], "definer_function");
            assert_eq!(suppression["justification"], "known: \"\u{2028}\t<x>\"");
            suppressed += 1;
        }
    }
    assert_eq!(suppressed, 1);
    for rule in rules {
        let page = rule["helpUri"].as_str().unwrap();
        assert!(page.starts_with("https://"), "{page}");
    }
}

#[test]
fn what_is_accepted_is_in_a_dump_and_in_force_in_the_copy() {
    let cluster = with_findings();
    let mut dump = cluster.client_command("pg_dump", "wire");
    let dump = pgrx_embed::command::capture(dump.args(["-Fp"])).unwrap();
    let mut postgres = cluster.connect("postgres", "postgres").unwrap();
    postgres.batch_execute("create database copied").unwrap();
    let file = cluster.dir().join("dump.sql");
    std::fs::write(&file, dump).unwrap();
    let mut psql = cluster.client_command("psql", "copied");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file);
    pgrx_embed::command::capture(&mut psql).unwrap();

    let sql = "select string_agg(rule || accepted || fingerprint, ' ' order by fingerprint)
                 from authguard.lint() where rule <> 'restored_database'";
    let mut copied = cluster.connect("postgres", "copied").unwrap();
    let there = text(&mut copied, sql);
    assert_eq!(there, text(&mut admin(&cluster), sql));
    assert!(there.unwrap().contains("definer_functiontrue"));
}
