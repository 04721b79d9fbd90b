//! Words and numbers that appear in several places. The enums and constants of the `token` crate
//! are the source. Constraints, comments, SQL and pages must agree with them.

use authguard_policy::lint::rules;
use authguard_token::refresh::{Answer, EndReason};
use authguard_token::{
    Aal, Actor, AttachedKind, ClaimName, DeliveryError, EVENT_WINDOW_SECONDS, EntryKind, Event,
    EventAction, KeyStatus, MAX_IDENTITY_BYTES, MAX_KEY_ID_BYTES, MAX_LEEWAY_SECONDS,
    MAX_REASON_BYTES, Policy, Preset, RevocationReason, SecurityEvent, SignOutScope, WhoamiSource,
    WhoamiStatus,
};
use authguard_wire::*;
use pgrx_embed::cluster::Config;
use pgrx_embed::dirs;
use postgres::Client;
use std::collections::BTreeSet;

/// The words of a list, in its order.
macro_rules! words {
    ($list:ident) => {
        $list::ALL.map($list::as_str)
    };
}

fn set<T: AsRef<str>>(words: &[T]) -> BTreeSet<&str> {
    words.iter().map(AsRef::as_ref).collect()
}

/// The words that a sentence lists as `a, b or c`, after `before` until a semicolon or a full stop.
fn listed<'t>(sentence: &'t str, before: &str) -> Vec<&'t str> {
    let (_, rest) = sentence
        .split_once(before)
        .unwrap_or_else(|| panic!("{before:?} is not in {sentence:?}"));
    let list = rest.split(['.', ';']).next().unwrap_or(rest);
    list.split(", ")
        .flat_map(|part| part.split(" or "))
        .collect()
}

/// Every second part of a text that a mark divides: the parts between two marks.
fn between(text: &str, mark: char) -> Vec<String> {
    text.split(mark)
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Words in capitals with an underscore, such as the names of events.
fn capitals(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'))
        .filter(|word| word.trim_matches('_').contains('_'))
        .collect()
}

fn column_comment(client: &mut Client, table: &str, column: &str) -> String {
    let sql = format!(
        "select col_description(attrelid, attnum) from pg_attribute
          where attrelid = 'authguard.{table}'::regclass and attname = '{column}'"
    );
    text(client, &sql).expect("the column has a comment")
}

fn function_comment(client: &mut Client, function: &str) -> String {
    let sql = format!("select obj_description('{function}'::regprocedure, 'pg_proc')");
    text(client, &sql).expect("the function has a comment")
}

/// The definition of a CHECK constraint.
fn check(client: &mut Client, constraint: &str) -> String {
    let sql = format!(
        "select pg_get_constraintdef(oid) from pg_constraint
          where connamespace = 'authguard'::regnamespace and conname = '{constraint}'"
    );
    text(client, &sql).expect("there is such a constraint")
}

/// Names and sources of the functions in SQL and PL/pgSQL.
fn sources(client: &mut Client) -> Vec<(String, String)> {
    let sql = "select p.oid::regprocedure::text, pg_get_functiondef(p.oid)
                 from pg_proc p join pg_language l on l.oid = p.prolang
                where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
                  and l.lanname in ('sql', 'plpgsql')";
    let rows = client.query(sql, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn page(path: &str) -> String {
    std::fs::read_to_string(dirs::checkout().join(path)).expect("the page is there")
}

/// The part of a page below a heading.
fn section(path: &str, heading: &str) -> String {
    let page = page(path);
    let start = format!("\n{heading}\n");
    let (_, section) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("{heading} is not in {path}"));
    let level = heading.split(' ').next().unwrap_or_default();
    let end = format!("\n{level} ");
    section.split(&end).next().unwrap_or(section).to_owned()
}

/// The second line of a setting's description.
fn more_of_setting(client: &mut Client, name: &str) -> String {
    client.batch_execute("load 'authguard'").unwrap();
    let sql = format!("select extra_desc from pg_settings where name = '{name}'");
    text(client, &sql).expect("the setting has a description")
}

#[test]
fn constraints_comments_and_pages_name_the_words_of_the_enums() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);

    let constraint = check(client, "revocation_kind");
    assert_eq!(between(&constraint, '\''), words!(EntryKind));
    let comment = column_comment(client, "revocation", "kind");
    assert_eq!(listed(&comment, ""), words!(EntryKind));

    let comment = function_comment(client, "auth.revocation_reason()");
    assert_eq!(listed(&comment, "is true: "), words!(RevocationReason));

    let constraint = check(client, "key_status");
    assert_eq!(between(&constraint, '\''), words!(KeyStatus));
    let comment = column_comment(client, "key", "status");
    assert_eq!(listed(&comment, ""), words!(KeyStatus));

    let constraint = check(client, "issuer_preset");
    assert_eq!(between(&constraint, '\''), words!(Preset));
    let comment = column_comment(client, "issuer", "claims");
    let comment = comment.replace(", as far as", ".");
    assert_eq!(listed(&comment, "it keeps "), words!(ClaimName));

    let constraint = check(client, "attached_kind");
    assert_eq!(between(&constraint, '\''), words!(AttachedKind));
    let comment = column_comment(client, "attached", "kind");
    assert_eq!(listed(&comment, ""), words!(AttachedKind));

    let comment = function_comment(client, "auth.whoami()");
    assert_eq!(listed(&comment, "source: "), words!(WhoamiSource));
    assert_eq!(listed(&comment, "status: "), words!(WhoamiStatus));

    let comment = column_comment(client, "session", "ended_reason");
    assert_eq!(listed(&comment, ""), words!(EndReason));

    let comment = column_comment(client, "session", "aal");
    let comment = comment.split(", the ").next().unwrap();
    assert_eq!(listed(comment, "aal: "), words!(Aal));
    let levels = more_of_setting(client, "authguard.min_aal");
    assert_eq!(listed(&levels, ""), words!(Aal));

    let comment = function_comment(client, "auth.refresh(text)");
    assert_eq!(listed(&comment, "status: "), words!(Answer));
    let table = section("docs/sessions.md", "## What refresh answers");
    let statuses: Vec<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('|').next())
        .flat_map(|cell| between(&format!("`{cell}"), '`'))
        .collect();
    assert_eq!(set(&statuses), set(&words!(Answer)));

    let comment = function_comment(client, "auth.sign_out(text)");
    assert_eq!(listed(&comment, "scope: "), words!(SignOutScope));
}

