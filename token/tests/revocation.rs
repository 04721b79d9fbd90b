//! The decision: each rule both ways.

use authguard_token::{
    Claims, Entry, EntryKind, Judge, MAX_LEEWAY_SECONDS, OwnSession, RevocationReason, Verdict,
    expired, expiry_with_leeway, latest_expiry,
};

const S: i64 = 1_000_000;
const NOW: i64 = 1_700_000_000 * S;
const NEVER: i64 = i64::MAX;
const LEEWAY: i64 = 30;

/// An entry that by itself revokes nothing of a user or an issuer.
fn entry(kind: EntryKind) -> Entry<'static> {
    Entry {
        kind,
        issuer: None,
        client: None,
        blocked: false,
        blocked_until: None,
        issued_before: None,
        include_keys: false,
    }
}

fn blocked(until: Option<i64>) -> Entry<'static> {
    Entry {
        blocked: true,
        blocked_until: until,
        ..entry(EntryKind::User)
    }
}

fn cut_off(kind: EntryKind, at: i64) -> Entry<'static> {
    Entry {
        issued_before: Some(at),
        ..entry(kind)
    }
}

fn alice() -> Claims {
    Claims {
        subject: Some("alice".into()),
        issued_at: Some(NOW - 60 * S),
        ..Claims::default()
    }
}

