-- Why a row is hidden, and which policy refuses a write: authguard.explain_access, authguard.can.
create role explain_owner login;
create role explain_user;
create role explain_anon;
create role explain_writer;
create schema notes;
grant usage on schema notes to explain_owner, explain_user, explain_writer;
create table notes.note (
    id int primary key, owner uuid, body text, public bool not null default false);
alter table notes.note owner to explain_owner;
grant select, insert, update, delete on notes.note to explain_user;
grant select on notes.note to explain_anon;
grant insert (id, owner), select (id) on notes.note to explain_writer;
insert into notes.note values
    (1, '11111111-1111-1111-1111-111111111111', 'of ada', false),
    (2, '22222222-2222-2222-2222-222222222222', 'of bob', true);
alter table notes.note enable row level security;
create policy own on notes.note to explain_user using (owner = auth.uid());
create policy readable on notes.note for select to explain_user
    using (public and (body is not null or id > 5));
select authguard.add_guard('notes.note', null, null);
\set ada '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user"}'
\set bob '{"sub": "22222222-2222-2222-2222-222222222222", "role": "explain_user"}'
create function pg_temp.why(
    command text, "row" jsonb, claims jsonb default null, role name default null,
    new_row jsonb default null, relation regclass default 'notes.note')
returns setof text language sql as $$
    select concat_ws(' | ', e.gate, coalesce(e.name, '-'), coalesce(e.clause, '-'), e.result, e.note)
      from authguard.explain_access(relation, command, "row", claims, role, new_row) e
     order by e.step $$;
\pset format unaligned
\t on

-- A row of one's own, another's that is public, and one that is hidden.
select pg_temp.why('select', '{"id": 1}', :'ada', 'explain_user');
select pg_temp.why('select', '{"id": 2}', :'ada', 'explain_user');
select pg_temp.why('select', '{"id": 1}', :'bob', 'explain_user');
select pg_temp.why('select', '{"id": 3}', :'bob', 'explain_user');
-- Of two rows that are picked, one is hidden.
select pg_temp.why('select', '{"public": false}', :'ada', 'explain_user');
update notes.note set public = false;
select pg_temp.why('select', '{"public": false}', :'ada', 'explain_user');
update notes.note set public = id = 2;

-- An update meets the policies of SELECT as well, unless it reads nothing.
select pg_temp.why('update', '{"id": 2}', :'ada', 'explain_user', '{"body": "mine"}');
select pg_temp.why('update', '{"id": 1}', :'ada', 'explain_user', '{"owner": null}');
select pg_temp.why('delete without where', '{"id": 2}', :'bob', 'explain_user');
select pg_temp.why('select for update', '{"id": 2}', :'ada', 'explain_user');
select pg_temp.why('insert', '{"id": 7, "body": "x"}', :'ada', 'explain_user');
select pg_temp.why('insert returning', '{"id": 7, "owner": "11111111-1111-1111-1111-111111111111"}', :'ada', 'explain_user');
select pg_temp.why('upsert', '{"id": 2, "owner": "11111111-1111-1111-1111-111111111111"}', :'ada', 'explain_user');

-- Without a row: what policies say that read no column.
select pg_temp.why('select', null, :'ada', 'explain_user');
select pg_temp.why('delete', null, 'null', 'explain_writer');

-- Privileges, on the schema, the table and its columns.
select pg_temp.why('select', '{"id": 1}', null, 'explain_anon');
select pg_temp.why('insert', '{"id": 5, "body": "x"}', null, 'explain_writer');
select pg_temp.why('insert', '{"id": 5}', null, 'explain_writer');
select pg_temp.why('insert returning', '{"id": 5}', null, 'explain_writer');

-- Whom no policy applies to.
select pg_temp.why('select', '{"id": 1}');
select pg_temp.why('select', '{"id": 1}', null, 'explain_owner');
alter table notes.note force row level security;
select pg_temp.why('select', '{"id": 1}', null, 'explain_owner');
alter table notes.note no force row level security;
set row_security = off;
select pg_temp.why('select', '{"id": 1}', :'ada', 'explain_user');
reset row_security;

-- A revoked token.
begin;
select authguard.revoke_user('11111111-1111-1111-1111-111111111111');
select pg_temp.why('select', '{"id": 1}', '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user", "iat": 1700000000}', 'explain_user');
rollback;

