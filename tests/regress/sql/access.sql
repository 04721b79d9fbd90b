-- Who reaches which rows: authguard.access_matrix, and what a migration changes about it.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create role authenticated;
create role anon;
create role regress_owner login;
create role regress_weak login;
create role regress_service;
grant authenticated, anon, regress_service to regress_owner;
grant authenticated to regress_weak;
grant usage on schema authguard to regress_owner, regress_weak;
grant execute on function authguard.access_matrix(jsonb, regclass[]), authguard.access_snapshot(jsonb, regclass[]),
                          authguard.access_diff(jsonb, jsonb) to regress_owner, regress_weak;
create schema app authorization regress_owner;
create schema private authorization regress_owner;
-- The claims of a login role count if it is a gateway.
load 'authguard';
alter system set authguard.gateway_roles = authenticator, regress_owner, regress_weak;
\i `echo $PG_ABS_SRCDIR/reload.sql`

\c - regress_owner
set client_min_messages = warning;
grant usage on schema app to authenticated, anon, regress_service;
-- Policies call what the roles themselves cannot name.
create function private.me() returns text stable language sql begin atomic select auth.subject(); end;
create function private.fails() returns bool stable language plpgsql as $$ begin raise exception 'it fails'; end $$;
create table app.note (id int primary key generated always as identity, owner text not null, body text, shared bool not null default false,
                       size int generated always as (length(body)) stored);
insert into app.note (owner, body, shared) select o, 'x', i = 1 from unnest('{ada,ben}'::text[]) o, generate_series(1, 3) i;
alter table app.note enable row level security;
create policy own_notes on app.note to authenticated using (owner = private.me());
create policy shared on app.note for select to authenticated, anon using (shared);
grant select, insert, update, delete on app.note to authenticated;
grant select (id, body) on app.note to anon;
create view app.all_notes as select * from app.note;
grant select, insert, update, delete on app.all_notes to anon;
create table app.open (a int); insert into app.open values (1), (2);
grant select, insert, update, delete, truncate on app.open to authenticated;
-- A column of a view that fails: to count the rows, nobody asks it.
create view app.fails as select a, 1 / (a - 1) as x from app.open;
grant select, insert on app.fails to anon;
create table app.shut (a int); insert into app.shut values (1), (2);
alter table app.shut enable row level security;
grant all on app.shut to authenticated, regress_owner;
create table app.broken (a int); insert into app.broken values (1);
alter table app.broken enable row level security;
create policy fails on app.broken using (private.fails());
grant all on app.broken to authenticated;
create table app.recursive (a int); insert into app.recursive values (1);
alter table app.recursive enable row level security;
create policy itself on app.recursive using (a in (select a from app.recursive));
grant all on app.recursive to authenticated;
create table app.empty (a int);
alter table app.empty enable row level security;
create policy some on app.empty for select using (a > 1);
grant all on app.empty to authenticated;
-- Another check than condition, on the whole row; a name that needs quotes; partitions.
create table app."Part of" (a int, t text) partition by list (a);
create table app.part1 partition of app."Part of" for values in (1);
create table app.part2 partition of app."Part of" for values in (2);
insert into app."Part of" values (1, 'a'), (2, 'b'), (2, 'c');
alter table app."Part of" enable row level security;
create policy "Only A" on app."Part of" using (t <> 'b') with check ("Part of" is not null and a = 1);
grant all on app."Part of", app.part2 to authenticated;
-- A trigger that leaves traces, if anything of it stays.
create table app.trace (t text);
create function private.trace() returns trigger language plpgsql security definer as $$ begin insert into app.trace values (tg_op); return null; end $$;
create trigger trace after insert or update or delete on app.open for each statement execute function private.trace();
\set people '[{"name": "ada", "role": "authenticated", "claims": {"sub": "ada"}}, {"name": "eve", "role": "anon"}, {"role": "regress_service"}]'
select relation, identity, command, allowed, visible, note from authguard.access_matrix(:'people')
 where relation::text ~ '^app' and note is distinct from 'no privilege ' || upper(command);
-- Nothing is left: no rows, no role, no claims, nothing temporary.
select (select count(*) from app.trace) as traces, (select count(*) from app.open) as rows, current_user, auth.jwt(),
       current_setting('search_path') as path, pg_my_temp_schema() = 0 or not exists (select from pg_class where relnamespace = pg_my_temp_schema()) as clean;
-- Only some relations.
select relation, identity, allowed from authguard.access_matrix(:'people', '{app.note}') where command = 'select';
-- A service that policies do not stop; privileges that are forgotten; BYPASSRLS.
\c - postgres
alter role regress_service bypassrls;
grant select on app.shut to regress_service;
\c - regress_owner
select * from authguard.access_matrix('[{"role": "regress_service"}]', '{app.shut}');
-- Bad input.
select authguard.access_matrix(null);
select authguard.access_matrix('{}');
select authguard.access_matrix('[1]');
select authguard.access_matrix('[{"claims": {}}]');
select authguard.access_matrix('[{"role": "anon", "claim": {}}]');
select authguard.access_matrix('[{"role": "anon", "claims": 1}]');
select authguard.access_matrix('[{"role": "anon"}, {"role": "anon"}]');
select authguard.access_matrix('[{"role": "nobody_has_it"}]');
select authguard.access_matrix('[{"role": "none"}]');
select authguard.access_matrix('[{"role": "postgres"}]');
select authguard.access_matrix('[{"role": "anon"}]', '{pg_class_oid_index}');
select authguard.access_matrix('[{"role": "anon"}]', '{1}');
begin read only;
select authguard.access_matrix('[{"role": "anon"}]', '{app.note}');
rollback;
select count(*) from authguard.access_matrix('[]');

