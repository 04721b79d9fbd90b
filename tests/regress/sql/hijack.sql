-- A weak role's operators, functions and tables, first in everybody's search_path, change nothing.
-- Each of them raises an error, so a single use of one is seen.
\set SHOW_CONTEXT never
create role authenticator login;
create role regress_ops login;
create role regress_app login;
grant create on schema public to regress_app;
select authguard.grant_operator('regress_ops');

\c - regress_app
create function public.boom() returns void language plpgsql as $$ begin raise exception 'hijacked'; end $$;
do $$
declare
    t text;
    o record;
begin
    -- Operators on every pair of types that the extension's own SQL compares.
    foreach t in array array['text', 'name', 'jsonb', 'uuid', 'oid', 'bool', 'int4', 'int8', 'timestamptz', 'interval', '"char"', 'numeric', 'float8'] loop
        execute format($f$create function public.boom(%1$s, %1$s) returns pg_catalog.bool language plpgsql as 'begin raise exception ''hijacked''; end'$f$, t);
        for o in select unnest(array['=', '<>', '<', '<=', '>', '>=']) as name loop
            execute format('create operator public.%s (leftarg = %s, rightarg = %s, procedure = public.boom)', o.name, t, t);
        end loop;
    end loop;
    for o in select * from (values ('||', 'text', 'text', 'text'), ('||', 'jsonb', 'jsonb', 'jsonb'), ('->>', 'jsonb', 'text', 'text'), ('->', 'jsonb', 'text', 'jsonb'),
                                   ('+', 'timestamptz', 'interval', 'timestamptz'), ('+', 'interval', 'interval', 'interval'), ('-', 'timestamptz', 'timestamptz', 'interval'),
                                   ('+', 'numeric', 'numeric', 'numeric'), ('~', 'text', 'text', 'bool'), ('~~', 'name', 'text', 'bool'), ('&&', 'name[]', 'name[]', 'bool')) v (name, l, r, result) loop
        execute format($f$create or replace function public.boom_%5$s(%1$s, %2$s) returns %3$s language plpgsql as 'begin raise exception ''hijacked''; end'$f$,
                       o.l, o.r, o.result, o.name, md5(o.name || o.l || o.r));
        execute format('create operator public.%s (leftarg = %s, rightarg = %s, procedure = public.boom_%s)', o.name, o.l, o.r, md5(o.name || o.l || o.r));
    end loop;
    -- Functions of the same name and arguments as those of pg_catalog.
    for o in select p.proname, pg_get_function_identity_arguments(p.oid) as args, pg_get_function_result(p.oid) as result
               from pg_proc p
              where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and p.provariadic = 0
                and p.oid::regprocedure::text in ('now()', 'clock_timestamp()', 'statement_timestamp()', 'set_config(text,text,boolean)', 'current_setting(text)',
                    'octet_length(text)', 'date_trunc(text,timestamp with time zone)', 'isfinite(timestamp with time zone)', 'pg_is_in_recovery()', 'quote_ident(text)',
                    'quote_literal(text)', 'floor(numeric)', 'cardinality(anyarray)', 'has_schema_privilege(name,text,text)', 'jsonb_extract_path(jsonb,text[])', 'session_user()') loop
        execute format($f$create function public.%I(%s) returns %s language plpgsql as 'begin raise exception ''hijacked''; end'$f$, o.proname, o.args, o.result);
    end loop;
    execute $f$create function public.format(text, variadic text[]) returns text language plpgsql as 'begin raise exception ''hijacked''; end'$f$;
    execute $f$create function public.jsonb_extract_path(jsonb, variadic text[]) returns jsonb language plpgsql as 'begin raise exception ''hijacked''; end'$f$;
    execute $f$create function public.jsonb_extract_path_text(jsonb, variadic text[]) returns text language plpgsql as 'begin raise exception ''hijacked''; end'$f$;
end $$;
-- Tables that would say "nothing is revoked".
create table public.revocation (kind text, key text);
create table public.pg_roles (rolname name);
create table public.pg_policies (tablename name);
grant select on public.revocation, public.pg_roles, public.pg_policies to public;
-- They are found first. (Seen to work: the plain comparison fails.)
set search_path = public, pg_temp, pg_catalog;
select 'a'::text = 'a'::text;
select now();

