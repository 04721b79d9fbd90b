-- authguard.seal_claims: the first claims of a transaction, of either source, stand until it ends.
\set SHOW_CONTEXT never
create role authenticator login noinherit;
create role regress_app login;
create view told as select source, status, subject from auth.whoami();
grant select on told to public;
select authguard.rotate_signing_key() is not null as made;
create function signed(sub text) returns text language sql as $$
    select authguard.sign(jsonb_build_object('iss', 'authguard', 'aud', 'authenticated', 'sub', sub, 'exp', 4102444800)) $$;
select signed('alice') as alice, signed('bob') as bob \gset
-- What a client does instead of its one set_config.
create function tried(what text) returns text language plpgsql as $$
begin
    execute what;
    return 'done: ' || coalesce((select subject from auth.whoami()), 'nobody');
exception when others then
    return sqlstate || ': ' || coalesce((select subject from auth.whoami()), 'nobody');
end $$;

-- Off, as it is by default: claims change as settings do.
\c - regress_app
begin;
select auth.set_token(:'alice') is not null as set;
select auth.set_token(:'bob') is not null as set;
select * from told;
reset authguard.jwt;
select * from told;
commit;

\c - postgres
load 'authguard';
alter system set authguard.seal_claims = on;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- A token: no other, none, and no other source. The same again is no change.
\c - regress_app
show authguard.seal_claims;
set authguard.seal_claims = off;
begin;
select auth.set_token(:'alice') is not null as set;
select * from told;
select auth.set_token(:'alice') is not null as again;
select set_config('authguard.jwt', :'alice', true) as again;
set local authguard.jwt = :'alice';
savepoint one;
select auth.set_token(:'bob');
rollback to one;
set local authguard.jwt = :'bob';
rollback to one;
select set_config('authguard.jwt', '', true);
rollback to one;
reset authguard.jwt;
rollback to one;
reset all;
rollback to one;
set authguard.jwt to default;
rollback to one;
select set_config('request.jwt.claims', '{"sub":"bob"}', true);
rollback to one;
select * from told;
select tried(format('set local authguard.jwt = %L', :'bob')), tried('reset authguard.jwt'), tried('reset all'), tried('set local authguard.jwt to default'),
       tried('set session authguard.jwt = ''x.y.z'''), tried($$ select set_config('authguard.jwt', null, true) $$), tried('set local request.jwt.claims = ''{}''');
select * from told;
commit;
-- The next transaction is free.
begin;
select auth.set_token(:'bob') is not null as set;
select * from told;
commit;
select * from told;

-- The gateway's claims: the same.
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"alice"}';
select * from told;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$), tried($$ set local request.jwt.claims = '' $$), tried('reset request.jwt.claims'),
       tried('reset all'), tried($$ set local request.jwt.claims = '{"sub":"alice"}' $$), tried('set local authguard.jwt = ''x.y.z''');
set request.jwt.claims = '{"sub":"bob"}';
abort;
begin;
set local request.jwt.claims = '{"sub":"bob"}';
select * from told;
reset request.jwt.claims;
abort;
select * from told;

-- Even before anybody has read them, and those that are refused too.
begin;
set local request.jwt.claims = '{"sub":"alice"}';
set local request.jwt.claims = '{"sub":"bob"}';
abort;
begin;
set local authguard.jwt = 'x.y.z';
set local request.jwt.claims = '{"sub":"bob"}';
abort;
begin;
set local authguard.jwt = 'x.y.z';
select tried('reset authguard.jwt'), tried('set local authguard.jwt = ''''');
select * from told;
commit;

-- Those of the session stand in a transaction that has read them; before that they may be replaced.
set request.jwt.claims = '{"sub":"session"}';
begin;
set local request.jwt.claims = '{"sub":"alice"}';
select * from told;
select tried('reset request.jwt.claims');
commit;
begin;
select * from told;
select tried($$ set local request.jwt.claims = '{"sub":"alice"}' $$), tried('reset request.jwt.claims'), tried('set local authguard.jwt = ''x.y.z''');
commit;
begin;
select count(*) from pg_class where relname = 'pg_class' and auth.subject() = 'session';
set local request.jwt.claims = '{"sub":"alice"}';
abort;
-- Nothing is nothing to seal: to read that there are none leaves them free.
reset request.jwt.claims;
begin;
select * from told;
set local request.jwt.claims = '{"sub":"alice"}';
select * from told;
commit;

-- A rollback to a savepoint restores what stood then, and with it the right to set.
begin;
savepoint one;
set local request.jwt.claims = '{"sub":"alice"}';
select * from told;
rollback to one;
select * from told;
set local request.jwt.claims = '{"sub":"bob"}';
select * from told;
rollback to one;
savepoint two;
set local request.jwt.claims = '{"sub":"carol"}';
release savepoint two;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
rollback to one;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
commit;
begin;
set local request.jwt.claims = '{"sub":"alice"}';
savepoint one;
select * from told;
rollback to one;
-- It was set before the savepoint, so it stands.
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
savepoint two;
release savepoint two;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
do $$
begin
    perform set_config('request.jwt.claims', '', true);
exception when insufficient_privilege then
    raise notice 'after an exception block: %', auth.subject();
end $$;
commit;
-- Those of the session, read after a savepoint, then rolled back to it.
set request.jwt.claims = '{"sub":"session"}';
begin;
savepoint one;
select * from told;
rollback to one;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
abort;

-- Between transactions a pool clears as ever; a transaction that fails takes its claims with it.
set request.jwt.claims = '{"sub":"alice"}';
select * from told;
discard all;
select * from told;
set request.jwt.claims = '{"sub":"alice"}';
reset all;
select * from told;
begin;
set local request.jwt.claims = '{"sub":"alice"}';
select 1 / 0;
abort;
select * from told;
begin;
set local request.jwt.claims = '{"sub":"bob"}';
select * from told;
commit;
-- What a function sets for itself, SET LOCAL leaves at the end, and two transactions in a procedure.
create procedure pg_temp.two() language plpgsql as $$
begin
    perform set_config('request.jwt.claims', '{"sub":"alice"}', true);
    raise notice '%', auth.subject();
    commit;
    perform set_config('request.jwt.claims', '{"sub":"bob"}', true);
    raise notice '%', auth.subject();
    rollback;
    raise notice '%', auth.subject();
end $$;
call pg_temp.two();

-- Claims from before the library is loaded are taken over as they are: that is no change.
\c - authenticator
set request.jwt.claims = '{"sub":"session"}';
begin;
set local request.jwt.claims = '{"sub":"alice"}';
select * from told;
select tried($$ set local request.jwt.claims = '{"sub":"bob"}' $$);
commit;
select * from told;
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"alice"}';
savepoint one;
set local request.jwt.claims = '{"sub":"bob"}';
select * from told;
rollback to one;
select * from told;
commit;
\c - authenticator
set request.jwt.claims = '{"sub":"bob"}';
set authguard.jwt = :'alice';
select * from told;
reset authguard.jwt;
select * from told;

\c - postgres
load 'authguard';
alter system reset authguard.seal_claims;
\i `echo $PG_ABS_SRCDIR/reload.sql`
\c - authenticator
begin;
set local request.jwt.claims = '{"sub":"alice"}';
set local request.jwt.claims = '{"sub":"bob"}';
select * from told;
commit;

\c - postgres
drop view told;
drop function signed, tried;
select authguard.distrust_issuer('authguard');
drop role authenticator, regress_app;
