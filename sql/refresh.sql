-- Refreshing: SECURITY DEFINER behind a door, grant_client.

create function authguard.decide_refresh(
    counter pg_catalog.int8, created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz,
    rotated_at pg_catalog.timestamptz, reuse_count pg_catalog.int4, stepped_up_from pg_catalog.int8,
    not_after pg_catalog.timestamptz, ended_reason pg_catalog.text, aal pg_catalog.text,
    token_counter pg_catalog.int8, at pg_catalog.timestamptz)
returns table (status pg_catalog.text, change pg_catalog.text)
language c stable cost 100 rows 1
as 'MODULE_PATHNAME', 'authguard_decide_refresh_wrapper';
comment on function authguard.decide_refresh(pg_catalog.int8, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.int8, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.timestamptz) is
    'What becomes of a refresh token and of its session; change: none, rotate, keep, count, or the reason why the session ends';

create function authguard.is_cut_off(session authguard.session) returns pg_catalog.bool
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return session.issuer <> authguard.own_issuer()
        or authguard.is_ended_by_entry(session.user_id, session.id, session.created_at, session.authenticated_at);
end
$$;
comment on function authguard.is_cut_off(authguard.session) is
    'Whether something other than its row ends a session: authguard.issuer is another one by now, or an entry that was written while somebody had the row, or before the session was committed';

create function auth.refresh(refresh_token pg_catalog.text) returns authguard.issued
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    asked record;
    decided record;
    session authguard.session;
    is_told pg_catalog.bool;
    answer authguard.issued;
begin
    perform authguard.require_primary();
    select * into asked from authguard.read_refresh_token(refresh_token);
    if asked.session_id is null then
        answer.status := 'invalid';
        return answer;
    end if;
    select s.* into session from authguard.session s where s.id = asked.session_id for update skip locked;
    if not found then
        -- Somebody else has the row, or there is none.
        begin
            select s.* into session from authguard.session s where s.id = asked.session_id for update;
        exception when lock_not_available then
            answer.status := 'busy';
            return answer;
        end;
        if session.id is null then
            answer.status := 'not_found';
            return answer;
        end if;
    end if;
    if session.ended_at is null and authguard.is_blocked(session.user_id) then
        answer.status := 'user_blocked';
        return answer;
    end if;
    if session.ended_at is null and authguard.is_cut_off(session) then
        perform authguard.end_session_row(session, 'revoked', 'SIGNED_OUT', 'policy');
        answer.status := 'session_revoked';
        return answer;
    end if;
    select * into decided
      from authguard.decide_refresh(
          session.counter, session.created_at, session.refreshed_at, session.rotated_at, session.reuse_count,
          session.stepped_up_from, session.not_after, session.ended_reason, session.aal,
          asked.counter, pg_catalog.clock_timestamp());
    -- A client may refresh without end. What that writes is bounded: a thousand events of a session, and one more
    -- a minute.
    is_told := decided.status = 'ok' and case decided.change
        when 'rotate' then session.counter < 1000 + extract(epoch from pg_catalog.clock_timestamp() - session.created_at) / 60
        else session.refreshed_at < pg_catalog.clock_timestamp() - interval '1 minute'
    end;
    case decided.change
        when 'none' then null;
        when 'rotate' then
            update authguard.session s
               set counter = s.counter + 1, reuse_count = 0, stepped_up_from = null,
                   rotated_at = pg_catalog.clock_timestamp(), refreshed_at = pg_catalog.clock_timestamp(),
                   tokens_until = greatest(s.tokens_until, authguard.tokens_until())
             where s.id = session.id
            returning s.* into session;
        when 'keep' then
            update authguard.session s
               set refreshed_at = pg_catalog.clock_timestamp(),
                   tokens_until = greatest(s.tokens_until, authguard.tokens_until())
             where s.id = session.id
            returning s.* into session;
        when 'count' then
            update authguard.session s
               set reuse_count = s.reuse_count + 1,
                   tokens_until = greatest(s.tokens_until, authguard.tokens_until())
             where s.id = session.id
            returning s.* into session;
        else
            -- Answered, not raised: an error would take the ending back.
            perform authguard.end_session_row(session, decided.change,
                case decided.change when 'reuse' then 'REFRESH_TOKEN_REUSED' else 'SIGNED_OUT' end, 'policy');
    end case;
    if decided.status in ('ok', 'reused') then
        answer := authguard.issue(session);
        if is_told then
            perform authguard.record('TOKEN_REFRESHED', session.user_id, session.id, 'user', null);
        end if;
    end if;
    answer.status := decided.status;
    return answer;
end
$$;
comment on function auth.refresh(pg_catalog.text) is
    'New tokens for a refresh token (RFC 6749 section 6, with rotation: RFC 9700 section 4.14.2). status: ok; reused: the same tokens again, for another tab; refresh_token_already_used: stolen, and the session has ended; session_expired: past its time, or below authguard.min_aal; invalid, not_found, session_revoked, user_blocked, stepped_up, state_lost; busy: try again. It is answered, not raised, because the ending of a stolen session must be committed';
