-- How an entry is written, and how long it is kept. The functions for operators, and those that end
-- sessions, call these. Times are those of the clock, not of the transaction: a long transaction
-- must not backdate a cut-off.

create function authguard.expiry_with_leeway(expires_at pg_catalog.timestamptz)
returns pg_catalog.timestamptz
language c immutable strict cost 1
as 'MODULE_PATHNAME', 'authguard_expiry_with_leeway';
comment on function authguard.expiry_with_leeway(pg_catalog.timestamptz) is
    'The instant from which no server accepts a token with this exp, whatever its '
    'authguard.leeway: expires_at plus the greatest leeway. An infinite time stays as it is. NULL '
    'for NULL';

create function authguard.latest_expiry(issued_at pg_catalog.timestamptz)
returns pg_catalog.timestamptz
language c stable strict cost 1
as 'MODULE_PATHNAME', 'authguard_latest_expiry';
comment on function authguard.latest_expiry(pg_catalog.timestamptz) is
    'The instant from which no server accepts a token that existed at that time: issued_at plus '
    'authguard.max_token_lifetime plus the greatest leeway, twice: the clock of its issuer may be '
    'ahead, and it is accepted for a leeway after its exp. NULL if that setting is 0, and for NULL';

create function authguard.require_primary() returns pg_catalog.void
language c stable cost 1
as 'MODULE_PATHNAME', 'authguard_require_primary';
comment on function authguard.require_primary() is
    'Raises 25006 on a standby';

create function authguard.check_entry(
    key pg_catalog.text, issuer pg_catalog.text, reason pg_catalog.text)
returns pg_catalog.void
language c immutable cost 1
as 'MODULE_PATHNAME', 'authguard_check_entry';
comment on function authguard.check_entry(pg_catalog.text, pg_catalog.text, pg_catalog.text) is
    'Raises 22023 if the key or the issuer of an entry is longer than an identity in claims may '
    'be, or the reason is too long. NULL passes';

create function authguard.check_reason(reason pg_catalog.text) returns pg_catalog.void
language c immutable cost 1
as 'MODULE_PATHNAME', 'authguard_check_reason';
comment on function authguard.check_reason(pg_catalog.text) is
    'Raises 22023 if the reason of an entry or an event is too long. NULL passes';

create function authguard.blocks(
    blocked pg_catalog.bool, blocked_until pg_catalog.timestamptz)
returns pg_catalog.bool
language c volatile cost 1
as 'MODULE_PATHNAME', 'authguard_blocks';
comment on function authguard.blocks(pg_catalog.bool, pg_catalog.timestamptz) is
    'True if an entry of a user with these columns shuts the user out now, by the clock. '
    'blocked_until NULL: until restored. blocked must not be NULL';

create function authguard.cuts_off(
    issued_before pg_catalog.timestamptz, since pg_catalog.timestamptz)
returns pg_catalog.bool
language c immutable strict cost 1
as 'MODULE_PATHNAME', 'authguard_cuts_off';
comment on function authguard.cuts_off(pg_catalog.timestamptz, pg_catalog.timestamptz) is
    'True if a cut-off (column issued_before) covers a session whose user last proved at since '
    'who it is. NULL for NULL';

create function authguard.lock_cut_offs(key pg_catalog.text) returns pg_catalog.void
language c volatile cost 100
as 'MODULE_PATHNAME', 'authguard_lock_cut_offs';
comment on function authguard.lock_cut_offs(pg_catalog.text) is
    'Takes a lock until the end of the transaction: meanwhile no session of this user begins, and '
    'none takes another proof. key: the user in canonical form; empty or NULL: of every user';

create function authguard.begin_cut_off(key pg_catalog.text, issuer pg_catalog.text)
returns pg_catalog.timestamptz
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    newest pg_catalog.timestamptz;
begin
    if issuer <> authguard.own_issuer() then
        return pg_catalog.clock_timestamp();
    end if;
    perform authguard.lock_cut_offs(key);
    -- If the clock was set back, or is that of another server by now, there may be later ones.
    if key = '' then
        select max(s.created_at) into newest from authguard.session s where s.ended_at is null;
    else
        select max(greatest(s.created_at, s.authenticated_at)) into newest
          from authguard.session s where s.user_id = key and s.ended_at is null;
    end if;
    return greatest(pg_catalog.clock_timestamp(), newest,
        (select max(r.issued_before) from authguard.revocation r
          where r.kind in ('user', 'issuer') and r.key in (begin_cut_off.key, '')
            and (r.issuer is null or r.issuer = authguard.own_issuer())));
