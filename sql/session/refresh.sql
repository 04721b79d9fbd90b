-- Refreshing: SECURITY DEFINER behind a door, grant_client.

create function authguard.await_session(session_id pg_catalog.uuid) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
begin
    perform from authguard.session s where s.id = session_id for update;
    return case when found then true end;
exception when lock_not_available then
    return false;
end
$$;
comment on function authguard.await_session(pg_catalog.uuid) is
    'Locks the row of a session: true; false where somebody has it for two seconds; NULL where there is none';

create function auth.refresh(refresh_token pg_catalog.text) returns authguard.issued
language c volatile security definer cost 10000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_refresh';
comment on function auth.refresh(pg_catalog.text) is
    'New tokens for a refresh token (RFC 6749 section 6, with rotation: RFC 9700 section 4.14.2). status: ok; reused: the same tokens again, for another tab; refresh_token_already_used: stolen, and the session has ended; session_expired: past its time, or below authguard.min_aal; invalid, not_found, session_revoked, user_blocked, stepped_up, state_lost; busy: try again. It is answered, not raised, because the ending of a stolen session must be committed';
