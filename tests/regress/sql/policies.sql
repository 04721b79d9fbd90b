-- Guarding tables, and what goes around a guard.
\set SHOW_CONTEXT never
create role authenticator login noinherit;
create role authenticated;
create role anon;
grant authenticated, anon to authenticator;
create role regress_owner login;
-- The NOTICE that no policy applies to the owner has a test of its own, below.
alter role regress_owner set client_min_messages = warning;
create schema app authorization regress_owner;
grant usage on schema app to authenticated, anon;
grant usage on schema authguard to regress_owner;
grant execute on function authguard.guard_table(regclass, text, name[]), authguard.unguard_table(regclass),
                          authguard.guard_schema(name, text, name[]) to regress_owner;
create view policies as select tablename, permissive, roles, cmd, qual, with_check from pg_policies where schemaname = 'app' and policyname = 'authguard' order by 1;
grant select on policies to public;

-- The table's owner guards it. First somebody must be let in at all.
\c - regress_owner
create table app.note (owner text, body text);
insert into app.note values ('alice', 'of alice'), ('bob', 'of bob');
grant select, insert, update, delete on app.note to authenticated, anon;
select authguard.guard_table('app.note');
select relrowsecurity from pg_class where oid = 'app.note'::regclass;
create policy only_some on app.note for insert to authenticated with check (true);
select authguard.guard_table('app.note');
create policy own on app.note for all to authenticated using (owner = auth.subject());
select authguard.guard_table('app.note', roles => '{anon}');
select authguard.guard_table('app.note');
select authguard.guard_table('app.note') as again;
select * from policies;
select authguard.guard_table('app.note', 'active'), authguard.guard_table('app.note', 'active') as again;
select * from policies;
select authguard.guard_table('app.note', 'user'), authguard.guard_table('app.note', 'user') as again;
select * from policies;
-- What is not given stays: no call weakens a guard without saying so.
select authguard.guard_table('app.note', 'user', '{anon}'), authguard.guard_table('app.note') as again;
select outcome from authguard.guard_schema('app') where relation = 'app.note'::regclass;
select * from policies;
select authguard.guard_table('app.note', roles => '{public}'), authguard.guard_table('app.note', null, null) as again;
select * from policies;
alter table app.note disable row level security;
select authguard.guard_table('app.note');
select * from policies;
select authguard.guard_table('app.note', 'revoked', roles => '{anon,public}'), authguard.guard_table('app.note', roles => '{public}') as again;
select * from policies;
select authguard.guard_table('app.note', roles => '{authenticated,anon,authenticated}'), authguard.guard_table('app.note', roles => '{anon,authenticated}') as again;
select * from policies;
-- A changed policy is put right.
alter policy authguard on app.note using (true);
select authguard.guard_table('app.note', roles => '{public}'), authguard.guard_table('app.note') as again;
select * from policies;
-- Row-level security off: on again.
alter table app.note disable row level security;
select authguard.guard_table('app.note');
select relrowsecurity from pg_class where oid = 'app.note'::regclass;
select authguard.unguard_table('app.note'), authguard.unguard_table('app.note') as again;
select relrowsecurity from pg_class where oid = 'app.note'::regclass;
select * from policies;
-- Bad arguments.
select authguard.guard_table(null);
select authguard.guard_table('app.note', 'live');
select authguard.guard_table('app.note', roles => '{}');
select authguard.guard_table('app.note', roles => '{anon,null}');
select authguard.guard_table('app.note', roles => '{{anon},{null}}');
select authguard.guard_table('app.note', roles => '{regress_nobody}');
select authguard.guard_table('app.absent');
create view app.note_view as select * from app.note;
select authguard.guard_table('app.note_view');
create policy authguard on app.note for select using (true);
select authguard.guard_table('app.note');
select authguard.unguard_table('app.note');
drop policy authguard on app.note;
-- A name that needs quotes.
create table app."No""te" (a int);
create policy everyone on app."No""te" using (true);
select authguard.guard_table('app."No""te"'), authguard.unguard_table('app."No""te"');
drop table app."No""te";
-- Somebody else's table.
\c - postgres
create table app.foreign_note (a int);
create policy everyone on app.foreign_note using (true);
\c - regress_owner
select authguard.guard_table('app.foreign_note');
-- A whole schema: what cannot be guarded is skipped, and told.
create table app.closed (a int);
create table app.measure (a int) partition by list (a);
create table app.measure_1 partition of app.measure for values in (1);
create policy everyone on app.measure using (true);
select * from authguard.guard_schema('app');
select * from authguard.guard_schema('app') where outcome <> 'skipped';
-- Once row-level security is on, whatever the table lets in is guarded: nothing, or inserts only.
alter table app.closed enable row level security;
create table app.inbox (a int);
alter table app.inbox enable row level security;
grant select, insert on app.inbox, app.closed to authenticated, anon;
create policy post on app.inbox for insert to authenticated with check (true);
select * from authguard.guard_schema('app') where relation in ('app.closed'::regclass, 'app.inbox'::regclass);
select * from policies;
select * from authguard.guard_schema('absent');
\echo :LAST_ERROR_SQLSTATE
select * from policies;
\c - postgres
drop table app.foreign_note;