-- can() gives the verdict.
select authguard.can('select', 'notes.note', '{"id": 1}', :'ada', 'explain_user'),
       authguard.can('select', 'notes.note', '{"id": 1}', :'bob', 'explain_user'),
       authguard.can('update', 'notes.note', '{"id": 1}', :'ada', 'explain_user', '{"body": "x"}'),
       authguard.can('update', 'notes.note', '{"id": 1}', :'ada', 'explain_user', '{"owner": null}');

-- Nothing stays: neither the role, nor the claims, nor what a policy writes.
create table notes.log (id int);
create function notes.traced(id int) returns bool language plpgsql security definer
    as $$ begin insert into notes.log values (id); return true; end $$;
begin;
create policy traced on notes.note for select using (notes.traced(id));
select authguard.can('select', 'notes.note', '{"id": 1}', :'ada', 'explain_user');
select count(*), current_user, coalesce(current_setting('request.jwt.claims', true), '') from notes.log;
rollback;

-- Of permissive policies the last by name is asked first.
-- A policy that fails, that recurses, and that reads what its role may not select.
begin;
create policy zz_fails on notes.note for select using (1 / (id - 2) > 0);
select pg_temp.why('select', '{"id": 2}', :'ada', 'explain_user');
select authguard.can('select', 'notes.note', '{"id": 2}', :'ada', 'explain_user');
rollback;
begin;
create policy recurses on notes.note for select using (exists (select from notes.note n where n.id = 1));
select result, note from authguard.explain_access('notes.note', 'select', '{"id": 1}', :'bob', 'explain_user') where gate = 'verdict';
rollback;
begin;
create policy reads on notes.note for select using (id in (select l.id from notes.log l));
select result, note from authguard.explain_access('notes.note', 'select', '{"id": 1}', :'bob', 'explain_user') where gate = 'verdict';
rollback;
-- A helper that runs forever: the timeout ends the call.
begin;
create function notes.sleeps() returns bool language plpgsql as $$ begin perform pg_sleep(60); return true; end $$;
create policy sleeps on notes.note for select using (notes.sleeps());
set local statement_timeout = '100ms';
select authguard.can('select', 'notes.note', '{"id": 1}', :'bob', 'explain_user');
rollback;
select current_user;

-- A trigger that changes the row, a default, an identity and a generated column.
begin;
create function notes.own() returns trigger language plpgsql
    as $$ begin new.owner := auth.uid(); return new; end $$;
create trigger own before insert on notes.note for each row execute function notes.own();
select pg_temp.why('insert', '{"id": 7}', :'ada', 'explain_user');
rollback;
begin;
create table notes.made (
    id int generated always as identity primary key, owner uuid default auth.uid(),
    n int, twice int generated always as (n * 2) stored);
alter table notes.made enable row level security;
create policy own on notes.made using (owner = auth.uid() and twice > 4 and id is not null);
grant all on notes.made to explain_user;
select pg_temp.why('insert', '{"n": 3}', :'ada', 'explain_user', null, 'notes.made');
select pg_temp.why('insert', '{"n": 2}', :'ada', 'explain_user', null, 'notes.made');
\set ON_ERROR_ROLLBACK on
select pg_temp.why('insert', '{"id": 2}', :'ada', 'explain_user', null, 'notes.made');
select pg_temp.why('insert', '{"twice": 2}', :'ada', 'explain_user', null, 'notes.made');
rollback;
\unset ON_ERROR_ROLLBACK

-- Views: with the rights of their owner, or of the caller.
create view notes.all_notes as select id, body from notes.note;
create view notes.my_notes as select id, body from notes.note where owner = auth.uid();
alter view notes.all_notes owner to explain_owner;
grant select, update on notes.all_notes, notes.my_notes to explain_user;
select pg_temp.why('select', '{"id": 1}', :'bob', 'explain_user', null, 'notes.all_notes');
select pg_temp.why('select', '{"id": 1}', :'bob', 'explain_user', null, 'notes.my_notes');
select pg_temp.why('update', '{"id": 1}', :'bob', 'explain_user', '{"body": "x"}', 'notes.all_notes');
select pg_temp.why('update', '{"id": 1}', :'bob', 'explain_user', '{"id": 2}', 'notes.all_notes');

