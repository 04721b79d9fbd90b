-- Sessions at their edges: what is too long or too much, what the database would refuse itself, keys that are gone,
-- and what a cut-off of every issuer does to refreshing.
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- A long header fails no login; what the application chooses itself does, without the row.
select status from authguard.sign_in('ada', user_agent => repeat('x', 2000));
select status from authguard.sign_in('ada', user_agent => repeat('é', 2000));
select octet_length(user_agent) from authguard.session where user_id = 'ada' order by 1;
\set VERBOSITY default
select status from authguard.sign_in('ada', tag => repeat('x', 257));
select status from authguard.sign_in(repeat('x', 1025));
select status from authguard.sign_in('ada', method => repeat('x', 65));

-- No token that this database would refuse.
select status from authguard.sign_in('eve', '{"app_metadata": []}');
select status from authguard.sign_in('eve', '{"role": 7}');
select status from authguard.sign_in('eve', '{"role": "service_role"}');
select status from authguard.sign_in('eve', (repeat('{"a":', 60) || '1' || repeat('}', 60))::jsonb);
select status from authguard.sign_in('eve', jsonb_build_object('long', repeat('x', 9000)));
select count(*) from authguard.session where user_id = 'eve';
\set VERBOSITY terse
update authguard.issuer set roles = '{authenticated,service_role}' where issuer = 'authguard';
select status, auth.verify(access_token) ->> 'role' as role from authguard.sign_in('eve', '{"role": "service_role"}');
update authguard.issuer set roles = '{authenticated}' where issuer = 'authguard';

-- How the user has signed in is in the log.
create table one as select * from authguard.sign_in('fay', method => 'otp');
select s.status from one, lateral authguard.step_up('fay', session_id, 'totp', 'aal2') s;
select name, reason from authguard.event where user_id = 'fay' order by id;

-- One session that an operator revokes: one entry.
select authguard.revoke_session(session_id, 'lost phone') from one;
select kind, issuer, reason from authguard.revocation join one on key = session_id::text;
select ended_reason from authguard.session s join one on s.id = one.session_id;

-- An entry is kept as long as the longest-lived token of the session, whatever the setting is by now.
create table long as select * from authguard.sign_in('gus');
alter system set authguard.jwt_expiry = '10 s';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select authguard.sign_out_user('gus');
select keep_until > to_timestamp(expires_at) + interval '299 s' as long_enough from authguard.revocation join long on key = session_id::text;

-- Another tab within the interval gets the same access token, and a new one where that has expired.
alter system set authguard.refresh_token_reuse_interval = '1h';
create table first as select * from authguard.sign_in('hal');
alter system set authguard.jwt_expiry = '2 s';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select r.status from first, lateral auth.refresh(refresh_token) r;
select pg_sleep(2.5);
select r.status, r.expires_in, r.expires_at > extract(epoch from statement_timestamp()) as lives from first, lateral auth.refresh(refresh_token) r;
alter system reset authguard.jwt_expiry;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- A client that lost its answer gets it again for the whole interval (still an hour), from the rotation on, and no longer.
create table lost as select n, s.* from generate_series(59, 61, 2) n, lateral authguard.sign_in('lost ' || n) s;
select r.status from lost, lateral auth.refresh(refresh_token) r;
update authguard.session s set rotated_at = rotated_at - n * interval '1 min' from lost where s.id = session_id;
select n as minutes, r.status from lost, lateral auth.refresh(refresh_token) r order by n;
alter system reset authguard.refresh_token_reuse_interval;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- After the key that signs is revoked a refresh makes another.
create table before as select * from authguard.sign_in('ivy');
select authguard.revoke_key(kid) from authguard.key where issuer = 'authguard' and status = 'active';
select r.status, auth.verify(r.access_token) is not null as opens from before, lateral auth.refresh(refresh_token) r;

-- A session of another issuer than today's ends at its refresh.
-- Claims of what becomes our own issuer are judged by a session's row from then on.
create table moved as select * from authguard.sign_in('kim');
select set_config('request.jwt.claims', '{"iss":"moved","sub":"kim","session_id":"5e550000-0000-4000-8000-000000000009","iat":1700000000}', false) is not null as set;
select auth.is_active();
alter system set authguard.issuer = 'moved';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select auth.is_active(), auth.revocation_reason();
reset request.jwt.claims;
select r.status from moved, lateral auth.refresh(refresh_token) r;
select s.ended_reason from authguard.session s join moved on s.id = moved.session_id;
alter system reset authguard.issuer;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- After a cut-off of every issuer everybody signs in anew: no refresh, no step-up.
create table early as select * from authguard.sign_in('jan');
create table early2 as select * from authguard.sign_in('jan');
select authguard.revoke_issued_before(clock_timestamp());
select r.status from early, lateral auth.refresh(refresh_token) r;
select s.status from early2, lateral authguard.step_up('jan', session_id, 'totp', 'aal2') s;
select s.ended_reason from authguard.session s join early on s.id = early.session_id;
select r.status from authguard.sign_in('jan') s, lateral auth.refresh(s.refresh_token) r;