-- What clients see. Kind revoked: no token passes, a revoked one does not.
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"alice","jti":"t1","role":"authenticated"}';
set local role authenticated;
select body from app.note;
insert into app.note values ('alice', 'new');
rollback;
\c - postgres
select authguard.revoke_token('t1');
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"alice","jti":"t1","role":"authenticated"}';
set local role authenticated;
select body from app.note;
update app.note set body = 'x' returning *;
delete from app.note returning *;
insert into app.note values ('alice', 'new');
rollback;
begin;
set local request.jwt.claims = '{"sub":"alice","jti":"t1","role":"authenticated"}';
set local role authenticated;
insert into app.inbox values (1);
rollback;
begin;
set local request.jwt.claims = '{"sub":"alice","jti":"t2","role":"authenticated"}';
set local role authenticated;
insert into app.inbox values (1);
select count(*) as closed from app.closed;
rollback;
begin;
set local request.jwt.claims = '{"sub":"alice","jti":"t2","role":"authenticated"}';
set local role authenticated;
select body from app.note;
set local request.jwt.claims = '{"sub":"alice","role":';
select body from app.note;
rollback;
-- Without a token: absent is not revoked. The kind active asks for a token.
\c - regress_owner
create policy open on app.note for select to anon using (true);
\c - authenticator
begin;
set local role anon;
select count(*) from app.note;
rollback;
\c - regress_owner
select authguard.guard_table('app.note', 'active');
\c - authenticator
begin;
set local role anon;
select count(*) from app.note;
set local request.jwt.claims = '{"role":"anon"}';
select count(*) from app.note;
set local request.jwt.claims = '{"role":"anon","jti":"t1"}';
select count(*) from app.note;
set local request.jwt.claims = '{"role":"anon","exp":1}';
select count(*) from app.note;
rollback;
-- The kind user asks for a subject, too.
\c - regress_owner
select authguard.guard_table('app.note', 'user');
\c - authenticator
begin;
set local role anon;
select count(*) as nobody, auth.is_user() from app.note;
set local request.jwt.claims = '{"role":"anon"}';
select count(*) as no_subject, auth.is_active(), auth.is_user() from app.note;
set local request.jwt.claims = '{"role":"anon","sub":"alice"}';
select count(*) as a_user, auth.is_user() from app.note;
set local request.jwt.claims = '{"role":"anon","sub":"alice","jti":"t1"}';
select count(*) as revoked, auth.is_user() from app.note;
set local request.jwt.claims = '{"role":"anon","sub":"alice","exp":1}';
select count(*) as expired, auth.is_user() from app.note;
set local request.jwt.claims = '{"sub":"alice","role":';
select count(*) as refused, auth.is_user() from app.note;
rollback;
-- Whoever guards a table and is let through by every policy is told so.
\c - regress_owner
set client_min_messages = notice;
select authguard.guard_table('app.note', 'revoked');
select * from authguard.guard_schema('app') where relation = 'app.note'::regclass;
alter table app.note force row level security;
select authguard.guard_table('app.note') as silent;
alter table app.note no force row level security;
\c - postgres
select authguard.guard_table('app.note') as superuser;
alter role regress_owner bypassrls;
\c - regress_owner
set client_min_messages = notice;
alter table app.note force row level security;
select authguard.guard_table('app.note') as bypassrls;
alter table app.note no force row level security;
\c - postgres
alter role regress_owner nobypassrls;

-- The policy of the seed, verbatim.
\c - regress_owner
set search_path = app;
create table sensitive_data (id int);
insert into sensitive_data values (1), (2);
grant select, insert on sensitive_data to authenticated;
alter table sensitive_data enable row level security;
create policy everyone on sensitive_data for all to authenticated using (true);
create policy "check_access_not_revoked" on sensitive_data as restrictive for all to authenticated
using (coalesce((select auth.jwt()->'app_metadata'->>'access_revoked')::boolean, false) = false);
\c - authenticator
set role authenticated;
select count(*) as no_claims from app.sensitive_data;
set request.jwt.claims = '{"sub":"alice"}';
select count(*) as no_metadata from app.sensitive_data;
set request.jwt.claims = '{"sub":"alice","app_metadata":{"access_revoked":false}}';
select count(*) as not_revoked from app.sensitive_data;
set request.jwt.claims = '{"sub":"alice","app_metadata":{"access_revoked":true}}';
select count(*) as revoked from app.sensitive_data;
insert into app.sensitive_data values (3);
prepare counting as select count(*) as prepared from app.sensitive_data;
set plan_cache_mode = force_generic_plan;
execute counting;
set request.jwt.claims = '{"sub":"bob"}';
execute counting;
set request.jwt.claims = '{"sub":"alice","app_metadata":{"access_revoked":"true"}}';
execute counting;

