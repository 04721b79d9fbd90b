//! `authguard.explain_token`: each check of a token, with what it expects and what it finds. It is
//! for the owner of the extension, and nothing of it goes to the log. The checks are those of
//! `verify`.

use super::trust::{self, Asked};
use super::verify;
use crate::pg::encoding::{Utf8, printable};
use crate::pg::unguarded;
use crate::revocation::{self, Basis};
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::{Claims, Policy, Token, TokenError};
use pgrx::prelude::*;

/// The checks so far: name, what it expects, what it finds, and whether they agree.
#[derive(Default)]
struct Steps(Vec<(&'static str, String, String, Option<bool>)>);

impl Steps {
    fn add(&mut self, name: &'static str, expected: String, found: String, passed: bool) {
        self.0.push((name, expected, found, Some(passed)));
    }
}

/// The checks of a token, one row each. What cannot be checked, because a check before it has
/// failed, has no row. The token is a `text` in the database's encoding: its bytes, because it may
/// be anything.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_explain_token(
    token: &[u8],
) -> TableIterator<
    'static,
    (
        name!(step, i32),
        name!(check_name, String),
        name!(expected, Utf8),
        name!(found, Utf8),
        name!(passed, Option<bool>),
    ),
> {
    let mut steps = Steps::default();
    explain(token, &mut steps);
    let rows = (1..).zip(steps.0);
    TableIterator::new(rows.map(|(step, (name, expected, found, passed))| {
        (
            step,
            name.to_owned(),
            Utf8(printable(&expected)),
            Utf8(printable(&found)),
            passed,
        )
    }))
}

fn explain(text: &[u8], steps: &mut Steps) -> Option<()> {
    let most = settings::max_token_size();
    steps.add(
        "size",
        format!("at most {most} bytes"),
        format!("{} bytes", text.len()),
        text.len() <= most,
    );
    let parsed = std::str::from_utf8(text)
        .map_err(|_| TokenError::NotThreeParts)
        .and_then(|text| Token::parse(text, most));
    let form = "three parts of base64url, a header with a known alg, and claims in JSON";
    let found = parsed
        .as_ref()
        .map_or_else(ToString::to_string, |_| "as expected".to_owned());
    steps.add("form", form.to_owned(), found, parsed.is_ok());
    let token = parsed.ok()?;
    let now = unguarded::clock();

    let trusted = issuers();
    let known = trust::issuer(token.issuer().unwrap_or_default(), settings::leeway());
    steps.add(
        "issuer",
        format!("claim iss is one of {}", list(&trusted)),
        quoted(token.issuer()),
        known.is_ok(),
    );
    let (policy, roles, _) = known.ok()?;
    let claims = token.unverified_claims(policy.names.as_ref()).ok()?;
    steps.add(
        "type",
        format!(
            "header typ is one of {}; absent counts as JWT",
            list(&policy.types)
        ),
        quoted(token.kind()),
        token.check_type(&policy).is_ok(),
    );

    let asked = Asked::by(&token).ok()?;
    let key = trust::key(&asked);
    steps.add(
        "key",
        format!(
            "header kid and alg name one of {}",
            list(&keys(&asked.issuer))
        ),
        format!("kid {}, alg {}", quoted(token.key_id()), token.algorithm()),
        key.is_ok(),
    );
    let signature = key.as_ref().map(|key| token.check_signature(key));
    let found = match &signature {
        Ok(Ok(())) => "as expected".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(cause) => format!("not checked: {cause}"),
    };
    let expected = "made by that key over this header and these claims";
    let passed = signature.map_or(None, |checked| Some(checked.is_ok()));
    steps
        .0
        .push(("signature", expected.to_owned(), found, passed));

    steps.add(
        "subject",
        "claim sub is there".to_owned(),
        if claims.subject.is_some() {
            "there"
        } else {
            "absent"
        }
        .to_owned(),
        claims.subject.is_some(),
    );
    let recipients = token.unverified_recipients(policy.names.as_ref());
    let (audience, clients) = recipients.unwrap_or_default();
    steps.add(
        "audience",
        format!(
            "claim aud names one of {}, or the client is one of {}",
            list(&policy.audience),
            list(&policy.client_ids)
        ),
        format!("aud {}, client {}", list(&audience), list(&clients)),
        token.check_recipient(&policy).is_ok(),
    );
    times(&claims, &policy, now, steps);

    let role = claims.role.as_ref().is_none_or(|role| roles.contains(role));
    steps.add(
        "role",
        format!("claim role is absent or one of {}", list(&roles)),
        match claims.role_is_malformed {
            true => "no string".to_owned(),
            false => quoted(claims.role.as_deref()),
        },
        role && !claims.role_is_malformed,
    );
    let trusted = trust::find(asked).ok()?;
    let verified = token.verify_expired(&trusted.key, &trusted.policy, now);
    let (verified, _) = verified.ok()?;
    let accepted = verify::accept(verified.claims, &verified.json, &trusted);
    let found = accepted
        .as_ref()
        .map_or_else(ToString::to_string, |_| "as expected".to_owned());
    let fits = "Postgres can hold its times and characters";
    steps.add("values", fits.to_owned(), found, accepted.is_ok());
    let finding = revocation::judge(&accepted.ok()?, now, Basis::current());
    let reason = finding.verdict.reason;
    steps.add(
        "revocation",
        "neither revoked nor expired".to_owned(),
        reason
            .map_or("neither", |reason| reason.as_str())
            .to_owned(),
        reason.is_none(),
    );
    Some(())
}

/// The checks of the times, each for itself.
fn times(claims: &Claims, policy: &Policy, now: i64, steps: &mut Steps) {
    let leeway = policy.leeway;
    let any_length = Policy {
        max_lifetime: None,
        ..policy.clone()
    };
    let alone = |change: fn(&mut Claims, &Claims)| {
        let mut one = Claims {
            expires_at: Some(i64::MAX),
            ..Claims::default()
        };
        change(&mut one, claims);
        any_length.check_times(&one, now).is_ok()
    };
    steps.add(
        "exp",
        format!("later than now less {leeway} s: {}", second(now)),
        time(claims.expires_at),
        alone(|one, claims| one.expires_at = claims.expires_at),
    );
    steps.add(
        "nbf",
        format!("absent, or at most now and {leeway} s: {}", second(now)),
        time(claims.not_before),
        alone(|one, claims| one.not_before = claims.not_before),
    );
    steps.add(
        "iat",
        format!("absent, or at most now and {leeway} s: {}", second(now)),
        time(claims.issued_at),
        alone(|one, claims| one.issued_at = claims.issued_at),
    );
    if let Some(longest) = policy.max_lifetime {
        let judged = policy.check_times(claims, i64::MAX);
        let lifetime = claims.issued_at.zip(claims.expires_at);
        steps.add(
            "lifetime",
            format!("iat is there, and exp at most {longest} s later"),
            lifetime.map_or("unknown".to_owned(), |(from, to)| {
                format!("{} s", second(to.saturating_sub(from)))
            }),
            judged == Err(TokenError::Expired),
        );
    }
}

fn second(micros: i64) -> i64 {
    micros.div_euclid(1_000_000)
}

fn time(micros: Option<i64>) -> String {
    micros.map_or("absent".to_owned(), |at| second(at).to_string())
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("absent".to_owned(), |text| format!("'{text}'"))
}

fn list(names: &[impl AsRef<str>]) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => {
            let quoted: Vec<_> = names
                .iter()
                .map(|name| quoted(Some(name.as_ref())))
                .collect();
            quoted.join(", ")
        }
    }
}

/// The names of the issuers that are trusted.
fn issuers() -> Vec<String> {
    let mut names = Vec::new();
    schema::read(Table::Issuer, |table| {
        table.scan(&[], |row| names.extend(row.text(schema::issuer::ISSUER)));
    });
    if super::file::is_set() && !names.contains(&settings::issuer()) {
        names.push(settings::issuer());
    }
    names.sort();
    names
}

/// The keys of an issuer: their `kid`, algorithm and status.
fn keys(issuer: &str) -> Vec<String> {
    let rows = trust::keys(issuer, None).into_iter().map(|row| {
        let algorithm = row
            .algorithm
            .map_or("unknown", |algorithm| algorithm.name());
        let kid = match row.kid.as_str() {
            "" => "any kid",
            kid => kid,
        };
        format!("{kid} {algorithm} {}", row.status.as_str())
    });
    let in_file = super::file::key()
        .filter(|_| issuer == settings::issuer())
        .and_then(Result::ok);
    let in_file = in_file.into_iter().map(|key| {
        let kid = key.public().key_id().unwrap_or_default();
        format!("{kid} {} in a file", key.public().algorithm())
    });
    rows.chain(in_file).collect()
}