-- All sessions end, and the key of their refresh tokens goes with them.
create table last as select * from authguard.sign_in('lea');
select authguard.end_all_sessions() > 0 as ended;
select r.status from last, lateral auth.refresh(refresh_token) r;
select r.status from authguard.sign_in('lea') s, lateral auth.refresh(s.refresh_token) r;

-- At an old snapshot.
begin isolation level repeatable read;
select count(*) from authguard.session where user_id = 'nobody';
select status from authguard.sign_in('max');
rollback;
alter system set authguard.single_session_per_user = on;
\i `echo $PG_ABS_SRCDIR/reload.sql`
\set VERBOSITY default
begin isolation level repeatable read;
select status from authguard.sign_in('max');
rollback;
\set VERBOSITY terse
-- One sign-in of a user at a time, by a lock that SQL cannot take.
begin;
select status from authguard.sign_in('max');
select locktype, mode from pg_locks where pid = pg_backend_pid() and (locktype = 'advisory' or classid = 'authguard.session'::regclass);
commit;
alter system reset authguard.single_session_per_user;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- Forgetting takes no time in the future.
select * from authguard.prune('-1 day');
select * from authguard.prune(events_after => '-1 day');
-- What whoever listens may not have read yet is not forgotten.
select * from authguard.prune(events_after => '59 min');

-- An interval that compares as positive may lead into the future. Then nothing is forgotten, least of all a live session.
select refresh_token as kept from authguard.sign_in('kept') \gset
select interval '-12 mons 360 days 1 hour' >= interval '1 hour' as compares, now() - interval '-12 mons 360 days 1 hour' > now() as leads_ahead;
select * from authguard.prune(sessions_after => '-12 mons 360 days 1 hour');
select * from authguard.prune(events_after => '-12 mons 360 days 1 hour');
select * from authguard.prune(sessions_after => '-300000 years');
select * from authguard.prune(events_after => '-300000 years');
-- What leads out of the range of times is very long ago, and NULL is never. Nothing is as old.
select * from authguard.prune('300000 years', '300000 years');
select kind, forgotten from authguard.prune(null, null) where kind <> 'revocation';
select status from auth.refresh(:'kept');
select count(*) > 1 as events from authguard.event where user_id = 'kept';
-- A day has 24 hours, whatever TimeZone says: clients can set it.
set timezone = 'AAA+24BBB-24,M3.1.0,M10.1.0';
select timestamptz '2026-03-02 12:00+00' - interval '1 day' > timestamptz '2026-03-02 12:00+00' as ahead_by_timezone,
       authguard.time_before('2026-03-02 12:00+00', '1 day') = timestamptz '2026-03-01 12:00+00' as by_utc;
reset timezone;

-- A session is refreshed long after its access tokens have expired: what shuts it out is kept as long.
alter system set authguard.max_token_lifetime = '1h';
\i `echo $PG_ABS_SRCDIR/reload.sql`
truncate authguard.revocation;
select refresh_token as late from authguard.sign_in('late') \gset
select authguard.revoke_issued_before(clock_timestamp()), authguard.revoke_issued_before(clock_timestamp(), 'authguard'),
       authguard.revoke_issued_before(clock_timestamp(), 'https://a');
select issuer, keep_until is null as for_ever from authguard.revocation order by issuer;
truncate authguard.revocation;
-- As where a sign-in by the old password is committed after the change.
insert into authguard.revocation (kind, key, blocked, issued_before, keep_until)
values ('user', 'late', false, clock_timestamp(), clock_timestamp() - interval '1 s'),
       ('user', 'nobody', false, clock_timestamp(), clock_timestamp() - interval '1 s');
select forgotten from authguard.prune() where kind = 'revocation';
select status from auth.refresh(:'late');
select forgotten from authguard.prune() where kind = 'revocation';
select status from auth.refresh(:'late');
alter system reset authguard.max_token_lifetime;
\i `echo $PG_ABS_SRCDIR/reload.sql`

drop table one, long, lost, first, before, early, early2, moved, last;
truncate authguard.session, authguard.revocation;
select authguard.distrust_issuer('authguard');
select authguard.distrust_issuer('moved');
