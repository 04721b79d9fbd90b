-- What a monitor sees: the views, the figures, what needs somebody, and why a user sees nothing. Through the door only.
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null '(null)'
create role mon_watch login;
create role mon_ops login;
create role mon_nobody login;
select authguard.grant_monitor('mon_watch'), authguard.grant_operator('mon_ops'), authguard.grant_signer('mon_nobody');
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
truncate authguard.revocation, authguard.session, authguard.event;

-- Whom the door is not open for: nothing.
\c - mon_nobody
table authguard.blocked_users;
table authguard.live_sessions;
table authguard.recent_events;
table authguard.keys;
table authguard.statistics;
select * from authguard.health();
select * from authguard.explain_user('ada');

-- A monitor reads the views and no table, and changes nothing.
\c - mon_watch
select (select count(*) from authguard.blocked_users) + (select count(*) from authguard.live_sessions) + (select count(*) from authguard.recent_events) as rows;
select count(*) as statistics from authguard.statistics;
select count(*) >= 0 as keys from authguard.keys;
table authguard.revocation;
select count(*) from authguard.session;
select count(*) from authguard.event;
select count(*) from authguard.key;
select count(*) from authguard.sign_in_count;
select setval('authguard.prune_time', 1);
select nextval('authguard.sign_in_count');
delete from authguard.blocked_users;
update authguard.recent_events set reason = null;
insert into authguard.keys (issuer, kid) values ('x', 'y');
select authguard.revoke_user('ada');
select authguard.restore_user('ada');
select authguard.sign_out_user('ada');
select * from authguard.prune();
select * from authguard.coverage();
select authguard.sign_in('ada');
select authguard.sign('{}');
select authguard.end_all_sessions();
select authguard.rotate_signing_key();
select authguard.grant_monitor('mon_nobody');
-- All that it may execute in the schema, but what everybody may.
select p.oid::regprocedure as may_call from pg_proc p
 where p.pronamespace = 'authguard'::regnamespace and has_function_privilege('mon_watch', p.oid, 'execute')
   and not has_function_privilege('mon_nobody', p.oid, 'execute') order by p.oid::regprocedure::text collate "C";
-- No name that the monitor makes comes before those of the views and functions.
create temp table revocation (kind text, key text, blocked bool, blocked_until timestamptz, issuer text, revoked_at timestamptz, revoked_by name, reason text);
insert into revocation values ('user', 'nobody', true);
create function pg_temp.blocks(bool, timestamptz) returns bool language sql as 'select true';
set search_path = pg_temp, pg_catalog;
select count(*) from authguard.blocked_users;
select value from authguard.statistics where name = 'entries' and label = 'user';
select count(*) from authguard.explain_user('nobody') where not passed;
reset search_path;
-- A function that somebody puts into a query sees no row that a filter leaves out.
\c - postgres
insert into authguard.revocation (kind, key, blocked_until, reason) values ('user', 'not any more', now() - interval '1 minute', 'hidden');
\c - mon_watch
create function pg_temp.told(text) returns bool language plpgsql cost 0.0001 as $$ begin raise notice 'told %', $1; return true; end $$;
select count(*) from authguard.blocked_users where pg_temp.told(reason);
\c - postgres
truncate authguard.revocation;

-- The views.
select status from authguard.sign_in('ada', '{}', 'password', 'aal2', 'Firefox', '192.0.2.7', 'laptop');
select status from authguard.sign_in('ada');
select status, refresh_token as bens from authguard.sign_in('ben') \gset
\c - mon_ops
select authguard.revoke_user('eve', 'left the company', '2100-01-01 00:00+00'), authguard.revoke_user('mal', 'abuse', null, 'https://idp');
select authguard.sign_out_user('ben');
\c - mon_watch
set timezone = 'UTC'; set datestyle = 'ISO';
select user_id, issuer, since > now() - interval '1 hour' as since, until, by, reason from authguard.blocked_users order by user_id;
select user_id, issuer, created_at > now() - interval '1 hour' as created, refreshed_at >= created_at as refreshed, ends_at, aal, user_agent, ip, tag, user_shut_out from authguard.live_sessions order by tag;
select name, user_id, session_id is not null as session, actor, by, reason from authguard.recent_events order by id;
select issuer, kid <> '' as kid, algorithm, status, is_secret, signs, age < interval '1 hour' as age, retired_at, revoked_at from authguard.keys where signs;
\c - postgres
drop owned by mon_ops;
drop role mon_ops;
select user_id, by from authguard.blocked_users order by user_id;
select distinct by from authguard.recent_events order by by;

