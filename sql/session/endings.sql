-- Endings: each counts from the next statement on, and writes an event and a revocation entry, so
-- that databases which only receive entries agree. Ending a session that has ended is a success,
-- and writes nothing. SECURITY DEFINER, because the roles that may call these write no table.

create function authguard.sign_out_user(
    user_id pg_catalog.text, scope pg_catalog.text default 'global')
returns pg_catalog.int4
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_sign_out_user';
comment on function authguard.sign_out_user(pg_catalog.text, pg_catalog.text) is
    'Ends every session of a user, also those in attached tables, and with a cut-off every token '
    'issued so far, of every issuer; signing in again works. Returns how many sessions ended. '
    'Waits for no client''s transaction. 25006 on a standby; 40001 at SERIALIZABLE, even if '
    'others do not touch the same rows: try again';

create function authguard.end_blocked_sessions(user_id pg_catalog.text, issuer pg_catalog.text)
returns pg_catalog.int4
language c volatile cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_end_blocked_sessions';
comment on function authguard.end_blocked_sessions(pg_catalog.text, pg_catalog.text) is
    'Ends the sessions of a user (in canonical form) whom authguard.revoke_user shuts out. issuer '
    'NULL: of every issuer. Returns how many. Waits for no other transaction';

create function authguard.credentials_changed(
    user_id pg_catalog.text, keep_session pg_catalog.uuid default null)
returns pg_catalog.int4
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_credentials_changed';
comment on function authguard.credentials_changed(pg_catalog.text, pg_catalog.uuid) is
    'The user has new credentials, or one factor less: ends every session of the user but '
    'keep_session (NULL: all), and with a cut-off every token issued so far, of every issuer. '
    'Each call is an event. Returns how many sessions ended. 28000, and nothing changed, if '
    'keep_session is no live session of the user. If another transaction has its row for two '
    'seconds, it ends with the others. 22004 if user_id is NULL; 25006 on a standby; 40001 at '
    'SERIALIZABLE, even if others do not touch the same rows: try again';

create function auth.sign_out(scope pg_catalog.text default 'global') returns pg_catalog.int4
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_sign_out';
comment on function auth.sign_out(pg_catalog.text) is
    'Ends sessions of the current token''s user. scope: global, local or others. global: all; '
    'local: the token''s; others: all but that. A revoked token ends no session but its own. '
    'Returns how many; one that has ended already counts as none. 22023 for another scope. 28000 '
    'without a token of the local issuer, or for local and others without a session. 55P03, and '
    'nothing has ended, if another transaction has the row of one for two seconds. 25006 on a '
    'standby';

create function auth.sessions()
returns table (
    id pg_catalog.uuid, created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz,
    authenticated_at pg_catalog.timestamptz, not_after pg_catalog.timestamptz,
    aal pg_catalog.text, user_agent pg_catalog.text, ip pg_catalog.inet, tag pg_catalog.text,
    is_current pg_catalog.bool)
language sql stable security definer rows 5
set search_path = pg_catalog, pg_temp
begin atomic
    select s.session_id, s.created_at, s.refreshed_at, s.authenticated_at, s.ends_at, s.aal,
           s.user_agent, s.ip, s.tag, s.session_id = auth.session_id()
      from authguard.live_sessions s
     where auth.is_active()
       and s.user_id = authguard.canonical(auth.subject()) and s.issuer = auth.issuer()
     order by s.created_at;
end;
comment on function auth.sessions() is
    'Returns the live sessions of the current token''s user; no row without an active token of '
    'the local issuer. not_after: when the session ends unless it is refreshed; NULL: never';

create function auth.end_session(id pg_catalog.uuid) returns pg_catalog.bool
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_end_session';
comment on function auth.end_session(pg_catalog.uuid) is
    'Ends one of the current user''s own sessions. False if it is none of them, has ended, or is '
    'NULL. 28000 without an active token; 55P03 if another transaction has its row for two '
    'seconds; 25006 on a standby';

create function auth.get_user()
returns table (
    subject pg_catalog.text, role pg_catalog.text, session_id pg_catalog.uuid,
    claims pg_catalog.jsonb, issued_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz, authenticated_at pg_catalog.timestamptz)
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
begin atomic
    select auth.require_active();
    select auth.subject(), authguard.role(), auth.session_id(), authguard.jwt(),
           auth.issued_at(), auth.expires_at(), auth.authenticated_at();
end;
comment on function auth.get_user() is
    'Returns the current user, checked now, in one row. 28000 if the token is not active';

create function authguard.revoke(
    token pg_catalog.text, token_type_hint pg_catalog.text default null)
returns pg_catalog.bool
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_revoke_held';
comment on function authguard.revoke(pg_catalog.text, pg_catalog.text) is
    'Revokes a token for whoever holds it (RFC 7009). A refresh token of the local issuer ends its '
    'session; an access token is revoked by its jti or, without one, by its session. '
    'token_type_hint decides nothing: the two are told apart by their form. True if something '
    'changed; false, and no error, for any other text, and for a token that has expired. 22004 if '
    'token is NULL; 0A000 for an access token with neither jti nor session; 55P03 if another '
    'transaction has the row of the session for two seconds; 25006 on a standby; 40001 at '
    'SERIALIZABLE, even if others do not touch the same rows: try again';
