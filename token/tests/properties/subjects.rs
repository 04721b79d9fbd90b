//! Of any issuers that are trusted in any order: what may be trusted side by side does not depend
//! on the order.

use authguard_token::Subjects;
use proptest::prelude::*;

/// An issuer with a namespace out of two, or none.
fn subjects() -> impl Strategy<Value = Subjects> {
    let namespace = prop_oneof![Just(None), Just(Some([1; 16])), Just(Some([2; 16]))];
    (namespace, any::<bool>(), any::<bool>()).prop_map(|(namespace, shared, is_local)| Subjects {
        namespace,
        shared,
        is_local,
    })
}

/// The issuers that are trusted if they are asked about in this order, by their number.
fn trusted(asked: &[(usize, Subjects)]) -> Result<Vec<usize>, usize> {
    let mut trusted: Vec<&(usize, Subjects)> = Vec::new();
    for entry in asked {
        if trusted.iter().any(|other| entry.1.clash(&other.1)) {
            return Err(entry.0);
        }
        trusted.push(entry);
    }
    Ok(trusted.iter().map(|entry| entry.0).collect())
}

proptest! {
    #[test]
    fn the_order_of_two_issuers_decides_nothing(a in subjects(), b in subjects()) {
        prop_assert_eq!(a.clash(&b), b.clash(&a));
    }

    #[test]
    fn the_order_in_which_issuers_are_trusted_decides_nothing(
        issuers in prop::collection::vec(subjects(), 0..6),
        seed: u64,
    ) {
        let first: Vec<_> = issuers.into_iter().enumerate().collect();
        let mut second = first.clone();
        second.sort_by_key(|(number, _)| seed.rotate_left(7 * *number as u32) % 1_009);
        prop_assert_eq!(trusted(&first).is_ok(), trusted(&second).is_ok());
    }

    #[test]
    fn an_issuer_speaks_for_the_local_users_only_if_it_says_so(
        other in subjects(),
        local_shares: bool,
    ) {
        let local = Subjects { namespace: None, shared: local_shares, is_local: true };
        let may = !local.clash(&other);
        let says_so = other.is_local || other.shared || other.namespace.is_some();
        prop_assert_eq!(may, says_so);
    }
}
