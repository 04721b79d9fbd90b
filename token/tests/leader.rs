//! What the leader of a parallel query tells its workers is read as written, and nothing else is.

use authguard_token::{ClaimNames, LeaderDecision, RevocationReason, leader_fingerprint};

fn decision() -> LeaderDecision {
    LeaderDecision {
        statement: 1_700_000_000_000_000,
        fingerprint: leader_fingerprint(true, b"a.b.c"),
        accepted: true,
        user: None,
        reason: None,
        authenticated_at: None,
        names: None,
    }
}

#[test]
fn a_decision_is_read_as_it_was_written() {
    let mut decision = decision();
    let check = |decision: &LeaderDecision| {
        assert_eq!(
            LeaderDecision::parse(&decision.to_string()).as_ref(),
            Some(decision)
        );
    };
    check(&decision);
    decision.user = Some([7; 16]);
    decision.authenticated_at = Some(-5);
    decision.accepted = false;
    for reason in RevocationReason::ALL {
        decision.reason = Some(reason);
        check(&decision);
    }
    let names = r#"{"roles":"/a claim/é","org_id":["x y","-"]}"#;
    for preset in [None, Some("keycloak")] {
        decision.names = ClaimNames::new(preset, Some(names)).unwrap();
        assert!(decision.names.is_some());
        check(&decision);
    }
}

#[test]
fn nothing_else_is_read_as_a_decision() {
    let text = decision().to_string();
    let longer = format!("{text} -");
    let words: Vec<&str> = text.split(' ').collect();
    for place in 0..words.len() {
        let mut other = words.clone();
        other[place] = "é";
        assert_eq!(LeaderDecision::parse(&other.join(" ")), None, "{place}");
        other.remove(place);
        assert_eq!(LeaderDecision::parse(&other.join(" ")), None, "{place}");
    }
    for text in ["", " ", longer.as_str()] {
        assert_eq!(LeaderDecision::parse(text), None, "{text}");
    }
}

#[test]
fn a_token_and_claims_of_the_same_text_differ() {
    let text = b"{}";
    assert_ne!(
        leader_fingerprint(true, text),
        leader_fingerprint(false, text)
    );
    assert_ne!(
        leader_fingerprint(true, text),
        leader_fingerprint(true, b"{} ")
    );
}
