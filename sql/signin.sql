-- Signing in and refreshing: what issues tokens. SECURITY DEFINER behind two doors, grant_signer and
-- grant_client. Times are of the clock: a long transaction must not backdate a session.

create function authguard.session_settings()
returns table (jwt_expiry pg_catalog.int4, timebox pg_catalog.int4, inactivity pg_catalog.int4,
               single pg_catalog.bool, min_aal pg_catalog.text)
language c stable cost 10 rows 1
as 'MODULE_PATHNAME', 'authguard_session_settings_wrapper';
comment on function authguard.session_settings() is
    'The settings of sessions, also where the library was not loaded before; times in seconds, 0 for none';

create function authguard.has_session_keys() returns pg_catalog.bool
language c stable cost 100
as 'MODULE_PATHNAME', 'authguard_has_session_keys_wrapper';
comment on function authguard.has_session_keys() is
    'Whether there are keys to sign access and refresh tokens with';

create function authguard.make_refresh_key() returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_make_refresh_key_wrapper';
comment on function authguard.make_refresh_key() is
    'Makes the key of refresh tokens, where there is none';

create function authguard.ensure_session_keys() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if authguard.has_session_keys() then
        return;
    end if;
    perform authguard.begin_key_change();
    if not exists (select from authguard.key k
                    where k.issuer = authguard.own_issuer() and k.status = 'active' and k.credential is not null) then
        perform authguard.rotate_signing_key();
    end if;
    perform authguard.make_refresh_key();
    -- Every backend, this one after a rollback too, reads the keys again.
    update authguard.issuer i set trusted_at = i.trusted_at where i.issuer = authguard.own_issuer();
end
$$;
comment on function authguard.ensure_session_keys() is
    'Makes the keys of access and refresh tokens at the first sign-in, and after a restore';

create function authguard.mint_refresh_token(session_id pg_catalog.uuid, counter pg_catalog.int8)
returns pg_catalog.text
language c volatile strict cost 100
as 'MODULE_PATHNAME', 'authguard_mint_refresh_token_wrapper';
comment on function authguard.mint_refresh_token(pg_catalog.uuid, pg_catalog.int8) is
    'The refresh token of a session''s generation, made anew each time: no row holds it';

create function authguard.read_refresh_token(token pg_catalog.text)
returns table (session_id pg_catalog.uuid, counter pg_catalog.int8)
language c stable cost 100 rows 1
as 'MODULE_PATHNAME', 'authguard_read_refresh_token_wrapper';
comment on function authguard.read_refresh_token(pg_catalog.text) is
    'What a refresh token of this database names; NULLs where it is none, or forged';

create function authguard.decide_refresh(
    counter pg_catalog.int8, created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz,
    rotated_at pg_catalog.timestamptz, reuse_count pg_catalog.int4, stepped_up_from pg_catalog.int8,
    not_after pg_catalog.timestamptz, ended_reason pg_catalog.text,
    token_counter pg_catalog.int8, at pg_catalog.timestamptz)
returns table (status pg_catalog.text, change pg_catalog.text)
language c stable cost 100 rows 1
as 'MODULE_PATHNAME', 'authguard_decide_refresh_wrapper';
comment on function authguard.decide_refresh(pg_catalog.int8, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.int8, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.int8, pg_catalog.timestamptz) is
    'What becomes of a refresh token and of its session; change: none, rotate, keep, count, or the reason why the session ends';

