-- Refreshing. SECURITY DEFINER; authguard.grant_client grants access.

create function authguard.await_session(session_id pg_catalog.uuid) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from authguard.session s where s.id = session_id for update;
    return case when found then true end;
exception when lock_not_available then
    return false;
end
$$;
comment on function authguard.await_session(pg_catalog.uuid) is
    'Locks the row of a session and returns true. False if another transaction holds it for '
    'lock_timeout, which the library sets. NULL if there is no row';

create function auth.refresh(refresh_token pg_catalog.text) returns authguard.issued
language c volatile security definer cost 10000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_refresh';
comment on function auth.refresh(pg_catalog.text) is
    'Returns new tokens for a refresh token (RFC 6749 section 6, with rotation: RFC 9700 section '
    '4.14.2). status: ok, reused, refresh_token_already_used, invalid, not_found, '
    'session_revoked, session_expired, stepped_up, user_blocked, state_lost or busy. ok: new '
    'tokens; reused: the same tokens again, for another tab; refresh_token_already_used: the '
    'token was stolen, and the session has ended; session_expired: it is past its time, or below '
    'authguard.min_aal; busy: try again. The status is answered, not raised, because the ending '
    'of a stolen session must be committed. 25006 on a standby';
