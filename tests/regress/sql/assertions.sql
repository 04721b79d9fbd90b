-- Assertions about access, by the owner of a table, who is no superuser, and without pgTAP.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
create role regress_author login;
create role regress_client;
grant regress_client to regress_author;
create schema app authorization regress_author;
grant usage on schema authguard to regress_author;
-- All that an author needs.
grant execute on function
    authguard.explain_access(regclass, text, jsonb, jsonb, name, jsonb),
    authguard.can(text, regclass, jsonb, jsonb, name, jsonb),
    authguard.tap_line(boolean, text, text),
    authguard.assert_access(text, text, regclass, jsonb, jsonb, name, jsonb, name, text),
    authguard.assert_can(text, regclass, jsonb, jsonb, name, jsonb, text),
    authguard.assert_cannot(text, regclass, jsonb, jsonb, name, jsonb, text),
    authguard.assert_denied(text, regclass, jsonb, jsonb, name, jsonb, name, text),
    authguard.assert_visible(regclass, jsonb, jsonb, name, text),
    authguard.assert_hidden(regclass, jsonb, jsonb, name, text)
 to regress_author;
\c - regress_author
create table app.note (id int primary key, owner text, body text);
alter table app.note enable row level security;
grant usage on schema app to regress_client;
grant select, insert, update (body) on app.note to regress_client;
create policy own on app.note to regress_client using (owner = 'ada' or owner = session_user);
create policy sober on app.note as restrictive to regress_client using (body <> 'spirits');
insert into app.note values (1, 'ada', 'milk'), (2, 'bob', 'tea'), (3, 'ada', 'spirits');

select authguard.assert_visible('app.note', '{"id": 1}', role => 'regress_client');
select authguard.assert_visible('app.note', '{"id": 2}', role => 'regress_client');
select authguard.assert_visible('app.note', '{"id": 3}', role => 'regress_client', description => 'the third # note
 of ada');
select authguard.assert_hidden('app.note', '{"id": 2}', role => 'regress_client');
select authguard.assert_hidden('app.note', '{"id": 1}', role => 'regress_client');
-- A row that is not there is hidden from nobody.
select authguard.assert_hidden('app.note', '{"id": 9}', role => 'regress_client');
select authguard.assert_visible('app.note', '{"id": 9}', role => 'regress_client');
select authguard.assert_can('insert', 'app.note', '{"id": 4, "owner": "ada", "body": ""}', role => 'regress_client');
select authguard.assert_cannot('insert', 'app.note', '{"id": 4, "owner": "bob", "body": ""}', role => 'regress_client');
select authguard.assert_cannot('delete', 'app.note', '{"id": 1}', role => 'regress_client');
select authguard.assert_can('delete', 'app.note', '{"id": 1}', role => 'regress_client');
select authguard.assert_cannot('update', 'app.note', '{"id": 1}', role => 'regress_client', new_row => '{"body": "water"}');
-- By which policy: not by a privilege, not by another policy.
select authguard.assert_denied('select', 'app.note', '{"id": 3}', role => 'regress_client', policy => 'sober');
select authguard.assert_denied('select', 'app.note', '{"id": 3}', role => 'regress_client', policy => 'own');
select authguard.assert_denied('select', 'app.note', '{"id": 2}', role => 'regress_client', policy => 'own');
select authguard.assert_denied('select', 'app.note', '{"id": 2}', role => 'regress_client', policy => 'No such');
select authguard.assert_denied('select', 'app.note', '{"id": 2}', role => 'regress_client');
select authguard.assert_denied('select', 'app.note', '{"id": 1}', role => 'regress_client');
select authguard.assert_denied('delete', 'app.note', '{"id": 1}', role => 'regress_client');
select authguard.assert_denied('insert', 'app.note', '{"id": 1, "owner": "ada", "body": ""}', role => 'regress_client');
select authguard.assert_denied('insert', 'app.note', '{"id": 4, "owner": "ada", "body": "spirits"}', role => 'regress_client', policy => 'sober');
-- With nobody's name: the role in force.
select authguard.assert_visible('app.note', '{"id": 2}');
-- Nothing is left behind, and the role is what it was.
select count(*), current_user from app.note;
select authguard.assert_visible('app.note', '{"id": 2}', role => 'pg_monitor');
-- A superuser's test would pass with every policy dropped.
\c - postgres
select authguard.assert_visible('app.note', '{"id": 2}');
select authguard.assert_visible('app.note', '{"id": 2}', '{"sub": "x"}');
select authguard.assert_visible('app.note', '{"id": 2}', '{"sub": "x", "role": "regress_client"}');
select authguard.assert_hidden('app.note', '{"id": 2}', '{"sub": "x", "role": "regress_client"}');
drop schema app cascade;
drop owned by regress_author;
drop role regress_author, regress_client;
