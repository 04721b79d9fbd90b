-- The guard does not disturb plans: compared as numbers and yes or no, since plans print differently
-- from version to version.
\set SHOW_CONTEXT never
create role authenticator login noinherit;
create role authenticated;
grant authenticated to authenticator;
create schema app;
grant usage on schema app to authenticated;
create table app.bare (id int primary key, owner uuid, kind text);
insert into app.bare
select n, ('00000000-0000-0000-0000-' || lpad((n % 1000)::text, 12, '0'))::uuid, case when n % 10 = 0 then 'rare' else 'usual' end
  from generate_series(1, 20000) n;
-- One owner of half of all rows: only the column's statistics tell.
update app.bare set owner = '00000000-0000-0000-0000-000000000000' where id <= 10000;
create index bare_owner on app.bare (owner);
create table app.revoked (like app.bare including all);
create table app.active (like app.bare including all);
create table app.wrapped (like app.bare including all);
create table app.own (like app.bare including all);
insert into app.revoked select * from app.bare;
insert into app.active select * from app.bare;
insert into app.wrapped select * from app.bare;
insert into app.own select * from app.bare;
grant select on all tables in schema app to authenticated;
alter table app.bare enable row level security;
create policy everyone on app.bare using (true);
create policy everyone on app.revoked using (true);
create policy everyone on app.active using (true);
create policy everyone on app.wrapped using (true);
create policy own on app.own using (owner = auth.uid());
select authguard.guard_table('app.revoked'), authguard.guard_table('app.active', 'active'), authguard.guard_table('app.own');
-- What the guard is not: a function without a support function is guessed at a third.
alter table app.wrapped enable row level security;
create function app.opaque() returns bool language plpgsql stable as 'begin return true; end';
create policy opaque on app.wrapped as restrictive using (app.opaque());
vacuum analyze app.bare, app.revoked, app.active, app.wrapped, app.own;

create function app.plan(query text) returns jsonb language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return plan -> 0 -> 'Plan';
end $$;
create function app.rows(query text) returns numeric language sql as $$ select (app.plan(query) ->> 'Plan Rows')::numeric $$;
create function app.uses(query text, what text) returns bool language sql as $$ select app.plan(query)::text ~ what $$;

\c - authenticator
set role authenticated;
set request.jwt.claims = '{"sub":"00000000-0000-0000-0000-000000000007","role":"authenticated"}';
set max_parallel_workers_per_gather = 0;

-- Estimates as without the guard.
select query,
       app.rows(format(query, 'bare')) > 0 as some,
       app.rows(format(query, 'revoked')) = app.rows(format(query, 'bare')) as revoked,
       app.rows(format(query, 'active')) = app.rows(format(query, 'bare')) as active,
       app.rows(format(query, 'wrapped')) < app.rows(format(query, 'bare')) as opaque_is_less
  from (values
    ('select * from app.%s'),
    ($$select * from app.%s where kind = 'rare'$$),
    ($$select * from app.%s where id < 5000$$),
    ('select * from app.%1$s a join app.%1$s b using (owner)')) v (query);
-- owner = auth.uid(), bare, uses the index and the statistics of the very value.
select app.uses('select * from app.own', 'own_owner_idx') as index_used,
       app.rows('select * from app.own') = app.rows($$select * from app.bare where owner = '00000000-0000-0000-0000-000000000007'$$) as as_the_literal,
       (select count(*) from app.own) = (select count(*) from app.bare where owner = '00000000-0000-0000-0000-000000000007') as right_rows;
set request.jwt.claims = '{"sub":"00000000-0000-0000-0000-000000000000","role":"authenticated"}';
select app.rows('select * from app.own') between 9500 and 10500 as common_value_known, (select count(*) from app.own) as rows;
-- A claim in jsonb works as well.
select app.uses($$select * from app.bare where owner = (auth.jwt() ->> 'sub')::uuid$$, 'bare_owner') or
       app.rows($$select * from app.bare where owner = (auth.jwt() ->> 'sub')::uuid$$) between 9500 and 10500 as known;
-- The guard keeps the primary key's plan.
select app.uses('select * from app.revoked where id = 7', 'revoked_pkey') as revoked, app.uses('select * from app.active where id = 7', 'active_pkey') as active;
-- A generic plan follows the claims.
set plan_cache_mode = force_generic_plan;
prepare own as select count(*) from app.own;
execute own;
set request.jwt.claims = '{"sub":"00000000-0000-0000-0000-000000000008","role":"authenticated"}';
execute own;
reset request.jwt.claims;
execute own;
reset plan_cache_mode;

-- In parallel plans: the workers have the claims and the revocations, too.
set request.jwt.claims = '{"sub":"00000000-0000-0000-0000-000000000008","role":"authenticated"}';
set max_parallel_workers_per_gather = 2;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set min_parallel_index_scan_size = 0;
set parallel_leader_participation = off;
set enable_indexscan = off;
set enable_bitmapscan = off;
set enable_indexonlyscan = off;
select app.uses('select count(*) from app.revoked', '"Parallel Aware": true') as parallel, (select count(*) from app.revoked) as rows;
select app.uses('select count(*) from app.active', '"Parallel Aware": true') as parallel, (select count(*) from app.active) as rows;
select app.uses('select count(*) from app.own', '"Parallel Aware": true') as parallel, (select count(*) from app.own) as rows;
select count(*) from app.revoked where auth.subject() = '00000000-0000-0000-0000-000000000008' and auth.claim_text('role') = 'authenticated' and auth.jwt() ? 'sub';
\c - postgres
select authguard.revoke_user('00000000-0000-0000-0000-000000000008');
\c - authenticator
set role authenticated;
set request.jwt.claims = '{"sub":"00000000-0000-0000-0000-000000000008","role":"authenticated"}';
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set parallel_leader_participation = off;
set enable_indexscan = off;
set enable_bitmapscan = off;
select app.uses('select count(*) from app.revoked', '"Parallel Aware": true') as parallel, (select count(*) from app.revoked) as rows;
set request.jwt.claims = '{"sub":1}';
select count(*) as refused from app.revoked;
select count(*) as refused from app.bare where auth.is_revoked() and auth.revocation_reason() = 'refused';

\c - postgres
set client_min_messages = warning;
drop schema app cascade;
drop role authenticator, authenticated;
truncate authguard.revocation;