-- The weak role has no more rights here than it has anyhow: it sees what authenticated sees.
\c - regress_weak
select authguard.access_matrix('[{"role": "regress_owner"}]', '{app.note}');
select * from authguard.access_matrix('[{"role": "authenticated", "claims": {"sub": "ben"}}]', array['app.note', 'app.all_notes', 'app.broken']::regclass[]);
select jsonb_path_query(authguard.access_snapshot('[{"role": "authenticated", "claims": {"sub": "ben"}}]', '{app.note}'), '$.relations."app.note".access');

-- Around a migration.
\c - regress_owner
set client_min_messages = warning;
select authguard.access_snapshot(:'people') = authguard.access_snapshot(:'people') as same;
begin;
select authguard.access_snapshot(:'people', array['app.note', 'app.shut', 'app."Part of"']::regclass[]) as before \gset
select * from authguard.access_diff(:'before', :'before');
alter policy own_notes on app.note using (owner = private.me() or body = 'x');
select authguard.access_snapshot(:'people', array['app.note', 'app.shut', 'app."Part of"']::regclass[]) as after \gset
select * from authguard.access_diff(:'before', :'after');
rollback;
begin;
revoke delete on app.note from authenticated;
create view app.notes2 as select * from app.note;
grant select on app.notes2 to anon;
create table app.part3 partition of app."Part of" for values in (3);
grant select on app.part3 to anon;
insert into app.part3 values (3, 'c');
alter table app.shut disable row level security;
drop policy shared on app.note;
select authguard.access_snapshot(:'people', array['app.note', 'app.shut', 'app."Part of"']::regclass[]) as after \gset
select relation, identity, command, before, after from authguard.access_diff(:'before', :'after') where command not in ('definition', 'owner', 'kind') and command !~ '^priv.*owner';
rollback;
-- The same policy, but what it asks answers something else.
begin;
create or replace function private.me() returns text stable language sql begin atomic select 'ben'::text; end;
select authguard.access_snapshot(:'people', array['app.note', 'app.shut', 'app."Part of"']::regclass[]) as after \gset
select relation, identity, command, regexp_replace(before, 'md5 .*', 'md5') as before, regexp_replace(after, 'md5 .*', 'md5') as after from authguard.access_diff(:'before', :'after');
rollback;
-- So does a function further down, which is called from the body of another one.
begin;
create function app.deep() returns text stable language sql as $$ select 'ada' $$;
create or replace function private.me() returns text stable language plpgsql as $$ begin return app.deep(); end $$;
select authguard.access_snapshot('[]', array['app.note']::regclass[]) as deep \gset
create or replace function app.deep() returns text stable language sql as $$ select 'ben' $$;
select authguard.access_snapshot('[]', array['app.note']::regclass[]) as deeper \gset
select relation, command, regexp_replace(after, 'md5 .*', 'md5') as after from authguard.access_diff(:'deep', :'deeper');
rollback;
-- Roles.
\c - postgres
begin;
alter role authenticated bypassrls;
grant regress_service to anon;
select authguard.access_snapshot(:'people', array['app.note', 'app.shut', 'app."Part of"']::regclass[]) as after \gset
select relation, identity, command, before, after from authguard.access_diff(:'before', :'after') where relation is null or relation = 'app.note';
rollback;
-- A superuser asks: code of others neither runs as the superuser, nor takes the superuser's rights.
\c - regress_owner
set client_min_messages = warning;
create function private.lure() returns bool language plpgsql as $$ begin if (select rolsuper from pg_roles where rolname = current_user) then raise exception 'caught a superuser'; end if; return true; end $$;
create function private.leave() returns bool language plpgsql as $$ begin perform set_config('role', 'none', true); return private.lure(); end $$;
create view app.lure as select private.lure() from app.open;
create table app.leave (a int); insert into app.leave values (1);
alter table app.leave enable row level security;
create policy leave on app.leave using (private.leave());
grant select, insert on app.lure, app.leave to authenticated;
create function app.planned(int) returns int language plpgsql immutable as $$ begin if (select rolsuper from pg_roles where rolname = current_user) then raise warning 'planned as a superuser'; end if; return $1; end $$;
create table app.planned (a int); insert into app.planned values (1);
create index on app.planned ((a + app.planned(1)));
alter table app.planned enable row level security;
create policy planned on app.planned using (a = 1);
create domain app.checked as int check (app.planned(value) > 0);
create type app.composite as (a app.checked);
create table app.constant (c app.composite); insert into app.constant values ('(1)');
alter table app.constant enable row level security;
create policy constant on app.constant using (c = '(1)'::app.composite);
grant select, insert on app.planned, app.constant to authenticated;
\c - postgres
select relation, command, allowed, visible, note from authguard.access_matrix('[{"role": "authenticated"}]', array['app.lure', 'app.leave', 'app.planned', 'app.constant']::regclass[]) where command in ('select', 'insert');
select authguard.access_diff('{}', '{}');
select authguard.access_diff(null, :'before');
set client_min_messages = warning;
alter system reset authguard.gateway_roles;
\i `echo $PG_ABS_SRCDIR/reload.sql`
drop schema app, private cascade;
drop owned by regress_owner, regress_weak;
drop role regress_owner, regress_weak, regress_service, authenticated, anon;
