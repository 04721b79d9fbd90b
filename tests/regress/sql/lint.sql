-- authguard.lint: what it answers whom, fingerprints, accepted findings, and bad input.
set client_min_messages = warning;
create role authenticator login noinherit;
create role authenticated;
create role lint_owner login;
create role lint_nobody login;
create role lint_watch login;
grant authenticated to authenticator;
create schema shop;
grant usage, create on schema shop to lint_owner;
grant usage on schema shop to authenticated;
reset client_min_messages;

-- What a table's owner needs, who is no superuser: these grants. The last one is for the column accepted.
grant usage on schema authguard to lint_owner, lint_watch;
grant execute on function authguard.lint(name[], text[]) to lint_owner, lint_watch;
grant execute on function authguard.lint_tap() to lint_watch;
grant select on authguard.accepted_finding to lint_watch;
select * from authguard.extension_grants() where not is_due;
\c - lint_owner
create table shop."Order" (id int primary key, buyer text);
create table shop.kept (id int primary key);
grant select, insert on all tables in schema shop to authenticated;
alter table shop.kept enable row level security;
\x on
select rule, level, object, policy, problem, hint, evidence, page, accepted from authguard.lint();
\x off
-- Schemas and rules choose.
select object from authguard.lint('{shop}');
select object from authguard.lint('{public,pg_catalog}');
select object from authguard.lint(null, '{rls_disabled}');
select object from authguard.lint('{shop}', '{unguarded_table,view_as_owner}');
select count(*) from authguard.lint('{}', '{}');
select * from authguard.lint('{shop,shoop}');
select * from authguard.lint(null, array['rls_disabled', 'no_such_rule']);
select fingerprint as of_order from authguard.lint(null, '{rls_disabled}') \gset
-- Nothing on the search path takes the place of Postgres's own.
create function shop.eq(oid, oid) returns bool language sql as 'select false';
create operator shop.= (function = shop.eq, leftarg = oid, rightarg = oid);
create table shop.pg_policy (a int);
set search_path = shop, pg_catalog;
set quote_all_identifiers = on;
select object, fingerprint = :'of_order' as the_same from authguard.lint(null, '{rls_disabled}');
show search_path;
reset search_path;
reset quote_all_identifiers;
drop table shop.pg_policy;
-- Whoever has no right to it.
\c - lint_nobody
select * from authguard.lint();
\c - authenticator
select * from authguard.lint();

-- The fingerprint: the same for the same policy made again, whatever becomes of other things.
\c - postgres
set client_min_messages = warning;
create view prints as select rule, policy, object, fingerprint from authguard.lint() where object like 'shop.%';
create policy own on shop."Order" to authenticated using (buyer = auth.subject());
alter table shop."Order" enable row level security;
create temp table before as select * from prints;
select rule, policy, object from before order by 1;
drop policy own on shop."Order";
create policy own on shop."Order" to authenticated using (auth.subject() = buyer);
drop policy own on shop."Order";
create policy own on shop."Order" to authenticated using (buyer = auth.subject());
alter table shop.kept rename to kept_longer;
alter role lint_nobody rename to lint_somebody;
select count(*) as the_same from prints join before using (rule, object, fingerprint);
begin;
create table shop.copy (like shop."Order" including all);
drop table shop."Order";
alter table shop.copy rename to "Order";
grant select, insert on shop."Order" to authenticated;
alter table shop."Order" enable row level security;
create policy own on shop."Order" to authenticated using (buyer = auth.subject());
select count(*) as of_a_new_table from prints join before using (rule, object, fingerprint);
rollback;
alter table shop."Order" disable row level security;

-- What is accepted stays, apart.
select fingerprint as of_order from authguard.lint(null, '{rls_disabled}') \gset
select authguard.accept_finding(:'of_order', 'a shop window');
select authguard.accept_finding(:'of_order', 'a shop window') as again;
select object, accepted from authguard.lint(null, '{rls_disabled}');
select reason, until, accepted_by from authguard.accepted_finding;
-- Until then.
select authguard.accept_finding(:'of_order', 'for now', 'infinity');
update authguard.accepted_finding set until = now();
select accepted from authguard.lint(null, '{rls_disabled}');
select authguard.accept_finding(:'of_order', 'for an hour', now() + interval '1 hour');
select accepted from authguard.lint(null, '{rls_disabled}');
-- An object of another name is another finding.
alter table shop."Order" rename to "Orders";
select object, accepted from authguard.lint(null, '{rls_disabled}');
alter table shop."Orders" rename to "Order";
-- Whoever judges by it may read it, and not change it.
\c - lint_watch
select object, accepted from authguard.lint(null, '{rls_disabled}');
select * from authguard.lint_tap();
select authguard.accept_finding(:'of_order', 'let it be');
select authguard.unaccept_finding(:'of_order');
insert into authguard.accepted_finding (fingerprint, reason) values (md5(''), 'x');
\c - lint_owner
select object, accepted from authguard.lint(null, '{rls_disabled}');
\c - postgres
grant select on authguard.accepted_finding to lint_owner;
\c - lint_owner
select object, accepted from authguard.lint(null, '{rls_disabled}');
\c - postgres
select authguard.unaccept_finding(:'of_order'), authguard.unaccept_finding(:'of_order') as again;
select * from authguard.lint_tap();
-- Bad input.
select authguard.accept_finding(null, 'x');
select authguard.accept_finding(:'of_order', null);
select authguard.accept_finding('public.notes', 'x');
select authguard.accept_finding(:'of_order', E' \n');
select authguard.accept_finding(:'of_order', repeat('x', 1025));
select authguard.accept_finding(:'of_order', 'x', '2000-01-01');
select authguard.unaccept_finding(null);
select authguard.lint_sarif('[]');
select authguard.lint_sarif('{"shop": 1}');
select authguard.lint_sarif('{"shop": {"file": "a.sql", "line": 0}}');
-- A report names the file of each object: the most exact key counts.
select r -> 'locations' -> 0 -> 'physicalLocation' -> 'artifactLocation' ->> 'uri' as file,
       r -> 'locations' -> 0 -> 'physicalLocation' -> 'region' ->> 'startLine' as line
  from (values ('{}'), ('{"*": "all.sql"}'), ('{"*": "all.sql", "shop": "a shop.sql"}'),
               ('{"*": "all.sql", "shop.\"Order\"": {"file": "o.sql", "line": 7}}')) v (map),
       jsonb_array_elements(authguard.lint_sarif(map::jsonb) -> 'runs' -> 0 -> 'results') r
 where r ->> 'ruleId' = 'rls_disabled';

set client_min_messages = warning;
drop view prints;
drop schema shop cascade;
drop owned by lint_owner, lint_watch;
drop role lint_owner, lint_somebody, lint_watch, authenticated, authenticator;
