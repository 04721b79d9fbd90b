//! Presets: the claim names of identity providers, from their documentation.

use crate::claim_names::{ClaimName, Place};
use crate::words::word_list;

word_list! {
    /// The providers whose claim names are known. What a preset does not name is where the
    /// standards have it.
    pub enum Preset {
        /// Supabase Auth. It keeps what only the server can write in `app_metadata`; the role of
        /// its guide to role-based access is `user_role`.
        ///
        /// <https://supabase.com/docs/guides/auth/jwt-fields>,
        /// <https://supabase.com/docs/guides/database/postgres/custom-claims-and-role-based-access-control-rbac>
        Supabase = "supabase",
        /// Keycloak: realm roles, and the alias of the organization. The roles of a client are at
        /// `/resource_access/CLIENT/roles`, which no preset can know.
        ///
        /// <https://www.keycloak.org/docs/latest/server_admin/index.html#_mapping_organization_claims_>,
        /// <https://www.keycloak.org/docs/latest/server_admin/index.html#_role_scope_mappings>
        Keycloak = "keycloak",
        /// Auth0, both profiles of access tokens. Roles are in a claim that an Action adds under a
        /// name of yours, such as `https://example.com/roles`.
        ///
        /// <https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>,
        /// <https://auth0.com/docs/manage-users/organizations/using-tokens>
        Auth0 = "auth0",
        /// Clerk, version 2 of its session tokens. Permissions are those of the organization, such
        /// as `org:dashboard:read`. `azp` is the origin of a web page, and no client.
        ///
        /// <https://clerk.com/docs/guides/sessions/session-tokens>
        Clerk = "clerk",
        /// Amazon Cognito, access and ID tokens. `origin_jti` names what a revocation of the
        /// refresh token revokes. An ID token names its client in `aud`.
        ///
        /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>,
        /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>
        Cognito = "cognito",
        /// Okta. Groups are in `groups` if the authorization server has such a claim.
        ///
        /// <https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/>,
        /// <https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/>
        Okta = "okta",
        /// Microsoft Entra ID, versions 1.0 and 2.0. `sid` is an optional claim.
        ///
        /// <https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference>,
        /// <https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference>
        Entra = "entra",
        /// Firebase Authentication and Identity Platform. ID tokens name no session and no client.
        ///
        /// <https://firebase.google.com/docs/auth/admin/verify-id-tokens>,
        /// <https://firebase.google.com/docs/auth/admin/custom-claims>,
        /// <https://cloud.google.com/identity-platform/docs/multi-tenancy-authentication>
        Firebase = "firebase",
        /// WorkOS AuthKit. `role` is the role in the organization, and no role of the database.
        ///
        /// <https://workos.com/docs/reference/authkit/session-tokens/access-token>
        Workos = "workos",
        /// Neon Auth. The tokens of its managed Better Auth name no session; those of the earlier
        /// one, which Stack Auth signs, have the refresh token's id and the selected team.
        ///
        /// <https://neon.com/docs/auth/guides/plugins/jwt>,
        /// <https://docs.stack-auth.com/docs/concepts/jwt>
        Neon = "neon",
    }
}

impl Preset {
    /// Returns the places that differ from those of the standards.
    pub(crate) fn places(self) -> Vec<(ClaimName, Vec<Place>)> {
        use ClaimName::{
            AuthenticatedAt, Client, OrgId, OrgRole, Permissions, Role, Roles, Scopes, Session,
        };
        let paths: &[(ClaimName, &[&str])] = match self {
            Self::Supabase => &[
                (OrgId, &["/app_metadata/org_id"]),
                (OrgRole, &["/app_metadata/org_role"]),
                (Roles, &["/app_metadata/roles", "user_role"]),
                (Permissions, &["/app_metadata/permissions"]),
            ],
            Self::Keycloak => &[
                (Session, &["sid"]),
                (Client, &["azp", "client_id"]),
                (OrgId, &["organization"]),
                (Roles, &["/realm_access/roles"]),
            ],
            Self::Auth0 => &[(Session, &["sid"])],
            Self::Clerk => &[
                (Session, &["sid"]),
                (Client, &["client_id"]),
                (OrgId, &["/o/id"]),
                (OrgRole, &["/o/rol"]),
                (Roles, &["/o/rol"]),
            ],
            Self::Cognito => &[
                (Session, &["origin_jti"]),
                (Client, &["client_id", "aud"]),
                (Roles, &["cognito:groups"]),
            ],
            Self::Okta => &[
                (Session, &["sid"]),
                (Client, &["cid"]),
                (Roles, &["groups"]),
            ],
            Self::Entra => &[
                (Session, &["sid"]),
                (Client, &["azp", "appid"]),
                (OrgId, &["tid"]),
            ],
            Self::Firebase => &[
                (Session, &[]),
                (Client, &[]),
                (OrgId, &["/firebase/tenant"]),
            ],
            Self::Workos => &[
                (Session, &["sid"]),
                (Role, &[]),
                (OrgRole, &["role"]),
                (Roles, &["roles", "role"]),
                (Scopes, &["scope"]),
            ],
            Self::Neon => &[
                (Session, &["refresh_token_id"]),
                (OrgId, &["/o/id", "selected_team_id"]),
                (OrgRole, &["/o/role"]),
                (Roles, &["/o/role"]),
            ],
        };
        let places = |paths: &[&str]| paths.iter().filter_map(|path| Place::parse(path)).collect();
        let mut found: Vec<_> = paths
            .iter()
            .map(|(name, paths)| (*name, places(paths)))
            .collect();
        if self == Self::Clerk {
            found.push((Permissions, vec![Place::ClerkPermissions]));
            found.push((AuthenticatedAt, vec![Place::ClerkFactorAges]));
        }
        found
    }
}
