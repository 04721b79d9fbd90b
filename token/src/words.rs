//! Lists of words: each value of an enum has one word, which tables, functions and pages use.
//!
//! A test over the wire compares the lists here with the CHECK constraints, the comments and the
//! pages that name them, so that a new word is written here first and missed nowhere.

/// Declares an enum in which each value has a word.
macro_rules! word_list {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $($(#[$of:meta])* $value:ident = $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $($(#[$of])* $value,)+ }

        impl $name {
            /// All values, in the order of declaration.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$value),+];

            /// Returns the word of the value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// Returns the value of a word, compared byte by byte; `None` if the list lacks it.
            pub fn from_name(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == word)
            }

            /// Returns the words as a message lists them: `a, b or c`.
            pub fn listed() -> String {
                let words = Self::ALL.map(Self::as_str);
                match words.split_last() {
                    Some((last, [])) => (*last).to_owned(),
                    Some((last, others)) => format!("{} or {last}", others.join(", ")),
                    None => String::new(),
                }
            }
        }
    };
}

pub(crate) use word_list;

word_list! {
    /// Claim `aal`: the authenticator assurance level (NIST SP 800-63B). A later one is higher.
    pub enum Aal {
        /// One factor.
        Aal1 = "aal1",
        /// Two factors.
        Aal2 = "aal2",
        /// Two factors, one of them a key in hardware.
        Aal3 = "aal3",
    }
}

word_list! {
    /// The column `status` of `authguard.key`.
    pub enum KeyStatus {
        /// Verifies; if the key is the local issuer's, it also signs.
        Active = "active",
        /// Verifies, and signs no more.
        Retiring = "retiring",
        /// Verifies nothing.
        Revoked = "revoked",
    }
}

word_list! {
    /// The column `kind` of `authguard.attached`: what the rows of an attached table are.
    pub enum AttachedKind {
        /// Users.
        Users = "users",
        /// Sessions.
        Sessions = "sessions",
    }
}

word_list! {
    /// The argument `scope` of `auth.sign_out`.
    pub enum SignOutScope {
        /// Every session of the user.
        Global = "global",
        /// The session of the current token.
        Local = "local",
        /// Every session of the user but that of the current token.
        Others = "others",
    }
}

word_list! {
    /// The column `source` of `auth.whoami()`: where the current token comes from.
    pub enum WhoamiSource {
        /// There is no token.
        None = "none",
        /// A gateway set its claims in `request.jwt.claims`.
        Gateway = "gateway",
        /// `authguard.jwt` holds it.
        Token = "token",
        /// The connection has logged in with it, from Postgres 18 on.
        Login = "login",
    }
}

word_list! {
    /// The column `status` of `auth.whoami()`.
    pub enum WhoamiStatus {
        /// There is no token.
        Absent = "absent",
        /// The token is live.
        Accepted = "accepted",
        /// The token or its claims are refused.
        Refused = "refused",
        /// The token is past `exp` plus leeway.
        Expired = "expired",
        /// The token is revoked.
        Revoked = "revoked",
    }
}

impl AttachedKind {
    /// Returns the kind of a row's word. Any other word counts as users, whom it then shuts out.
    pub fn of_row(word: &str) -> Self {
        Self::from_name(word).unwrap_or(Self::Users)
    }
}

impl KeyStatus {
    /// Returns the status of a row's word. Any other word counts as revoked.
    pub fn of_row(word: &str) -> Self {
        Self::from_name(word).unwrap_or(Self::Revoked)
    }
}

#[cfg(test)]
mod tests {
    use super::{Aal, AttachedKind, KeyStatus, SignOutScope, WhoamiSource, WhoamiStatus};
    use crate::claim_names::ClaimName;
    use crate::event::{Actor, Event};
    use crate::event_token::{DeliveryError, EventAction, SecurityEvent};
    use crate::presets::Preset;
    use crate::refresh::{Answer, EndReason};
    use crate::revocation::{EntryKind, RevocationReason};

    #[test]
    fn a_message_lists_the_words_with_or_before_the_last() {
        assert_eq!(Aal::listed(), "aal1, aal2 or aal3");
        assert_eq!(AttachedKind::listed(), "users or sessions");
    }

    #[test]
    fn a_higher_level_is_greater_and_no_level_is_less() {
        assert!(Aal::Aal1 < Aal::Aal2 && Aal::Aal2 < Aal::Aal3);
        assert!(Aal::from_name("aal4") < Some(Aal::Aal1));
        assert_eq!(Aal::from_name("AAL1"), None);
    }

    #[test]
    fn an_unknown_word_in_a_row_closes() {
        assert_eq!(KeyStatus::of_row(""), KeyStatus::Revoked);
        assert_eq!(KeyStatus::of_row("active"), KeyStatus::Active);
        assert_eq!(AttachedKind::of_row("sesions"), AttachedKind::Users);
        assert_eq!(AttachedKind::of_row("sessions"), AttachedKind::Sessions);
    }

    macro_rules! each_word_names_one_value {
        ($($list:ident),+) => {
            #[test]
            fn each_word_names_one_value() {
                $(for value in $list::ALL {
                    assert_eq!($list::from_name(value.as_str()), Some(value));
                })+
            }
        };
    }

    each_word_names_one_value!(
        Aal,
        Actor,
        Answer,
        AttachedKind,
        ClaimName,
        DeliveryError,
        EndReason,
        EntryKind,
        Event,
        EventAction,
        KeyStatus,
        Preset,
        RevocationReason,
        SecurityEvent,
        SignOutScope,
        WhoamiSource,
        WhoamiStatus
    );
}
