-- The readers: what the current token claims. Where nothing is set they give NULL. Where something
-- is set that is not believed they raise 28000, because much code takes NULL for "the backend" and
-- opens (authguard.refused_claims). They are STABLE, never IMMUTABLE (a generic plan would serve
-- one user's rows to another), and never LEAKPROOF. COST orders quals: one unit is the price of an
-- operator. "or replace" is for the functions that adopt.sql has made members; Postgres refuses it
-- for any other.

create or replace function auth.jwt() returns pg_catalog.jsonb
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_jwt';
comment on function auth.jwt() is
    'All claims of the current token (RFC 7519). NULL if there are none. Like every reader it '
    'raises 28000 if the claims are refused, unless authguard.refused_claims is null: '
    'auth.whoami() says why they are';

create or replace function auth.uid() returns pg_catalog.uuid
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_uid';
comment on function auth.uid() is
    'Claim sub as a uuid (RFC 7519 section 4.1.2). NULL if it is no uuid, or if there are no '
    'claims';

create function auth.subject() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_subject';
comment on function auth.subject() is
    'Claim sub as it was sent (RFC 7519 section 4.1.2). NULL if there are no claims';

create function auth.issuer() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_issuer';
comment on function auth.issuer() is
    'Claim iss (RFC 7519 section 4.1.1). NULL if it is absent, or if there are no claims';

create or replace function auth.role() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_role';
comment on function auth.role() is
    'Claim role, a string. It is only a claim and sets no database role. NULL if there is none';

create or replace function auth.email() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_email';
comment on function auth.email() is
    'Claim email, a string (OpenID Connect Core section 5.1). NULL if there is none';

create function auth.aal() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_aal';
comment on function auth.aal() is
    'Claim aal, the authenticator assurance level (NIST SP 800-63B), such as aal1. NULL if there '
    'is none';

create function auth.session_id() returns pg_catalog.uuid
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_session_id';
comment on function auth.session_id() is
    'The session of auth.sid() as a uuid. NULL if it is no uuid, if the token has no session, or '
    'if there are no claims';

create function auth.sid() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_sid';
comment on function auth.sid() is
    'The session, as the issuer names it: claim session_id, otherwise sid (OpenID Connect '
    'Back-Channel Logout section 2.4), unless the issuer has claim names of its own. NULL if it is '
    'no string, or if there are no claims';

create function auth.client_id() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_client_id';
comment on function auth.client_id() is
    'The client that the token was issued to: claim client_id (RFC 9068 section 2.2), otherwise '
    'azp (OpenID Connect Core section 2), unless the issuer has claim names of its own. NULL if it '
    'is no string, or if there are no claims';

create function auth.org_id() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_org_id';
comment on function auth.org_id() is
    'The organization that the user acts in: claim org_id, unless the issuer has claim names of '
    'its own. NULL if there is none or several, or if there are no claims';

create function auth.org_role() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_org_role';
comment on function auth.org_role() is
    'The role of the user in the organization: claim org_role, unless the issuer has claim names '
    'of its own. NULL if there is none or several, or if there are no claims';

create function auth.roles() returns pg_catalog.text[]
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_roles';
comment on function auth.roles() is
    'The roles of the user, each once: claim roles (RFC 9068 section 2.2.3.1), a string or an '
    'array, unless the issuer has claim names of its own. They are no database roles. NULL if '
    'there is no such claim, or if there are no claims';

-- For functions of the extension: the owner of an adopted schema owns auth.jwt() and auth.role(),
-- and may replace them.
create function authguard.jwt() returns pg_catalog.jsonb
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_jwt';
comment on function authguard.jwt() is
    'As auth.jwt()';
create function authguard.role() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_role';
comment on function authguard.role() is
    'As auth.role()';

create function auth.claim(variadic path pg_catalog.text[]) returns pg_catalog.jsonb
language sql stable parallel safe cost 20
begin atomic
    select nullif(pg_catalog.jsonb_extract_path(authguard.jwt(), variadic path),
                  'null'::pg_catalog.jsonb);
end;
comment on function auth.claim(variadic pg_catalog.text[]) is
    'The claim at a path, as jsonb: auth.claim(''app_metadata'', ''org_id''). NULL if it is '
    'absent or JSON null';

create function auth.claim_text(variadic path pg_catalog.text[]) returns pg_catalog.text
language sql stable parallel safe cost 20
begin atomic
    select pg_catalog.jsonb_extract_path_text(authguard.jwt(), variadic path);
end;
comment on function auth.claim_text(variadic pg_catalog.text[]) is
    'The claim at a path, as text: auth.claim_text(''app_metadata'', ''org_id''). NULL if it is '
    'absent or JSON null';

create function auth.app_metadata() returns pg_catalog.jsonb
language sql stable parallel safe cost 20
begin atomic
    select auth.claim('app_metadata');
end;
comment on function auth.app_metadata() is
    'Claim app_metadata, an object that only the issuer can write. NULL if there is none';

create function auth.is_anonymous() returns pg_catalog.bool
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_is_anonymous';
comment on function auth.is_anonymous() is
    'Claim is_anonymous, a boolean. NULL if there is none';

create function auth.has_scope(scope pg_catalog.text) returns pg_catalog.bool
language c stable strict parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_has_scope';
comment on function auth.has_scope(pg_catalog.text) is
    'True if this is one of the token''s scopes: of claim scope (RFC 8693 section 4.2) or scp, '
    'each a string of scopes separated by spaces or an array of them, or of the array permissions; '
    'unless the issuer has claim names of its own. False if the claims are refused. NULL for NULL, '
    'and if there are no claims';

create function auth.has_role(role pg_catalog.text) returns pg_catalog.bool
language c stable strict parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_has_role';
comment on function auth.has_role(pg_catalog.text) is
    'True if this is one of auth.roles(). False if the claims are refused. NULL for NULL, and if '
    'there are no claims';

create function auth.has_permission(permission pg_catalog.text) returns pg_catalog.bool
language c stable strict parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_has_permission';
comment on function auth.has_permission(pg_catalog.text) is
    'True if this is one of the token''s permissions: of the array permissions, unless the issuer '
    'has claim names of its own. False if the claims are refused. NULL for NULL, and if there are '
    'no claims';

create function auth.issued_at() returns pg_catalog.timestamptz
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_issued_at';
comment on function auth.issued_at() is
    'Claim iat (RFC 7519 section 4.1.6); every refresh sets it anew. NULL if there is none';

create function auth.expires_at() returns pg_catalog.timestamptz
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_expires_at';
comment on function auth.expires_at() is
    'Claim exp (RFC 7519 section 4.1.4). NULL if there is none';

create function auth.authenticated_at() returns pg_catalog.timestamptz
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_authenticated_at';
comment on function auth.authenticated_at() is
    'When the user last authenticated: the newest amr[].timestamp, otherwise auth_time (OpenID '
    'Connect Core section 2). For a session of the local issuer, the time in its row if that is '
    'later. Never iat, which every refresh sets anew. NULL if it is not known';

create function auth.token_age() returns pg_catalog.interval
language sql stable parallel safe cost 10
begin atomic
    select pg_catalog.statement_timestamp() operator(pg_catalog.-) auth.issued_at();
end;
comment on function auth.token_age() is
    'How long ago the token was issued, when the statement began. NULL without iat';

create function auth.whoami(
    out source pg_catalog.text,
    out status pg_catalog.text,
    out subject pg_catalog.text,
    out role pg_catalog.text,
    out session_id pg_catalog.uuid,
    out issued_at pg_catalog.timestamptz,
    out expires_at pg_catalog.timestamptz,
    out acting_role pg_catalog.text,
    out login_role pg_catalog.text,
    out role_mismatch pg_catalog.bool,
    out hint pg_catalog.text,
    out session_wide pg_catalog.bool,
    out bypasses_rls pg_catalog.bool
) returns setof pg_catalog.record
language c volatile parallel restricted cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_whoami';
comment on function auth.whoami() is
    'The current token in one row. source: none, gateway, token or login. status: absent, '
    'accepted, refused, expired or revoked. Then the claims in brief, the roles and a hint in '
    'words. session_wide: true if it was set before this transaction, so that a pool would hand it '
    'to its next client. bypasses_rls: true if the acting role is a superuser or has BYPASSRLS. '
    'Never an error';
