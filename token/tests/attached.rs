//! What rows of attached tables say: each rule both ways.

use authguard_token::{
    Claims, Entry, EntryKind, Judge, RevocationReason, SessionRow, UserRow, Verdict, is_flag_set,
    parse_number,
};

const S: i64 = 1_000_000;
const NOW: i64 = 1_700_000_000 * S;
const NEVER: i64 = i64::MAX;

const FINE: UserRow = UserRow {
    deleted: false,
    banned_until: None,
    access_revoked: false,
};

fn claims() -> Claims {
    Claims {
        subject: Some("alice".into()),
        issued_at: Some(NOW),
        ..Claims::default()
    }
}

fn judge(weigh: impl FnOnce(&mut Judge<'_>), now: i64) -> Verdict {
    let claims = claims();
    let mut judge = Judge::new(&claims, now, 30);
    weigh(&mut judge);
    judge.verdict()
}

fn verdict(reason: Option<RevocationReason>, valid_until: i64) -> Verdict {
    Verdict {
        reason,
        valid_until,
        missed: false,
    }
}

#[test]
fn a_user_without_a_row_is_deleted_until_one_appears() {
    let missed = Verdict {
        missed: true,
        ..verdict(Some(RevocationReason::UserDeleted), NEVER)
    };
    assert_eq!(judge(|judge| judge.user_row(None), NOW), missed);
    // Another table that has the user changes nothing.
    let both = |judge: &mut Judge<'_>| {
        judge.user_row(Some(&FINE));
        judge.user_row(None);
    };
    assert_eq!(judge(both, NOW), missed);
    assert_eq!(
        judge(|judge| judge.user_row(Some(&FINE)), NOW),
        verdict(None, NEVER)
    );
}

#[test]
fn a_user_with_one_row_may_get_another_under_another_spelling() {
    let found = |judge: &mut Judge<'_>| {
        judge.user_row(Some(&FINE));
        judge.may_appear();
    };
    let missed = Verdict {
        missed: true,
        ..verdict(None, NEVER)
    };
    assert_eq!(judge(found, NOW), missed);
}

#[test]
fn a_ban_ends_by_time_alone_at_its_instant() {
    let banned = |until| UserRow {
        banned_until: Some(until),
        ..FINE
    };
    let at = |until, now| judge(|judge| judge.user_row(Some(&banned(until))), now);
    let shut = Some(RevocationReason::UserBanned);
    assert_eq!(at(NOW, NOW - 1), verdict(shut, NOW));
    assert_eq!(at(NOW, NOW), verdict(None, NEVER));
    assert_eq!(at(i64::MAX, NOW), verdict(shut, NEVER));
    assert_eq!(at(i64::MIN, NOW), verdict(None, NEVER));
}

#[test]
fn of_what_a_row_says_the_first_reason_in_precedence_is_given() {
    let all = UserRow {
        deleted: true,
        banned_until: Some(i64::MAX),
        access_revoked: true,
    };
    let reason = |row: UserRow| judge(|judge| judge.user_row(Some(&row)), NOW).reason;
    assert_eq!(reason(all), Some(RevocationReason::User));
    let unflagged = UserRow {
        access_revoked: false,
        ..all
    };
    assert_eq!(reason(unflagged), Some(RevocationReason::UserDeleted));
    let banned = UserRow {
        deleted: false,
        ..unflagged
    };
    assert_eq!(reason(banned), Some(RevocationReason::UserBanned));
}

#[test]
fn a_session_ends_when_its_row_is_gone_or_past_its_time() {
    let row = |not_after| {
        judge(
            |judge| judge.session_row(Some(&SessionRow { not_after })),
            NOW,
        )
    };
    assert_eq!(row(None), verdict(None, NEVER));
    assert_eq!(row(Some(NOW + 1)), verdict(None, NOW + 1));
    assert_eq!(
        row(Some(NOW)),
        verdict(Some(RevocationReason::SessionExpired), NEVER)
    );
    let gone = judge(|judge| judge.session_row(None), NOW);
    assert_eq!(gone.reason, Some(RevocationReason::SessionEnded));
    assert!(gone.missed);
}

#[test]
fn a_table_that_cannot_be_read_shuts_out_and_one_that_does_not_tell_is_asked_each_time() {
    let broken = judge(|judge| judge.broken_source(), NOW);
    assert_eq!(broken.reason, Some(RevocationReason::SourceBroken));
    let unseen = |judge: &mut Judge<'_>| {
        judge.changes_unseen();
        judge.user_row(Some(&FINE));
    };
    assert_eq!(judge(unseen, NOW), verdict(None, i64::MIN));
}

#[test]
fn changed_claims_make_tokens_stale_that_are_of_that_second_or_older() {
    let changed = |at| Entry {
        kind: EntryKind::Claims,
        issuer: None,
        client: None,
        blocked: false,
        blocked_until: None,
        issued_before: Some(at),
        include_keys: false,
    };
    let reason = |at| judge(|judge| judge.entry(&changed(at)), NOW).reason;
    // The clock of the issuer may be ahead by the leeway.
    assert_eq!(reason(NOW - 30 * S - 1), None);
    assert_eq!(reason(NOW - 30 * S), Some(RevocationReason::ClaimsStale));
    assert_eq!(reason(NOW), Some(RevocationReason::ClaimsStale));
    assert_eq!(reason(NOW + S), Some(RevocationReason::ClaimsStale));
    // An `iat` with a fraction is of its second, whichever of the two was first.
    let late = Claims {
        issued_at: Some(NOW + S - 1),
        ..claims()
    };
    let mut judge_late = Judge::new(&late, NOW, 30);
    judge_late.entry(&changed(NOW));
    assert_eq!(
        judge_late.verdict().reason,
        Some(RevocationReason::ClaimsStale)
    );
    let nothing = Entry {
        issued_before: None,
        ..changed(NOW)
    };
    assert_eq!(judge(|judge| judge.entry(&nothing), NOW).reason, None);
}

#[test]
fn a_flag_is_set_unless_it_plainly_is_not() {
    for json in [
        "null",
        "false",
        "0",
        "-0",
        "0.0",
        "0e7",
        "\"false\"",
        " false ",
    ] {
        assert!(!is_flag_set(json), "{json}");
    }
    for json in [
        "true", "1", "\"\"", "\"0\"", "\"no\"", "[]", "{}", "", "1e999", "fals",
    ] {
        assert!(is_flag_set(json), "{json}");
    }
}

#[test]
fn a_number_has_one_spelling() {
    for number in [0, 1, -1, 42, i64::MAX, i64::MIN] {
        assert_eq!(parse_number(&number.to_string()), Some(number));
    }
    for text in [
        "",
        "-",
        "+1",
        "01",
        "-0",
        "00",
        " 1",
        "1 ",
        "1.0",
        "1e0",
        "0x1",
        "1_000",
        "١",
        "9223372036854775808",
        "-9223372036854775809",
    ] {
        assert_eq!(parse_number(text), None, "{text}");
    }
}
