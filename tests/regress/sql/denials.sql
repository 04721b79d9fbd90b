-- What a refused write says if authguard.explain_denials is on.
\set SHOW_CONTEXT never
create role regress_writer login;
create role regress_team;
create role regress_viewer;
grant regress_team to regress_writer;
create schema app;
grant usage on schema app to regress_writer, regress_viewer;
create table app.note (id int primary key, owner text, team text, body text);
alter table app.note enable row level security;
grant select, insert, update, delete on app.note to regress_writer;
create policy own on app.note for all to regress_writer using (owner = current_user);
create policy "Team's notes" on app.note for insert to regress_team with check (team = 'red');
create policy of_others on app.note for insert to regress_viewer with check (true);
create policy red_seen on app.note for select to regress_team using (team in ('red', 'grey'));
create policy handed_over on app.note for update to regress_team using (team = 'red') with check (team in ('red', 'blue'));
create policy sent on app.note for insert to regress_writer with check (team = 'sent');
create policy nothing on app.note for insert to regress_writer;
insert into app.note values (1, 'regress_writer', 'blue', ''), (2, 'other', 'red', ''), (3, 'other', 'blue', ''), (4, 'other', 'grey', '');

-- Off: as ever. A session that has called nothing of authguard has no library, unless it is
-- preloaded.
alter role regress_writer set session_preload_libraries = 'authguard';
\c - regress_writer
show authguard.explain_denials;
insert into app.note values (9, 'other', 'blue', '');
-- Not a client's to set.
set authguard.explain_denials = on;
\c - postgres
alter role regress_writer set authguard.explain_denials = on;
\c - regress_writer
show authguard.explain_denials;
insert into app.note values (9, 'other', 'blue', '');
-- INSERT, and what RETURNING adds.
begin;
insert into app.note values (5, 'other', 'red', 'a team''s');
insert into app.note values (6, 'other', 'sent', 'a letter');
insert into app.note values (9, 'other', 'sent', 'a letter') returning 1;
rollback;
insert into app.note values (9, 'other', 'blue', 'secret value') returning id;
insert into app.note values (9, 'other', 'sent', 'secret value') returning id;
insert into app.note values (9, 'other', 'sent', '') on conflict (id) do nothing;
-- UPDATE: with and without reading.
update app.note set owner = 'other', team = 'green';
update app.note set owner = 'other', team = 'blue' where id = 1;
update app.note set owner = 'other', team = 'green' where id = 1;
with changed as (update app.note set owner = 'other', team = 'green' returning 1) select 1;
-- ON CONFLICT: the row as it is, the row as it becomes, the row that is inserted.
insert into app.note values (3, 'regress_writer', 'red', '') on conflict (id) do update set body = 'x';
insert into app.note values (1, 'regress_writer', 'red', '') on conflict (id) do update set owner = 'x', team = 'blue';
insert into app.note values (1, 'regress_writer', 'red', '') on conflict (id) do update set owner = 'x', team = 'green';
insert into app.note values (1, 'x', 'blue', '') on conflict (id) do update set body = 'x';
insert into app.note values (1, 'x', 'blue', '') on conflict do nothing;
-- Several rows: the first ones pass.
insert into app.note values (5, 'regress_writer', '', ''), (6, 'regress_writer', '', ''), (7, 'x', '', '');
-- In a function, prepared, and several times.
prepare write (text) as insert into app.note values (9, $1, $1, '');
execute write ('x');
execute write ('y');
begin; execute write ('red'); rollback;
do $$ begin insert into app.note values (9, 'x', 'x', ''); end $$;
do $$
declare d text; h text; s text; m text;
begin
    insert into app.note values (9, 'x', 'x', '');
exception when others then
    get stacked diagnostics d = pg_exception_detail, h = pg_exception_hint, s = returned_sqlstate, m = message_text;
    raise notice '% | % | % | %', s, m, d, h;
end $$;
-- A write in WITH that is brought to its end afterwards.
with w as (insert into app.note select n, 'x', 'x', '' from generate_series(10, 12) n returning id) select 1 from w limit 0;
explain (analyze, costs off, timing off, summary off) insert into app.note values (9, 'x', 'x', '');
create temp table made as with w as (insert into app.note values (9, 'x', 'blue', '') returning id) select * from w;
-- Checks that are compiled, if this server can.
set jit_above_cost = 0;
insert into app.note values (5, 'regress_writer', '', ''), (6, 'other', 'sent', ''), (7, 'x', '', '') returning 1;
insert into app.note values (5, 'regress_writer', '', ''), (6, 'other', 'sent', ''), (7, 'x', '', '') returning id;
reset jit_above_cost;

