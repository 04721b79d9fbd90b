-- Why a row is hidden, and which policy refuses a write.
\set VERBOSITY terse
create role explain_owner;
create role explain_anon;
create role explain_user;
create schema notes;
grant usage on schema notes to explain_user, explain_owner;
create table notes.note (
    id int primary key, owner uuid, body text, public bool not null default false);
alter table notes.note owner to explain_owner;
grant select, insert, update, delete on notes.note to explain_user;
grant select on notes.note to explain_anon;
insert into notes.note values
    (1, '11111111-1111-1111-1111-111111111111', 'of ada', false),
    (2, '22222222-2222-2222-2222-222222222222', 'of bob', true);
alter table notes.note enable row level security;
create policy own on notes.note to explain_user using (owner = auth.uid());
create policy readable on notes.note for select to explain_user
    using (public and (body is not null or id > 5));
select authguard.guard_table('notes.note');
\set ada '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user"}'
create view shown as select gate, name, clause, result, note from authguard.explain_access('notes.note');
drop view shown;
\pset format unaligned
\t on
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'select', '{"id": 1}', :'ada', 'explain_user');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'select', '{"id": 2}', :'ada', 'explain_user');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'update', '{"id": 2}', :'ada', 'explain_user', '{"body": "mine"}');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'update', '{"id": 1}', :'ada', 'explain_user', '{"owner": "22222222-2222-2222-2222-222222222222"}');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'insert', '{"id": 7, "body": "x"}', :'ada', 'explain_user');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'select', '{"id": 1}', null, 'explain_anon');
select step, gate, name, clause, result, note
  from authguard.explain_access('notes.note', 'select', '{"id": 1}');
