-- Users whose ids are uuid or bigint, through every door; who did it; claims that nobody may give.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
create role ids_signer login;
create role ids_operator login;
create role ids_nobody login;
select authguard.grant_signer('ids_signer'), authguard.grant_operator('ids_operator');

-- Signing in by a uuid, a bigint and an int; the text of each is the user.
set session authorization ids_signer;
create temp table issued as
    select 'uuid' as type, s.* from authguard.sign_in(:ada::uuid) s
    union all select 'bigint', s.* from authguard.sign_in(9007199254740993) s
    union all select 'int', s.* from authguard.sign_in(42, method => 'otp', tag => 'x') s
    union all select 'smallint', s.* from authguard.sign_in(claims => '{"email": "x@y"}', user_id => 7::smallint) s
    union all select 'unknown', s.* from authguard.sign_in('43') s
    union all select 'varchar', s.* from authguard.sign_in('ada'::varchar) s
    union all select 'name', s.* from authguard.sign_in('bob'::name) s;
select type, status, user_id, auth.verify(access_token) ->> 'sub' as sub from issued;
select authguard.sign_in(1.5);
select authguard.sign_in(null);
select authguard.sign_in(null::uuid);
select authguard.sign_in(null::bigint);
prepare untyped as select status from authguard.sign_in($1);
execute untyped('ada');
select s.status, auth.verify(s.access_token) ->> 'aal' as aal from issued i, lateral authguard.step_up(:ada::uuid, i.session_id, 'totp', 'aal2') s where type = 'uuid';
select s.status from issued i, lateral authguard.step_up(42, i.session_id, 'totp', 'aal2') s where type = 'int';
select authguard.step_up(43, i.session_id, 'totp', 'aal2') from issued i where type = 'int';
select authguard.reauthenticated(42, session_id, 'password') from issued where type = 'int';
select authguard.reauthenticated(:ada::uuid, session_id, 'password') from issued where type = 'uuid';
select authguard.record_event('EMAIL_CHANGED', 42, session_id) is not null as recorded from issued where type = 'int';
select authguard.record_event('EMAIL_CHANGED', :ada::uuid, reason => 'confirmed') is not null as recorded;
select authguard.credentials_changed(42), authguard.credentials_changed(:ada::uuid, keep_session => session_id) from issued where type = 'uuid';
-- A signer is no operator.
select authguard.revoke_user(42);
select authguard.sign_out_user(:ada::uuid);

set session authorization ids_operator;
select authguard.revoke_user(42, 'left'), authguard.revoke_user(:ada::uuid, until => '3000-01-01'), authguard.revoke_user('ada'), authguard.revoke_user(user_id => 42, issuer => 'https://x');
select key, issuer, reason, blocked_until is not null as ends, revoked_by from authguard.revocation where kind = 'user' and blocked order by key, issuer nulls first;
select authguard.restore_user(42), authguard.restore_user(:ada::uuid, revive_tokens => true), authguard.restore_user('ada');
select authguard.sign_out_user(9007199254740993), authguard.sign_out_user(:ada::uuid), authguard.sign_out_user('bob'), authguard.sign_out_user('43', scope => 'global');
select authguard.sign_in(42);

set session authorization ids_nobody;
select authguard.sign_in(42);
select authguard.revoke_user(:ada::uuid);
reset session authorization;

-- Who did it, by the login role.
select name, user_id, actor, by, count(*) from authguard.event where user_id in ('42', :ada) group by 1, 2, 3, 4 order by 2, 1, 3, 4;

-- Tests act as such users, too.
create role ids_authenticated;
begin;
select authguard.act_as_user(42, '{"role": "ids_authenticated"}');
select auth.subject(), current_user;
select authguard.act_reset();
select authguard.act_as_user(:ada::uuid, '{"role": "ids_authenticated"}');
select auth.uid(), auth.subject(), current_user;
select authguard.act_as_user('bob', '{"role": "ids_authenticated"}');
select auth.subject();
rollback;

-- The claims that authguard sets are in the token, and those that it does not set are in none.
\set VERBOSITY default
select authguard.sign_in('ada', '{"jti": "mine"}');
select authguard.sign_in('ada', '{"nbf": 1}');
select authguard.sign_in('ada', '{"auth_time": 1}');
-- No token is issued that is revoked.
select authguard.sign_in('ada', '{"app_metadata": {"access_revoked": true}}');
\set VERBOSITY terse
select array_agg(name order by name) as always_there
  from unnest(array['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'session_id', 'aal', 'amr', 'nbf', 'auth_time']) name,
       (select auth.verify(access_token) as claims from authguard.sign_in('carol')) token
 where claims ? name;
-- Each token has another, and one token can be revoked by it.
create temp table twice as select n, s.access_token, s.refresh_token from generate_series(1, 2) n, lateral authguard.sign_in(case when n > 0 then 'carol' end) s;
select count(distinct auth.verify(access_token) ->> 'jti') from twice;
select authguard.revoke_token(auth.verify(access_token) ->> 'jti') from twice where n = 1;
select auth.verify(access_token) from twice where n = 1;
select r.status, auth.verify(r.access_token) is not null as another from twice, lateral auth.refresh(refresh_token) r where n = 1;

-- Without a token, the hint says so.
\set VERBOSITY default
select auth.sign_out();
select auth.end_session(gen_random_uuid());
select auth.require_active();
select set_config('request.jwt.claims', '{"sub": "carol", "iss": "https://elsewhere"}', false) is not null as set;
select auth.sign_out();
reset request.jwt.claims;

truncate authguard.session, authguard.event, authguard.revocation;
select authguard.distrust_issuer('authguard');
truncate authguard.revocation;
drop table issued, twice;
drop owned by ids_signer, ids_operator, ids_nobody;
drop role ids_signer, ids_operator, ids_nobody, ids_authenticated;