-- A session that is cut off, or past its time, is not live, though its row has not ended.
update authguard.session set not_after = now() - interval '1 minute' where tag = 'laptop';
select count(*) from authguard.live_sessions where user_id = 'ada';
insert into authguard.revocation (kind, key, blocked, issued_before) values ('user', 'ada', false, now());
select count(*) from authguard.live_sessions where user_id = 'ada';
delete from authguard.revocation where key = 'ada';
update authguard.session set not_after = null where tag = 'laptop';
insert into authguard.revocation (kind, key, blocked) values ('user', 'ada', true);
select user_shut_out, count(*) from authguard.live_sessions where user_id = 'ada' group by 1;
delete from authguard.revocation where key = 'ada';
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (costs off) select * from authguard.live_sessions where user_id = 'ada';
explain (costs off) select session_id from authguard.live_sessions where auth.is_active() and user_id = authguard.canonical(auth.subject()) and issuer = auth.issuer();
reset enable_seqscan;
reset enable_bitmapscan;
-- Older events are no recent ones.
update authguard.event set happened_at = now() - interval '25 hours' where user_id = 'ada';
select distinct user_id from authguard.recent_events order by 1;
-- A shared secret is told by its names, and nothing of it.
select authguard.trust_secret('https://secret.example', repeat('sesame', 8), audience => '{api}', kid => 'k1', shares_subjects => true);
select issuer, kid, algorithm, status, is_secret, signs from authguard.keys where issuer = 'https://secret.example';
select count(*) from authguard.keys k where k::text like '%sesame%' or k::text like '%c2VzYW1l%' or k::text like '%736573616d65%';

-- The figures: what has happened is counted, once each.
create temp table before as select * from authguard.statistics;
create view pg_temp.grown as select s.name, s.value - b.value as more from authguard.statistics s join before b using (name) where b.label is null and s.type = 'counter' and s.value <> b.value;
select refresh_token as first from authguard.sign_in('cat') \gset
select refresh_token as second, status from auth.refresh(:'first') \gset
select status from auth.refresh(:'first');
select refresh_token as third, status from auth.refresh(:'second') \gset
select status from auth.refresh(:'first');
select * from grown order by name;
select name, label, value, is_estimate, as_of from authguard.statistics where name in ('sessions_live', 'entries') order by name, label;
select count(*) as ended from authguard.session where ended_at is not null;
select name, label, type, value is not null as known, is_estimate from authguard.statistics where name not in ('sessions_live', 'entries') order by name, label collate "C";
select note from authguard.statistics where name = 'tokens_refused';
-- What is rolled back counts, too: no sign-in waits for another one's end.
select value as signed_in from authguard.statistics where name = 'sign_ins' \gset
begin;
select status from authguard.sign_in('dan');
rollback;
select value - :signed_in as more from authguard.statistics where name = 'sign_ins';
select * from authguard.prune();
select abs(value - extract(epoch from now())) < 60 as pruned_now from authguard.statistics where name = 'last_prune';
-- Of many rows the number is estimated: no scan.
truncate authguard.revocation;
insert into authguard.session (user_id, issuer, aal, amr) select 'user ' || n, 'authguard', 'aal1', '[]' from generate_series(1, 60000) n;
insert into authguard.revocation (kind, key) select case when n % 4 = 0 then 'token' else 'user' end, 'key ' || n from generate_series(1, 60000) n;
analyze authguard.session, authguard.revocation;
select name, label, case when value between 55000 and 65000 then '60000' when value between 41000 and 49000 then '45000' when value between 13000 and 17000 then '15000' else value::text end as about,
       is_estimate, as_of > now() - interval '1 hour' as fresh
  from authguard.statistics where name in ('sessions_live', 'entries') order by name, label;