-- Partitions and children: the policies of the table that is named count.
create table notes.part (id int, owner uuid) partition by list (id);
create table notes.part_1 partition of notes.part for values in (1);
insert into notes.part values (1, '11111111-1111-1111-1111-111111111111');
grant select on notes.part, notes.part_1 to explain_user;
alter table notes.part enable row level security;
create policy own on notes.part using (owner = auth.uid());
select pg_temp.why('select', '{"id": 1}', :'bob', 'explain_user', null, 'notes.part');
select pg_temp.why('select', '{"id": 1}', :'bob', 'explain_user', null, 'notes.part_1');
create table notes.parent (id int, extra text);
create table notes.kid () inherits (notes.parent);
insert into notes.kid values (1);
alter table notes.parent enable row level security;
create policy place on notes.parent using (tableoid = 'notes.kid'::regclass);
grant select on notes.parent to explain_user;
select pg_temp.why('select', '{"id": 1}', null, 'explain_user', null, 'notes.parent');

-- Names that need quotes, domains, arrays, and a type that no operator compares.
create domain notes."Short text" as text check (length(value) < 5);
create table notes."No ""te" (
    "Id" int, "own er" notes."Short text", tags text[], doc json, "picked" numeric(4, 1));
insert into notes."No ""te" values (1, 'ada', '{a,"b c"}', '{"x": 1}', 2.5);
alter table notes."No ""te" enable row level security;
create policy "a ""policy" on notes."No ""te" using ("own er" = 'ada' and 'a' = any (tags) and "picked" > 2);
grant select, insert on notes."No ""te" to explain_user;
select pg_temp.why('select', '{"Id": 1, "tags": ["a", "b c"], "doc": {"x": 1}, "own er": "ada"}', null, 'explain_user', null, 'notes."No ""te"');
select pg_temp.why('insert', '{"own er": "eve", "tags": ["b"]}', null, 'explain_user', null, 'notes."No ""te"');
select pg_temp.why('insert', '{"own er": "too long"}', null, 'explain_user', null, 'notes."No ""te"');

-- 1,600 columns.
do $$
begin
    execute format('create table notes.wide (%s)', (select string_agg(format('c%s int', n), ', ') from generate_series(1, 1600) n));
end $$;
insert into notes.wide (c1, c1600) values (1, 7);
alter table notes.wide enable row level security;
create policy last on notes.wide using (c1600 = 7);
grant all on notes.wide to explain_user;
select result, note from authguard.explain_access('notes.wide', 'update', '{"c1": 1}', null, 'explain_user', '{"c1600": 8}') where gate = 'verdict';

-- Bad input, each an error in words.
select pg_temp.why('select', '{"id": 1}', null, 'explain_user', null, null);
select pg_temp.why('select', '{"id": 1}', null, 'explain_user', null, '4294967294');
create sequence notes.numbers;
select pg_temp.why('select', '{"id": 1}', null, 'explain_user', null, 'notes.numbers');
select pg_temp.why('truncate', '{"id": 1}', null, 'explain_user');
select pg_temp.why('select returning', '{"id": 1}', null, 'explain_user');
select pg_temp.why('select', '[1]', null, 'explain_user');
select pg_temp.why('select', '{}', null, 'explain_user');
select pg_temp.why('select', '{"nosuch": 1}', null, 'explain_user');
select pg_temp.why('select', '{"id": "x"}', null, 'explain_user');
select pg_temp.why('update', '{"id": 1}', null, 'explain_user', '{"owner": "x"}');
select pg_temp.why('insert', '{"id": 1}', null, 'explain_user', '{"id": 1}');
select pg_temp.why('select', '{"id": 1}', '"ada"', 'explain_user');
select pg_temp.why('select', '{"id": 1}', '{"sub": "x"}', 'nosuch');
select pg_temp.why('select', '{"id": 1}', '{"sub": "x"}', 'none');
select pg_temp.why('upsert', '{"Id": 1}', null, 'explain_user', null, 'notes."No ""te"');

