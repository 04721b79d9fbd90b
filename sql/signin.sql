-- Tokens of a session, and the sign-in that begins one. SECURITY DEFINER behind a door, grant_signer. Times are
-- of the clock: a long transaction must not backdate a session.

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

create function authguard.can_sign() returns pg_catalog.bool
language c stable cost 100
as 'MODULE_PATHNAME', 'authguard_can_sign_wrapper';
comment on function authguard.can_sign() is
    'Whether there is a key to sign access tokens with: after a restore its row is there, and it is not';

create function authguard.make_refresh_key() returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_make_refresh_key_wrapper';
comment on function authguard.make_refresh_key() is
    'Makes the key of refresh tokens, where there is none';

create function authguard.replace_refresh_key() returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_replace_refresh_key_wrapper';
comment on function authguard.replace_refresh_key() is
    'Makes another key of refresh tokens: every earlier one is invalid';

create function authguard.require_good_token(token pg_catalog.text) returns pg_catalog.void
language c volatile strict cost 10000
as 'MODULE_PATHNAME', 'authguard_require_good_token_wrapper';
comment on function authguard.require_good_token(pg_catalog.text) is
    'Raises 22023 where this database would refuse a token that it has just signed, but for its times';

create function authguard.lock_user(user_id pg_catalog.text) returns pg_catalog.void
language c volatile strict cost 100
as 'MODULE_PATHNAME', 'authguard_lock_user_wrapper';
comment on function authguard.lock_user(pg_catalog.text) is
    'Waits until no other transaction signs this user (in canonical form) in; by a lock that SQL cannot take';

create function authguard.is_blocked_by_entry(user_id pg_catalog.text) returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_blocked_by_entry_wrapper';
comment on function authguard.is_blocked_by_entry(pg_catalog.text) is
    'Whether authguard.revoke_user shuts a user (in canonical form) of our own issuer out, by the newest committed entries';

create function authguard.is_ended_by_entry(
    user_id pg_catalog.text, session_id pg_catalog.uuid,
    created_at pg_catalog.timestamptz, authenticated_at pg_catalog.timestamptz)
returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_ended_by_entry_wrapper';
comment on function authguard.is_ended_by_entry(pg_catalog.text, pg_catalog.uuid, pg_catalog.timestamptz, pg_catalog.timestamptz) is
    'Whether an entry ends a session of our own: one of the session, or a cut-off of the user or of the issuer, by the newest committed entries';

create function authguard.ensure_session_keys() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if authguard.has_session_keys() then
        return;
    end if;
    perform authguard.begin_key_change();
    if not authguard.can_sign() then
        perform authguard.rotate_signing_key();
    end if;
    perform authguard.make_refresh_key();
end
$$;
comment on function authguard.ensure_session_keys() is
    'Makes the keys of access and refresh tokens that are missing: at the first sign-in, after a restore, and after authguard.revoke_key';

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

-- In plpgsql: it keeps the plan of its query, where a function in SQL makes it anew at each call from another
-- function.
create function authguard.session_end(session authguard.session) returns pg_catalog.timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    settings record;
begin
    select * into settings from authguard.session_settings();
    return least(
        session.not_after,
        case when settings.timebox > 0 then session.created_at + settings.timebox * interval '1 second' end,
        case when settings.inactivity > 0 then session.refreshed_at + settings.inactivity * interval '1 second' end);
end
$$;
comment on function authguard.session_end(authguard.session) is
    'When the session is past its time unless it is refreshed; NULL: never';

create function authguard.access_expires_at(
    created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz, not_after pg_catalog.timestamptz,
    at pg_catalog.int8)
returns pg_catalog.int8
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_access_expires_at_wrapper';
comment on function authguard.access_expires_at(pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.int8) is
    'Claim exp of the tokens that a session is issued at that second: by authguard.jwt_expiry, and never past the session''s end';

create function authguard.issue_at(session authguard.session) returns pg_catalog.int8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    at pg_catalog.int8 := pg_catalog.floor(extract(epoch from session.refreshed_at));
    changed pg_catalog.int8;
begin
    if not exists (select from authguard.attached a where a.refresh_on_change) then
        return at;
    end if;
    perform authguard.await_changes();
    select pg_catalog.floor(extract(epoch from pg_catalog.max(r.issued_before))) into changed
      from authguard.revocation r
     where r.kind = 'claims' and r.key = session.user_id and (r.issuer is null or r.issuer = session.issuer);
    -- A token of the second of the change counts as older: the next second, then.
    if at <= changed then
        perform pg_catalog.pg_sleep(least(1, changed + 1 - extract(epoch from pg_catalog.clock_timestamp())));
        at := greatest(changed + 1, pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp())));
    end if;
    return at;
end
$$;
comment on function authguard.issue_at(authguard.session) is
    'Claim iat of the tokens that a session is issued now, in seconds since 1970: later than the last change of the user''s row, for which it waits up to a second';

create function authguard.tokens_until() returns pg_catalog.timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Claim iat may be a second later than the clock is now.
    return pg_catalog.clock_timestamp()
        + ((select s.jwt_expiry from authguard.session_settings() s) + 1) * interval '1 s';
end
$$;
comment on function authguard.tokens_until() is
    'When an access token that is issued now has surely expired';