truncate authguard.session, authguard.revocation;
vacuum authguard.session, authguard.revocation;

-- Nothing needs anybody; then each thing does.
-- Asked as the monitor, whoever calls this.
create function public.mon_health() returns table (check_name text, level text, object text, detail text, hint text) language sql security definer begin atomic select * from authguard.health(); end;
alter function public.mon_health() owner to mon_watch;
select * from public.mon_health();
-- prune was not run for a week, or never.
select setval('authguard.prune_time', extract(epoch from now() - interval '8 days')::int8) > 0 as set;
select check_name, level, object, detail ~ '^it last ran at ' as detail, hint from public.mon_health();
alter sequence authguard.prune_time restart;
select check_name from public.mon_health();
update authguard.event set happened_at = now() - interval '8 days';
select check_name, level, object, detail ~ '^it has never run' as detail, hint from public.mon_health();
select count(*) from authguard.prune();
select check_name from public.mon_health();
-- Keys that are old.
update authguard.key set created_at = now() - interval '400 days';
select check_name, level, regexp_replace(object, '''[^'']{43}''', '...') as object, detail, hint from public.mon_health();
update authguard.key set status = 'revoked' where jwk is null;
update authguard.key set status = 'retiring' where made_here;
select check_name from public.mon_health();
update authguard.key set status = 'active', created_at = now();
select authguard.distrust_issuer('https://secret.example');
-- A claims function that is gone, or somebody else's.
create function public.mon_claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as 'select claims';
select authguard.set_claims_function('public.mon_claims(text, uuid, jsonb)');
select check_name from public.mon_health();
alter function public.mon_claims(text, uuid, jsonb) owner to mon_nobody;
select check_name, level, detail, hint from public.mon_health() where object = 'public.mon_claims';
drop function public.mon_claims(text, uuid, jsonb);
select check_name, level, detail, hint from public.mon_health() where object = 'public.mon_claims';
select authguard.set_claims_function(null);
-- The triggers of a table of authguard, and of an attached one.
alter table authguard.revocation disable trigger invalidate;
select check_name, level, object, hint from public.mon_health();
alter table authguard.revocation enable always trigger invalidate;
create table public.mon_users (id text primary key, banned_until timestamptz, deleted_at timestamptz, app_metadata jsonb);
select authguard.attach_users('public.mon_users', banned_until => 'banned_until', deleted_at => 'deleted_at', app_metadata => 'app_metadata');
select check_name from public.mon_health() where object ~ 'mon_users';
alter table public.mon_users disable trigger authguard_attached_change;
select check_name, level, detail from public.mon_health() where object ~ 'mon_users';
alter table public.mon_users drop constraint mon_users_pkey;
select check_name, level, detail from public.mon_health() where object ~ 'mon_users';
alter table public.mon_users add primary key (id), enable always trigger authguard_attached_change;
select check_name from public.mon_health() where object ~ 'mon_users';
-- A table without a guard.
create role mon_gate login;
create table public.mon_open ();
grant select on public.mon_open to public;
select check_name, level, detail, hint from public.mon_health() where object ~ 'mon_open';
alter table public.mon_open enable row level security;
select check_name, level, detail, hint from public.mon_health() where object ~ 'mon_open';
drop table public.mon_open;
drop role mon_gate;
-- A copy that nobody has acknowledged.
update authguard.installation set database = 1;
select check_name, level, detail, hint from public.mon_health();
select authguard.acknowledge_restore();
select check_name from public.mon_health();

-- Why a user sees nothing: each cause in turn.
create function public.mon_told(id text) returns table (step int, check_name text, passed bool, answer text, note text)
language sql security definer set timezone = 'UTC' set datestyle = 'ISO' as $$
    select e.step, e.check_name, e.passed, regexp_replace(e.answer, '20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00', 'TIME', 'g'), e.note from authguard.explain_user(id) e $$;