fn judge(claims: &Claims, entries: &[Entry<'_>], now: i64) -> Verdict {
    let mut judge = Judge::new(claims, now, LEEWAY);
    entries.iter().for_each(|entry| judge.entry(entry));
    judge.verdict()
}

fn reason(claims: &Claims, entries: &[Entry<'_>]) -> Option<RevocationReason> {
    judge(claims, entries, NOW).reason
}

#[test]
fn without_entries_and_exp_nothing_is_revoked_for_ever() {
    assert_eq!(
        judge(&alice(), &[], NOW),
        Verdict {
            reason: None,
            valid_until: NEVER,
            missed: false,
        }
    );
    assert_eq!(reason(&Claims::default(), &[]), None);
}

#[test]
fn a_token_expires_at_exp_plus_leeway_exactly() {
    let claims = Claims {
        expires_at: Some(NOW),
        ..alice()
    };
    let end = NOW + LEEWAY * S;
    assert_eq!(expired(&claims, end - 1, LEEWAY), Some(false));
    assert_eq!(expired(&claims, end, LEEWAY), Some(true));
    assert_eq!(expired(&alice(), end, LEEWAY), None);
    assert_eq!(
        judge(&claims, &[], end - 1),
        Verdict {
            reason: None,
            valid_until: end,
            missed: false,
        }
    );
    assert_eq!(
        judge(&claims, &[], end),
        Verdict {
            reason: Some(RevocationReason::Expired),
            valid_until: NEVER,
            missed: false,
        }
    );
}

#[test]
fn times_at_the_ends_of_the_range_are_saturated() {
    let at = |exp| Claims {
        expires_at: Some(exp),
        ..alice()
    };
    assert_eq!(expired(&at(NEVER), NOW, i64::MAX), Some(false));
    assert_eq!(expired(&at(i64::MIN), i64::MIN, 0), Some(true));
    assert_eq!(expired(&at(i64::MIN), NOW, i64::MIN), Some(true));
    assert_eq!(judge(&at(NEVER), &[], NOW).valid_until, NEVER);
}

#[test]
fn the_claim_revokes_until_the_token_expires() {
    let claims = Claims {
        access_revoked: true,
        expires_at: Some(NOW),
        ..alice()
    };
    let expected = Verdict {
        reason: Some(RevocationReason::Claim),
        valid_until: NOW + LEEWAY * S,
        missed: false,
    };
    assert_eq!(judge(&claims, &[], NOW), expected);
}

#[test]
fn entries_of_token_and_session_need_nothing_but_the_issuer() {
    assert_eq!(
        reason(&alice(), &[entry(EntryKind::Token)]),
        Some(RevocationReason::Token)
    );
    assert_eq!(
        reason(&alice(), &[entry(EntryKind::Session)]),
        Some(RevocationReason::Session)
    );
    assert_eq!(reason(&alice(), &[entry(EntryKind::User)]), None);
    assert_eq!(reason(&alice(), &[entry(EntryKind::Issuer)]), None);
}

#[test]
fn an_entry_covers_every_issuer_or_one_or_tokens_without() {
    let of = |issuer: Option<&str>| Claims {
        issuer: issuer.map(str::to_owned),
        ..alice()
    };
    for (entry_issuer, token_issuer, covers) in [
        (None, None, true),
        (None, Some("a"), true),
        (Some(""), None, true),
        (Some(""), Some("a"), false),
        (Some("a"), Some("a"), true),
        (Some("a"), Some("A"), false),
        (Some("a"), Some("ab"), false),
        (Some("a"), None, false),
    ] {
        for kind in EntryKind::ALL {
            let entry = Entry {
                issuer: entry_issuer,
                blocked: true,
                ..cut_off(kind, NOW)
            };
            let found = reason(&of(token_issuer), &[entry]).is_some();
            assert_eq!(found, covers, "{kind:?} {entry_issuer:?} {token_issuer:?}");
        }
    }
}

#[test]
fn a_client_is_shut_out_until_it_is_restored_and_its_earlier_tokens_for_good() {
    let client = Some(RevocationReason::Client);
    for kind in [EntryKind::Client, EntryKind::Grant] {
        let revoked = Entry {
            blocked: true,
            ..cut_off(kind, NOW)
        };
        let restored = Entry {
            blocked: false,
            ..revoked
        };
        let of = |issued| Claims {
            issued_at: Some(issued),
            ..alice()
        };
        for issued in [NOW - S, NOW, NOW + 60 * S] {
            assert_eq!(reason(&of(issued), &[revoked]), client, "{kind:?}");
        }
        assert_eq!(reason(&of(NOW), &[restored]), client, "{kind:?}");
        assert_eq!(reason(&of(NOW + 60 * S), &[restored]), None, "{kind:?}");
        assert_eq!(reason(&alice(), &[entry(kind)]), None, "{kind:?}");
    }
}

#[test]
fn a_grant_is_that_of_one_client() {
    let of = |client: Option<&str>| Claims {
        client: client.map(str::to_owned),
        ..alice()
    };
    let grant = |client| Entry {
        client,
        blocked: true,
        ..entry(EntryKind::Grant)
    };
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    for (revoked, client, covers) in [
        (Some("app"), Some("app"), true),
        (Some("app"), Some("App"), false),
        (Some("app"), Some("apps"), false),
        (Some("app"), None, false),
        (Some(uuid), Some("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"), true),
        // A row without a client, which no function writes, covers all.
        (None, Some("app"), true),
        (None, None, true),
    ] {
        let found = reason(&of(client), &[grant(revoked)]).is_some();
        assert_eq!(found, covers, "{revoked:?} {client:?}");
    }
    let two = Claims {
        other_clients: vec!["agent".to_owned()],
        ..of(Some("app"))
    };
    for (revoked, covers) in [("app", true), ("agent", true), ("other", false)] {
        assert_eq!(reason(&two, &[grant(Some(revoked))]).is_some(), covers);
    }
}

#[test]
fn a_block_shuts_the_user_out_until_it_ends() {
    let user = |valid_until| Verdict {
        reason: Some(RevocationReason::User),
        valid_until,
        missed: false,
    };
    assert_eq!(judge(&alice(), &[blocked(None)], NOW), user(NEVER));
    assert_eq!(
        judge(&alice(), &[blocked(Some(NOW + 1))], NOW),
        user(NOW + 1)
    );
    let over = Verdict {
        reason: None,
        valid_until: NEVER,
        missed: false,
    };
    assert_eq!(judge(&alice(), &[blocked(Some(NOW))], NOW), over);
    // Not blocked: the rest of a lifted block says nothing.
    let lifted = Entry {
        blocked: false,
        ..blocked(Some(NOW + S))
    };
    assert_eq!(judge(&alice(), &[lifted], NOW), over);
    // Another issuer's user: neither the block nor its end counts.
    let other = Entry {
        issuer: Some("b"),
        ..blocked(Some(NOW + S))
    };
    assert_eq!(judge(&alice(), &[other], NOW), over);
}

#[test]
fn the_verdict_holds_until_the_first_of_exp_and_the_blocks() {
    let claims = Claims {
        expires_at: Some(NOW),
        ..alice()
    };
    let end = NOW + LEEWAY * S;
    let until = |at| blocked(Some(NOW + at));
    assert_eq!(
        judge(&claims, &[until(20 * S), until(10 * S), until(-S)], NOW).valid_until,
        NOW + 10 * S
    );
    assert_eq!(judge(&claims, &[until(40 * S)], NOW).valid_until, end);
}

#[test]
fn a_cut_off_covers_its_whole_second_and_all_before() {
    for kind in [
        EntryKind::User,
        EntryKind::Claims,
        EntryKind::Issuer,
        EntryKind::Client,
        EntryKind::Grant,
    ] {
        let at = |iat, cutoff| {
            let claims = Claims {
                issued_at: Some(iat),
                ..alice()
            };
            let mut judge = Judge::new(&claims, NOW, LEEWAY);
            judge.narrow_skew(0);
            judge.entry(&cut_off(kind, cutoff));
            judge.verdict().reason.is_some()
        };
        assert!(at(NOW - 1, NOW));
        assert!(at(NOW, NOW));
        assert!(at(NOW, NOW + S - 1));
        assert!(at(NOW + S - 1, NOW), "same second, though later");
        assert!(!at(NOW + S, NOW + S - 1));
        assert!(
            at(-S - 1, -S - 1) && at(-1, -S) && !at(0, -1),
            "also before 1970"
        );
    }
}

#[test]
fn the_clock_of_an_issuer_may_be_ahead_by_the_leeway_or_less() {
    for kind in [
        EntryKind::User,
        EntryKind::Claims,
        EntryKind::Issuer,
        EntryKind::Client,
        EntryKind::Grant,
    ] {
        let covers = |seconds: i64, leeway, narrowed: Option<i64>| {
            let claims = Claims {
                issued_at: Some(NOW + seconds * S + S - 1),
                ..alice()
            };
            let mut judge = Judge::new(&claims, NOW, leeway);
            if let Some(narrowed) = narrowed {
                judge.narrow_skew(narrowed);
            }
            judge.entry(&cut_off(kind, NOW));
            let depends = judge.depends_on_skew();
            let covers = judge.verdict().reason.is_some();
            assert_eq!(depends, covers && seconds > 0, "{kind:?} {seconds}");
            covers
        };
        assert!(covers(20, 30, None) && covers(30, 30, None) && !covers(31, 30, None));
        assert!(covers(5, 30, Some(5)) && !covers(6, 30, Some(5)));
        assert!(covers(0, 30, Some(0)) && !covers(1, 30, Some(0)));
        // Never more than the leeway, nor less than nothing.
        assert!(!covers(31, 30, Some(300)) && covers(0, 30, Some(-1)));
        assert!(covers(300, 9999, None) && !covers(301, 9999, None));
    }
}

#[test]
fn a_block_and_a_cut_off_are_two_reasons() {
    let both = Entry {
        issued_before: Some(NOW),
        ..blocked(Some(NOW + S))
    };
    assert_eq!(
        judge(&alice(), &[both], NOW).reason,
        Some(RevocationReason::User)
    );
    // The end of the block, or a restore, leaves the cut-off.
    assert_eq!(
        judge(&alice(), &[both], NOW + S).reason,
        Some(RevocationReason::UserCutOff)
    );
    let restored = Entry {
        blocked: false,
        blocked_until: None,
        ..both
    };
    assert_eq!(
        reason(&alice(), &[restored]),
        Some(RevocationReason::UserCutOff)
    );
}

#[test]
fn a_token_that_does_not_say_when_it_was_issued_fails_closed() {
    let claims = Claims {
        issued_at: None,
        ..alice()
    };
    assert_eq!(
        reason(&claims, &[cut_off(EntryKind::User, 0)]),
        Some(RevocationReason::UserCutOff)
    );
    assert_eq!(
        reason(&claims, &[cut_off(EntryKind::Issuer, 0)]),
        Some(RevocationReason::IssuerCutOff)
    );
    assert_eq!(
        reason(&claims, &[entry(EntryKind::User), entry(EntryKind::Issuer)]),
        None
    );
}

#[test]
fn a_cut_off_of_an_issuer_leaves_service_keys_alone_unless_told() {
    let key = Claims {
        subject: None,
        ..alice()
    };
    let session = Claims {
        session: Some("s".to_owned()),
        ..key.clone()
    };
    let spare = cut_off(EntryKind::Issuer, NOW);
    let all = Entry {
        include_keys: true,
        ..spare
    };
    assert_eq!(reason(&key, &[spare]), None);
    assert_eq!(
        reason(
            &Claims {
                issued_at: None,
                ..key.clone()
            },
            &[spare]
        ),
        None
    );
    assert_eq!(reason(&key, &[all]), Some(RevocationReason::IssuerCutOff));
    assert_eq!(
        reason(&session, &[spare]),
        Some(RevocationReason::IssuerCutOff)
    );
    assert_eq!(
        reason(&alice(), &[spare]),
        Some(RevocationReason::IssuerCutOff)
    );
}

#[test]
fn the_first_reason_in_precedence_is_given_in_any_order() {
    let entries = [
        entry(EntryKind::Token),
        entry(EntryKind::Session),
        blocked(None),
        cut_off(EntryKind::Issuer, NOW),
        cut_off(EntryKind::Client, NOW),
    ];
    let reasons = [
        RevocationReason::Token,
        RevocationReason::Session,
        RevocationReason::User,
        RevocationReason::IssuerCutOff,
        RevocationReason::Client,
    ];
    for (first, expected) in reasons.into_iter().enumerate() {
        let mut some = entries[first..].to_vec();
        assert_eq!(reason(&alice(), &some), Some(expected));
        some.reverse();
        assert_eq!(reason(&alice(), &some), Some(expected));
    }
    let claim = Claims {
        access_revoked: true,
        ..alice()
    };
    assert_eq!(reason(&claim, &entries), Some(RevocationReason::Claim));
    let past = Claims {
        expires_at: Some(0),
        ..claim
    };
    assert_eq!(reason(&past, &entries), Some(RevocationReason::Expired));
}

/// A session that began a microsecond after `NOW`'s second did, and has no end.
const LIVE: OwnSession = OwnSession {
    began: NOW + 1,
    authenticated_at: None,
    has_ended: false,
    ends_at: None,
};

fn of_session(session: Option<OwnSession>, entries: &[Entry<'_>], now: i64) -> Verdict {
    let claims = Claims {
        issued_at: Some(NOW),
        ..alice()
    };
    let mut judge = Judge::new(&claims, now, LEEWAY);
    judge.session(session.as_ref());
    entries.iter().for_each(|entry| judge.entry(entry));
    judge.verdict()
}

#[test]
fn a_session_of_our_own_is_judged_by_its_row() {
    let ends = |at| OwnSession {
        ends_at: Some(at),
        ..LIVE
    };
    let ended = OwnSession {
        has_ended: true,
        ..LIVE
    };
    for (session, now, reason, until) in [
        (Some(LIVE), NOW + 2, None, NEVER),
        (None, NOW + 2, Some(RevocationReason::SessionEnded), NEVER),
        (
            Some(ended),
            NOW + 2,
            Some(RevocationReason::SessionEnded),
            NEVER,
        ),
        (Some(ends(NOW + 9)), NOW + 8, None, NOW + 9),
        (
            Some(ends(NOW + 9)),
            NOW + 9,
            Some(RevocationReason::SessionExpired),
            NEVER,
        ),
    ] {
        let expected = Verdict {
            reason,
            valid_until: until,
            missed: session.is_none(),
        };
        assert_eq!(of_session(session, &[], now), expected, "{session:?}");
    }
}

#[test]
fn a_session_that_began_after_a_cut_off_wins_within_the_same_second() {
    for kind in [EntryKind::User, EntryKind::Issuer] {
        let reason = of_session(Some(LIVE), &[cut_off(kind, NOW)], NOW + 2).reason;
        assert_eq!(reason, None, "{kind:?}");
        let reason = of_session(Some(LIVE), &[cut_off(kind, NOW + 1)], NOW + 2).reason;
        assert!(reason.is_some(), "{kind:?}");
        // A token that was refreshed while the cut-off was on its way is of the session, too.
        let refreshed = Claims {
            issued_at: Some(NOW + 9 * S),
            ..alice()
        };
        let mut judge = Judge::new(&refreshed, NOW + 9 * S, LEEWAY);
        judge.session(Some(&LIVE));
        judge.entry(&cut_off(kind, NOW + 1));
        assert!(judge.verdict().reason.is_some(), "{kind:?}");
    }
    // Not over a block, and not over an entry of its own.
    for entry in [
        blocked(None),
        entry(EntryKind::Session),
        entry(EntryKind::Token),
    ] {
        assert!(of_session(Some(LIVE), &[entry], NOW + 2).reason.is_some());
    }
}

#[test]
fn a_later_proof_wins_over_a_cut_off_of_the_user_and_of_nobody_else() {
    let proved = |at| OwnSession {
        authenticated_at: Some(at),
        ..LIVE
    };
    let reason =
        |session, kind| of_session(Some(session), &[cut_off(kind, NOW + 5)], NOW + 9).reason;
    assert_eq!(reason(proved(NOW + 6), EntryKind::User), None);
    assert_eq!(
        reason(proved(NOW + 5), EntryKind::User),
        Some(RevocationReason::UserCutOff)
    );
    assert_eq!(
        reason(proved(NOW + 6), EntryKind::Issuer),
        Some(RevocationReason::IssuerCutOff)
    );
    // A row whose proof is older than its begin is as good as its begin.
    let early = of_session(Some(proved(0)), &[cut_off(EntryKind::User, NOW)], NOW + 9);
    assert_eq!(early.reason, None);
    let blocked = of_session(Some(proved(NOW + 6)), &[blocked(None)], NOW + 9);
    assert_eq!(blocked.reason, Some(RevocationReason::User));
}

#[test]
fn the_words_are_those_of_the_sql_surface() {
    assert_eq!(
        EntryKind::ALL.map(EntryKind::as_str),
        [
            "token", "session", "user", "claims", "issuer", "client", "grant"
        ]
    );
    let reasons = [
        RevocationReason::Refused,
        RevocationReason::Expired,
        RevocationReason::Claim,
        RevocationReason::Token,
        RevocationReason::Session,
        RevocationReason::SessionEnded,
        RevocationReason::SessionExpired,
        RevocationReason::User,
        RevocationReason::UserCutOff,
        RevocationReason::UserDeleted,
        RevocationReason::UserBanned,
        RevocationReason::ClaimsStale,
        RevocationReason::IssuerCutOff,
        RevocationReason::Client,
        RevocationReason::SourceBroken,
    ];
    assert!(reasons.is_sorted(), "the order is the precedence");
    let words = [
        "refused",
        "expired",
        "claim",
        "token",
        "session",
        "session_ended",
        "session_expired",
        "user",
        "user_cut_off",
        "user_deleted",
        "user_banned",
        "claims_stale",
        "issuer_cut_off",
        "client",
        "source_broken",
    ];
    assert_eq!(reasons.map(RevocationReason::as_str), words);
}

#[test]
fn a_block_ends_at_its_instant_and_a_cut_off_covers_its_own() {
    let entry = Entry {
        blocked: true,
        blocked_until: Some(10 * S),
        issued_before: Some(10 * S + 1),
        ..entry(EntryKind::User)
    };
    assert!(entry.blocks(10 * S - 1) && !entry.blocks(10 * S));
    let for_ever = Entry {
        blocked_until: None,
        ..entry
    };
    assert!(for_ever.blocks(i64::MAX));
    let lifted = Entry {
        blocked: false,
        ..for_ever
    };
    assert!(!lifted.blocks(0));

    // A row knows microseconds, a token whole seconds.
    assert!(entry.cuts_off(10 * S + 1) && !entry.cuts_off(10 * S + 2));
    assert!(entry.cuts_off_token(Some(11 * S - 1), 0));
    assert!(!entry.cuts_off_token(Some(11 * S), 0));
    assert!(entry.cuts_off_token(None, 0));
    let no_cut_off = Entry {
        issued_before: None,
        ..entry
    };
    assert!(!no_cut_off.cuts_off(i64::MIN) && !no_cut_off.cuts_off_token(None, 0));
}

#[test]
fn an_entry_is_kept_for_the_longest_life_and_the_greatest_leeway() {
    let leeway = MAX_LEEWAY_SECONDS * S;
    assert_eq!(expiry_with_leeway(0), leeway);
    assert_eq!(expiry_with_leeway(i64::MAX), i64::MAX);
    // A token that exists may be dated ahead by the leeway, and is accepted for another one.
    assert_eq!(latest_expiry(5, 3600), Some(5 + 3600 * S + 2 * leeway));
    assert_eq!(latest_expiry(5, 0), None);
    assert_eq!(latest_expiry(i64::MAX, u32::MAX), Some(i64::MAX));
}
