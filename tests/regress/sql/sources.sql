-- Attached tables: what can be attached, what their rows decide, and what becomes of them.
\set VERBOSITY default
\set SHOW_CONTEXT never
create role att_idp; create role att_other; create role att_weak; create role att_ops;
select authguard.grant_operator('att_ops');
grant usage on schema public to att_weak;
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
\set ben '''b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
create function pg_temp.token(claims jsonb) returns text language sql as
    $$ select set_config('request.jwt.claims', (claims || '{"exp": 4102444800}')::text, false) is not null $$;
create function pg_temp.judge(claims jsonb) returns text language plpgsql as $$
begin
    perform set_config('request.jwt.claims', (claims || '{"exp": 4102444800}')::text, false);
    return coalesce(auth.revocation_reason(), 'live');
end $$;

-- What cannot be a source: each with what to do about it.
create table plain (id uuid primary key, name text, banned timestamp, deleted text, meta json, computed timestamptz);
create view a_view as select * from plain;
create materialized view a_matview as select * from plain;
create temp table temporary (id uuid primary key);
create unlogged table unlogged (id uuid primary key);
create table by_int4 (id int primary key);
create table by_name (id name primary key);
create table no_index (id uuid not null);
create table two_columns (id uuid, part int, primary key (id, part));
create table partial (id uuid not null, gone bool); create unique index on partial (id) where not gone;
create table expression (id text not null); create unique index on expression (lower(id));
create table deferred (id uuid not null unique deferrable);
create table nullable (id uuid unique);
create table not_unique (id uuid not null); create index on not_unique (id);
create table hashed (id uuid not null, exclude using hash (id with =));
create table pattern (id text not null); create unique index on pattern (id text_pattern_ops);
select authguard.attach_users(null);
select authguard.attach_users('a_view');
select authguard.attach_users('a_matview');
create view without_id as select 1 as other;
create sequence a_sequence;
create type a_type as (id uuid);
select authguard.attach_users('without_id');
select authguard.attach_sessions('without_id', id => 'sid', user_id => null);
select authguard.attach_users('a_sequence');
select authguard.attach_users('plain_pkey');
select authguard.attach_users('a_type', banned_until => 'nothing');
select authguard.attach_users('authguard.event');
select authguard.attach_users('pg_catalog.pg_class', id => 'oid');
select authguard.attach_users('plain', id => 'ctid');
drop view without_id;
drop sequence a_sequence;
drop type a_type;
select authguard.attach_users('temporary');
select authguard.attach_users('unlogged');
select authguard.attach_users('plain', id => 'Id');
select authguard.attach_users('plain', id => null);
select authguard.attach_users('plain', banned_until => 'banned');
select authguard.attach_users('plain', deleted_at => 'deleted');
select authguard.attach_users('plain', app_metadata => 'meta');
select authguard.attach_users('plain', role => 'computed');
select authguard.attach_users('plain', banned_until => 'computed', deleted_at => 'computed');
select authguard.attach_users('by_int4');
select authguard.attach_users('by_name');
select authguard.attach_users('no_index');
select authguard.attach_users('two_columns');
select authguard.attach_users('partial');
select authguard.attach_users('expression');
select authguard.attach_users('deferred');
select authguard.attach_users('nullable');
select authguard.attach_users('not_unique');
select authguard.attach_users('hashed');
select authguard.attach_users('pattern');
select authguard.attach_users('plain', issuer => repeat('x', 1025));
create table by_number (id bigint primary key, user_id int);
select authguard.attach_sessions('by_number');
select authguard.attach_sessions('plain', user_id => null, not_after => 'banned');
create table sessions_of_int4 (id uuid primary key, user_id int);
select authguard.attach_sessions('sessions_of_int4');
select count(*) as attached from authguard.attached;
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;

-- Whose it is decides; the door to authguard opens for nobody else.
alter table plain owner to att_idp;
set role att_idp;
select authguard.attach_users('plain');
reset role;
grant usage on schema authguard to att_other;
grant execute on all functions in schema authguard to att_other;
set role att_other;
select authguard.attach_users('plain');
reset role;
alter table plain owner to att_other;
set role att_other;
-- Its owner, but not the one of the extension.
select authguard.attach_users('plain');
reset role;
revoke all on all functions in schema authguard from att_other;
revoke usage on schema authguard from att_other;
drop view a_view; drop materialized view a_matview;
drop table plain, temporary, unlogged, by_int4, by_name, no_index, two_columns, partial, expression, deferred,
    nullable, not_unique, hashed, pattern, by_number, sessions_of_int4;

-- A table of users with all its parts.
create domain att_moment as timestamptz;
create table users (gone int, "Id" uuid primary key, "Banned until" att_moment, deleted_at timestamptz, meta jsonb, role text, seen timestamptz);
alter table users drop column gone;
insert into users ("Id") values (:ada), (:ben);
select authguard.attach_users('users', id => 'Id', banned_until => 'Banned until', deleted_at => 'deleted_at',
                              app_metadata => 'meta', role => 'role') as attached;
select authguard.attach_users('users', id => 'Id', banned_until => 'Banned until', deleted_at => 'deleted_at',
                              app_metadata => 'meta', role => 'role') as again;
select relation, kind, issuer, refresh_on_change from authguard.attached;
select tgenabled, pg_get_triggerdef(oid) from pg_trigger where tgrelid = 'users'::regclass and not tgisinternal order by tgname;

-- What the row says. Claims of anybody else, and of nobody, are not asked about.
select pg_temp.judge(jsonb_build_object('sub', :ada)) as live,
       pg_temp.judge(jsonb_build_object('sub', '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}')) as spelled,
       pg_temp.judge('{"sub": "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}') as unknown,
       pg_temp.judge('{"sub": "ada"}') as no_uuid,
       pg_temp.judge('{"jti": "service"}') as no_user,
       pg_temp.judge('{"session_id": "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}') as only_a_session;
create function pg_temp.after(change text) returns text language plpgsql as $$
begin
    execute change;
    return pg_temp.judge('{"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}');
end $$;
select pg_temp.after($$update users set "Banned until" = clock_timestamp() + interval '1 hour'$$) as banned;
select pg_temp.after($$update users set "Banned until" = 'infinity'$$) as for_ever;
select pg_temp.after($$update users set "Banned until" = statement_timestamp()$$) as over;
select pg_temp.after($$update users set "Banned until" = '-infinity'$$) as long_over;
select pg_temp.after($$update users set "Banned until" = null, deleted_at = 'infinity'$$) as deleted;
select pg_temp.after($$update users set deleted_at = null, meta = '{"access_revoked": true}'$$) as flagged;
select flag, pg_temp.after(format('update users set meta = jsonb_build_object(''access_revoked'', %L::jsonb)', flag)) as reason
  from unnest(array['true', 'false', 'null', '0', '0.0', '1', '"false"', '"true"', '""', '[]', '{}']) flag;
select meta, pg_temp.after(format('update users set meta = %L', meta)) as reason
  from unnest(array[null, '{}', '[]', '[{"access_revoked": true}]', 'true', '"access_revoked"', '{"ACCESS_REVOKED": true}']) meta;
select pg_temp.after($$delete from users where "Id" = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'$$) as deleted;
select pg_temp.after($$insert into users ("Id") values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')$$) as back;
select pg_temp.after($$update users set "Id" = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' where "Id" = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'$$) as another_key;
select pg_temp.after($$update users set "Id" = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' where "Id" = 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'$$) as back;

-- In one's own transaction: at once, and as it is taken back.
select pg_temp.token(jsonb_build_object('sub', :ada)) is not null as set;
begin;
savepoint a;
delete from users;
select auth.revocation_reason() as own_delete;
rollback to a;
select auth.revocation_reason() as taken_back;
truncate users;
select auth.revocation_reason() as own_truncate;
rollback;
select auth.revocation_reason() as rolled_back;

-- Renamed, moved, and rewritten: it goes on. What else changes: it is said, and nobody gets in.
alter table users rename column "Id" to key;
alter table users rename column meta to app;
alter table users rename to people;
create schema att_elsewhere; grant usage on schema att_elsewhere to att_ops, att_idp;
alter table people set schema att_elsewhere;
alter table att_elsewhere.people add column more text default 'x';
select auth.revocation_reason() as renamed;
select authguard.attach_users('att_elsewhere.people', id => 'key', banned_until => 'Banned until', deleted_at => 'deleted_at',
                              app_metadata => 'app', role => 'role') as the_same;
update att_elsewhere.people set app = '{"access_revoked": true}';
select auth.revocation_reason() as renamed;
update att_elsewhere.people set app = null;
create view att_coverage as select object, guarded, problem, hint from authguard.coverage() where kind = 'attached table';
grant select on att_coverage to att_ops;
create function pg_temp.broken(change text) returns setof text language plpgsql as $$
begin
    begin
        execute change;
        return query select coalesce(auth.revocation_reason(), 'live') || ': ' || coalesce(problem || ' -> ' || hint, 'nothing') from att_coverage;
        return query select hint from auth.whoami() where auth.is_revoked();
        raise exception 'back';
    exception when raise_exception then null;
    end;
end $$;
alter table att_elsewhere.people owner to att_idp;
select pg_temp.broken('alter table att_elsewhere.people drop column app cascade');
select pg_temp.broken('drop trigger authguard_attached on att_elsewhere.people');
select pg_temp.broken('alter table att_elsewhere.people drop constraint users_pkey');
select pg_temp.broken('alter table att_elsewhere.people drop constraint users_pkey; alter table att_elsewhere.people add unique (key)');
select pg_temp.broken('alter table att_elsewhere.people drop constraint users_pkey; alter table att_elsewhere.people add unique (key); alter table att_elsewhere.people alter key set not null');
select pg_temp.broken('alter table att_elsewhere.people set unlogged');
select pg_temp.broken('alter table att_elsewhere.people alter deleted_at type text');
-- Triggers that do not fire make it slow, not wrong.
select pg_temp.broken('alter table att_elsewhere.people disable trigger all');
select pg_temp.broken('alter table att_elsewhere.people disable trigger authguard_attached_change; update att_elsewhere.people set deleted_at = now()');
select pg_temp.broken('alter table att_elsewhere.people enable trigger authguard_attached');
-- A column that is needed is not dropped by accident.
alter table att_elsewhere.people drop column app;

-- An operator sees it; a client does not.
set role att_ops;
select authguard.attach_users('att_elsewhere.people', id => 'key');
select kind, object, guarded, problem from authguard.coverage() where kind = 'attached table';
select relation, kind from authguard.attached;
select authguard.detach_users('att_elsewhere.people');
reset role;
set role att_weak;
select authguard.source_problem('att_elsewhere.people', 'users');
reset role;

-- Dropped by its owner, it shuts everybody out until it is detached by its number.
select 'att_elsewhere.people'::regclass::oid as number \gset
set role att_idp;
drop table att_elsewhere.people;
reset role;
select auth.revocation_reason() as dropped;
select object = :'number' as number, guarded, problem, hint like format('%%select authguard.detach_users(%s)', :number) as hint from att_coverage;
select authguard.detach_sessions(:number) as of_another_kind;
select authguard.detach_users(:number) as detached, authguard.detach_users(:number) as again;
select auth.revocation_reason() as detached;

-- Other keys: canonical digits, text of any form, varchar.
create table users_bigint (id bigint primary key, disabled boolean not null default false);
insert into users_bigint values (7), (-7), (9223372036854775807);
select authguard.attach_users('users_bigint', deleted_at => 'disabled');
select sub, pg_temp.judge(jsonb_build_object('sub', sub)) from unnest(array['7', '-7', '9223372036854775807', '8', '07', '+7', ' 7', '7 ', '7.0', '7e0', '-0', '٧',
    '9223372036854775808', '18446744073709551623', 'seven', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) sub;
update users_bigint set disabled = true where id = 7;
select pg_temp.judge('{"sub": "7"}') as disabled;
select authguard.detach_users('users_bigint');
create table users_text (name varchar(80) primary key);
insert into users_text values ('Ada'), ('auth0|7'), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
select authguard.attach_users('users_text', id => 'name');
select sub, pg_temp.judge(jsonb_build_object('sub', sub)) from unnest(array['Ada', 'ada', 'Ada ', 'auth0|7', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) sub;
select authguard.detach_users('users_text');

-- Sessions; and two issuers, each with tables of its own.
create table sessions_a (sid text primary key, "user" bigint not null, ends timestamptz);
create table users_a (id bigint primary key); insert into users_a values (7);
create table users_b (id text primary key); insert into users_b values ('seven');
insert into sessions_a values (:ada, 7, null), (:ben, 7, 'infinity'), ('c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 8, '2001-01-01'), ('none', 7, null);
select authguard.attach_users('users_a', issuer => 'a'), authguard.attach_users('users_b', issuer => 'b'),
       authguard.attach_sessions('sessions_a', 'sid', 'user', 'ends', issuer => 'a');
select iss, sub, sid, pg_temp.judge(jsonb_strip_nulls(jsonb_build_object('iss', iss, 'sub', sub, 'session_id', sid)))
  from (values ('a', '7', null), ('a', 'seven', null), ('b', 'seven', null), ('b', '7', null), ('c', 'anybody', :ada), (null, 'anybody', null),
               ('a', '7', :ada), ('a', '7', upper(:ada)), ('a', '7', 'c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('a', '7', 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
               ('b', 'seven', 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('a', null, :ada), ('a', null, 'd0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')) v (iss, sub, sid);
select authguard.attach_users('users_b', issuer => '') as only_tokens_without_iss;
select pg_temp.judge('{"sub": "seven"}') as has_none, pg_temp.judge('{"sub": "eight"}') as has_none, pg_temp.judge('{"sub": "eight", "iss": "b"}') as has_one;

-- Signing a user out revokes its sessions there, with and without an index.
select authguard.sign_out_user('7') as ended, authguard.sign_out_user('7') as again, authguard.sign_out_user('9') as none, authguard.sign_out_user('seven') as no_number;
select key, issuer, reason, keep_until from authguard.revocation where kind = 'session' and issuer = 'a' order by key;
select name, user_id, actor, session_id from authguard.event where user_id = '7' order by session_id;
select pg_temp.judge(jsonb_build_object('iss', 'a', 'sub', '7', 'session_id', :ada)) as signed_out;
create index on sessions_a ("user", ends);
insert into sessions_a values ('e0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 7, null);
select authguard.sign_out_user('7') as one_more;
select authguard.detach_users('users_a'), authguard.detach_users('users_b'), authguard.detach_sessions('sessions_a');
delete from authguard.revocation; delete from authguard.event;

-- Tokens of our own: the metadata of the table, fresh, and none for who is shut out.
create table users (id uuid primary key, banned_until timestamptz, deleted_at timestamptz, meta jsonb, role text);
insert into users values (:ada, null, null, '{"org": 1}');
select authguard.attach_users('users', banned_until => 'banned_until', deleted_at => 'deleted_at', app_metadata => 'meta', role => 'role', refresh_on_change => true);
select status from authguard.sign_in(:ben);
create table own as select 0 as n, * from authguard.sign_in(:ada, '{"app_metadata": {"org": 0, "old": true}}');
select access_token as access, refresh_token as refresh from own \gset
select auth.verify(:'access') -> 'app_metadata' as metadata;
update users set banned_until = 'infinity';
select status from auth.refresh(:'refresh');
select status from authguard.sign_in(:ada);
update users set banned_until = null;
-- A change makes earlier tokens stale, within the second too; a refresh brings what is new, and ends nothing.
select auth.set_token(:'access', false) is not null as set, auth.is_active();
update users set meta = '{"org": 2}';
select auth.is_active(), auth.revocation_reason();
select hint from auth.whoami();
insert into own select 1, * from auth.refresh(:'refresh');
select access_token as access, refresh_token as refresh from own where n = 1 \gset
select auth.set_token(:'access', false) -> 'app_metadata' as metadata, auth.is_active(), auth.revocation_reason();
update users set meta = '{"org": 2}', deleted_at = null;
select auth.is_active() as nothing_has_changed;
update users set role = 'editor', meta = null;
select auth.is_active(), auth.revocation_reason();
insert into own select 2, * from auth.refresh(:'refresh');
select access_token as access from own where n = 2 \gset
select auth.set_token(:'access', false) -> 'app_metadata' as metadata, auth.is_active();
select name, user_id = :ada as ada, actor, count(*) from authguard.event where name = 'USER_UPDATED' group by 1, 2, 3;
select kind, key = :ada as ada, issuer, blocked, reason from authguard.revocation where kind = 'claims';
-- Signing up: the row and the first tokens in one transaction.
begin;
insert into users (id, meta) values (:ben, '{"org": 3}');
select status, auth.verify(access_token) -> 'app_metadata' as metadata from authguard.sign_in(:ben);
rollback;
select status from authguard.sign_in(:ben);
-- Triggers that were left over, and another kind.
delete from authguard.attached;
select authguard.attach_users('users') as anew, authguard.attach_users('users', app_metadata => 'meta') as otherwise,
       authguard.attach_sessions('users', user_id => null) as of_another_kind, authguard.detach_users('users') as is_none;
select tgname from pg_trigger where tgrelid = 'users'::regclass and not tgisinternal order by tgname;
select authguard.detach_sessions('users'), authguard.attach_users('users', app_metadata => 'meta');
-- A session of our own needs no row in tables of sessions of others.
create table sessions_b (id uuid primary key, user_id uuid);
select authguard.attach_sessions('sessions_b');
select auth.is_active() as own_session;
reset authguard.jwt;
select pg_temp.judge(jsonb_build_object('sub', :ada, 'session_id', :ben)) as of_another_issuer;
reset request.jwt.claims;
-- Leaving: nothing of ours stays on the tables.
begin;
select count(*) as left_behind from authguard.release() object where object like '%authguard%';
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;
rollback;
select authguard.detach_users('users'), authguard.detach_sessions('sessions_b');
select count(*) as attached from authguard.attached;
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;

select authguard.distrust_issuer('authguard');
drop view att_coverage;
drop table own, users, sessions_b, sessions_a, users_a, users_b, users_bigint, users_text;
drop schema att_elsewhere; drop domain att_moment;
delete from authguard.revocation; delete from authguard.event; delete from authguard.session;
drop owned by att_idp, att_other, att_weak, att_ops;
drop role att_idp, att_other, att_weak, att_ops;