alter function public.mon_told(text) owner to mon_watch;
\pset format unaligned
\pset tuples_only on
\set why 'select step, check_name, passed, answer, note from public.mon_told($$ada$$) where passed is distinct from true and step > 1'
select * from public.mon_told('ada');
select * from public.mon_told('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11') where step = 1;
select count(*) > 5 as uuid from authguard.explain_user(:ada::uuid);
select count(*) > 5 as bigint from authguard.explain_user(42);
select * from authguard.explain_user(null::text);
select * from authguard.explain_user('');
insert into public.mon_users values ('ada');
select * from public.mon_told('ada');
update public.mon_users set banned_until = now() + interval '1 day';
:why;
update public.mon_users set banned_until = null, deleted_at = now();
:why;
update public.mon_users set deleted_at = null, app_metadata = '{"access_revoked": true}';
:why;
update public.mon_users set app_metadata = '{}';
alter table public.mon_users drop constraint mon_users_pkey;
:why;
select authguard.detach_users('public.mon_users');
-- Only about tokens of one issuer.
alter table public.mon_users add primary key (id);
delete from public.mon_users;
select authguard.attach_users('public.mon_users', issuer => 'https://idp');
:why;
select authguard.detach_users('public.mon_users');
create table public.mon_sessions (id uuid primary key, user_id text, not_after timestamptz);
insert into public.mon_sessions values (gen_random_uuid(), 'ada', null), (gen_random_uuid(), 'ada', now() + interval '1 day'), (gen_random_uuid(), 'ada', now() - interval '1 day'), (gen_random_uuid(), 'ben', null);
select authguard.attach_sessions('public.mon_sessions', not_after => 'not_after');
select * from public.mon_told('ada') where check_name = 'attached';
select authguard.detach_sessions('public.mon_sessions');
drop table public.mon_users, public.mon_sessions;
-- Blocked, cut off, sessions.
select status from authguard.sign_in('ada');
:why;
select authguard.sign_out_user('ada');
select status from authguard.sign_in('ada');
:why;
select authguard.revoke_user('ada', 'laptop stolen', '2100-01-01');
:why;
select authguard.restore_user('ada', revive_tokens => true);
select authguard.revoke_user('ada', null, null, 'https://idp');
:why;
select authguard.restore_user('ada', revive_tokens => true);
select status from authguard.sign_in('ada');
select authguard.revoke_issued_before(now(), reason => 'leak');
:why;
select authguard.restore_issuer();
insert into authguard.revocation (kind, key, blocked, issued_before) values ('claims', 'ada', false, now());
:why;
delete from authguard.revocation;
-- A subject of an issuer with a namespace is looked for by its UUID, too.
select authguard.trust_secret('https://named.example', repeat('sesame', 8), audience => '{api}', subject_namespace => '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
select authguard.revoke_user(auth_uid, 'by uuid') from authguard.user_in_namespace('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'ada') auth_uid;
:why;
select note from public.mon_told('ada') where step = 1;
select authguard.distrust_issuer('https://named.example');

\pset tuples_only off
\pset format aligned
drop function public.mon_told(text), public.mon_health();

-- What was granted is taken back, and the role can be dropped; what another door gives stays.
select authguard.grant_operator('mon_watch');
select authguard.revoke_operator('mon_watch');
\c - mon_watch
select count(*) > 0 as still from authguard.statistics;
select authguard.revoke_user('ada');
\c - postgres
select authguard.grant_operator('mon_watch');
select authguard.revoke_monitor('mon_watch');
\c - mon_watch
select count(*) > 0 as still from authguard.statistics;
select authguard.revoke_user('ada');
\c - postgres
select authguard.revoke_operator('mon_watch'), authguard.revoke_signer('mon_nobody');
select count(*) from authguard.coverage() where rule = 'privilege_without_door';
drop role mon_watch, mon_nobody;
select authguard.revoke_monitor('mon_watch');
select authguard.grant_monitor('public');
select authguard.grant_monitor(null);
\echo :LAST_ERROR_SQLSTATE
truncate authguard.revocation, authguard.session, authguard.event;