#[test]
fn comments_sql_and_pages_name_the_events_that_there_are() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);

    let comment = column_comment(client, "event", "actor");
    assert_eq!(listed(&comment, ""), words!(Actor));

    let comment = function_comment(client, "authguard.record_event(text,text,uuid,text)");
    let recordable: Vec<_> = Event::ALL
        .iter()
        .filter(|event| event.is_recordable())
        .map(|event| event.as_str())
        .collect();
    assert_eq!(capitals(&comment), set(&recordable));

    let events: BTreeSet<_> = words!(Event).into_iter().collect();
    assert_eq!(capitals(&section("docs/sessions.md", "## Events")), events);
    let guide = page("docs/guide.md");
    assert!(
        capitals(&guide).is_subset(&events),
        "{:?}",
        capitals(&guide)
    );
    for (function, source) in sources(client) {
        let written = between(&source, '\'');
        let written: String = written.iter().map(|word| format!("{word} ")).collect();
        assert!(
            capitals(&written).is_subset(&events),
            "{function} writes {:?}",
            capitals(&written)
        );
    }
}

#[test]
fn comments_sql_and_the_page_name_what_events_of_providers_do() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);
    let comment = function_comment(client, "authguard.receive_event(text)");
    assert_eq!(listed(&comment, "action: "), words!(EventAction));
    assert_eq!(listed(&comment, "section 2.4: "), words!(DeliveryError));
    let named = |heading: &str| between(&section("docs/events.md", heading), '`');
    let (receiving, refused) = (named("## Receiving"), named("## What is refused"));
    for word in words!(EventAction) {
        assert!(receiving.iter().any(|named| named == word), "{word}");
    }
    for word in words!(DeliveryError) {
        assert!(refused.iter().any(|named| named == word), "{word}");
    }
    let known = named("## What each event does");
    for event in SecurityEvent::ALL {
        let (_, name) = event.as_str().rsplit_once('/').unwrap();
        let is_named = known.iter().any(|known| known == name);
        assert!(
            is_named || event == SecurityEvent::BackChannelLogout,
            "{name}"
        );
    }
    let window = "select extract(epoch from authguard.event_window())::int8";
    let window: i64 = client.query_one(window, &[]).unwrap().get(0);
    assert_eq!(window, EVENT_WINDOW_SECONDS);
}

