-- What operators call to revoke and restore. SECURITY DEFINER, because operators may read the table
-- but write it only in these ways; every name is qualified and the path is pinned.
-- Times are of the clock, not of the transaction: a long transaction must not backdate a cut-off.

create function authguard.max_token_lifetime() returns pg_catalog.int4
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_max_token_lifetime_wrapper';
comment on function authguard.max_token_lifetime() is
    'The setting of that name, in seconds, also where the library was not loaded before';

create function authguard.longest_life(after pg_catalog.timestamptz)
returns pg_catalog.timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    lifetime pg_catalog.int4 := authguard.max_token_lifetime();
begin
    return case when lifetime > 0 then after + lifetime * interval '1 s' + interval '300 s' end;
end
$$;
comment on function authguard.longest_life(pg_catalog.timestamptz) is
    'When the last token issued at that time is surely expired, by authguard.max_token_lifetime and the greatest leeway; NULL if that is not known';

create function authguard.require_primary() returns pg_catalog.void
language c stable cost 1
as 'MODULE_PATHNAME', 'authguard_require_primary_wrapper';
comment on function authguard.require_primary() is
    'Raises 25006 on a standby, with a hint';

create function authguard.merged(old authguard.revocation, new authguard.revocation)
returns authguard.revocation
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    merged authguard.revocation := new;
begin
    merged.blocked := old.blocked or new.blocked;
    merged.blocked_until := case
        when old.blocked and new.blocked
            then nullif(greatest(coalesce(old.blocked_until, 'infinity'),
                                 coalesce(new.blocked_until, 'infinity')), 'infinity')
        when old.blocked then old.blocked_until
        else new.blocked_until
    end;
    merged.issued_before := greatest(old.issued_before, new.issued_before);
    merged.include_keys := old.include_keys or new.include_keys;
    merged.reason := coalesce(new.reason, old.reason);
    merged.keep_until := nullif(greatest(coalesce(old.keep_until, 'infinity'),
                                         coalesce(new.keep_until, 'infinity')), 'infinity');
    -- Tokens are compared with a cut-off in whole seconds: within one, nothing moves.
    if (merged.blocked, merged.blocked_until, date_trunc('second', merged.issued_before),
        merged.include_keys, merged.reason)
       is not distinct from
       (old.blocked, old.blocked_until, date_trunc('second', old.issued_before),
        old.include_keys, old.reason)
       and (merged.keep_until is not distinct from old.keep_until
            or date_trunc('second', merged.keep_until) = date_trunc('second', old.keep_until)) then
        return old;
    end if;
    return merged;
end
$$;
comment on function authguard.merged(authguard.revocation, authguard.revocation) is
    'An entry that covers what both cover: the longer block, the later cut-off, the later forgetting; the old one where it does';

create function authguard.revoke(entry authguard.revocation) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    old authguard.revocation;
begin
    perform authguard.require_primary();
    if pg_catalog.octet_length(entry.key) > 1024 or pg_catalog.octet_length(entry.issuer) > 1024 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'an identity has at most 1024 bytes',
            hint = 'Claims with a longer one are refused anyway.';
    end if;
    if pg_catalog.octet_length(entry.reason) > 1024 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a reason has at most 1024 bytes';
    end if;
    entry.revoked_at := pg_catalog.clock_timestamp();
    entry.revoked_by := session_user;

    -- Without a lock, because what changes nothing must write nothing.
    select r.* into old
      from authguard.revocation r
     where r.kind = entry.kind and r.key = entry.key and r.issuer is not distinct from entry.issuer;
    if found and authguard.merged(old, entry) is not distinct from old then
        return false;
    end if;
    -- Merged again with the row as it is by then: of two operators at once, neither loses.
    insert into authguard.revocation as r select entry.*
    on conflict (kind, key, (issuer is null), (coalesce(issuer, ''))) do update
        set (blocked, blocked_until, issued_before, include_keys, reason, revoked_at, revoked_by, keep_until)
            = (select m.blocked, m.blocked_until, m.issued_before, m.include_keys, m.reason,
                      m.revoked_at, m.revoked_by, m.keep_until
                 from authguard.merged(r, excluded) m);

    -- A client's transaction writes entries of sessions, and must not hold up operators by others that it forgets.
    perform authguard.forget(10, case entry.kind when 'session' then 'session' end);
    return true;
end
$$;
comment on function authguard.revoke(authguard.revocation) is
    'Writes an entry, or lets the one that exists cover more; false, and nothing written, where it covers as much';

