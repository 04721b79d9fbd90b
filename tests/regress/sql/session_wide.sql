-- What was set for the whole session is told apart from what the transaction has set: a pool hands it on.
create role authenticator login;
create view told as select source, status, session_wide, hint from auth.whoami();
create view brief as select source, subject, session_wide from auth.whoami();
grant select on told, brief to public;
\c - authenticator
select * from brief;

-- Set before the library was loaded, in this very transaction.
\c -
begin;
select set_config('request.jwt.claims', '{"sub":"local"}', true) is not null as set;
select * from brief;
commit;
select * from brief;

-- Within its own transaction nobody knows yet; after it, it is still there.
begin;
select set_config('request.jwt.claims', '{"sub":"session"}', false) is not null as set;
select * from brief;
commit;
select * from told;

-- A transaction that sets its own is right, whatever lies below; so is a nested one, until it is taken back.
begin;
select * from brief;
savepoint s;
set local request.jwt.claims = '{"sub":"nested"}';
select * from brief;
rollback to s;
select * from brief;
savepoint t;
set local request.jwt.claims = '{"sub":"kept"}';
release t;
select * from brief;
commit;
select * from brief;

-- A token has a scope of its own, good or bad.
begin;
set local authguard.jwt = 'bad';
select source, status, session_wide from told;
commit;
set authguard.jwt = 'bad';
select source, status, session_wide from told;
reset authguard.jwt;
select * from brief;

-- So a pool has to be told to clean up.
discard all;
select * from brief;

-- Given to the session when it began: known from its second transaction on.
\c -reuse-previous=on "user=authenticator options='-c request.jwt.claims={""sub"":""options""}'"
select * from brief;
select * from brief;

\c -reuse-previous=on "user=postgres options=''"
drop view told, brief;
drop role authenticator;