#[test]
fn what_a_monitor_reads_has_the_words_that_its_comments_name() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);

    let comment = column_comment(client, "keys", "status");
    assert_eq!(listed(&comment, ""), words!(KeyStatus));
    let comment = column_comment(client, "recent_events", "actor");
    let comment = comment.replace("; as in", ".; as in");
    assert_eq!(listed(&comment, "caused it: "), words!(Actor));
    let comment = column_comment(client, "live_sessions", "aal");
    let comment = comment.split(", the ").next().unwrap();
    assert_eq!(listed(comment, "aal: "), words!(Aal));

    let column = |client: &mut Client, sql: &str| -> Vec<String> {
        let rows = client.query(sql, &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let names = "select distinct name from authguard.statistics";
    let comment = "select obj_description('authguard.statistics'::regclass, 'pg_class')";
    let comment = text(client, comment).unwrap();
    assert_eq!(
        set(&listed(&comment, "one a row: ")),
        set(&column(client, names))
    );
    let kinds = "select label from authguard.statistics where name = 'entries'";
    assert_eq!(set(&column(client, kinds)), set(&words!(EntryKind)));

    // Each step of explain_user is named, and no other.
    let comment = function_comment(client, "authguard.explain_user(text)");
    let named = listed(&comment, "check_name: ");
    let (_, source) = sources(client)
        .into_iter()
        .find(|(function, _)| function == "authguard.explain_user(text)")
        .unwrap();
    let written = between(&source, '\'');
    for name in &named {
        assert!(written.iter().any(|word| word == name), "{name}");
    }
    for rest in source.split("check_name := '").skip(1) {
        let name = rest.split('\'').next().unwrap();
        assert!(named.contains(&name), "{name}");
    }

    // Each check of health is a rule of coverage, or named in its comment.
    let comment = function_comment(client, "authguard.health()");
    let of = |client: &mut Client, function: &str| {
        let sources = sources(client);
        let mut found = sources.into_iter().filter(|(name, _)| name == function);
        found.next().unwrap().1
    };
    let health = of(client, "authguard.health()");
    for name in [
        "subscription",
        "subscription_table",
        "prune",
        "signing_key",
        "secret",
        "key_file",
        "claims_function",
        "replica_lag",
        "setting",
        "own_table",
        "attached_table",
    ] {
        assert!(health.contains(&format!("'{name}'")), "{name}");
        assert!(comment.contains(name), "{name}");
    }
    let is_rule = |name: &str| rules::ALL.iter().any(|rule| rule.name == name);
    for rule in [
        "setting",
        "own_table",
        "attached_table",
        "restored_database",
        "rls_disabled",
        "unguarded_table",
    ] {
        assert!(is_rule(rule), "{rule}");
        assert!(comment.contains(rule), "{rule}");
    }
}

#[test]
fn sql_writes_the_kinds_of_entries_and_the_status_of_keys_that_there_are() {
    let cluster = server(Config::default());
    let (kinds, statuses) = (&words!(EntryKind)[..], &words!(KeyStatus)[..]);
    let reasons = &words!(RevocationReason)[..];
    let mut seen = BTreeSet::new();
    for (function, source) in sources(&mut admin(&cluster)) {
        for (before, list) in [
            ("entry.kind := '", kinds),
            ("r.kind = '", kinds),
            ("entry.kind when '", kinds),
            ("source.reason = '", reasons),
            ("authguard.unavailable() = '", reasons),
            ("k.status = '", statuses),
            ("k.status <> '", statuses),
            ("set status = '", statuses),
        ] {
            for rest in source.split(before).skip(1) {
                let word = rest.split('\'').next().unwrap();
                assert!(list.contains(&word), "{function}: {before}{word}'");
                seen.insert(before);
            }
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}

/// The number after the only occurrence of `before` in a text.
fn number_after(text: &str, before: &str) -> usize {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before:?} is not in {text:?}"));
    let digits: String = rest
        .chars()
        .filter(|letter| *letter != ',')
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}

#[test]
fn limits_are_those_of_the_constants() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);

    for (constraint, column, limit) in [
        ("revocation_key_length", "key", MAX_IDENTITY_BYTES),
        ("revocation_issuer_length", "issuer", MAX_IDENTITY_BYTES),
        ("attached_issuer_length", "issuer", MAX_IDENTITY_BYTES),
        ("issuer_length", "issuer", MAX_IDENTITY_BYTES),
        ("key_kid_length", "kid", MAX_KEY_ID_BYTES),
    ] {
        let definition = check(client, constraint);
        let before = format!("octet_length({column}) <= ");
        assert_eq!(number_after(&definition, &before), limit, "{constraint}");
    }
    for (before, limit) in [
        ("identity", MAX_IDENTITY_BYTES),
        ("reason", MAX_REASON_BYTES),
    ] {
        let (fits, exceeds) = ("x".repeat(limit), "x".repeat(limit + 1));
        for (given, passes) in [(&fits, true), (&exceeds, false)] {
            let [key, reason] = match before {
                "identity" => [given.as_str(), ""],
                _ => ["jti", given],
            };
            let sql = "select authguard.revoke_token($1, $2)";
            assert_eq!(client.execute(sql, &[&key, &reason]).is_ok(), passes);
        }
    }

    let policy = Policy::new("issuer", vec![]);
    let types = "select pg_get_expr(adbin, adrelid) from pg_attrdef d join pg_attribute a
                     on a.attrelid = d.adrelid and a.attnum = d.adnum
                  where d.adrelid = 'authguard.issuer'::regclass and a.attname = 'types'";
    let types = text(client, types).unwrap();
    assert_eq!(
        between(&types, '\''),
        [format!("{{{}}}", policy.types.join(","))]
    );

    // The time to wait, and the same time in words.
    let wait = page("src/session/wait.rs");
    assert_eq!(number_after(&wait, "LOCK_TIMEOUT: &CStr = c\""), 2);
    let settings =
        "select string_agg(distinct setting, '; ') from pg_proc, unnest(proconfig) setting
                     where setting like 'lock_timeout=%'";
    assert_eq!(text(client, settings), None);
    let comments =
        "select p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc') from pg_proc p
                     where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
                       and obj_description(p.oid, 'pg_proc') ~ '(for|takes|after) \\w+ seconds'";
    let rows = client.query(comments, &[]).unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let (function, comment): (String, String) = (row.get(0), row.get(1));
        assert!(comment.contains("two seconds"), "{function}: {comment}");
    }
}