-- The operator, with that path.
\c - regress_ops
create temp table revocation (kind text, key text);
create temp table pg_roles (rolname name);
set search_path = public, pg_temp, pg_catalog;
select authguard.revoke_token('t1', 'stolen', 'https://x', '2100-01-01');
select authguard.revoke_token('t1', 'stolen', 'https://x', '2100-01-01') as again;
select authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000001', expires_at => '2100-01-01');
select authguard.revoke_user('{AAAAAAAA-0000-0000-0000-000000000002}', until => '2100-01-01');
select authguard.revoke_user('bob'), authguard.restore_user('bob'), authguard.restore_user('bob', revive_tokens => true);
select authguard.revoke_issued_before('2001-09-09', 'https://x', include_keys => true);
select authguard.prune();
select pg_catalog.count(kind) operator(pg_catalog.>) 0 as told from authguard.coverage();
discard temp;

-- The client, with that path: every exported function.
\c - authenticator
create temp table revocation (kind text, key text);
set search_path = public, pg_temp, pg_catalog;
set request.jwt.claims = '{"sub":"aaaaaaaa-0000-0000-0000-000000000003","iss":"https://x","jti":"t2","role":"authenticated","email":"a@example.com","aal":"aal1","session_id":"aaaaaaaa-0000-0000-0000-000000000004","scope":"read","is_anonymous":false,"iat":1700000000,"exp":4102444800,"auth_time":1700000000,"app_metadata":{"org":"o1"}}';
select auth.jwt();
select auth.uid(), auth.subject(), auth.issuer(), auth.role(), auth.email(), auth.aal(), auth.session_id();
select auth.claim('app_metadata', 'org'), auth.claim_text('app_metadata', 'org'), auth.app_metadata(), auth.is_anonymous(), auth.has_scope('read');
select auth.issued_at(), auth.expires_at(), auth.authenticated_at(), auth.token_age() is not null as age;
select auth.is_revoked(), auth.revocation_reason(), auth.is_expired(), auth.is_fresh('1 day'), auth.is_active(), auth.require_active();
select source, status, subject, role, session_id, acting_role, login_role, role_mismatch, hint from auth.whoami();
set request.jwt.claims = '{"sub":"u","jti":"t1","iss":"https://x","iat":1700000000}';
select auth.is_revoked(), auth.revocation_reason(), auth.is_active();
set request.jwt.claims = '{"sub":"u","session_id":"aaaaaaaa-0000-0000-0000-000000000001"}';
select auth.is_revoked(), auth.revocation_reason(), auth.is_active();
set request.jwt.claims = '{"sub":"aaaaaaaa-0000-0000-0000-000000000002"}';
select auth.is_revoked(), auth.revocation_reason(), auth.is_active();
set request.jwt.claims = '{"iss":"https://x","iat":1}';
select auth.is_revoked(), auth.revocation_reason(), auth.is_active();
set request.jwt.claims = '{"sub":"bob"}';
select auth.is_revoked(), auth.revocation_reason(), auth.is_active();
discard temp;

-- The owner, with that path: guarding and the test kit.
\c - postgres
create temp table pg_policies (tablename name);
create schema app;
create table app.note (a int);
create policy everyone on app.note using (true);
set search_path = public, pg_temp, pg_catalog;
select authguard.guard_table('app.note'), authguard.guard_table('app.note', 'active'), authguard.unguard_table('app.note');
select * from authguard.guard_schema('app');
begin;
select authguard.act_as_user('aaaaaaaa-0000-0000-0000-000000000002', '{"role":"regress_app"}');
select current_user, auth.subject(), auth.is_revoked();
select authguard.act_reset();
select current_user, auth.subject(), auth.is_revoked();
rollback;
-- Outside a transaction block nothing would stay: the next statement would run as the superuser.
select authguard.act_as('regress_app', '{"sub":"a"}');
\echo :LAST_ERROR_SQLSTATE
select authguard.act_as_user('aaaaaaaa-0000-0000-0000-000000000002', '{"role":"regress_app"}');
\echo :LAST_ERROR_SQLSTATE
select authguard.act_reset();
\echo :LAST_ERROR_SQLSTATE
-- Nor without a role.
begin;
select authguard.act_as(null, '{"sub":"a"}');
rollback;
select authguard.grant_operator('regress_app');

\c - postgres
set client_min_messages = warning;
drop owned by regress_app, regress_ops cascade;
drop schema app cascade;
drop role authenticator, regress_ops, regress_app;
truncate authguard.revocation;
