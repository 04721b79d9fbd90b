//! Of any claims, entries and times: what may change a verdict, and in which direction only.

use authguard_token::{
    Claims, Entry, EntryKind, Judge, OwnSession, RevocationReason, Verdict, expired,
};
use proptest::prelude::*;

const S: i64 = 1_000_000;
const NOW: i64 = 1_700_000_000 * S;
/// One second: `exp` plus leeway then falls among the other instants.
const LEEWAY: i64 = 1;

fn judge(claims: &Claims, entries: &[Entry<'_>], now: i64) -> Verdict {
    let mut judge = Judge::new(claims, now, LEEWAY);
    entries.iter().for_each(|entry| judge.entry(entry));
    judge.verdict()
}

/// A few instants close together, so that they meet, and the ends of the range.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        20 => (0_i64..8).prop_map(|quarters| NOW + quarters * S / 4),
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
    ]
}

fn maybe(times: impl Strategy<Value = i64>) -> impl Strategy<Value = Option<i64>> {
    prop::option::of(times)
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let issuer = prop::sample::select(vec![None, Some("a"), Some("b")]);
    let names = (
        issuer,
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
    );
    (names, maybe(instant()), maybe(instant())).prop_map(
        |((issuer, user, session, revoked), iat, exp)| Claims {
            issuer: issuer.map(str::to_owned),
            subject: user.then(|| "alice".to_owned()),
            session_id: session.then_some([7; 16]),
            issued_at: iat,
            expires_at: exp,
            access_revoked: revoked,
            ..Claims::default()
        },
    )
}

fn any_entry() -> impl Strategy<Value = Entry<'static>> {
    let kind = prop::sample::select(vec![
        EntryKind::Token,
        EntryKind::Session,
        EntryKind::User,
        EntryKind::User,
        EntryKind::User,
        EntryKind::Claims,
        EntryKind::Issuer,
        EntryKind::Issuer,
    ]);
    let issuer = prop::sample::select(vec![None, Some(""), Some("a")]);
    (
        kind,
        issuer,
        any::<bool>(),
        maybe(instant()),
        maybe(instant()),
        any::<bool>(),
    )
        .prop_map(
            |(kind, issuer, blocked, blocked_until, issued_before, include_keys)| Entry {
                kind,
                issuer,
                client: None,
                blocked,
                blocked_until,
                issued_before,
                include_keys,
            },
        )
}