-- A table's owner who is no superuser needs the two functions, and to be a member of the roles.
grant usage on schema authguard to explain_owner;
grant execute on function authguard.explain_access, authguard.can to explain_owner;
\c -reuse-previous=on "user=explain_owner"
\pset format unaligned
\t on
select authguard.can('select', 'notes.note', '{"id": 1}');
select authguard.can('select', 'notes.note', '{"id": 1}', null, 'explain_user');
select authguard.can('select', 'notes.note', '{"id": 1}', '{"sub": "11111111-1111-1111-1111-111111111111"}');
\c -reuse-previous=on "user=postgres"
grant explain_user to explain_owner;
\c -reuse-previous=on "user=explain_owner"
\pset format unaligned
\t on
select gate, name, clause, result, note from authguard.explain_access('notes.note', 'select', '{"id": 1}', null, 'explain_user');
\c -reuse-previous=on "user=postgres"
-- Of another's table he learns what its catalogue says, and no value.
create table notes.secret (id int, word text);
insert into notes.secret values (1, 'hidden word');
alter table notes.secret enable row level security;
create policy word on notes.secret using (word = 'other');
grant select (id) on notes.secret to explain_user;
\c -reuse-previous=on "user=explain_owner"
\pset format unaligned
\t on
select gate, name, clause, result, note from authguard.explain_access('notes.secret', 'select', '{"id": 1}', null, 'explain_user');
select gate, name, clause, result, note from authguard.explain_access('notes.secret', 'select', '{"id": 1}');
\c -reuse-previous=on "user=postgres"
\pset format unaligned
\t on
create function pg_temp.why(
    command text, "row" jsonb, claims jsonb default null, role name default null,
    new_row jsonb default null, relation regclass default 'notes.note')
returns setof text language sql as $$
    select concat_ws(' | ', e.gate, coalesce(e.name, '-'), coalesce(e.clause, '-'), e.result, e.note)
      from authguard.explain_access(relation, command, "row", claims, role, new_row) e
     order by e.step $$;

-- What a table's owner has made runs with the rights of nobody else: not the check of a domain, not
-- a cast of the row to text, and not a function in a policy, which cannot leave the role.
create table notes.trace (who text);
grant insert on notes.trace to public;
grant create on schema notes to explain_owner;
set role explain_owner;
create function notes.who(text) returns bool language plpgsql as
    $$ begin insert into notes.trace values (current_user); raise notice 'runs as %', current_user; return true; end $$;
create domain notes.hostile as text check (notes.who(value));
create table notes.bait (id notes.hostile, word text);
create function notes.bait_text(notes.bait) returns text language plpgsql as
    $$ begin raise notice 'cast as %', current_user; return '(1,)'; end $$;
create cast (notes.bait as text) with function notes.bait_text(notes.bait);
create function notes.leaves() returns bool language plpgsql as
    $$ begin perform set_config('role', 'postgres', true); return current_user = 'postgres'; end $$;
alter table notes.bait enable row level security;
create policy leaves on notes.bait using (notes.leaves());
grant select, update on notes.bait to explain_user;
create view notes.lure as select id from notes.bait where notes.who(word);
reset role;
insert into notes.bait values ('1', 'x');
select pg_temp.why('select', '{"id": "1"}', null, 'explain_user', null, 'notes.bait');
select pg_temp.why('update', '{"id": "1"}', null, 'postgres', '{"id": "2"}', 'notes.bait');
select pg_temp.why('select', '{"id": "1"}', null, 'postgres', null, 'notes.lure');

-- Nor do calls with constant arguments, which the planner evaluates when it meets the table.
set role explain_owner;
create function notes.when_planned(int) returns int language plpgsql immutable as
    $$ begin raise notice 'planned as %', current_user; return $1; end $$;
create table notes.plan (id int primary key, word text);
set client_min_messages = warning;
create index on notes.plan ((id + notes.when_planned(1)));
insert into notes.plan values (1, 'x');
reset client_min_messages;
alter table notes.plan enable row level security;
create policy word on notes.plan using (word = 'y');
grant select, insert, update on notes.plan to explain_user;
\c -reuse-previous=on "user=postgres"
\pset format unaligned
\t on
select note from authguard.explain_access('notes.plan', 'select', '{"id": 1}', 'null', 'explain_user') where gate = 'verdict';
\c -reuse-previous=on "user=postgres"
\pset format unaligned
\t on
select note from authguard.explain_access('notes.plan', 'select', '{"id": 1}') where gate = 'verdict';
select authguard.can('update', 'notes.plan', '{"id": 1}', null, 'explain_user', '{"word": "y"}');
-- Where its policies are forced, the owner does not see the row either.
alter table notes.plan force row level security;
select note from authguard.explain_access('notes.plan', 'select', '{"id": 1}', 'null', 'explain_user') where gate = 'verdict';
-- A table of a superuser that calls such a function is read as nobody but the role.
alter table notes.plan owner to postgres;
\c -reuse-previous=on "user=postgres"
\pset format unaligned
\t on
select note from authguard.explain_access('notes.plan', 'select', '{"id": 1}', 'null', 'explain_user') where gate = 'verdict';
select note from authguard.explain_access('notes.plan', 'select', '{"id": 1}') where gate = 'verdict';