create function authguard.forget(most pg_catalog.int8, kind pg_catalog.text default null) returns pg_catalog.int8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    forgotten pg_catalog.int8;
begin
    delete from authguard.revocation r
     where r.ctid = any (array(
           select o.ctid
             from authguard.revocation o
            where o.keep_until < pg_catalog.clock_timestamp()
              and (forget.kind is null or o.kind = forget.kind)
            order by o.keep_until
            limit most
              for update skip locked));
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;
comment on function authguard.forget(pg_catalog.int8, pg_catalog.text) is
    'Deletes at most that many entries (of one kind; NULL: of all) whose keep_until has passed, oldest first, waiting for nobody; returns how many';

create function authguard.identity(name pg_catalog.text, value pg_catalog.text) returns pg_catalog.text
language c immutable cost 10
as 'MODULE_PATHNAME', 'authguard_identity_wrapper';
comment on function authguard.identity(pg_catalog.text, pg_catalog.text) is
    'The canonical form of a value that must be given; an error that names it otherwise';

create function authguard.revoke_token(
    jti pg_catalog.text,
    reason pg_catalog.text default null,
    issuer pg_catalog.text default null,
    expires_at pg_catalog.timestamptz default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    entry.kind := 'token';
    entry.key := authguard.identity('jti', jti);
    entry.issuer := issuer;
    entry.blocked := true;
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := coalesce(expires_at + interval '300 s',
                                 authguard.longest_life(pg_catalog.clock_timestamp()));
    return authguard.revoke(entry);
end
$$;
comment on function authguard.revoke_token(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Revokes the token with this jti. issuer NULL: of every issuer. expires_at: its exp, after which the entry may be forgotten. True where something changed';

create function authguard.revoke_session(
    session_id pg_catalog.uuid,
    reason pg_catalog.text default null,
    issuer pg_catalog.text default null,
    expires_at pg_catalog.timestamptz default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- An issuer that does not know of this may refresh the session for ever: without its end, kept.
    entry authguard.revocation := authguard.session_entry(session_id, issuer, reason, expires_at + interval '300 s');
    session authguard.session;
begin
    perform authguard.require_primary();
    perform authguard.identity('session_id', session_id::pg_catalog.text);
    select s.* into session from authguard.session s
     where s.id = session_id and s.ended_at is null and (revoke_session.issuer is null or s.issuer = revoke_session.issuer);
    if found then
        if entry.keep_until < session.tokens_until + interval '300 s' then
            entry.keep_until := session.tokens_until + interval '300 s';
        end if;
        return authguard.end_at_once(session_id, 'revoked', 'admin', entry);
    end if;
    return authguard.revoke(entry);
end
$$;
comment on function authguard.revoke_session(pg_catalog.uuid, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Revokes every token of the session. issuer NULL: of every issuer. expires_at: when its last token will have expired; NULL: the entry is kept. True where something changed';

create function authguard.revoke_user(
    user_id pg_catalog.text,
    reason pg_catalog.text default null,
    until pg_catalog.timestamptz default null,
    issuer pg_catalog.text default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
    changed pg_catalog.bool;
begin
    if until <= pg_catalog.clock_timestamp() then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'until must be in the future',
            hint = 'Leave it out to shut the user out until authguard.restore_user().';
    end if;
    entry.kind := 'user';
    entry.key := authguard.identity('user_id', user_id);
    entry.issuer := issuer;
    entry.blocked := true;
    entry.blocked_until := nullif(until, 'infinity');
    entry.issued_before := pg_catalog.clock_timestamp();
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := greatest(entry.blocked_until, authguard.longest_life(entry.issued_before));
    if entry.blocked_until is null or authguard.longest_life(entry.issued_before) is null then
        entry.keep_until := null;
    end if;
    changed := authguard.revoke(entry);
    perform authguard.end_sessions_at_once(entry.key, issuer, 'blocked', 'admin');
    if changed then
        perform authguard.record('USER_REVOKED', entry.key, null, 'admin', reason);
    end if;
    return changed;
end
$$;
comment on function authguard.revoke_user(pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text) is
    'Shuts the user out until restored (or until a time) and revokes every token issued so far. issuer NULL: at every issuer. The longer of two blocks stands. True where something changed';

create function authguard.restore_user(
    user_id pg_catalog.text,
    issuer pg_catalog.text default null,
    revive_tokens pg_catalog.bool default false
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    everywhere authguard.revocation;
    changed pg_catalog.int8;
begin
    perform authguard.require_primary();
    if issuer is not null then
        select r.* into everywhere
          from authguard.revocation r
         where r.kind = 'user' and r.key = subject and r.issuer is null
           and (r.blocked and (r.blocked_until is null or r.blocked_until > pg_catalog.clock_timestamp())
                or revive_tokens);
        if found then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = 'the user is revoked at every issuer',
                detail = pg_catalog.format('Entry of %s by %s%s.', everywhere.revoked_at, everywhere.revoked_by,
                                           coalesce(': ' || everywhere.reason, '')),
                hint = 'Call authguard.restore_user without an issuer to lift that entry, too.';
        end if;
    end if;
    if revive_tokens then
        delete from authguard.revocation r
         where r.kind = 'user' and r.key = subject
           and (restore_user.issuer is null or r.issuer = restore_user.issuer);
    else
        update authguard.revocation r
           set blocked = false,
               blocked_until = null,
               keep_until = authguard.longest_life(r.issued_before)
         where r.kind = 'user' and r.key = subject and r.blocked
           and (restore_user.issuer is null or r.issuer = restore_user.issuer);
    end if;
    get diagnostics changed = row_count;
    if changed > 0 then
        perform authguard.record('USER_RESTORED', subject, null, 'admin', null);
    end if;
    return changed > 0;
end
$$;
comment on function authguard.restore_user(pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Lets the user in again with new tokens; those from before stay revoked unless revive_tokens. issuer NULL: lifts the blocks at every issuer. True where something changed';

create function authguard.revoke_issued_before(
    cutoff pg_catalog.timestamptz,
    issuer pg_catalog.text default null,
    reason pg_catalog.text default null,
    include_keys pg_catalog.bool default false
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    if cutoff is null or not pg_catalog.isfinite(cutoff) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'cutoff must be a time',
            hint = 'now() revokes every token issued so far.';
    end if;
    entry.kind := 'issuer';
    entry.key := '';
    entry.issuer := issuer;
    entry.blocked := false;
    entry.issued_before := cutoff;
    entry.include_keys := coalesce(include_keys, false);
    entry.reason := reason;
    -- Keys of services outlive every user's token.
    entry.keep_until := case when not entry.include_keys then authguard.longest_life(cutoff) end;
    return authguard.revoke(entry);
end
$$;
comment on function authguard.revoke_issued_before(pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Revokes every token issued at or before the cut-off (in whole seconds), or without iat. issuer NULL: of every issuer; empty: tokens without iss. Tokens with neither sub nor session_id only with include_keys. True where something changed';

create function authguard.prune(
    sessions_after pg_catalog.interval default '7 days',
    events_after pg_catalog.interval default '90 days',
    out kind pg_catalog.text, out forgotten pg_catalog.int8)
returns setof pg_catalog.record
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    over_since pg_catalog.timestamptz := pg_catalog.clock_timestamp() - sessions_after;
begin
    perform authguard.require_primary();
    if sessions_after < interval '0' or events_after < interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'what is not over cannot be forgotten',
            hint = 'Give intervals that are not negative.';
    end if;
    kind := 'revocation';
    forgotten := authguard.forget(100000);
    return next;
    -- No row, no access: what is forgotten stays shut. What somebody uses at the moment waits.
    kind := 'session';
    with dead as (
        select s.id from authguard.session s
         where s.ended_at < over_since
            -- No session that was refreshed lately is asked when it ends, which costs more.
            or (s.ended_at is null and s.refreshed_at < over_since and authguard.session_end(s.created_at, s.refreshed_at, s.not_after) < over_since)
         limit 10000
           for update skip locked
    )
    delete from authguard.session s using dead d where s.id = d.id;
    get diagnostics forgotten = row_count;
    return next;
    kind := 'event';
    with old as (
        select e.id from authguard.event e
         where e.happened_at < pg_catalog.clock_timestamp() - events_after
         limit 100000
           for update skip locked
    )
    delete from authguard.event e using old o where e.id = o.id;
    get diagnostics forgotten = row_count;
    return next;
end
$$;
comment on function authguard.prune(pg_catalog.interval, pg_catalog.interval) is
    'Forgets what can decide nothing any more: entries past their keep_until, sessions that are over, old events; at most 100,000, 10,000 and 100,000 at a time. Returns how many, by kind';
