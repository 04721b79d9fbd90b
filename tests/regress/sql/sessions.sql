-- Sessions: sign in, refresh, theft, sign out, and what each does to tokens at the next statement.
\set VERBOSITY terse
create role sess_signer login;
create role sess_client login;
create role sess_operator login;
select authguard.grant_signer('sess_signer'), authguard.grant_client('sess_client'), authguard.grant_operator('sess_operator');
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
\set ben '''b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''

-- Doors.
set session authorization sess_client;
select authguard.sign_in(:ada);
select status from auth.refresh('junk');
set session authorization sess_signer;
select auth.refresh('junk');
select status, token_type, expires_in, user_id = :ada as user, session_id is not null as session from authguard.sign_in('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
select status from authguard.sign_in(null);
select status from authguard.sign_in(:ada, '{"sub":"x"}');
select status from authguard.sign_in(:ada, '[]');
select status from authguard.sign_in(:ada, aal => 'aal9');
reset session authorization;

-- The tokens, and what they open.
create table tokens as select 0 as n, * from authguard.sign_in(:ada, '{"email":"ada@example.com","app_metadata":{"org":7}}');
select access_token as access, refresh_token as refresh, session_id as session from tokens where n = 0 \gset
select claims - array['iat', 'exp', 'jti', 'session_id', 'amr'] as claims, (claims ->> 'jti')::uuid is not null as jti, claims -> 'amr' -> 0 ->> 'method' as method,
       (claims ->> 'exp')::int8 - (claims ->> 'iat')::int8 as lives
  from (select auth.verify(:'access') as claims) c;
select auth.set_token(:'access', false) is not null as set;
select auth.uid(), auth.session_id() = :'session' as session, auth.is_active(), auth.is_fresh('1 minute'), auth.aal();
select count(*), bool_or(is_current) from auth.sessions();
select subject, role from auth.get_user();

-- A refresh rotates; two tabs get the same refresh token; two generations old is theft.
insert into tokens select 1, * from auth.refresh(:'refresh');
insert into tokens select 2, * from auth.refresh(:'refresh');
select n, status, refresh_token = :'refresh' as same_as_before,
       refresh_token = (select refresh_token from tokens where n = 1) as same_as_tab from tokens where n > 0 order by n;
select refresh_token as second from tokens where n = 1 \gset
insert into tokens select 3, * from auth.refresh(:'second');
select status from tokens where n = 3;
select auth.is_active() as before_theft;
select status, access_token is null as none from auth.refresh(:'refresh');
select auth.is_active() as after_theft, auth.revocation_reason();
select refresh_token as third from tokens where n = 3 \gset
select status from auth.refresh(:'third');
select status from auth.refresh(:'refresh');
select name, count(*) from authguard.event where session_id = :'session' group by 1 order by 1;
select auth.verify(:'access');

-- Forged and foreign ones.
select status from auth.refresh(upper(:'third'));
select status from auth.refresh(:'third' || '=');
select status from auth.refresh(left(:'third', -1));
select status from auth.refresh(null);
select status from auth.refresh('');

-- Signing out: local, others, global; and again.
reset authguard.jwt;
create table signed as select g as n, s.* from generate_series(1, 4) g, lateral authguard.sign_in(case when g < 4 then :ada else :ben end) s;
select access_token as one, session_id as one_session from signed where n = 1 \gset
select access_token as two from signed where n = 2 \gset
select access_token as three from signed where n = 3 \gset
select access_token as bens from signed where n = 4 \gset
create view alive as select n, exists (select from authguard.session s where s.id = signed.session_id and ended_at is null) as alive from signed;
select auth.set_token(:'one', false) is not null as set;
select auth.end_session((select session_id from signed where n = 4)) as bens;
select auth.sign_out('others') as others;
table alive order by n;
select auth.sign_out('others') as again, auth.is_active();
select auth.sign_out('local') as local, auth.is_active() as same_statement;
select auth.is_active(), auth.revocation_reason();
select auth.sign_out('local') as again;
select auth.sign_out('everywhere');
table alive order by n;
reset authguard.jwt;
select auth.sign_out();
select set_config('request.jwt.claims', '{"sub":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","iss":"authguard"}', false) is not null as set;
select auth.sign_out('local');
reset request.jwt.claims;

-- Whoever has stolen a token that is revoked signs nobody out with it.
create table stolen as select * from authguard.sign_in(:ada);
create table later as select * from authguard.sign_in(:ada);
select access_token as stolen from stolen \gset
select auth.set_token(:'stolen', false) is not null as set;
select authguard.revoke_session(session_id) from stolen;
select auth.sign_out('global') as global, auth.sign_out('others') as others;
select ended_at is null as lives from authguard.session s join later l on s.id = l.session_id;
reset authguard.jwt;
select set_config('request.jwt.claims', '{"sub":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","iss":"authguard","app_metadata":{"access_revoked":true}}', false) is not null as set;
select auth.sign_out('global');
reset request.jwt.claims;
drop table stolen, later;

-- Operators: signing a user out lets it in again, blocking does not.
set session authorization sess_operator;
select authguard.revoke_user(:ben, repeat('x', 1025));
select authguard.sign_out_user(:ben) as ended, authguard.sign_out_user(:ben) as again;
reset session authorization;
select status as signs_in_again from authguard.sign_in(:ben);
set session authorization sess_operator;
select authguard.revoke_user(:ben, 'left');
select count(*) as live from authguard.session where user_id = :ben and ended_at is null;
reset session authorization;
select status from authguard.sign_in(:ben);
select authguard.restore_user(:ben);
create table bens as select * from authguard.sign_in(:ben);
-- In the same second as the block: a session that began after a cut-off wins.
select status, auth.verify(access_token) is not null as opens from bens;
select name, actor, by, count(*) from authguard.event where user_id = :ben group by 1, 2, 3 order by 1, 2, 3;

-- One session, revoked by an operator; and one whose row is gone.
select authguard.revoke_session(session_id) from bens;
select ended_reason from authguard.session s join bens b on s.id = b.session_id;
create table gone as select * from authguard.sign_in(:ben);
select auth.set_token(access_token, false) is not null as set from gone;
delete from authguard.session where id = (select session_id from gone);
select auth.is_active(), auth.revocation_reason();
reset authguard.jwt;
select r.status from gone g, lateral auth.refresh(g.refresh_token) r;

-- Limits: a session past its time is revoked at once, and its refresh token is dead for good.
create table timed as select * from authguard.sign_in(:ada);
select access_token as timed_token from timed \gset
select auth.set_token(:'timed_token', false) is not null as set, auth.is_active();
update authguard.session set not_after = clock_timestamp() where id = (select session_id from timed);
select auth.is_active(), auth.revocation_reason();
select r.status from timed t, lateral auth.refresh(t.refresh_token) r;
update authguard.session set not_after = null where id = (select session_id from timed);
select auth.is_active(), auth.revocation_reason();
select r.status from timed t, lateral auth.refresh(t.refresh_token) r;
reset authguard.jwt;

-- An access token never outlives its session.
alter system set authguard.session_timebox = '10 min';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select expires_in from authguard.sign_in(:ada);
-- A shorter limit also ends the sessions that there are, for a token that was verified before, too.
create table boxed as select * from authguard.sign_in(:ada);
select auth.verify(access_token) is not null as opens from boxed;
alter system set authguard.session_timebox = '1 s';
select pg_sleep(1);
\i `echo $PG_ABS_SRCDIR/reload.sql`
select auth.verify(access_token) is not null as opens from boxed;
alter system reset authguard.session_timebox;
alter system set authguard.single_session_per_user = on;
alter system set authguard.min_aal = 'aal2';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select status from authguard.sign_in(:ada);
create table phone as select * from authguard.sign_in(:ada, aal => 'aal2', tag => 'phone');
create table laptop as select * from authguard.sign_in(:ada, aal => 'aal2', tag => 'laptop');
create table newphone as select * from authguard.sign_in(:ada, aal => 'aal2', tag => 'phone');
select s.tag, s.ended_reason from authguard.session s
 where s.id in (select session_id from phone union select session_id from laptop union select session_id from newphone)
 order by s.created_at;
alter system reset authguard.single_session_per_user;
alter system reset authguard.min_aal;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- A refresh that is rolled back changes nothing.
begin;
select r.status from laptop l, lateral auth.refresh(l.refresh_token) r;
rollback;
select counter from authguard.session where id = (select session_id from laptop);

-- And a sign-in that is rolled back, also to a savepoint, has opened nothing.
begin;
select access_token as undone from authguard.sign_in(:ada) \gset
select auth.verify(:'undone') is not null as opens, auth.set_token(:'undone', false) is not null as set;
select auth.is_active();
rollback;
select auth.verify(:'undone');
begin;
savepoint s;
select access_token as undone from authguard.sign_in(:ada) \gset
select auth.set_token(:'undone') is not null as set, auth.is_active();
rollback to s;
select set_config('authguard.jwt', :'undone', true) is not null as set, auth.is_active(), auth.revocation_reason();
commit;

-- Forgetting.
select * from authguard.prune();
update authguard.event set happened_at = happened_at - interval '2 h' where name = 'SIGNED_IN';
select kind, forgotten > 0 as some from authguard.prune(sessions_after => '0', events_after => '1 h') where kind <> 'revocation';
select count(*) filter (where name = 'SIGNED_IN') as old, count(*) > 0 as young from authguard.event;
select count(*) from authguard.session where ended_at is not null;

select authguard.distrust_issuer('authguard');
drop view alive;
drop table tokens, signed, bens, gone, timed, boxed, phone, laptop, newphone;
drop owned by sess_signer, sess_client, sess_operator;
drop role sess_signer, sess_client, sess_operator;
