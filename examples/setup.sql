-- The database of the examples. Run it as a superuser in the database of the application, with
-- psql -v ON_ERROR_STOP=1 -f setup.sql. It may run again.

create extension if not exists authguard;
load 'authguard';

select format('create role %I %s', r.name, r.options)
  from (values
           ('authenticated', 'nologin'),        -- the role that policies name
           ('app', 'login noinherit'),          -- the API logs in as this role
           ('listener', 'login')                -- what follows the events logs in as this role
       ) r (name, options)
 where not exists (select from pg_roles p where p.rolname = r.name) \gexec
-- app has no right of its own: a query that forgets to set a user fails.
grant authenticated to app;
-- app is not in authguard.gateway_roles, so the database verifies each token itself.
select authguard.grant_operator('listener');

create table if not exists note (
    id bigint primary key generated always as identity,
    owner uuid not null default auth.uid(),
    body text not null
);
create index if not exists note_owner on note (owner);
grant select, insert, update, delete on note to authenticated;
drop policy if exists own_notes on note;
create policy own_notes on note to authenticated using (owner = auth.uid());
select authguard.guard_table('note', 'active');

-- What happened to a user's account, for the user to read. The key keeps each event once.
create table if not exists notice (
    event_id bigint primary key,
    owner text not null,
    name text not null,
    happened_at timestamptz not null
);
create index if not exists notice_owner on notice (owner);
grant select on notice to authenticated;
grant insert on notice to listener;
drop policy if exists own_notices on notice;
create policy own_notices on notice for select to authenticated using (owner = auth.subject());
drop policy if exists listener_writes on notice;
create policy listener_writes on notice for insert to listener with check (true);
select authguard.guard_table('notice', 'active', '{authenticated}');

-- Up to where the events have been read: a snapshot, because their ids are not in the order of
-- commits. After a restore from a dump, set it to pg_current_snapshot().
create table if not exists event_reader (
    name text primary key,
    seen pg_snapshot not null default pg_current_snapshot()
);
insert into event_reader (name) values ('notices') on conflict do nothing;
grant select, update on event_reader to listener;

-- These events wake the reader at once. It reads the others at the latest a minute later.
alter system set authguard.notify_events = 'SIGNED_IN, SIGNED_OUT, REFRESH_TOKEN_REUSED';
select pg_reload_conf();