create function authguard.issue(session authguard.session) returns authguard.issued
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    at pg_catalog.int8 := authguard.issue_at(session);
    expires pg_catalog.int8 := authguard.access_expires_at(
        session.created_at, session.refreshed_at, session.not_after, at);
    defaults constant pg_catalog.jsonb :=
        '{"role": "authenticated", "email": "", "phone": "", "app_metadata": {}, "user_metadata": {}, "is_anonymous": false}';
    claims pg_catalog.jsonb;
    answer authguard.issued;
begin
    perform authguard.ensure_session_keys();
    if expires <= extract(epoch from pg_catalog.clock_timestamp()) then
        -- The tokens of another tab's refresh have expired meanwhile.
        at := pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp()));
        expires := authguard.access_expires_at(session.created_at, session.refreshed_at, session.not_after, at);
    end if;
    claims := defaults || session.claims || authguard.attached_claims(session.user_id);
    claims := defaults || authguard.fresh_claims(session.user_id, session.id, claims);
    claims := claims || pg_catalog.jsonb_build_object(
        'iss', session.issuer, 'sub', session.user_id, 'aud', authguard.own_audience(),
        'iat', at, 'exp', expires, 'session_id', session.id, 'aal', session.aal, 'amr', session.amr);
    answer.access_token := authguard.sign(claims);
    perform authguard.require_good_token(answer.access_token);
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

create function authguard.is_blocked(user_id pg_catalog.text) returns pg_catalog.bool
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return authguard.is_blocked_by_entry(user_id) or authguard.attached_shuts(user_id);
end
$$;
comment on function authguard.is_blocked(pg_catalog.text) is
    'Whether authguard.revoke_user or an attached table shuts this user (in canonical form) out of sign-in and refresh';

create function authguard.add_method(
    amr pg_catalog.jsonb, method pg_catalog.text, at pg_catalog.timestamptz)
returns pg_catalog.jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if method is null or method = '' or pg_catalog.octet_length(method) > 64 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'method must have 1 to 64 bytes',
            hint = 'Such as password, otp or totp (RFC 8176).';
    end if;
    return pg_catalog.jsonb_build_object(
               'method', method, 'timestamp', pg_catalog.floor(extract(epoch from at))::pg_catalog.int8)
        || (select coalesce(pg_catalog.jsonb_agg(e.entry order by e.place), '[]')
              from pg_catalog.jsonb_array_elements(amr) with ordinality e(entry, place)
             where e.entry ->> 'method' <> method);
end
$$;
comment on function authguard.add_method(pg_catalog.jsonb, pg_catalog.text, pg_catalog.timestamptz) is
    'Claim amr with this method as the newest; each is in it once, so that tokens do not grow';

create function authguard.check_aal(aal pg_catalog.text, min_aal pg_catalog.text) returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if aal is null or aal not in ('aal1', 'aal2', 'aal3') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'aal must be aal1, aal2 or aal3';
    end if;
    if aal < min_aal then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('level %s is below authguard.min_aal', pg_catalog.quote_literal(aal)),
            hint = 'Ask the user for another factor first.';
    end if;
end
$$;
comment on function authguard.check_aal(pg_catalog.text, pg_catalog.text) is
    'Raises 22023 where aal is no level, or is below the least one';

create function authguard.shortened(header pg_catalog.text) returns pg_catalog.text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A character has up to four bytes.
    return case when pg_catalog.octet_length(pg_catalog.left(header, 1024)) <= 1024
                then pg_catalog.left(header, 1024) else pg_catalog.left(header, 256) end;
end
$$;
comment on function authguard.shortened(pg_catalog.text) is
    'The begin of a header that a client has sent, at most 1024 bytes: a long one must not fail its login';

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
    other pg_catalog.uuid;
    answer authguard.issued;
begin
    perform authguard.require_primary();
    perform authguard.check_claims(claims);
    select * into settings from authguard.session_settings();
    perform authguard.check_aal(aal, settings.min_aal);
    if pg_catalog.octet_length(tag) > 256 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a tag has at most 256 bytes';
    end if;
    if authguard.is_blocked(subject) then
        answer.status := 'user_blocked';
        return answer;
    end if;
    if settings.single then
        if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
            raise exception using
                errcode = 'active_sql_transaction',
                message = 'authguard.single_session_per_user needs isolation level read committed',
                hint = 'An older snapshot does not see the session to be replaced: sign in in a transaction of its own.';
        end if;
        -- Two sign-ins at once of one user: the second one ends the session of the first.
        perform authguard.lock_user(subject);
        for other in
            select s.id from authguard.session s
             where s.user_id = subject and s.ended_at is null and s.tag is not distinct from sign_in.tag
             order by s.id
        loop
            perform authguard.end_at_once(other, 'replaced', 'policy');
        end loop;
    end if;
    insert into authguard.session (user_id, issuer, aal, amr, claims, user_agent, ip, tag, tokens_until)
    values (subject, authguard.own_issuer(), sign_in.aal,
            authguard.add_method('[]', method, pg_catalog.clock_timestamp()),
            sign_in.claims, authguard.shortened(sign_in.user_agent), sign_in.ip, sign_in.tag, authguard.tokens_until())
    returning * into session;
    answer := authguard.issue(session);
    answer.status := 'ok';
    perform authguard.record(case method when 'recovery' then 'PASSWORD_RECOVERY' else 'SIGNED_IN' end,
        subject, session.id, 'user', method);
    return answer;
end
$$;
comment on function authguard.sign_in(pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.inet, pg_catalog.text) is
    'Begins a session for a user whom the application has authenticated, and issues its tokens. claims: merged into those of the access token. method, aal: how (RFC 8176). status user_blocked, and no tokens, where authguard.revoke_user or an attached table shuts the user out';
