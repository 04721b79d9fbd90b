-- Step-up and reauthentication: a higher level only with new tokens, a fresh proof also for old ones.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
\set ben '''b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
create role step_signer login;
create role step_client login;
select authguard.grant_signer('step_signer'), authguard.grant_client('step_client');

set session authorization step_signer;
create temp table first as select * from authguard.sign_in(:ada);
create temp table bens as select * from authguard.sign_in(:ben);
select access_token as old_access, refresh_token as old_refresh, session_id as session from first \gset
select session_id as bens_session from bens \gset

-- New tokens with the new level; the newest method comes first.
create temp table second as select * from authguard.step_up(:ada, :'session', 'totp', 'aal2');
select access_token as new_access, refresh_token as new_refresh from second \gset
select status, token_type, session_id = :'session' as same_session, user_id = :ada as same_user,
       access_token <> :'old_access' as new_access, refresh_token <> :'old_refresh' as new_refresh from second;
select claims ->> 'aal' as aal, jsonb_path_query_array(claims, '$.amr[*].method') as methods,
       claims -> 'amr' -> 0 ->> 'timestamp' >= claims -> 'amr' -> 1 ->> 'timestamp' as newest_first
  from auth.verify(:'new_access') claims;

-- The tokens from before stay at the level that they had.
select claims ->> 'aal' as aal from auth.verify(:'old_access') claims;
set session authorization step_client;
select status, access_token is null and refresh_token is null as none from auth.refresh(:'old_refresh');
select status, access_token is null and refresh_token is null as none from auth.refresh(:'old_refresh');
select status, auth.verify(access_token) ->> 'aal' as aal from auth.refresh(:'new_refresh');
-- That rotated: now the token from before the step-up is two generations old.
select status from auth.refresh(:'old_refresh');
select status from auth.refresh(:'new_refresh');

-- After the window it is theft at once.
set session authorization step_signer;
create temp table third as select * from authguard.sign_in(:ada);
select s.status from third t, lateral authguard.step_up(:ada, t.session_id, 'totp', 'aal2') s;
reset session authorization;
update authguard.session s set rotated_at = rotated_at - interval '11 s' from third t where s.id = t.session_id;
select r.status from third t, lateral auth.refresh(t.refresh_token) r;
select s.ended_reason from authguard.session s join third t on s.id = t.session_id;

-- Errors change nothing.
set session authorization step_signer;
create temp table fourth as select * from authguard.sign_in(:ada, aal => 'aal2');
select session_id as session, access_token as access, refresh_token as refresh from fourth \gset
\set VERBOSITY default
select authguard.step_up(:ada, :'session', 'totp', 'aal1');
select authguard.step_up(:ada, :'bens_session', 'totp', 'aal2');
\set VERBOSITY terse
select authguard.step_up(:ada, gen_random_uuid(), 'totp', 'aal2');
select authguard.step_up(:ada, null, 'totp', 'aal2');
select authguard.step_up(:ada, :'session', 'totp', 'aal9');
select authguard.step_up(:ada, :'session', 'totp', null);
select authguard.step_up(:ada, :'session', null, 'aal3');
select authguard.step_up(:ada, :'session', '', 'aal3');
select authguard.step_up(null, :'session', 'totp', 'aal3');
select authguard.reauthenticated(:ada, :'bens_session', 'password');
select authguard.reauthenticated(:ada, gen_random_uuid(), 'password');
select authguard.reauthenticated(:ada, :'session', '');
select authguard.sign_in(:ada, method => '');
reset session authorization;
select counter, aal, jsonb_path_query_array(amr, '$[*].method') as methods from authguard.session where id in (:'session', :'bens_session') order by aal;
update authguard.session set not_after = clock_timestamp() where id = :'session';
set session authorization step_signer;
select authguard.step_up(:ada, :'session', 'totp', 'aal3');
select authguard.reauthenticated(:ada, :'session', 'password');
reset session authorization;
update authguard.session set not_after = null where id = :'session';

-- The same level with another method is fine, and a method that is proved again is in amr once.
select status from authguard.step_up(:ada, :'session', 'webauthn', 'aal2');
select status from authguard.step_up('{A0EEBC999C0B4EF8BB6D6BB9BD380A11}', :'session', 'password', 'aal3');
select aal, counter, jsonb_path_query_array(amr, '$[*].method') as methods from authguard.session where id = :'session';
-- The first token is two generations old.
select status from auth.refresh(:'refresh');
select authguard.step_up(:ada, :'session', 'totp', 'aal3');

-- A proof counts at the next statement, also for a token that is out: nobody needs a new one.
update authguard.session set authenticated_at = clock_timestamp() - interval '1 hour', refreshed_at = refreshed_at - interval '1 s',
       amr = jsonb_build_array(jsonb_build_object('method', 'password', 'timestamp', floor(extract(epoch from clock_timestamp()) - 3600)::int8))
 where id = :'bens_session';
select refresh_token as bens_refresh from bens \gset
select access_token as bens_access, refresh_token as bens_refresh from auth.refresh(:'bens_refresh') \gset
select auth.set_token(:'bens_access', false) ->> 'aal' as aal;
select auth.is_fresh('5 minutes'), auth.is_fresh('2 hours'), clock_timestamp() - auth.authenticated_at() > '59 minutes' as old;
select updates from (select counter, refreshed_at, rotated_at from authguard.session where id = :'bens_session') updates \gset
select authguard.reauthenticated(:ben, :'bens_session', 'password');
select auth.is_fresh('5 minutes'), clock_timestamp() - auth.authenticated_at() < '1 minute' as young;
select authenticated_at = auth.authenticated_at() as as_the_row, jsonb_path_query_array(amr, '$[*].method') as methods,
       (counter, refreshed_at, rotated_at)::text = :'updates' as no_rotation
  from authguard.session where id = :'bens_session';
select authenticated_at = auth.authenticated_at() as get_user from auth.get_user();
select (array_agg(name order by id desc))[1] as no_event_of_its_own from authguard.event where user_id = :ben;
-- In a transaction that has written, in its own order, and not after its rollback.
update authguard.session set authenticated_at = clock_timestamp() - interval '1 hour' where id = :'bens_session';
begin;
select auth.is_fresh('5 minutes');
savepoint before;
select authguard.reauthenticated(:ben, :'bens_session', 'password');
select auth.is_fresh('5 minutes');
rollback to before;
select auth.is_fresh('5 minutes');
commit;
select auth.is_fresh('5 minutes');
-- In parallel workers.
create table many as select g from generate_series(1, 20000) g;
analyze many;
set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
select authguard.reauthenticated(:ben, :'bens_session', 'password');
explain (costs off) select count(*) from many where auth.is_fresh(g * interval '5 minutes');
select count(*) from many where auth.is_fresh(g * interval '5 minutes');
select count(distinct auth.authenticated_at()) = 1 as one_answer from many;
reset all;
-- A row that no longer is there is no proof.
select auth.set_token(:'bens_access', false) ->> 'aal' as aal, auth.is_fresh('5 minutes');
delete from authguard.session where id = :'bens_session';
select auth.is_fresh('5 minutes'), auth.is_revoked();
reset authguard.jwt;

-- A blocked user gets no tokens; afterwards the session is over.
create table blocked as select * from authguard.sign_in(:ben);
select authguard.revoke_user(:ben);
select s.status, s.access_token is null as none from blocked b, lateral authguard.step_up(:ben, b.session_id, 'totp', 'aal2') s;
select authguard.restore_user(:ben);
select s.status from blocked b, lateral authguard.step_up(:ben, b.session_id, 'totp', 'aal2') s;

-- Below the least level nothing is refreshed; nothing ends, and a step-up lifts the session over it.
create table low as select * from authguard.sign_in(:ada);
alter system set authguard.min_aal = 'aal2';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select session_id as session, refresh_token as refresh from low \gset
select status, access_token is null as none from auth.refresh(:'refresh');
select counter, ended_at from authguard.session where id = :'session';
create table high as select * from authguard.step_up(:ada, :'session', 'totp', 'aal2');
select r.status from high h, lateral auth.refresh(h.refresh_token) r;
alter system set authguard.min_aal = 'aal3';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select authguard.step_up(:ada, :'session', 'totp', 'aal2');
-- What was stolen is found out below it, too.
select status from auth.refresh(:'refresh');
-- A misspelt level is refused. In a file it is the strictest (wire/settings).
alter system set authguard.min_aal = 'AAL2';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select authguard.sign_in(:ada, aal => 'aal2');
select status from authguard.sign_in(:ben, aal => 'aal3');
alter system reset authguard.min_aal;
\i `echo $PG_ABS_SRCDIR/reload.sql`

select name, actor, count(*) from authguard.event where user_id = :ada group by 1, 2 order by 1, 2;
delete from authguard.session;
delete from authguard.event;
delete from authguard.revocation;
select authguard.distrust_issuer('authguard');
drop table first, second, third, fourth, bens, many, blocked, low, high;
drop owned by step_signer, step_client;
drop role step_signer, step_client;
