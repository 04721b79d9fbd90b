-- New credentials end the other sessions and cut every earlier token off; events of the application's own.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set ada '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
\set ben '''b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'''
create role cred_signer login;
create role cred_nobody login;
grant usage on schema authguard to cred_nobody;
select authguard.grant_signer('cred_signer');

-- Only through the door.
set session authorization cred_nobody;
select authguard.step_up(:ada, gen_random_uuid(), 'totp', 'aal2');
select authguard.reauthenticated(:ada, gen_random_uuid(), 'totp');
select authguard.credentials_changed(:ada);
select authguard.record_event('USER_UPDATED', :ada);
select authguard.set_claims_function(null);
select authguard.run_claims_function(0, '', '', null, null);
set session authorization cred_signer;
select authguard.set_claims_function(null);
insert into authguard.claims_function values ('public', 'mine', 'cred_signer');
insert into authguard.event (name, user_id, actor) values ('SIGNED_IN', :ada, 'user');

-- All but one: the one that is kept goes on, its tokens too; the others end, at the next statement.
create temp table issued as select g as n, s.* from generate_series(1, 4) g, lateral authguard.sign_in(case when g < 4 then :ada else :ben end) s;
select session_id as kept, access_token as kept_access, refresh_token as kept_refresh from issued where n = 1 \gset
select access_token as other_access from issued where n = 2 \gset
select session_id as bens from issued where n = 4 \gset
select auth.set_token(:'other_access', false) is not null as set, auth.is_active();
select authguard.credentials_changed(:ada, :'kept') as ended;
select auth.is_active(), auth.revocation_reason();
select auth.set_token(:'kept_access', false) is not null as set, auth.is_active(), auth.is_fresh('1 minute');
select authguard.credentials_changed(:ada, :'kept') as again;
reset authguard.jwt;
reset session authorization;
select n, r.status from issued, lateral auth.refresh(refresh_token) r order by n;
select n, ended_reason from issued i join authguard.session s on s.id = i.session_id order by n;
-- Tokens of other issuers, and without a session, are cut off: those dated up to the leeway later, too.
update authguard.revocation set issued_before = issued_before - interval '1 minute' where kind = 'user';
select floor(extract(epoch from issued_before)) as cut_off from authguard.revocation where kind = 'user' \gset
select set_config('request.jwt.claims', format('{"sub":%s,"iss":"elsewhere","iat":%s}', to_json(:ada::text), :cut_off), false) is not null as set;
select auth.is_revoked(), auth.revocation_reason();
select set_config('request.jwt.claims', format('{"sub":%s,"iss":"elsewhere","iat":%s}', to_json(:ada::text), :cut_off + 30), false) is not null as set;
select auth.is_revoked();
select set_config('request.jwt.claims', format('{"sub":%s,"iss":"elsewhere","iat":%s}', to_json(:ada::text), :cut_off + 31), false) is not null as set;
select auth.is_revoked();
reset request.jwt.claims;
-- Without one to keep, all end; each call is an event.
select authguard.credentials_changed(:ada) as ended, authguard.credentials_changed(:ada) as again;
select status as signs_in from authguard.sign_in(:ada);
select name, actor, session_id = :'kept' as kept, reason, count(*) from authguard.event where user_id = :ada group by 1, 2, 3, 4 order by 1, 2, 3, 4;

-- Errors change nothing.
create view state as select (select count(*) from authguard.event) as events, (select count(*) from authguard.session where ended_at is null) as live,
    (select max(issued_before) from authguard.revocation) as cut_off;
create table unchanged as table state;
select pg_sleep(1);
select authguard.credentials_changed(:ada, :'bens');
select authguard.credentials_changed(:ada, gen_random_uuid());
select authguard.credentials_changed(:ada, :'kept');
select authguard.credentials_changed(null);
select row(s.*) is not distinct from row(u.*) as nothing_changed from state s, unchanged u;

-- A sign-in that was not yet committed when the credentials changed is shut out afterwards.
create table late as select * from authguard.sign_in(:ben);
update authguard.session set created_at = clock_timestamp() - interval '1 h', authenticated_at = clock_timestamp() - interval '1 h' where id = (select session_id from late);
insert into authguard.revocation (kind, key, blocked, issued_before) values ('user', :ben, false, clock_timestamp() - interval '1 s');
select r.status from late l, lateral auth.refresh(l.refresh_token) r;
select ended_reason from authguard.session where id = (select session_id from late);

-- Events of the application's own.
set session authorization cred_signer;
select authguard.record_event('USER_UPDATED', '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}', reason => 'email') is not null as recorded;
select authguard.record_event('EMAIL_CHANGED', :ben, :'bens') is not null as recorded;
select authguard.record_event('EMAIL_CHANGED', 'no uuid') is not null as recorded;
\set VERBOSITY default
select authguard.record_event('SIGNED_IN', :ada);
select authguard.record_event('lower', :ada);
\set VERBOSITY terse
select authguard.record_event('SIGNED_OUT', :ada);
select authguard.record_event('TOKEN_REFRESHED', :ada);
select authguard.record_event('PASSWORD_RECOVERY', :ada);
select authguard.record_event('MFA_CHALLENGE_VERIFIED', :ada);
select authguard.record_event('REFRESH_TOKEN_REUSED', :ada);
select authguard.record_event('USER_REVOKED', :ada);
select authguard.record_event('USER_RESTORED', :ada);
select authguard.record_event('RESTORE_ACKNOWLEDGED', :ada);
select authguard.record_event(null, :ada);
select authguard.record_event('', :ada);
select authguard.record_event(E'TWO\nLINES', :ada);
select authguard.record_event('USER_UPDATED', null);
select authguard.record_event('USER_UPDATED', :ada, :'bens');
reset session authorization;
select name, user_id, session_id = :'bens' as bens, actor, reason from authguard.event where name in ('EMAIL_CHANGED', 'USER_UPDATED') order by id desc limit 3;

delete from authguard.session;
delete from authguard.event;
delete from authguard.revocation;
select authguard.distrust_issuer('authguard');
drop view state;
drop table issued, unchanged, late;
drop owned by cred_signer, cred_nobody;
drop role cred_signer, cred_nobody;
