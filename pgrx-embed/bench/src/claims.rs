//! The measured claims, which are like those that Supabase issues.

/// The user of the measured token, who owns one row in a thousand.
pub const USER: &str = "00000000-0000-4000-8000-000000000007";

/// The issuer of the measured claims, and of the tokens that public keys verify.
pub const ISSUER: &str = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";

/// The issuer of the tokens that a secret verifies.
pub const SECRET_ISSUER: &str = "https://abcdefghijklmnopqrsu.supabase.co/auth/v1";

/// The secret that verifies those tokens.
pub const SECRET: &str = "measured with a secret of forty-eight characters";

/// The audience of the tokens.
pub const AUDIENCE: &str = "authenticated";

/// The name of the local issuer, by default.
pub const OWN_ISSUER: &str = "authguard";

/// The session of the measured claims.
pub const SESSION: &str = "8f4dd9a6-6a0c-4d5e-9a13-2c1c3f2b7c55";

/// Claims of the measured user. Supabase sends no jti. For the look-up that needs one, it is added
/// at the end.
pub fn measured(issued_at: u64, jti: bool) -> String {
    let claims = of(ISSUER, USER, issued_at);
    match (jti, claims.strip_suffix('}')) {
        (true, Some(rest)) => rest.to_owned() + r#","jti":"5bd6ff43-41b7-4aeb-9f48-3a1a1b4fdd3e"}"#,
        _ => claims,
    }
}

/// Claims as Supabase issues them, valid for an hour; some 400 bytes.
pub fn of(issuer: &str, user: &str, issued_at: u64) -> String {
    let expires_at = issued_at + 3600;
    format!(
        r#"{{"iss":"{issuer}","sub":"{user}","aud":"{AUDIENCE}","exp":{expires_at},"iat":{issued_at},"email":"ada@example.org","phone":"","app_metadata":{{"provider":"email","providers":["email"]}},"user_metadata":{{}},"role":"authenticated","aal":"aal1","amr":[{{"method":"password","timestamp":{issued_at}}}],"session_id":"{SESSION}"}}"#
    )
}

/// The session of this number, which an event ends.
pub fn session(number: u32) -> String {
    format!("5e551011-0000-4000-8000-{number:012x}")
}

/// Claims of a logout token (OpenID Connect Back-Channel Logout 1.0) that ends the session of this
/// number; some 350 bytes.
pub fn logout(number: u32, issued_at: u64) -> String {
    let session = session(number);
    format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","iat":{issued_at},"jti":"{session}","sub":"{USER}","sid":"{session}","events":{{"http://schemas.openid.net/event/backchannel-logout":{{}}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_json_of_about_400_bytes() {
        let told = measured(1_780_000_000, false);
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(read["sub"], USER);
        assert_eq!(read.get("jti"), None);
        assert!((380..=450).contains(&told.len()), "{}", told.len());
        let read: serde_json::Value = serde_json::from_str(&measured(1_780_000_000, true)).unwrap();
        assert!(read["jti"].is_string());
    }
}
