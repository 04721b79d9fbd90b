//! The events that are known, and what each asks for.

use crate::words::word_list;

word_list! {
    /// An event type that is known, by its URI: a name in claim `events`.
    pub enum SecurityEvent {
        /// OpenID Connect Back-Channel Logout 1.0 section 2.4.
        BackChannelLogout = "http://schemas.openid.net/event/backchannel-logout",
        /// CAEP 1.0: a session is revoked.
        SessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        /// CAEP 1.0: a credential was created, changed, revoked or deleted.
        CredentialChange = "https://schemas.openid.net/secevent/caep/event-type/credential-change",
        /// CAEP 1.0: what tokens say about the subject has changed.
        TokenClaimsChange = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        /// CAEP 1.0: the level of the authentication has changed.
        AssuranceLevelChange = "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change",
        /// RISC 1.0: an account is disabled.
        AccountDisabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
        /// RISC 1.0: an account is deleted for ever.
        AccountPurged = "https://schemas.openid.net/secevent/risc/event-type/account-purged",
        /// RISC 1.0: the user has to change a credential.
        CredentialChangeRequired = "https://schemas.openid.net/secevent/risc/event-type/account-credential-change-required",
        /// RISC 1.0: a credential was found elsewhere.
        CredentialCompromise = "https://schemas.openid.net/secevent/risc/event-type/credential-compromise",
        /// RISC 1.0: an account is enabled again.
        AccountEnabled = "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
        /// RISC 1.0, deprecated: all sessions of an account are revoked.
        SessionsRevoked = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked",
        /// OAuth events of the RISC drafts, as Google sends them: all tokens of a user are revoked.
        TokensRevoked = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked",
        /// Shared Signals Framework 1.0: a test of the stream.
        Verification = "https://schemas.openid.net/secevent/ssf/event-type/verification",
        /// The same, as transmitters of RISC before that framework send it.
        RiscVerification = "https://schemas.openid.net/secevent/risc/event-type/verification",
        /// The same, by the name that the framework had in its first draft.
        SseVerification = "https://schemas.openid.net/secevent/sse/event-type/verification",
        /// Shared Signals Framework 1.0: the stream has another status.
        StreamUpdated = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated",
        /// The same, by the earlier name.
        SseStreamUpdated = "https://schemas.openid.net/secevent/sse/event-type/stream-updated",
    }
}

word_list! {
    /// What was done about an event: the column `action` of `authguard.receive_event()`.
    pub enum EventAction {
        /// A session, or one token, is revoked.
        SessionEnded = "session_ended",
        /// Every token that the user was issued before the event is revoked.
        UserSignedOut = "user_signed_out",
        /// The user is shut out.
        UserBlocked = "user_blocked",
        /// A block that an event has made is lifted.
        UserRestored = "user_restored",
        /// The user needs new tokens; a refresh is enough.
        ClaimsStale = "claims_stale",
        /// The tokens of a client are revoked.
        ClientRevoked = "client_revoked",
        /// Nothing.
        Ignored = "ignored",
        /// Nothing: the same event was received before.
        Replayed = "replayed",
    }
}

word_list! {
    /// The reason why a delivery is refused (RFC 8935 section 2.4): the DETAIL of the error.
    pub enum DeliveryError {
        /// The text is no event, or breaks a rule for events.
        InvalidRequest = "invalid_request",
        /// The key that is named does not verify events of the issuer.
        InvalidKey = "invalid_key",
        /// The issuer is not trusted.
        InvalidIssuer = "invalid_issuer",
        /// The event is for somebody else.
        InvalidAudience = "invalid_audience",
        /// The signature does not show that the issuer has sent the event.
        AuthenticationFailed = "authentication_failed",
        /// The issuer is trusted, but not for events.
        AccessDenied = "access_denied",
    }
}

/// What an event asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// End a session or, if none is named, all that the user has.
    EndSession,
    /// End all sessions of the user.
    SignOut,
    /// Have the user get new tokens.
    Refresh,
    /// Shut the user out.
    Block,
    /// Let the user in again.
    Restore,
    /// Nothing: the event is about the stream. The member says more about it.
    Stream(&'static str),
}

impl SecurityEvent {
    pub(super) const fn effect(self) -> Effect {
        match self {
            Self::BackChannelLogout | Self::SessionRevoked => Effect::EndSession,
            Self::CredentialChange | Self::SessionsRevoked | Self::TokensRevoked => Effect::SignOut,
            Self::TokenClaimsChange | Self::AssuranceLevelChange => Effect::Refresh,
            Self::AccountDisabled
            | Self::AccountPurged
            | Self::CredentialChangeRequired
            | Self::CredentialCompromise => Effect::Block,
            Self::AccountEnabled => Effect::Restore,
            Self::Verification | Self::RiscVerification | Self::SseVerification => {
                Effect::Stream("state")
            }
            Self::StreamUpdated | Self::SseStreamUpdated => Effect::Stream("status"),
        }
    }
}
