-- Who may say what the claims are: the login role decides, and no client can choose it.
create role authenticator login noinherit;
create role regress_app login;
create role regress_web;
grant regress_web to authenticator, regress_app;
-- What a reader answers: refused claims are an error.
create function read_subject() returns text language plpgsql as $$
begin
    return auth.subject();
exception when invalid_authorization_specification then
    return 'error';
end $$;
create view told as select source, status, subject, read_subject() as reader, auth.is_revoked(), auth.is_active(), hint from auth.whoami();
grant select on told to public;

-- A gateway is believed, in each way that a setting is set.
\c - authenticator
set request.jwt.claims = '{"sub":"set"}';
select * from told;
select set_config('request.jwt.claims', '{"sub":"set_config"}', false) as set;
select * from told;
begin;
set local request.jwt.claims = '{"sub":"local"}';
select * from told;
savepoint inner_one;
set local request.jwt.claims = '{"sub":"savepoint"}';
select subject from told;
rollback to savepoint inner_one;
select subject from told;
do $$
begin
    begin
        perform set_config('request.jwt.claims', '{"sub":"exception block"}', true);
        raise exception 'x';
    exception when others then
        raise notice 'after an exception block: %', auth.subject();
    end;
end $$;
commit;
select subject from told;
reset request.jwt.claims;
select * from told;
set request.jwt.claims = '{"sub":"pool"}';
discard all;
select * from told;
set request.jwt.claims = '{"sub":"one"}';
begin;
set local request.jwt.claims = '{"sub":"two"}';
select subject from told;
abort;
select subject from told;
-- It stays a gateway under the role of the request.
set role regress_web;
select current_user, session_user, subject, status from told;
reset role;

-- Any other login role is not, whatever it tries.
\c - regress_app
set request.jwt.claims = '{"sub":"set"}';
select * from told;
select auth.jwt(), auth.uid(), auth.subject(), auth.claim('sub'), auth.claim_text('sub'), auth.is_expired(), auth.revocation_reason();
select auth.require_active();
select set_config('request.jwt.claims', '{"sub":"set_config"}', true) is null as set, status, subject from told;
begin;
set local request.jwt.claims = '{"sub":"local"}';
select status, subject from told;
savepoint inner_one;
set local request.jwt.claims = '{"sub":"savepoint"}';
select status, subject from told;
rollback to savepoint inner_one;
select status, subject from told;
set local role regress_web;
select status, subject from told;
commit;
set authguard.gateway_roles = 'regress_app';
-- The words of these differ between versions.
\set VERBOSITY sqlstate
alter system set authguard.gateway_roles = 'regress_app';
set session authorization authenticator;
set role authenticator;
\set VERBOSITY default
create function pg_temp.claiming() returns text language sql set request.jwt.claims = '{"sub":"function"}' as 'select auth.subject()';
alter role current_user set request.jwt.claims = '{"sub":"pinned"}';
alter role current_user set authguard.gateway_roles = 'regress_app';
alter role current_user set authguard.leeway = 300;
-- Nothing set is nothing to disbelieve.
set request.jwt.claims = '';
select * from told;

-- The library is loaded by the first call: a value from before it is treated the same.
\c - regress_app
set request.jwt.claims = '{"sub":"before"}';
select status, subject, is_revoked from told;
\c - regress_app
begin;
set local request.jwt.claims = '{"sub":"before, local"}';
savepoint inner_one;
set local request.jwt.claims = '{"sub":"before, savepoint"}';
select status, subject from told;
rollback to savepoint inner_one;
select status, subject from told;
commit;
select status, subject from told;
\c - regress_app
set authguard.gateway_roles = 'regress_app';
set request.jwt.claims = '{"sub":"gateway from before"}';
select status, subject from told;
show authguard.gateway_roles;
\c - authenticator
set request.jwt.claims = '{"sub":"before"}';
select status, subject from told;
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"before, local"}';
savepoint inner_one;
set local request.jwt.claims = '{"sub":"before, savepoint"}';
select status, subject from told;
rollback to savepoint inner_one;
select status, subject from told;
commit;
select status, subject from told;

-- Options of the connection, which is what PGOPTIONS becomes.
\c -reuse-previous=on "user=regress_app options='-c request.jwt.claims={""sub"":""options""}'"
show request.jwt.claims;
select status, subject from told;
\c -reuse-previous=on "user=authenticator options='-c request.jwt.claims={""sub"":""options""}'"
select status, subject from told;
\c -reuse-previous=on "user=regress_app options='-c authguard.gateway_roles=regress_app -c request.jwt.claims={""sub"":""options""}'"
select status, subject from told;
show authguard.gateway_roles;
\c -reuse-previous=on "user=regress_app options=''"

-- Nothing pins claims into later logins: not the role itself, loaded or not.
\c - authenticator
alter role current_user set request.jwt.claims = '{"sub":"pinned"}';
select auth.subject();
alter role current_user set request.jwt.claims = '{"sub":"pinned"}';
create function pg_temp.claiming() returns text language sql set request.jwt.claims = '{"sub":"function"}' as 'select auth.subject()';
-- Nor a superuser who has not loaded the library: what the login brings is dropped.
\c - postgres
alter role authenticator set request.jwt.claims = '{"sub":"pinned"}';
\c - authenticator
select status, subject from told;
set request.jwt.claims = '{"sub":"request"}';
select status, subject from told;
reset request.jwt.claims;
select status, subject from told;
\c - postgres
alter role authenticator reset request.jwt.claims;

-- Session authorization changes who is believed, at once and both ways.
\c - postgres
set request.jwt.claims = '{"sub":"superuser"}';
select status, subject from told;
set session authorization regress_app;
select status, subject from told;
set session authorization authenticator;
select status, subject from told;
reset session authorization;
select status, subject from told;

-- The list of gateways, reloaded under a running session.
load 'authguard';
alter system set authguard.gateway_roles = 'one, "two';
alter system set authguard.gateway_roles = 'other, "regress_app"';
\i `echo $PG_ABS_SRCDIR/reload.sql`
show authguard.gateway_roles;
set session authorization regress_app;
select status, subject from told;
set session authorization authenticator;
select status, subject from told;
reset session authorization;
\c - regress_app
set request.jwt.claims = '{"sub":"new gateway"}';
select status, subject from told;
\c - postgres
load 'authguard';
-- Empty: no gateway at all. A superuser is none to keep out.
alter system set authguard.gateway_roles = '';
\i `echo $PG_ABS_SRCDIR/reload.sql`
set request.jwt.claims = '{"sub":"superuser"}';
select status, subject from told;
set session authorization authenticator;
select status, subject from told;
reset session authorization;
alter system reset authguard.gateway_roles;
\i `echo $PG_ABS_SRCDIR/reload.sql`
set session authorization authenticator;
select status, subject from told;
reset session authorization;

-- A gateway that is renamed is one no more.
alter role authenticator rename to regress_renamed;
set session authorization regress_renamed;
select status, subject from told;
reset session authorization;
alter role regress_renamed rename to authenticator;
-- A role that loses superuser is believed no longer.
create role regress_super superuser;
set session authorization regress_super;
select status, subject from told;
reset session authorization;
alter role regress_super nosuperuser;
set session authorization regress_super;
select status, subject from told;
reset session authorization;

drop view told;
drop function read_subject;
drop role authenticator, regress_app, regress_web, regress_super;
