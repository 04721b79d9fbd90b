-- Endings: each bites at the next statement, writes an event, and also a revocation entry, so that databases
-- which only receive those agree. What is ended already is a success, and writes nothing.

create function authguard.end_sessions(
    user_id pg_catalog.text, issuer pg_catalog.text, reason pg_catalog.text, actor pg_catalog.text,
    only_session pg_catalog.uuid default null, except_session pg_catalog.uuid default null, wait pg_catalog.bool default false)
returns pg_catalog.int4
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    session_id pg_catalog.uuid;
    ended pg_catalog.int4 := 0;
begin
    -- In one order, so that two endings of one user's sessions cannot wait for each other.
    for session_id in
        select s.id from authguard.session s
         where s.user_id = end_sessions.user_id and s.ended_at is null
           and (end_sessions.issuer is null or s.issuer = end_sessions.issuer)
           and (only_session is null or s.id = only_session)
           and (except_session is null or s.id <> except_session)
         order by s.id
    loop
        ended := ended + case when wait then authguard.end_session_wait(session_id, reason, actor)
                              else authguard.end_session_nowait(session_id, reason, actor) end::pg_catalog.int4;
    end loop;
    return ended;
end
$$;
comment on function authguard.end_sessions(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.uuid, pg_catalog.bool) is
    'Ends the sessions of a user (in canonical form): all, only one, or all but one. issuer NULL: of every issuer. wait: as authguard.end_session_wait, for clients; else as authguard.end_session_nowait. Returns how many';

create function authguard.sign_out_user(user_id pg_catalog.text, scope pg_catalog.text default 'global')
returns pg_catalog.int4
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    elsewhere record;
    ended pg_catalog.int4;
begin
    perform authguard.require_primary();
    if scope is distinct from 'global' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'the scope of authguard.sign_out_user is global',
            hint = 'authguard.revoke_session ends one session.';
    end if;
    ended := authguard.end_sessions(subject, null, 'signed_out', 'admin');
    -- Whoever keeps those tables may refresh such a session for ever; its tokens stay dead here.
    for elsewhere in select s.* from authguard.attached_sessions(subject) s order by s.session_id loop
        if authguard.revoke_session(elsewhere.session_id::pg_catalog.uuid, 'signed_out', elsewhere.issuer,
                nullif(elsewhere.not_after, 'infinity')) then
            perform authguard.record('SIGNED_OUT', subject, elsewhere.session_id::pg_catalog.uuid, 'admin', 'signed_out');
            ended := ended + 1;
        end if;
    end loop;
    return ended;
end
$$;
comment on function authguard.sign_out_user(pg_catalog.text, pg_catalog.text) is
    'Ends every session of a user, also those in attached tables, and with them all their tokens; signing in again works. Returns how many';

create function authguard.credentials_changed(user_id pg_catalog.text, keep_session pg_catalog.uuid default null)
returns pg_catalog.int4
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    entry authguard.revocation;
    ended pg_catalog.int4;
begin
    perform authguard.require_primary();
    if keep_session is not null then
        begin
            perform authguard.lock_session_of(subject, keep_session);
        exception when lock_not_available then
            -- Whoever has the row may keep it for ever: it ends with the others.
            keep_session := null;
        end;
    end if;
    entry.kind := 'user';
    entry.key := subject;
    entry.blocked := false;
    entry.issued_before := pg_catalog.clock_timestamp();
    entry.include_keys := false;
    entry.reason := 'credentials';
    entry.keep_until := authguard.latest_expiry(entry.issued_before);
    perform authguard.revoke(entry);
    ended := authguard.end_sessions(subject, null, 'credentials', 'user', except_session => keep_session);
    -- After the cut-off: whoever set the new credentials has shown who it is.
    update authguard.session s
       set authenticated_at = greatest(pg_catalog.clock_timestamp(), entry.issued_before + interval '1 us')
     where s.id = keep_session;
    perform authguard.record('USER_UPDATED', subject, keep_session, 'user', 'credentials');
    return ended;
end
$$;
comment on function authguard.credentials_changed(pg_catalog.text, pg_catalog.uuid) is
    'The user has new credentials, or one factor less: ends every session of the user but keep_session (NULL: all), and with a cut-off every token issued so far, of every issuer. Each call is an event. Returns how many sessions ended. 28000, and nothing changed, where keep_session is no live session of the user; where somebody has its row for two seconds it ends with the others';

-- For functions that act as the extension's owner. Of an adopted schema the owner may replace auth.jwt() and the
-- three others, and rename the schema: so none of these is called here, and nothing by its name.
create function authguard.caller(
    out subject pg_catalog.text, out session_id pg_catalog.uuid, out is_own pg_catalog.bool,
    out is_revoked pg_catalog.bool, out is_active pg_catalog.bool)