-- A foreign table that nothing writes, and a value that is compared with nothing.
create extension file_fdw;
create server explain_files foreign data wrapper file_fdw;
create foreign table notes.file (word text) server explain_files options (filename '/dev/null');
create type notes.pair as (a int, b int);
create table notes.paired (pair notes.pair);
insert into notes.paired values ('(1,2)');
grant select, insert on notes.file, notes.paired to explain_user;
select note from authguard.explain_access('notes.file', 'insert', '{"word": "x"}', null, 'explain_user') where gate = 'verdict';
select authguard.can('select', 'notes.paired', '{"pair": {"a": 1, "b": 2}}', null, 'explain_user');
select authguard.can('select', 'notes.paired', '{"pair": "(1,2)"}', null, 'explain_user');

-- An upsert conflicts with rows of the table itself, and not with those of a child.
create table notes.upper (id int primary key, word text);
create table notes.lower () inherits (notes.upper);
insert into notes.lower values (1, 'x');
alter table notes.upper enable row level security;
create policy adds on notes.upper for insert with check (true);
create policy sees on notes.upper for select using (true);
grant select, insert, update on notes.upper to explain_user;
select authguard.can('upsert', 'notes.upper', '{"id": 1, "word": "y"}', null, 'explain_user');
insert into notes.upper values (1, 'x');
select authguard.can('upsert', 'notes.upper', '{"id": 1, "word": "y"}', null, 'explain_user');

-- A policy that is tried puts no statement of its own in the place of one of the session's.
set role explain_owner;
create table notes.prepares (id int primary key);
insert into notes.prepares values (1);
create function notes.prepares(statement text) returns bool language plpgsql as
    $$ begin execute statement; return true; end $$;
alter table notes.prepares enable row level security;
create policy anew on notes.prepares for select using (notes.prepares('prepare mine as select current_user'));
create policy away on notes.prepares for update using (notes.prepares('deallocate all'));
create policy nested on notes.prepares for delete
    using (authguard.can('select', 'notes.prepares', '{"id": 1}') or notes.prepares('discard all'));
grant select, update, delete on notes.prepares to explain_user;
reset role;
prepare mine as select 'mine';
select note from authguard.explain_access('notes.prepares', 'select', '{"id": 1}', null, 'explain_user') where gate = 'verdict';
select note from authguard.explain_access('notes.prepares', 'update without where', '{"id": 1}', null, 'explain_user', '{"id": 1}') where gate = 'verdict';
grant usage on schema authguard to explain_user;
grant execute on function authguard.can to explain_user;
select note from authguard.explain_access('notes.prepares', 'delete without where', '{"id": 1}', null, 'explain_user') where gate = 'verdict';
revoke all on function authguard.can from explain_user;
revoke usage on schema authguard from explain_user;
execute mine;
deallocate mine;

-- The claims say the role, unless another one is named.
select authguard.can('select', 'notes.note', '{"id": 2}', '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user"}');
select authguard.can('select', 'notes.note', '{"id": 2}', '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user"}', 'postgres');
select note from authguard.explain_access('notes.note', 'select', '{"id": 2}', '{"sub": "11111111-1111-1111-1111-111111111111", "role": "explain_user"}') where gate = 'verdict';
select authguard.can('select', 'notes.note', '{"id": 2}', '{"role": "nosuch"}');
set role explain_user;
select current_user;
reset role;

-- Clients may call neither.
set role explain_user;
select authguard.can('select', 'notes.note');
reset role;

\set VERBOSITY terse
set client_min_messages = error;
drop extension file_fdw cascade;
drop schema notes cascade;
drop owned by explain_owner, explain_user, explain_anon, explain_writer;
drop role explain_owner, explain_user, explain_anon, explain_writer;
