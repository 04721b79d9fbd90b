//! Events: what happened to sessions and users, for `authguard.event`.

use std::fmt;

use crate::words::word_list;

word_list! {
    /// The events that authguard records: the column `name` of `authguard.event`.
    pub enum Event {
        /// A session began.
        SignedIn = "SIGNED_IN",
        /// A session ended.
        SignedOut = "SIGNED_OUT",
        /// A session was refreshed.
        TokenRefreshed = "TOKEN_REFRESHED",
        /// A user has new credentials, or its row in an attached table has changed.
        UserUpdated = "USER_UPDATED",
        /// A session began with the method `recovery`.
        PasswordRecovery = "PASSWORD_RECOVERY",
        /// A session was stepped up.
        MfaChallengeVerified = "MFA_CHALLENGE_VERIFIED",
        /// A session ended because a superseded refresh token was used.
        RefreshTokenReused = "REFRESH_TOKEN_REUSED",
        /// An operator shut a user out.
        UserRevoked = "USER_REVOKED",
        /// An operator let a user in again.
        UserRestored = "USER_RESTORED",
        /// An operator lifted a cut-off of an issuer.
        IssuerRestored = "ISSUER_RESTORED",
        /// An operator revoked a client, for every user or for one.
        ClientRevoked = "CLIENT_REVOKED",
        /// An operator restored a client, for every user or for one.
        ClientRestored = "CLIENT_RESTORED",
        /// An identity provider has revoked something, or let a user in again.
        EventReceived = "EVENT_RECEIVED",
        /// A restored or cloned database was acknowledged.
        RestoreAcknowledged = "RESTORE_ACKNOWLEDGED",
    }
}

word_list! {
    /// Who caused an event: the column `actor` of `authguard.event`.
    pub enum Actor {
        /// The user.
        User = "user",
        /// An operator.
        Admin = "admin",
        /// A limit, or the detection of theft.
        Policy = "policy",
        /// An identity provider, by an event of its own.
        Issuer = "issuer",
        /// The database.
        System = "system",
    }
}

impl Event {
    /// The longest name of an event, in bytes.
    pub const MAX_NAME_BYTES: usize = 63;

    /// Returns the event of a sign-in by that method (RFC 8176).
    pub fn of_sign_in(method: &str) -> Self {
        match method {
            "recovery" => Self::PasswordRecovery,
            _ => Self::SignedIn,
        }
    }

    /// Returns true if the application may record the event itself. All others only authguard
    /// records, so that whoever signs users in cannot forge what it did.
    pub const fn is_recordable(self) -> bool {
        matches!(self, Self::UserUpdated)
    }

    /// Returns true if an event can have the name: 1 to 63 characters A to Z and _, the first a
    /// letter.
    pub fn has_form(name: &str) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_uppercase();
        name.len() <= Self::MAX_NAME_BYTES
            && name.as_bytes().first().is_some_and(is_letter)
            && name.bytes().all(|byte| is_letter(&byte) || byte == b'_')
    }

    /// Checks the name of an event that the application records: a recordable event, or a name of
    /// its own.
    ///
    /// ```
    /// # use authguard_token::{Event, EventNameError};
    /// assert_eq!(Event::check_name("EMAIL_CHANGED"), Ok(()));
    /// assert_eq!(Event::check_name("SIGNED_IN"), Err(EventNameError::Reserved));
    /// assert_eq!(Event::check_name("signed in"), Err(EventNameError::Form));
    /// ```
    ///
    /// # Errors
    /// [`EventNameError`].
    pub fn check_name(name: &str) -> Result<(), EventNameError> {
        if !Self::has_form(name) {
            return Err(EventNameError::Form);
        }
        match Self::from_name(name) {
            Some(event) if !event.is_recordable() => Err(EventNameError::Reserved),
            _ => Ok(()),
        }
    }
}

/// The reason why the application may not record an event of that name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventNameError {
    /// The name is empty, too long, or has other characters than A to Z and _.
    Form,
    /// Only authguard records the event.
    Reserved,
}

impl fmt::Display for EventNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => write!(
                f,
                "the name has other than 1 to {} characters A to Z and _",
                Event::MAX_NAME_BYTES
            ),
            Self::Reserved => f.write_str("only authguard records the event"),
        }
    }
}

impl std::error::Error for EventNameError {}

#[cfg(test)]
mod tests {
    use super::{Event, EventNameError};

    #[test]
    fn only_one_event_of_authguard_is_recorded_by_hand() {
        for event in Event::ALL {
            let expected = match event {
                Event::UserUpdated => Ok(()),
                _ => Err(EventNameError::Reserved),
            };
            assert_eq!(Event::check_name(event.as_str()), expected, "{event:?}");
        }
    }

    #[test]
    fn a_name_has_1_to_63_capitals_and_begins_with_a_letter() {
        let longest = "A".repeat(63);
        for good in ["A", "A_", "EMAIL_CHANGED", &longest] {
            assert_eq!(Event::check_name(good), Ok(()), "{good}");
        }
        let too_long = "A".repeat(64);
        for bad in [
            "", "_A", "a", "A1", "A B", "A\n", "\nA", "É", "AÉ", &too_long,
        ] {
            assert_eq!(Event::check_name(bad), Err(EventNameError::Form), "{bad}");
        }
    }

    #[test]
    fn a_recovery_is_an_event_of_its_own() {
        assert_eq!(Event::of_sign_in("recovery"), Event::PasswordRecovery);
        assert_eq!(Event::of_sign_in("password"), Event::SignedIn);
    }
}
