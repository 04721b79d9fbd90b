-- Another proof of who the user is, in a session that there is: with new tokens of a higher level, or without.

create function authguard.decide_step_up(
    created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz, not_after pg_catalog.timestamptz,
    ended_reason pg_catalog.text, at pg_catalog.timestamptz)
returns pg_catalog.text
language c stable cost 100
as 'MODULE_PATHNAME', 'authguard_decide_step_up_wrapper';
comment on function authguard.decide_step_up(pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.timestamptz) is
    'Whether a session takes another proof: ok, session_expired or session_revoked';

create function authguard.lock_session_of(user_id pg_catalog.text, session_id pg_catalog.uuid)
returns authguard.session
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    session authguard.session;
    verdict pg_catalog.text := 'not_found';
begin
    select s.* into session from authguard.session s
     where s.id = lock_session_of.session_id and s.user_id = lock_session_of.user_id
       for update;
    if found then
        verdict := authguard.decide_step_up(session.created_at, session.refreshed_at, session.not_after,
                                            session.ended_reason, pg_catalog.clock_timestamp());
        if verdict = 'ok' and authguard.is_cut_off(session.id, session.user_id, session.issuer,
                                                   session.created_at, session.authenticated_at) then
            verdict := 'session_revoked';
        end if;
    end if;
    if verdict <> 'ok' then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = case verdict
                when 'not_found' then 'the user has no such session'
                when 'session_expired' then 'the session is past its time'
                else 'the session has ended' end,
            hint = 'Sign the user in again: authguard.sign_in begins another session.';
    end if;
    return session;
end
$$;
comment on function authguard.lock_session_of(pg_catalog.text, pg_catalog.uuid) is
    'Locks a live session of the user (in canonical form); 28000 where it is none, 55P03 where somebody has its row for two seconds';

create function authguard.step_up(
    user_id pg_catalog.text, session_id pg_catalog.uuid, method pg_catalog.text, aal pg_catalog.text)
returns authguard.issued
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    session authguard.session;
    at pg_catalog.timestamptz;
    answer authguard.issued;
begin
    perform authguard.require_primary();
    perform authguard.check_aal(aal);
    begin
        perform from authguard.session s where s.id = step_up.session_id and s.user_id = subject for update;
    exception when lock_not_available then
        answer.status := 'busy';
        return answer;
    end;
    if authguard.is_blocked(subject) then
        answer.status := 'user_blocked';
        return answer;
    end if;
    if not authguard.await_changes() then
        answer.status := 'busy';
        return answer;
    end if;
    session := authguard.lock_session_of(subject, session_id);
    if aal < session.aal then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('the session has level %s already', pg_catalog.quote_literal(session.aal)),
            hint = 'A session keeps its level: authguard.reauthenticated renews a proof, authguard.credentials_changed ends sessions.';
    end if;
    at := pg_catalog.clock_timestamp();
    update authguard.session s
       set aal = step_up.aal, amr = authguard.add_method(s.amr, step_up.method, at)::pg_catalog.jsonb,
           counter = s.counter + 1, reuse_count = 0, stepped_up_from = s.counter,
           authenticated_at = at, refreshed_at = at, rotated_at = at,
           tokens_until = greatest(s.tokens_until, authguard.tokens_until())
     where s.id = session.id;
    answer := authguard.issue(session.id);
    perform authguard.record('MFA_CHALLENGE_VERIFIED', subject, session.id, 'user', method);
    return answer;
end
$$;
comment on function authguard.step_up(pg_catalog.text, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'Raises the level (aal) of a session whose user has proved another factor (method, RFC 8176), and issues new tokens: the refresh token from before does not take the higher level. status user_blocked or busy, and no tokens, as auth.refresh answers them. 28000 where it is no live session of the user; 22023 for a lower level than it has';

create function authguard.reauthenticated(
    user_id pg_catalog.text, session_id pg_catalog.uuid, method pg_catalog.text)
returns pg_catalog.void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    session authguard.session;
    at pg_catalog.timestamptz;
begin
    perform authguard.require_primary();
    session := authguard.lock_session_of(subject, session_id);
    at := pg_catalog.clock_timestamp();
    update authguard.session s
       set amr = authguard.add_method(s.amr, reauthenticated.method, at)::pg_catalog.jsonb, authenticated_at = at
     where s.id = session.id;
end
$$;
comment on function authguard.reauthenticated(pg_catalog.text, pg_catalog.uuid, pg_catalog.text) is
    'The user of a session has proved once more who it is (method, RFC 8176): auth.is_fresh() and auth.authenticated_at() count it at the next statement, also for the tokens that are out. No new tokens. 28000 where it is no live session of the user';