returns pg_catalog.record
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.canonical(auth.subject()), auth.session_id(),
           coalesce(auth.issuer() = authguard.own_issuer(), false), auth.is_revoked(), auth.is_active();
end;
comment on function authguard.caller() is
    'Whose the current token is (in canonical form), its session, whether our own issuer''s, and the decision about it';

create function auth.sign_out(scope pg_catalog.text default 'global') returns pg_catalog.int4
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    caller record;
begin
    if scope is null or scope not in ('global', 'local', 'others') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'scope must be global, local or others';
    end if;
    perform authguard.require_primary();
    select * into caller from authguard.caller();
    if caller.subject is null or not caller.is_own then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = 'no token of a session of this database',
            hint = 'Sessions of other issuers end there; authguard.revoke_session and revoke_user shut them out here.';
    end if;
    if caller.session_id is null and scope <> 'global' then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = 'the token has no session',
            hint = 'Sign out with scope global.';
    end if;
    if caller.is_revoked then
        -- Whoever holds it is shut out, and must not shut out the user's later sessions in turn.
        if scope = 'others' or caller.session_id is null then
            return 0;
        end if;
        scope := 'local';
    end if;
    return authguard.end_sessions(caller.subject, authguard.own_issuer(), 'signed_out', 'user',
        only_session => case scope when 'local' then caller.session_id end,
        except_session => case scope when 'others' then caller.session_id end, wait => true);
end
$$;
comment on function auth.sign_out(pg_catalog.text) is
    'Ends sessions of the current token''s user: global, all; local, the token''s; others, all but that. A revoked token ends no session but its own. Returns how many; one that has ended already counts as none. 28000 without a token of our own issuer, or for local and others without a session; 55P03, and nothing ended, where another transaction has the row of one for two seconds';

create function auth.sessions()
returns table (id pg_catalog.uuid, created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz,
               authenticated_at pg_catalog.timestamptz, not_after pg_catalog.timestamptz, aal pg_catalog.text,
               user_agent pg_catalog.text, ip pg_catalog.inet, tag pg_catalog.text, is_current pg_catalog.bool)
language sql stable security definer rows 5
set search_path = pg_catalog, pg_temp
begin atomic
    select s.id, s.created_at, s.refreshed_at, s.authenticated_at, authguard.session_end(s.created_at, s.refreshed_at, s.not_after), s.aal,
           s.user_agent, s.ip, s.tag, s.id = auth.session_id()
      from authguard.session s
     where auth.is_active()
       and s.user_id = authguard.canonical(auth.subject())
       and s.issuer = auth.issuer() and s.issuer = authguard.own_issuer()
       and s.ended_at is null
       and not authguard.is_cut_off(s.id, s.user_id, s.issuer, s.created_at, s.authenticated_at)
       and (authguard.session_end(s.created_at, s.refreshed_at, s.not_after) is null or authguard.session_end(s.created_at, s.refreshed_at, s.not_after) > pg_catalog.clock_timestamp())
     order by s.created_at;
end;
comment on function auth.sessions() is
    'The live sessions of the current token''s user; none without an active token of our own issuer';

create function auth.end_session(id pg_catalog.uuid) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    caller record;
begin
    perform authguard.require_primary();
    select * into caller from authguard.caller();
    if not caller.is_active then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = 'no active token',
            hint = 'Sign in again; "select * from auth.whoami()" tells what became of the token.';
    end if;
    if not caller.is_own or end_session.id is null then
        return false;
    end if;
    return authguard.end_sessions(caller.subject, authguard.own_issuer(), 'signed_out', 'user',
        only_session => end_session.id, wait => true) > 0;
end
$$;
comment on function auth.end_session(pg_catalog.uuid) is
    'Ends one of the current user''s own sessions. False where it is none, or has ended. 28000 without an active token; 55P03 where another transaction has its row for two seconds';

create function auth.get_user()
returns table (subject pg_catalog.text, role pg_catalog.text, session_id pg_catalog.uuid, claims pg_catalog.jsonb,
               issued_at pg_catalog.timestamptz, expires_at pg_catalog.timestamptz,
               authenticated_at pg_catalog.timestamptz)
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$
begin
    perform auth.require_active();
    return query select auth.subject(), auth.role(), auth.session_id(), auth.jwt(),
                        auth.issued_at(), auth.expires_at(), auth.authenticated_at();
end
$$;
comment on function auth.get_user() is
    'The current user, validated now: one row, or 28000 where the token is not active';