#[test]
fn pages_and_comments_tell_how_much_is_forgotten_at_a_time() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);
    let of = |client: &mut Client, function: &str| {
        let sql =
            format!("select prosrc from pg_proc where oid = 'authguard.{function}'::regprocedure");
        text(client, &sql).unwrap()
    };
    let prune = of(client, "prune(interval,interval)");
    let most = number_after(&prune, "most constant pg_catalog.int8 := ");
    let sessions = number_after(&prune, "most_sessions constant pg_catalog.int8 := ");
    let comment = function_comment(client, "authguard.prune(interval,interval)");
    let told =
        ["at most ", "entries, ", "sessions and "].map(|before| number_after(&comment, before));
    assert_eq!(told, [most, sessions, most]);

    let sql = "select pg_get_function_arguments('authguard.forget(bigint)'::regprocedure)";
    let arguments = text(client, sql).unwrap().replace(['\'', '('], "");
    let at_a_write = number_after(&arguments, "DEFAULT ");
    let decisions = page("docs/decisions.md").replace('\n', " ");
    assert_eq!(
        number_after(&decisions, "write of an operator forgets up to "),
        at_a_write
    );
    assert_eq!(
        number_after(&decisions, "A call of `prune()`   forgets up to "),
        most
    );
}

#[test]
fn the_greatest_leeway_is_one_everywhere() {
    let cluster = server(Config::default());
    let client = &mut admin(&cluster);
    let leeway = MAX_LEEWAY_SECONDS.to_string();
    client.batch_execute("load 'authguard'").unwrap();
    let greatest = "select max_val from pg_settings where name = 'authguard.leeway'";
    assert_eq!(text(client, greatest).as_deref(), Some(leeway.as_str()));
    let kept = "select extract(epoch from
                    authguard.expiry_with_leeway('2030-01-01') - '2030-01-01')::int::text";
    assert_eq!(text(client, kept).as_deref(), Some(leeway.as_str()));
    for (function, source) in sources(client) {
        assert!(
            !source.contains(&format!("'{leeway} ")),
            "{function} knows it"
        );
    }
    for infinite in ["infinity", "-infinity"] {
        let kept = format!("select authguard.expiry_with_leeway('{infinite}')::text");
        assert_eq!(text(client, &kept).as_deref(), Some(infinite));
    }
}