create function authguard.check_claims(claims pg_catalog.jsonb) returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    reserved pg_catalog.text;
begin
    if pg_catalog.jsonb_typeof(claims) is distinct from 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'claims must be a JSON object';
    end if;
    select k into reserved
      from pg_catalog.unnest(array['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'session_id', 'aal', 'amr', 'auth_time']) k
     where claims operator(pg_catalog.?) k
     limit 1;
    if reserved is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('claim %s is reserved', pg_catalog.quote_literal(reserved)),
            hint = 'It is set by authguard.';
    end if;
end
$$;
comment on function authguard.check_claims(pg_catalog.jsonb) is
    'Raises 22023 where claims are no object or hold one that authguard sets';

create function authguard.session_end(session authguard.session) returns pg_catalog.timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select least(
        session.not_after,
        case when s.timebox > 0 then session.created_at + s.timebox * interval '1 second' end,
        case when s.inactivity > 0 then session.refreshed_at + s.inactivity * interval '1 second' end)
      from authguard.session_settings() s;
end;
comment on function authguard.session_end(authguard.session) is
    'When the session is past its time unless it is refreshed; NULL: never';

create function authguard.issue_at(session authguard.session) returns pg_catalog.int8
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    -- A token of the second in which its user's claims have changed counts as older: the next second, then.
    select pg_catalog.floor(extract(epoch from session.refreshed_at))::pg_catalog.int8
           + exists (
               select from authguard.revocation r
                where r.kind = 'claims' and r.key = session.user_id and (r.issuer is null or r.issuer = session.issuer)
                  and pg_catalog.date_trunc('second', r.issued_before) = pg_catalog.date_trunc('second', session.refreshed_at)
           )::pg_catalog.int4;
end;
comment on function authguard.issue_at(authguard.session) is
    'Claim iat of the tokens that a session is issued now, in seconds since 1970';

create function authguard.issue(session authguard.session) returns authguard.issued
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    at pg_catalog.int8 := authguard.issue_at(session);
    settings record;
    expires pg_catalog.int8;
    claims pg_catalog.jsonb;
    metadata pg_catalog.jsonb;
    answer authguard.issued;
begin
    select * into settings from authguard.session_settings();
    expires := least(at + settings.jwt_expiry,
                     pg_catalog.floor(extract(epoch from authguard.session_end(session)))::pg_catalog.int8);
    claims := '{"role": "authenticated", "email": "", "phone": "", "app_metadata": {}, "user_metadata": {}, "is_anonymous": false}'
        || session.claims;
    metadata := authguard.fresh_metadata(session.user_id);
    if metadata is not null then
        claims := claims || pg_catalog.jsonb_build_object('app_metadata', metadata);
    end if;
    claims := claims || pg_catalog.jsonb_build_object(
        'iss', session.issuer, 'sub', session.user_id, 'aud', authguard.own_audience(),
        'iat', at, 'exp', expires, 'session_id', session.id, 'aal', session.aal, 'amr', session.amr);
    answer.access_token := authguard.sign(claims);
    answer.refresh_token := authguard.mint_refresh_token(session.id, session.counter);
    answer.token_type := 'bearer';
    answer.expires_in := expires - at;
    answer.expires_at := expires;
    answer.session_id := session.id;
    answer.user_id := session.user_id;
    return answer;
end
$$;
comment on function authguard.issue(authguard.session) is
    'Tokens of a session as it is: an access token that ends with the session at the latest, and its refresh token';

create function authguard.end_session_row(
    session authguard.session, reason pg_catalog.text, event pg_catalog.text, actor pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    update authguard.session s
       set ended_at = pg_catalog.clock_timestamp(), ended_reason = end_session_row.reason
     where s.id = session.id and s.ended_at is null;
    if not found then
        return false;
    end if;
    entry.kind := 'session';
    entry.key := session.id::pg_catalog.text;
    entry.issuer := session.issuer;
    entry.blocked := true;
    entry.include_keys := false;
    entry.reason := end_session_row.reason;
    entry.keep_until := pg_catalog.clock_timestamp() + interval '300 s'
        + (select x.jwt_expiry from authguard.session_settings() x) * interval '1 s';
    perform authguard.revoke(entry);
    perform authguard.record(event, session.user_id, session.id, actor, reason);
    return true;
end
$$;
comment on function authguard.end_session_row(authguard.session, pg_catalog.text, pg_catalog.text, pg_catalog.text) is
    'Ends a session, with its revocation entry and its event; false, and nothing written, where it has ended';

create function authguard.is_blocked(user_id pg_catalog.text) returns pg_catalog.bool
language sql stable
begin atomic
    select exists (
        select from authguard.revocation r
         where r.kind = 'user' and r.key = user_id
           and (r.issuer is null or r.issuer = authguard.own_issuer())
           and r.blocked and (r.blocked_until is null or r.blocked_until > pg_catalog.clock_timestamp()))
        or authguard.attached_shuts(user_id);
end;
comment on function authguard.is_blocked(pg_catalog.text) is
    'Whether authguard.revoke_user or an attached table shuts this user (in canonical form) out of sign-in and refresh';

create function authguard.sign_in(
    user_id pg_catalog.text,
    claims pg_catalog.jsonb default '{}',
    method pg_catalog.text default 'password',
    aal pg_catalog.text default 'aal1',
    user_agent pg_catalog.text default null,
    ip pg_catalog.inet default null,
    tag pg_catalog.text default null)
returns authguard.issued
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    settings record;
    session authguard.session;
    other authguard.session;
    answer authguard.issued;
begin
    perform authguard.require_primary();
    perform authguard.check_claims(claims);
    select * into settings from authguard.session_settings();
    if aal is null or aal not in ('aal1', 'aal2', 'aal3') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'aal must be aal1, aal2 or aal3';
    end if;
    if aal < settings.min_aal then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('level %s is below authguard.min_aal', pg_catalog.quote_literal(aal)),
            hint = 'Ask the user for another factor before sign_in.';
    end if;
    if authguard.is_blocked(subject) then
        answer.status := 'user_blocked';
        return answer;
    end if;
    if settings.single then
        -- Two sign-ins at once of one user: the second one ends the session of the first.
        perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('authguard sign_in ' || subject, 0));
        for other in
            select s.* from authguard.session s
             where s.user_id = subject and s.ended_at is null and s.tag is not distinct from sign_in.tag
               for update
        loop
            perform authguard.end_session_row(other, 'replaced', 'SIGNED_OUT', 'policy');
        end loop;
    end if;
    perform authguard.ensure_session_keys();
    insert into authguard.session (user_id, issuer, aal, amr, claims, user_agent, ip, tag)
    values (subject, authguard.own_issuer(), sign_in.aal,
            pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
                'method', method,
                'timestamp', pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp()))::pg_catalog.int8)),
            sign_in.claims, sign_in.user_agent, sign_in.ip, sign_in.tag)
    returning * into session;
    answer := authguard.issue(session);
    answer.status := 'ok';
    perform authguard.record(case method when 'recovery' then 'PASSWORD_RECOVERY' else 'SIGNED_IN' end,
        subject, session.id, 'user', null);
    return answer;