end
$$;
comment on function authguard.begin_cut_off(pg_catalog.text, pg_catalog.text) is
    'Returns the time of a cut-off that covers every token so far: the clock, or the time of a '
    'later session or cut-off. key: the user in canonical form; empty: all users. issuer NULL: '
    'every issuer. Unless it is about another issuer, no session begins until this transaction has '
    'ended';

create function authguard.date_at_commit(
    kind pg_catalog.text, key pg_catalog.text, issuer pg_catalog.text,
    issued_before pg_catalog.timestamptz)
returns pg_catalog.void
language c volatile cost 10
as 'MODULE_PATHNAME', 'authguard_date_at_commit';
comment on function authguard.date_at_commit(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Has authguard.date_cut_off called for this cut-off when the transaction commits, unless its '
    'second is not over, or the transaction has issued tokens';

create function authguard.date_cut_off(
    kind pg_catalog.text, key pg_catalog.text, issuer pg_catalog.text,
    issued_before pg_catalog.timestamptz)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    present constant pg_catalog.timestamptz := pg_catalog.clock_timestamp();
begin
    update authguard.revocation r
       set issued_before = present,
           keep_until = r.keep_until + (present - r.issued_before)
     where r.kind = date_cut_off.kind and r.key = date_cut_off.key
       and r.issuer is not distinct from date_cut_off.issuer
       and r.issued_before >= date_cut_off.issued_before and r.issued_before < present;
end
$$;
comment on function authguard.date_cut_off(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Moves a cut-off that this transaction has written to the present: tokens may have been issued '
    'meanwhile. issued_before: the cut-off as it was first written; an earlier one stays';

create function authguard.entry(
    kind pg_catalog.text, key pg_catalog.text, issuer pg_catalog.text,
    issued_before pg_catalog.timestamptz, reason pg_catalog.text,
    keep_until pg_catalog.timestamptz)
returns authguard.revocation
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    entry.kind := kind;
    entry.key := key;
    entry.issuer := issuer;
    entry.blocked := issued_before is null;
    entry.issued_before := issued_before;
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := keep_until;
    return entry;
end
$$;
comment on function authguard.entry(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text,
    pg_catalog.timestamptz) is
    'An entry as the library writes it: a cut-off or, if issued_before is NULL, a block';

create function authguard.merged(old authguard.revocation, new authguard.revocation)
returns authguard.revocation
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    merged authguard.revocation := new;
begin
    merged.blocked := old.blocked or new.blocked;
    -- What an operator has shut too, no event opens.
    merged.event_at := case
        when not authguard.blocks(old.blocked, old.blocked_until) then new.event_at
        when not new.blocked then old.event_at
        when old.event_at is not null and new.event_at is not null
            then greatest(old.event_at, new.event_at)
    end;
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
    -- Tokens of another issuer have whole seconds: a later cut-off in the same second covers no
    -- more. It does of the sessions of this database, unless a block lets none begin.
    if (merged.blocked, merged.blocked_until, merged.include_keys, merged.reason, merged.event_at)
       is not distinct from (old.blocked, old.blocked_until, old.include_keys, old.reason,
                             old.event_at)
       and (merged.issued_before is not distinct from old.issued_before
            or (date_trunc('second', merged.issued_before)
                = date_trunc('second', old.issued_before)
                and (old.issuer <> authguard.own_issuer()
                     or authguard.blocks(old.blocked, old.blocked_until))))
       and (merged.keep_until is not distinct from old.keep_until
            or date_trunc('second', merged.keep_until) = date_trunc('second', old.keep_until)) then
        return old;
    end if;
    return merged;
end
$$;
comment on function authguard.merged(authguard.revocation, authguard.revocation) is
    'Returns an entry that covers what both cover: the longer block, the later cut-off, the later '
    'keep_until. Returns the old one if that covers as much as the new one';

create function authguard.revoke(entry authguard.revocation) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    old authguard.revocation;
begin
    perform authguard.require_primary();
    perform authguard.check_entry(entry.key, entry.issuer, entry.reason);
    entry.revoked_at := pg_catalog.clock_timestamp();
    entry.revoked_by := session_user;

    -- Without a lock: a call that changes nothing must write nothing.
    select r.* into old
      from authguard.revocation r
     where r.kind = entry.kind and r.key = entry.key
       and r.issuer is not distinct from entry.issuer
       and r.client_id is not distinct from entry.client_id;
    if found and authguard.merged(old, entry) is not distinct from old then
        return false;
    end if;
    -- Merged again with the row as it is by then: if two operators write at once, neither loses.
    insert into authguard.revocation as r select entry.*
    on conflict (kind, key, (issuer is null), (coalesce(issuer, '')), (coalesce(client_id, '')))
    do update
        set (blocked, blocked_until, issued_before, include_keys, reason,
             revoked_at, revoked_by, keep_until, event_at)
            = (select m.blocked, m.blocked_until, m.issued_before, m.include_keys, m.reason,
                      m.revoked_at, m.revoked_by, m.keep_until, m.event_at
                 from authguard.merged(r, excluded) m);
    -- A cut-off in the past is meant as it is. That of claims is written by the commit itself, and
    -- a client is shut out until it is restored, long after the commit.
    if entry.issued_before >= pg_catalog.transaction_timestamp()
       and entry.kind in ('user', 'issuer') then
        perform authguard.date_at_commit(entry.kind, entry.key, entry.issuer, entry.issued_before);
    end if;
    return true;
end
$$;
comment on function authguard.revoke(authguard.revocation) is
    'Writes an entry, or lets the existing one cover more. Returns false, and writes nothing, if '
    'that covers as much already. 22023 if a text is too long; 25006 on a standby';

create function authguard.cut_off_user(user_id pg_catalog.text, reason pg_catalog.text)
returns pg_catalog.timestamptz
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    cutoff constant pg_catalog.timestamptz := authguard.begin_cut_off(user_id, null);
begin
    perform authguard.revoke(authguard.entry(
        'user', user_id, null, cutoff, reason, authguard.latest_expiry(cutoff)));
    return cutoff;
end
$$;
comment on function authguard.cut_off_user(pg_catalog.text, pg_catalog.text) is
    'Revokes every token that a user (in canonical form) was issued so far, at every issuer. '
    'Returns the cut-off. 25006 on a standby';

-- Not called in a client's transaction: a client could keep it open, and an operator who writes a
-- forgotten entry again would wait for it.
create function authguard.forget(
    -- As many as keep up with the entries that one call writes.
    most pg_catalog.int8 default 10)
returns pg_catalog.int8
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
              -- A sign-in may have been committed after the cut-off: only the entry shuts it out.
              and not (o.kind = 'user' and exists (
                      select from authguard.session s
                       where s.user_id = o.key and s.ended_at is null
                         and authguard.cuts_off(o.issued_before, s.authenticated_at)))
            order by o.keep_until
            limit most
              for update skip locked));
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;
comment on function authguard.forget(pg_catalog.int8) is
    'Deletes entries whose keep_until has passed and that no session depends on: at most that '
    'many (NULL: all), the oldest first. Skips locked ones. Returns how many it deleted';

create function authguard.revoke_and_forget(entry authguard.revocation) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if not authguard.revoke(entry) then
        return false;
    end if;
    perform authguard.forget();
    return true;
end
$$;
comment on function authguard.revoke_and_forget(authguard.revocation) is
    'Writes an entry as authguard.revoke does, for an operator, and forgets a few old ones';

create function authguard.identity(name pg_catalog.text, value pg_catalog.text)
returns pg_catalog.text
language c immutable cost 10
as 'MODULE_PATHNAME', 'authguard_identity';
comment on function authguard.identity(pg_catalog.text, pg_catalog.text) is
    'Returns the canonical form of an identity. Errors name the argument, name: 22004 if value is '
    'NULL, 22023 if it is empty or too long';