-- Restrictive policies, and no permissive one at all.
\c - postgres
create policy sober on app.note as restrictive for all to public using (body <> 'spirits');
create policy readable on app.note as restrictive for select to public using (body <> 'scrawl');
create table app.shut (id int);
alter table app.shut enable row level security;
grant all on app.shut to regress_writer;
create policy narrow on app.shut as restrictive using (true);
create policy of_nobody on app.shut to regress_viewer using (true);
\c - regress_writer
insert into app.note values (9, 'regress_writer', '', 'spirits');
insert into app.note values (9, 'regress_writer', '', 'scrawl') returning id;
insert into app.note values (1, 'regress_writer', '', '') on conflict (id) do update set body = 'scrawl';
insert into app.shut values (1);
-- Other errors with the same SQLSTATE, also from within a policy: nothing is added.
select * from pg_authid;
\c - postgres
create table app.log (id int);
create function app.fails() returns boolean language plpgsql as $$ begin perform 1 from app.log; return true; end $$;
create table app.nested (id int);
alter table app.nested enable row level security;
grant all on app.nested to regress_writer;
create policy looks on app.nested for insert with check (app.fails());
create policy never on app.nested for insert with check (false);
-- A trigger writes another table: the error is that table's.
create function app.copies() returns trigger language plpgsql as $$ begin insert into app.shut values (new.id); return new; end $$;
create table app.source (id int);
create trigger copies after insert on app.source for each row execute function app.copies();
grant insert on app.source to regress_writer;
alter table app.source enable row level security;
create policy anybody on app.source with check (id > 0);
\c - regress_writer
insert into app.nested values (1);
insert into app.source values (1);
insert into app.source values (0);
-- The view of somebody else: the policies of its owner, and the view's own check option.
\c - postgres
create view app.notes as select * from app.note where id > 0 with check option;
alter view app.notes owner to regress_viewer;
grant select, insert on app.note to regress_viewer;
grant select, insert on app.notes to regress_writer;
drop policy of_others on app.note;
create policy of_others on app.note for insert to regress_viewer with check (owner = 'viewer');
\c - regress_writer
insert into app.notes values (9, 'x', '', '');
insert into app.notes values (-9, 'viewer', '', '');

-- Partitions and children: the policies of the table that the statement names.
\c - postgres
create table app.measured (id int, owner text) partition by range (id);
create table app.measured_1 partition of app.measured for values from (0) to (10);
create table app.measured_2 (owner text, id int);
alter table app.measured attach partition app.measured_2 for values from (10) to (20);
alter table app.measured enable row level security;
alter table app.measured_1 enable row level security;
create policy mine on app.measured to regress_writer using (owner = current_user or owner = 'all');
create policy direct on app.measured_1 to regress_writer using (owner = current_user);
grant all on app.measured, app.measured_1 to regress_writer;
insert into app.measured values (1, 'regress_writer'), (12, 'all');
\c - regress_writer
insert into app.measured values (2, 'regress_writer'), (13, 'x');
insert into app.measured_1 values (3, 'all');
update app.measured set owner = 'x' where id = 12;
update app.measured set id = id + 10, owner = 'x' where id = 1;
-- MERGE, which Postgres 14 does not have: what each action needs, of the row as it is and as it
-- becomes.
do $$
declare
    merge text; wanted text; d text;
begin
    if current_setting('server_version_num')::int < 150000 then return; end if;
    for merge, wanted in values
        ('merge into app.note using (values (3)) v(id) on note.id = v.id when matched then update set body = ''x'' when not matched then insert values (9, ''x'', ''blue'', '''')',
         'None of the permissive policies for INSERT passes for the new row: "Team''s notes", own, sent.'),
        ('merge into app.note using (values (1), (99)) v(id) on note.id = v.id when matched then update set body = ''x'' when not matched then insert values (9, ''x'', ''blue'', '''')',
         'None of the permissive policies for INSERT passes for the new row: "Team''s notes", own, sent.'),
        ('merge into app.note using (values (99), (1)) v(id) on note.id = v.id when matched then update set owner = ''x'', team = ''green'' when not matched then insert values (9, ''x'', ''red'', '''')',
         'None of the permissive policies for UPDATE passes for the new row: handed_over, own.'),
        ('merge into app.note using (values (1)) v(id) on note.id = v.id when matched then update set owner = ''x'', team = ''blue''',
         'None of the permissive policies for SELECT passes for the new row: own, red_seen.'),
        ('merge into app.note using (values (2)) v(id) on note.id = v.id when matched then delete',
         'None of the permissive policies for DELETE passes for the existing row: own.'),
        ('merge into app.note using (values (4)) v(id) on note.id = v.id when matched then update set body = ''y''',
         'None of the permissive policies for UPDATE passes for the existing row: handed_over, own.')
    loop
        begin
            d := 'nothing was refused';
            execute merge;
        exception when insufficient_privilege then
            get stacked diagnostics d = pg_exception_detail;
        end;
        if d <> wanted then raise warning '%: %', merge, d; end if;
    end loop;
end $$;
-- Names that may not be read are not told.
\c - postgres
revoke select on pg_policy from public;
\c - regress_writer
insert into app.note values (9, 'other', 'blue', '');
\c - postgres
grant select on pg_policy to public;
-- Many policies: the first twenty.
do $$ begin for i in 10 .. 35 loop execute format('create policy p%s on app.shut for insert to regress_writer with check (false)', i); end loop; end $$;
\c - regress_writer
insert into app.shut values (1);

\c - postgres
drop schema app cascade;
drop role regress_writer, regress_team, regress_viewer;