end
$$;
comment on function authguard.sign_in(pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.inet, pg_catalog.text) is
    'Begins a session for a user whom the application has authenticated, and issues its tokens. claims: merged into those of the access token. method, aal: how (RFC 8176). status user_blocked, and no tokens, where authguard.revoke_user shuts the user out';

create function auth.refresh(refresh_token pg_catalog.text) returns authguard.issued
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    asked record;
    decided record;
    session authguard.session;
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
    select * into decided
      from authguard.decide_refresh(
          session.counter, session.created_at, session.refreshed_at, session.rotated_at, session.reuse_count,
          session.stepped_up_from, session.not_after, session.ended_reason,
          asked.counter, pg_catalog.clock_timestamp());
    case decided.change
        when 'none' then null;
        when 'rotate' then
            update authguard.session s
               set counter = s.counter + 1, reuse_count = 0, stepped_up_from = null,
                   rotated_at = pg_catalog.clock_timestamp(), refreshed_at = pg_catalog.clock_timestamp()
             where s.id = session.id
            returning s.* into session;
        when 'keep' then
            update authguard.session s
               set refreshed_at = pg_catalog.clock_timestamp()
             where s.id = session.id
            returning s.* into session;
        when 'count' then
            update authguard.session s
               set reuse_count = s.reuse_count + 1
             where s.id = session.id
            returning s.* into session;
        else
            -- Answered, not raised: an error would take the ending back.
            perform authguard.end_session_row(session, decided.change,
                case decided.change when 'reuse' then 'REFRESH_TOKEN_REUSED' else 'SIGNED_OUT' end, 'policy');
    end case;
    if decided.status in ('ok', 'reused') then
        answer := authguard.issue(session);
        if decided.status = 'ok' then
            perform authguard.record('TOKEN_REFRESHED', session.user_id, session.id, 'user', null);
        end if;
    end if;
    answer.status := decided.status;
    return answer;
end
$$;
comment on function auth.refresh(pg_catalog.text) is
    'New tokens for a refresh token (RFC 6749 section 6, with rotation: RFC 9700 section 4.14.2). status: ok; reused: the same tokens again, for another tab; refresh_token_already_used: stolen, and the session has ended; invalid, not_found, session_expired, session_revoked, user_blocked, stepped_up, state_lost; busy: try again. It is answered, not raised, because the ending of a stolen session must be committed';
