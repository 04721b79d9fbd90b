-- The claims function: fresh claims at every issue, run as its owner and shut in, and no token on any error.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
create schema app;
create table app.member (user_id text primary key, role text);
insert into app.member values (:ada, 'editor');
create function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql stable as $$
    select claims || jsonb_build_object('user_role', m.role) from app.member m where m.user_id = claims.user_id
$$;
create role claims_other;

-- A role change reaches the next token: sign-in, refresh, step-up.
select authguard.set_claims_function('app.claims(text, uuid, jsonb)');
table authguard.claims_function;
create table issued as select 1 as n, * from authguard.sign_in(:ada, '{"email":"ada@example.com"}');
select refresh_token as refresh, session_id as session from issued where n = 1 \gset
select claims ->> 'user_role' as user_role, claims ->> 'email' as email, claims ->> 'role' as role from issued, auth.verify(access_token) claims;
update app.member set role = 'viewer';
insert into issued select 2, * from auth.refresh(:'refresh');
select refresh_token as refresh from issued where n = 2 \gset
select auth.verify(access_token) ->> 'user_role' as user_role from issued where n = 2;
update app.member set role = 'owner';
insert into issued select 3, * from authguard.step_up(:ada, :'session', 'totp', 'aal2');
select refresh_token as refresh from issued where n = 3 \gset
select auth.verify(access_token) ->> 'user_role' as user_role from issued where n = 3;

-- What it leaves out is gone from the token, except what every token has.
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$
    select claims - 'email' - 'org' $$;
select claims ->> 'email' as email, claims ? 'org' as org, claims ->> 'role' as role
  from authguard.sign_in(:ada, '{"email":"ada@example.com", "org": 7}') i, auth.verify(i.access_token) claims;

-- An error refuses the token and changes nothing: the same refresh token works afterwards.
create view state as select s.counter, s.rotated_at, s.ended_at, (select count(*) from authguard.event) as events,
    (select count(*) from authguard.session) as sessions from authguard.session s where s.id = (select session_id from issued where n = 1);
create table before as table state;
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
begin raise exception 'members are away' using errcode = 'P4040'; end $$;
select status from auth.refresh(:'refresh');
select status from authguard.step_up(:ada, :'session', 'totp', 'aal2');
select status from authguard.sign_in(:ada);
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select null::jsonb $$;
select status from auth.refresh(:'refresh');
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select '[]'::jsonb $$;
select status from auth.refresh(:'refresh');
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims || '{"sub": "root"}' $$;
select status from auth.refresh(:'refresh');
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims || '{"aal": "aal3"}' $$;
select status from authguard.sign_in(:ada);
select row(s.*) is not distinct from row(b.*) as nothing_changed from state s, before b;
-- Theft is found out and committed all the same: the function is not asked.
select r.status, r.access_token is null as none from issued i, lateral auth.refresh(i.refresh_token) r where n = 1;
select ended_reason from authguard.session where id = :'session';

-- Shut in: it is its owner, and becomes nobody else; nothing of it stays.
create table app.tries (n int generated always as identity, what text, became text);
create function app.try(what text) returns void language plpgsql as $$
begin
    execute what;
    insert into app.tries (what, became) values (what, 'done');
exception when others then
    insert into app.tries (what, became) values (what, sqlerrm);
end $$;
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
begin
    perform app.try('set role claims_other');
    perform app.try('reset role');
    perform app.try('set local role claims_other');
    perform app.try('set session authorization claims_other');
    perform app.try('reset session authorization');
    perform app.try('create temp table leaves (x int)');
    perform app.try('listen authguard');
    perform app.try('declare c cursor with hold for select 1');
    perform app.try('prepare p as select 1');
    perform app.try('discard all');
    perform app.try('commit');
    perform set_config('request.jwt.claims', '{"sub":"x"}', false);
    perform set_config('app.left', 'here', false);
    return jsonb_build_object('as', current_user, 'path', current_setting('search_path'));
end $$;
set search_path = app, public;
select claims -> 'as' as as, claims -> 'path' as path from authguard.sign_in(:ada) i, auth.verify(i.access_token) claims;
show search_path;
select current_user = session_user as me, current_setting('request.jwt.claims', true) as claims, current_setting('app.left', true) as left;
-- Also where it fails, and somebody goes on.
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
begin perform set_config('app.left', 'here', false); raise exception 'no'; end $$;
do $$ begin
    perform authguard.sign_in('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
exception when others then
    raise notice '% as %, path %, left %', sqlerrm, current_user = session_user, current_setting('search_path'), current_setting('app.left', true);
    create temp table afterwards (x int);
end $$;
reset search_path;
select what, became from app.tries order by n;

-- Names that it does not qualify are pg_catalog's, whatever the caller's path.
create schema hostile;
create function hostile.upper(text) returns text language sql as $$ select 'hijacked' $$;
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
begin return jsonb_build_object('word', upper('x')); end $$;
set search_path = hostile, pg_catalog;
select claims ->> 'word' as word from authguard.sign_in(:ada) i, auth.verify(i.access_token) claims;
-- Also where no function around it has set another.
select authguard.run_claims_function('app.claims(text, uuid, jsonb)'::regprocedure, current_user, '', null, '{}') as word;
reset search_path;

-- Whose function it is: who sets it must own it, then and at every run.
create function app.others(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims $$;
alter function app.others owner to claims_other;
\set VERBOSITY default
select authguard.set_claims_function('app.others(text, uuid, jsonb)');
create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims $$;
alter function app.claims(text, uuid, jsonb) owner to claims_other;
select status from authguard.sign_in(:ada);
\set VERBOSITY terse
alter function app.claims owner to current_user;
create table owned as select * from authguard.sign_in(:ada);
select status, refresh_token as refresh from owned \gset
alter function app.claims owner to claims_other;
select status from auth.refresh(:'refresh');
-- Another function of that name, by whoever may replace it.
drop function app.claims;
\set VERBOSITY default
select status from auth.refresh(:'refresh');
\set VERBOSITY terse
create function app.claims(user_id text, session_id uuid, claims jsonb) returns text language sql as $$ select 'x' $$;
select status from auth.refresh(:'refresh');
drop function app.claims;
create function app.claims(user_id text, session_id uuid, claims jsonb) returns setof jsonb language sql as $$ select claims $$;
select status from auth.refresh(:'refresh');
drop function app.claims;
create function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims $$;
select status from auth.refresh(:'refresh');

-- What is no claims function.
create function app.odd(user_id text, claims jsonb) returns jsonb language sql as $$ select claims $$;
select authguard.set_claims_function('app.odd(text, jsonb)');
create function app.claims(user_id uuid, session_id uuid, claims jsonb) returns jsonb language sql as $$ select claims $$;
select authguard.set_claims_function('app.claims(uuid, uuid, jsonb)');
create function app.agg(text, uuid, jsonb) returns jsonb language sql window as $$ select $3 $$;
select authguard.set_claims_function('app.agg(text, uuid, jsonb)');
select authguard.set_claims_function('app.missing(text, uuid, jsonb)');
table authguard.claims_function;
select authguard.set_claims_function(null);
table authguard.claims_function;
drop function app.claims(text, uuid, jsonb);
select status from authguard.sign_in(:ada);

delete from authguard.session;
delete from authguard.event;
delete from authguard.revocation;
select authguard.distrust_issuer('authguard');
drop view state;
drop table issued, before, owned, afterwards;
drop schema app, hostile cascade;
drop role claims_other;
