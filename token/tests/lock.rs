//! The numbers of locks.

use authguard_token::lock_number;

#[test]
fn a_number_depends_on_the_name_and_the_secret() {
    let number = lock_number(b"secret", b"costarring");
    assert_eq!(number, lock_number(b"secret", b"costarring"));
    assert_ne!(number, lock_number(b"other", b"costarring"));
    // These have one hash FNV-1a.
    assert_ne!(number, lock_number(b"secret", b"liquid"));
}
