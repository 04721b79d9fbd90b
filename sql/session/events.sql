-- Events: what happened to sessions and users. Rows are only added, but for authguard.prune(), and
-- hold no token.

create table authguard.event (
    id pg_catalog.int8 generated always as identity primary key,
    name pg_catalog.text not null,
    user_id pg_catalog.text collate pg_catalog."C",
    session_id pg_catalog.uuid,
    actor pg_catalog.text not null,
    by pg_catalog.name default session_user,
    reason pg_catalog.text,
    happened_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    xid pg_catalog.int8 default (pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8)
);
comment on table authguard.event is
    'What happened to sessions and users. Operators may read it; authguard.prune() forgets old '
    'rows';
comment on column authguard.event.id is
    'Grows, but not in the order of commits: authguard.events_after() follows events. The payload '
    'of the notification has it';
comment on column authguard.event.name is
    'What happened, such as SIGNED_IN. docs/sessions.md lists the events of authguard; other '
    'names are events of the application';
comment on column authguard.event.user_id is
    'The user that it is about, in canonical form; NULL: none';
comment on column authguard.event.session_id is
    'The session that it is about; NULL: all of the user''s, or none';
comment on column authguard.event.actor is
    'user, admin, policy, issuer or system. admin: an operator; policy: a limit, or the detection '
    'of theft; issuer: an identity provider, by an event; system: the database';
comment on column authguard.event.by is
    'The login role that did it (session_user), of whichever actor; NULL: a process without one';
comment on column authguard.event.reason is 'For people to read';
comment on column authguard.event.happened_at is
    'When it happened, by the clock';
comment on column authguard.event.xid is
    'The transaction that wrote it, as pg_current_xact_id(); NULL: one of another server, before '
    'a restore';

-- BRIN is tiny, and good enough: events are written nearly in the order of their times and
-- transactions. A bigint, because BRIN has no operator class for xid8.
create index event_happened_at on authguard.event using brin (happened_at, xid);
comment on sequence authguard.event_id_seq is
    'Provides the ids of authguard.event';
select pg_catalog.pg_extension_config_dump('authguard.event', '');
select pg_catalog.pg_extension_config_dump('authguard.event_id_seq', '');

create function authguard.record(
    name pg_catalog.text, user_id pg_catalog.text, session_id pg_catalog.uuid,
    actor pg_catalog.text, reason pg_catalog.text)
returns pg_catalog.int8
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_record';
comment on function authguard.record(
    pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'Writes an event and returns its id. If authguard.notify_events lists the name, also notifies '
    'channel authguard of id and name. user_id must be in canonical form. name and actor must not '
    'be NULL';

create function authguard.events_after(seen pg_catalog.pg_snapshot)
returns setof authguard.event
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    oldest pg_catalog.int8 := pg_catalog.pg_snapshot_xmin(seen)::pg_catalog.text;
    ahead pg_catalog.int8 :=
        pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text;
begin
    if pg_catalog.pg_is_in_recovery() then
        raise exception using
            errcode = 'read_only_sql_transaction',
            message = 'events can be followed on the primary only',
            detail = 'A snapshot of a standby does not name the transactions that are in progress.';
    end if;
    if seen is null then
        return query select e.* from authguard.event e order by e.id;
        return;
    end if;
    return query
        select e.* from authguard.event e
         where e.xid >= oldest
           -- A dump has brought those of another server.
           and e.xid < ahead
           and not pg_catalog.pg_visible_in_snapshot(
               e.xid::pg_catalog.text::pg_catalog.xid8, seen)
         order by e.id;
end
$$;
comment on function authguard.events_after(pg_catalog.pg_snapshot) is
    'Returns the committed events that a reader has not seen yet, by id, however late they were '
    'committed. seen: pg_current_snapshot() of the reader''s last call, in the same statement as '
    'that call; NULL: none yet, which returns all events. Not for a transaction that writes '
    'events itself: it sees its own twice. 25006 on a standby';

create function authguard.check_event_name(name pg_catalog.text) returns pg_catalog.void
language c immutable cost 1
as 'MODULE_PATHNAME', 'authguard_check_event_name';
comment on function authguard.check_event_name(pg_catalog.text) is
    'Raises 22023 if the application may not record an event of that name: it has another form, '
    'or only authguard records it. NULL counts as empty';

create function authguard.record_event(
    name pg_catalog.text, user_id pg_catalog.text,
    session_id pg_catalog.uuid default null, reason pg_catalog.text default null)
returns pg_catalog.int8
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
begin
    perform authguard.require_primary();
    perform authguard.check_event_name(name);
    if exists (select from authguard.session s
                where s.id = record_event.session_id and s.user_id <> subject) then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = 'the session is another user''s';
    end if;
    perform authguard.check_reason(reason);
    return authguard.record(name, subject, session_id, 'user', reason);
end
$$;
comment on function authguard.record_event(
    pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.text) is
    'Records USER_UPDATED or an event of the application, with actor user, and returns its id. '
    'The other events of authguard cannot be recorded by hand (22023). Never put a token into the '
    'reason. 22004 if user_id is NULL; 22023 if a text has another form or is too long; 28000 if '
    'the session is another user''s; 25006 on a standby';
