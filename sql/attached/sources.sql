-- Attached tables: users and sessions that others keep become sources of the decision. src/attached
-- reads authguard.attached.

create table authguard.attached (
    relation pg_catalog.regclass not null primary key,
    kind pg_catalog.text collate pg_catalog."C" not null,
    issuer pg_catalog.text collate pg_catalog."C",
    refresh_on_change pg_catalog.bool not null default false,

    constraint attached_kind check (kind in ('users', 'sessions')),
    constraint attached_issuer_length check (pg_catalog.octet_length(issuer) <= 1024)
);
comment on table authguard.attached is
    'Tables that authguard.attach_users and attach_sessions have made sources of the decision. '
    'The meaning of their columns is in their trigger authguard_attached, which follows renames '
    'and dumps';
comment on column authguard.attached.relation is
    'The table; a number if it was dropped';
comment on column authguard.attached.kind is 'users or sessions';
comment on column authguard.attached.issuer is
    'Claim iss of the tokens that it decides about; NULL: every issuer; empty: tokens without iss';
comment on column authguard.attached.refresh_on_change is
    'For users: true if a change of app_metadata or role makes earlier tokens stale';
select pg_catalog.pg_extension_config_dump('authguard.attached', '');

create trigger invalidate after insert or update or delete on authguard.attached
    for each row execute function authguard.invalidate();
create trigger invalidate_truncate after truncate on authguard.attached
    for each statement execute function authguard.invalidate();
alter table authguard.attached enable always trigger invalidate;
alter table authguard.attached enable always trigger invalidate_truncate;

-- Like authguard.channel, for rows that appear: only a backend that has looked for one in vain
-- looks again, so that a sign-in does not make every backend do it.
create table authguard.arrival_channel ();
comment on table authguard.arrival_channel is
    'Always empty, never read: its relcache invalidation makes every backend look again for rows '
    'that were missing';

create function authguard.attached_changed() returns pg_catalog.trigger
language c volatile cost 10
as 'MODULE_PATHNAME', 'authguard_attached_changed';
comment on function authguard.attached_changed() is
    'Trigger of attached tables: makes every backend look again, and the commit of a change or '
    'deletion durable. Its arguments are the meanings of the columns';

create function authguard.lock_claims(user_id pg_catalog.text, for_change pg_catalog.bool)
returns pg_catalog.void
language c volatile strict cost 10
as 'MODULE_PATHNAME', 'authguard_lock_claims';
comment on function authguard.lock_claims(pg_catalog.text, pg_catalog.bool) is
    'Locks the claims of a user (in canonical form) until the transaction or subtransaction ends. '
    'Transactions that change them (for_change) share the lock with each other, and those that '
    'issue tokens wait for them. Nothing for NULL';

create function authguard.user_updated(relation pg_catalog.regclass, user_id pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    source authguard.attached;
    entry authguard.revocation;
begin
    select a.* into source
      from authguard.attached a
     where a.kind = 'users'
       and (a.relation = user_updated.relation
            -- The trigger of a partition fires there.
            or a.relation in (
                select p.relid
                  from pg_catalog.pg_partition_ancestors(user_updated.relation) p));
    if not found then
        return false;
    end if;
    -- It is too late for deferred triggers: they fire now, or the change fails.
    set constraints all immediate;
    perform authguard.record('USER_UPDATED', user_id, null, 'system', null);
    if source.refresh_on_change then
        -- Until the end of the commit, which the client can make slow: authguard.await_changes of
        -- this user waits for it.
        perform authguard.lock_claims(user_id, true);
        entry.kind := 'claims';
        entry.key := user_id;
        entry.issuer := source.issuer;
        entry.blocked := false;
        entry.issued_before := pg_catalog.clock_timestamp();
        entry.include_keys := false;
        entry.reason := 'changed';
        entry.keep_until := authguard.latest_expiry(entry.issued_before);
        perform authguard.revoke(entry);
    end if;
    return source.refresh_on_change;
end
$$;
comment on function authguard.user_updated(pg_catalog.regclass, pg_catalog.text) is
    'Writes the event USER_UPDATED for a user (in canonical form) of an attached table. If the '
    'table is attached with refresh_on_change, also writes the cut-off for earlier tokens and '
    'returns true. Called when a transaction commits and its client can do nothing more in it, '
    'because refreshes of that user wait for the lock';

create function authguard.await_changes(user_id pg_catalog.text) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from authguard.attached a where a.refresh_on_change) then
        return true;
    end if;
    -- A transaction that changes a user's row reads the clock before others see the change. The
    -- error gives the lock back at once.
    perform authguard.lock_claims(user_id, false);
    raise exception using errcode = 'AG001', message = 'nothing is being committed';
exception
    when sqlstate 'AG001' then
        return true;
    when lock_not_available then
        return false;
end
$$;
comment on function authguard.await_changes(pg_catalog.text) is
    'Waits until changes of the user''s attached rows (user_id in canonical form) that are being '
    'committed have committed, cut-off and row, if a table is attached with refresh_on_change. '
    'False if that takes lock_timeout, which the library sets. user_id must not be NULL';

create function authguard.attached_user_changed() returns pg_catalog.trigger
language c volatile security definer cost 100
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_attached_user_changed';
comment on function authguard.attached_user_changed() is
    'Trigger of attached tables of users: notes for authguard.user_updated that what tokens say '
    'about a user has changed. SECURITY DEFINER, because the role that changes the row may not '
    'write the tables of authguard';

create function authguard.check_source(
    relation pg_catalog.regclass, kind pg_catalog.text,
    parts pg_catalog.text[], columns pg_catalog.int2[])
returns table (code pg_catalog.text, problem pg_catalog.text, hint pg_catalog.text)
language c stable strict cost 100 rows 1
as 'MODULE_PATHNAME', 'authguard_check_source';
comment on function authguard.check_source(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.text[], pg_catalog.int2[]) is
    'Returns why a table of that kind whose columns have these meanings (parts) cannot be a '
    'source, as an SQLSTATE, a problem and a hint. No row if it can be one, and for NULL';

create function authguard.source_problem(relation pg_catalog.regclass, kind pg_catalog.text)
returns table (code pg_catalog.text, problem pg_catalog.text, hint pg_catalog.text)
language c stable strict cost 100 rows 1
as 'MODULE_PATHNAME', 'authguard_source_problem';
comment on function authguard.source_problem(pg_catalog.regclass, pg_catalog.text) is
    'Returns what is wrong with an attached table of that kind, as an SQLSTATE, a problem and a '
    'hint. No row if nothing is, and for NULL';