-- One generic plan, several users in turn: each sees their own, under each standing of the token.
\c - authenticator
set role authenticated;
set plan_cache_mode = force_generic_plan;
prepare own as select body from app.note;
set request.jwt.claims = '{"sub":"alice"}';
execute own;
set request.jwt.claims = '{"sub":"bob"}';
execute own;
set request.jwt.claims = '{"sub":"bob","jti":"t1"}';
execute own;
reset request.jwt.claims;
execute own;
set role anon;
execute own;
reset role;
execute own;

-- Every way around is told. It has to be one that a client can go.
\c - regress_owner
set search_path = app;
create view app.invoker_view as select * from app.note;
do $$ begin
    -- Only since Postgres 15.
    if current_setting('server_version_num')::int >= 150000 then
        -- Any word for true.
        execute 'alter view app.invoker_view set (security_invoker = T)';
    else
        execute 'drop view app.invoker_view';
    end if;
end $$;
create view app.view_of_view as select body from app.note_view;
create materialized view app.note_copy as select * from app.note;
create view app.view_of_copy as select body from app.note_copy;
create view app.private_view as select body from app.note_view;
create table app.bare (a int);
grant select on app.bare to anon;
create table app.by_column (a int, b int);
grant select (a) on app.by_column to anon;
create table app.private (a int);
create table app.for_some (a int);
create policy everyone on app.for_some using (true);
select authguard.guard_table('app.for_some', roles => '{anon}');
grant select on app.note_view, app.view_of_view, app.note_copy, app.view_of_copy, app.for_some, app.measure, app.measure_1
    to authenticated;
grant select, truncate, trigger on app.note to anon;
grant references (owner) on app.note to public;
create function app.all_notes() returns bigint language sql security definer as 'select count(*) from app.note';
create function app.private_notes() returns bigint language sql security definer as 'select count(*) from app.note';
revoke execute on function app.private_notes() from public;
create function app.on_note() returns trigger language plpgsql security definer as 'begin return new; end';
create function app.as_invoker() returns bigint language sql as 'select count(*) from app.note';
create rule note_too as on delete to app.note do also delete from app.bare;
create rule through as on insert to app.bare do instead update app.note set body = 'x';
create rule nothing as on update to app.note do instead nothing;
grant insert on app.bare to anon;
\c - postgres
create role regress_bypass bypassrls;
create role regress_lonely_bypass bypassrls;
create role regress_member login in role regress_owner;
grant regress_owner, regress_bypass to authenticator;
create function app.notes_of_member() returns bigint language sql security definer as 'select count(*) from app.note';
create procedure app.notes_of_stranger() language sql security definer as 'delete from app.note';
alter function app.notes_of_member() owner to regress_member;
alter procedure app.notes_of_stranger() owner to regress_lonely_bypass;
create foreign data wrapper regress_wrapper;
create server regress_server foreign data wrapper regress_wrapper;
create foreign table app.far (a int) server regress_server;
grant select on app.far to anon;
create temp table mine (a int);
create table app.own_policy (a int);
alter table app.own_policy enable row level security;
create policy mine on app.own_policy as restrictive for all using ((select auth.is_active()));
create policy select_only on app.by_column as restrictive for select using (not auth.is_revoked());
create policy everyone on app.by_column using (true);
alter table app.by_column enable row level security;
-- What no client reaches is not in it: a schema without USAGE, a table without a grant, one for a role that passes
-- policies anyhow, one that is closed on purpose, a function that no client may call, a role that none can become.
create schema hidden;
create table hidden.open (a int);
grant select on hidden.open to anon;
create table app.for_bypass (a int);
grant select on app.for_bypass to regress_bypass;
create table app.shut (a int);
alter table app.shut enable row level security;
grant select on app.shut to anon;
\x on
select * from authguard.coverage() where kind <> 'view';
\x off
-- Before Postgres 15 a view cannot read as its caller.
select object, level, problem,
       hint = case when current_setting('server_version_num')::int >= 150000 and object <> 'app.view_of_copy'
                   then 'alter view app.note_view set (security_invoker = true)'
                   else format('revoke all on %s from authenticated', object) end as hint
  from authguard.coverage() where rule = 'view_as_owner';
-- Its hints are SQL, and what they say closes the way. To guard a table without row-level security, its rule is missing.
select hint from authguard.coverage()
 where level <> 'info' and rule not in ('rls_disabled', 'view_as_owner') order by rule = 'partly_guarded_table', 1 \gexec
drop view app.note_view cascade;
revoke all on app.view_of_copy, app.bare from authenticated, anon;
select kind, object, rule, level from authguard.coverage() where level <> 'info' or kind = 'role';
-- An operator may ask; it needs no more rights.
create role regress_ops login;
select authguard.grant_operator('regress_ops');
\c - regress_ops
select kind, object, guarded from authguard.coverage() where kind = 'table';

\c - postgres
set client_min_messages = warning;
drop view policies;
drop schema app, hidden cascade;
drop server regress_server;
drop foreign data wrapper regress_wrapper;
drop owned by regress_owner, regress_ops;
drop role regress_bypass, regress_lonely_bypass, regress_member, regress_owner, regress_ops, authenticator, authenticated, anon;
truncate authguard.revocation;
