//! The rules of the design, written a second time: as a list from which the first that applies is
//! taken, over integers that cannot overflow.

use authguard_token::refresh::{
    Answer, Change, EndReason, Ended, RefreshDecision, RefreshSettings, RefreshState,
};

/// What there is to know, in plain numbers.
struct Facts {
    distance: i128,
    age: i128,
    window: i128,
    end: i128,
    now: i128,
}

const NEVER: i128 = i128::MAX;

pub fn decide(
    row: &RefreshState,
    counter: u64,
    now: i64,
    settings: &RefreshSettings,
) -> RefreshDecision {
    let facts = Facts {
        distance: i128::from(row.counter) - i128::from(counter),
        age: i128::from(now) - i128::from(row.rotated_at),
        window: i128::from(settings.reuse_interval) * 1_000_000,
        end: end(row, settings),
        now: now.into(),
    };
    let in_window = facts.window > 0 && facts.age < facts.window;
    let is_parent = facts.distance == 1;
    let is_step_up = is_parent && row.stepped_up_from == Some(row.counter - 1);
    let spent = u64::from(row.reuse_count) >= u64::from(settings.reuse_limit);
    let rules = [
        (row.ended == Some(Ended::Revoked), "dead", Change::None),
        (row.ended == Some(Ended::Expired), "late", Change::None),
        (facts.now >= facts.end, "late", stop(EndReason::Expired)),
        (facts.distance < 0, "lost", stop(EndReason::StateLost)),
        (
            facts.distance == 0 && settings.rotation_enabled,
            "good",
            Change::Rotate {
                counter: row.counter.wrapping_add(1),
                at: now,
            },
        ),
        (facts.distance == 0, "good", Change::Refresh { at: now }),
        (is_step_up && in_window, "step", Change::None),
        (
            is_parent && in_window && !spent,
            "same",
            Change::CountReuse {
                reuse_count: row.reuse_count.wrapping_add(1),
            },
        ),
        (true, "theft", stop(EndReason::Reuse)),
    ];
    let (_, word, change) = rules.into_iter().find(|(applies, ..)| *applies).unwrap();
    let answer = match word {
        "dead" => Answer::SessionRevoked,
        "late" => Answer::SessionExpired,
        "lost" => Answer::StateLost,
        "good" => Answer::Ok,
        "step" => Answer::SteppedUp,
        "same" => Answer::Reused,
        _ => Answer::AlreadyUsed,
    };
    RefreshDecision { answer, change }
}

fn end(row: &RefreshState, settings: &RefreshSettings) -> i128 {
    let mut end = row.not_after.map_or(NEVER, i128::from);
    if settings.timebox > 0 {
        end = end.min(i128::from(row.created_at) + i128::from(settings.timebox) * 1_000_000);
    }
    if settings.inactivity_timeout > 0 {
        let idle = i128::from(settings.inactivity_timeout) * 1_000_000;
        end = end.min(i128::from(row.refreshed_at) + idle);
    }
    // Times are saturated: the end of the range is an instant too.
    if end == NEVER {
        end
    } else {
        end.min(i64::MAX.into())
    }
}

fn stop(reason: EndReason) -> Change {
    Change::End { reason }
}
