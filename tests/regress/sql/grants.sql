-- Who may do what with the objects of the extension: the doors, and what alter default privileges gives.
\set SHOW_CONTEXT never
\pset null '(null)'
create role regress_op login;
create role regress_both login;

-- What one function grants, another takes back: the role can then be dropped.
create view held as select grantee, count(*), bool_and(is_due) as due from authguard.extension_grants() where grantee like 'regress%' group by grantee;
select authguard.grant_operator('regress_op'), authguard.grant_operator('regress_both'), authguard.grant_signer('regress_both'), authguard.grant_client('regress_both');
select grantee, count > 15 as many, due from held order by 1;
\c - regress_both
select authguard.revoke_user('ada') is not null as operator, (auth.refresh('x')).status as client;
select authguard.sign_in(null);
\c - postgres
select authguard.revoke_operator('regress_both');
\c - regress_both
select authguard.revoke_user('ada') as operator;
select count(*) from authguard.revocation;
select authguard.sign_in(null);
select (auth.refresh('x')).status as client;
\c - postgres
select authguard.grant_operator('regress_both'), authguard.revoke_signer('regress_both');
\c - regress_both
select authguard.sign_in(null);
select authguard.revoke_user('ada') is not null as operator, (auth.refresh('x')).status as client;
\c - postgres
select authguard.revoke_client_role('regress_both'), authguard.revoke_operator('regress_both'), authguard.revoke_operator('regress_both') as again;
select * from held;
drop role regress_both;
-- DROP OWNED does it, too.
drop owned by regress_op;
drop role regress_op;
select authguard.revoke_operator('regress_nobody');
select authguard.revoke_signer(null);
\echo :LAST_ERROR_SQLSTATE
-- Never to everybody, by a name that Postgres takes for a keyword.
select authguard.grant_operator('public');
select count(*) as left_over from authguard.coverage() where rule = 'privilege_without_door';
select authguard.revoke_client_role('public');

-- A privilege that was given by hand is told, with the statement that takes it back.
create role regress_op login;
select authguard.grant_operator('regress_op');
grant execute on function authguard.guard_table(regclass, text, name[]) to regress_op;
select * from authguard.coverage() where rule = 'privilege_without_door';
create role regress_hand login;
grant execute on function authguard.sign(jsonb), authguard.sign_out_user(text, text), auth.uid() to regress_hand;
grant insert, delete, select (key) on authguard.revocation to regress_hand;
grant create, usage on schema authguard to regress_hand;
grant usage on sequence authguard.event_id_seq to public;
grant usage on foreign server authguard_credentials to regress_hand;
select object, guarded, problem, hint, level from authguard.coverage() where rule = 'privilege_without_door';
select hint from authguard.coverage() where rule = 'privilege_without_door' \gexec
select count(*) from authguard.coverage() where rule = 'privilege_without_door';
revoke execute on function auth.uid() from regress_hand;
drop role regress_hand;
drop owned by regress_op;
drop role regress_op;
drop view held;
truncate authguard.revocation, authguard.event;

-- What the installer's default privileges give to new objects is taken away, and what they take away is given.
create role regress_evil login;
\set db :DBNAME
-- Types say nothing: everybody may use them.
\set grants 'select string_agg(target || $$ $$ || grantee || $$ $$ || privilege, $$, $$ order by target collate "C", grantee, privilege) from authguard.extension_grants() where not (grantee = $$public$$ and target like $$type %$$)'
select (:grants) as usual \gset
create database regress_defaults;
\c regress_defaults
alter default privileges grant all on functions to regress_evil, public;
alter default privileges grant all on tables to regress_evil, public;
alter default privileges grant all on sequences to regress_evil, public;
alter default privileges grant all on types to regress_evil with grant option;
alter default privileges grant all on schemas to regress_evil, public;
-- Nor does what the database's owner has set for sessions change what is made.
create access method regress_heap type table handler heap_tableam_handler;
set default_table_access_method = regress_heap;
set standard_conforming_strings = off;
set quote_all_identifiers = on;
create extension authguard;
reset quote_all_identifiers;
reset standard_conforming_strings;
reset default_table_access_method;
select count(*) as tables, bool_and(a.amname = 'heap') as heap from pg_class c join pg_am a on a.oid = c.relam where c.relnamespace = 'authguard'::regnamespace and c.relkind = 'r';
select (:grants) = :'usual' as as_usual;
select count(*) as left_over from pg_shdepend where refobjid = 'regress_evil'::regrole and deptype <> 'o' and classid <> 'pg_default_acl'::regclass and dbid = (select oid from pg_database where datname = current_database());
select count(*) from authguard.coverage() where rule = 'privilege_without_door';
\c - regress_evil
select auth.is_revoked(), auth.is_active(), auth.claim('sub');
select authguard.sign('{}');
delete from authguard.revocation;
select authguard.revoke_user('ada');
select auth.refresh('x');
create function authguard.mine() returns int language sql as 'select 1';
\c - postgres
drop owned by regress_evil;
drop extension authguard;
alter default privileges revoke execute on functions from public;
alter default privileges revoke usage on types from public;
create extension authguard;
select (:grants) = :'usual' as as_usual;
drop extension authguard;

-- The same in a schema that is adopted. Its readers are its owner's, and keep their privileges.
create role regress_issuer;
create schema auth authorization regress_issuer;
grant usage on schema auth to regress_evil;
set role regress_issuer;
create function auth.uid() returns uuid language sql stable as 'select null::uuid';
revoke all on function auth.uid() from public;
reset role;
alter default privileges in schema auth grant execute on functions to regress_evil, public;
alter default privileges in schema auth grant all on tables to regress_evil, public;
set authguard.adopt = on;
set authguard.adopt_owners = 'regress_issuer';
-- Names are compared as they are printed.
set quote_all_identifiers = on;
create extension authguard;
reset quote_all_identifiers;
select (:grants) = replace(regexp_replace(:'usual', 'function auth\.(uid|jwt|role|email)\(\) public EXECUTE, ', '', 'g'),
                           ', schema auth public USAGE', '') as as_usual;
select count(*) as left_over from pg_shdepend where refobjid = 'regress_evil'::regrole and deptype <> 'o' and classid <> 'pg_default_acl'::regclass and objid <> 'auth'::regnamespace and dbid = (select oid from pg_database where datname = current_database());
select proacl = array['regress_issuer=X/regress_issuer'::aclitem] as kept from pg_proc where oid = 'auth.uid()'::regprocedure;
\c - regress_evil
select auth.refresh('x');
\c :db postgres
drop database regress_defaults;
drop role regress_evil, regress_issuer;
