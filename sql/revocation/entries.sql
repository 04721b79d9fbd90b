-- How an entry is written, and how long it is kept: what the functions for operators have in common.
-- Times are of the clock, not of the transaction: a long transaction must not backdate a cut-off.

create function authguard.max_token_lifetime() returns pg_catalog.int4
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_max_token_lifetime_wrapper';
comment on function authguard.max_token_lifetime() is
    'The setting of that name, in seconds, also where the library was not loaded before';

create function authguard.latest_expiry(after pg_catalog.timestamptz)
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
comment on function authguard.latest_expiry(pg_catalog.timestamptz) is
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
              -- Of a sign-in that was committed after the cut-off nothing else says that it is shut out.
              and not (o.kind = 'user' and exists (
                      select from authguard.session s
                       where s.user_id = o.key and s.ended_at is null and s.authenticated_at <= o.issued_before))
            order by o.keep_until
            limit most
              for update skip locked));
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;
comment on function authguard.forget(pg_catalog.int8, pg_catalog.text) is
    'Deletes at most that many entries (of one kind; NULL: of all) whose keep_until has passed and that no session depends on, oldest first, waiting for nobody; returns how many';

create function authguard.identity(name pg_catalog.text, value pg_catalog.text) returns pg_catalog.text
language c immutable cost 10
as 'MODULE_PATHNAME', 'authguard_identity_wrapper';
comment on function authguard.identity(pg_catalog.text, pg_catalog.text) is
    'The canonical form of a value that must be given; an error that names it otherwise';