fn any_entries() -> impl Strategy<Value = Vec<Entry<'static>>> {
    prop::collection::vec(any_entry(), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn once_expired_always_expired(
        claims in any_claims(), entries in any_entries(), a in instant(), b in instant(), leeway in -1_i64..3,
    ) {
        let (now, later) = (a.min(b), a.max(b));
        if expired(&claims, now, leeway) == Some(true) {
            prop_assert_eq!(expired(&claims, later, leeway), Some(true));
        }
        if judge(&claims, &entries, now).reason == Some(RevocationReason::Expired) {
            prop_assert_eq!(judge(&claims, &entries, later).reason, Some(RevocationReason::Expired));
        }
    }

    #[test]
    fn an_added_entry_never_opens(
        claims in any_claims(), entries in any_entries(), more in any_entry(), at: prop::sample::Index,
        now in instant(),
    ) {
        let before = judge(&claims, &entries, now);
        let mut all = entries.clone();
        all.insert(at.index(entries.len() + 1), more);
        let after = judge(&claims, &all, now);
        if let Some(reason) = before.reason {
            prop_assert!(after.reason.is_some_and(|now| now <= reason));
        }
    }

    #[test]
    fn the_order_of_the_entries_does_not_matter(
        claims in any_claims(), entries in any_entries(), now in instant(),
    ) {
        let mut reversed = entries.clone();
        reversed.reverse();
        prop_assert_eq!(judge(&claims, &entries, now).reason, judge(&claims, &reversed, now).reason);
    }

    #[test]
    fn before_valid_until_time_changes_nothing(
        claims in any_claims(), entries in any_entries(), now in instant(), later in instant(),
    ) {
        let verdict = judge(&claims, &entries, now);
        prop_assert!(verdict.valid_until > now || now == i64::MAX);
        if (now..verdict.valid_until).contains(&later) {
            prop_assert_eq!(judge(&claims, &entries, later).reason, verdict.reason);
        }
    }

    #[test]
    fn once_settled_no_entry_changes_the_verdict(
        claims in any_claims(), entries in any_entries(), more in any_entries(), now in instant(),
    ) {
        let mut judge = Judge::new(&claims, now, LEEWAY);
        entries.iter().for_each(|entry| judge.entry(entry));
        let (settled, verdict) = (judge.settled(), judge.verdict());
        more.iter().for_each(|entry| judge.entry(entry));
        prop_assert!(!settled || judge.verdict() == verdict);
    }

    /// Whatever the clocks of its issuer say within their tolerance: `exists_at` is when the token
    /// is signed, `ahead` by how much that clock is ahead, in microseconds.
    #[test]
    fn no_token_that_exists_when_a_cut_off_commits_passes(
        kind in prop::sample::select(vec![EntryKind::User, EntryKind::Claims, EntryKind::Issuer]),
        commits_at in NOW..NOW + 400 * S, earlier in 0..400 * S,
        leeway in 0_i64..=300, narrowed in prop::option::of(0_i64..=300),
        ahead in -300 * S..=300 * S, dated in prop::bool::weighted(0.9), whole in any::<bool>(),
    ) {
        let skew = narrowed.unwrap_or(leeway).min(leeway);
        let dated_at = commits_at - earlier + ahead.min(skew * S);
        let dated_at = if whole { dated_at.div_euclid(S) * S } else { dated_at };
        let claims = Claims {
            subject: Some("alice".to_owned()),
            issued_at: dated.then_some(dated_at),
            ..Claims::default()
        };
        let mut judge = Judge::new(&claims, commits_at, leeway);
        if let Some(narrowed) = narrowed {
            judge.narrow_skew(narrowed);
        }
        judge.entry(&cut_off(kind, commits_at));
        prop_assert!(judge.verdict().reason.is_some());
    }

    /// A user who is restored signs in again: a token that is signed a leeway later, by a clock
    /// that is not behind, passes.
    #[test]
    fn a_token_of_a_leeway_after_the_cut_off_passes(
        kind in prop::sample::select(vec![EntryKind::User, EntryKind::Claims, EntryKind::Issuer]),
        cutoff in NOW..NOW + 4 * S, leeway in 0_i64..=300, later in 0..100 * S,
    ) {
        let claims = Claims {
            subject: Some("alice".to_owned()),
            issued_at: Some((cutoff / S + 1 + leeway) * S + later),
            ..Claims::default()
        };
        let mut judge = Judge::new(&claims, cutoff, leeway);
        judge.entry(&cut_off(kind, cutoff));
        prop_assert_eq!(judge.verdict().reason, None);
    }

    /// Only the row decides about a local session, to the microsecond, whenever its token is dated.
    #[test]
    fn a_local_session_is_cut_off_exactly_if_it_did_not_begin_later(
        kind in prop::sample::select(vec![EntryKind::User, EntryKind::Issuer]),
        began in NOW..NOW + 3 * S, cutoff in NOW..NOW + 3 * S, leeway in 0_i64..=300,
        iat in maybe(instant()),
    ) {
        let claims = Claims {
            subject: Some("alice".to_owned()),
            issued_at: iat,
            ..Claims::default()
        };
        let session = OwnSession { began, authenticated_at: None, has_ended: false, ends_at: None };
        let mut judge = Judge::new(&claims, NOW, leeway);
        judge.session(Some(&session));
        judge.entry(&cut_off(kind, cutoff));
        prop_assert_eq!(judge.verdict().reason.is_some(), began <= cutoff);
    }
}

fn cut_off(kind: EntryKind, at: i64) -> Entry<'static> {
    Entry {
        kind,
        issuer: None,
        client: None,
        blocked: false,
        blocked_until: None,
        issued_before: Some(at),
        include_keys: false,
    }
}
