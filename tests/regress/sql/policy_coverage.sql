-- What each clause of each policy answered while tests ran: authguard.policy_coverage. And mistakes that tests should
-- notice: authguard.policy_mutants. As the owner of the tables, who is no superuser.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create role authenticated;
create role regress_owner login;
create role regress_other login;
grant authenticated to regress_owner;
grant usage on schema authguard to regress_owner, regress_other;
grant execute on function authguard.policy_coverage_start(name[]), authguard.policy_coverage(), authguard.policy_coverage_percent(),
                          authguard.policy_mutants(name) to regress_owner, regress_other;
create schema app authorization regress_owner;
create schema private authorization regress_owner;
create schema other authorization regress_other;
\c - regress_other
create table other.t (a int);
alter table other.t enable row level security;
create policy p on other.t using (true);

\c - regress_owner
set client_min_messages = warning;
grant usage on schema app to authenticated;
create function private.me() returns text stable language sql begin atomic select current_setting('app.me', true); end;
create function private.picky(int) returns bool stable language plpgsql as $$ begin if $1 = 3 then raise exception 'three'; end if; return $1 = 2; end $$;
create table app.team (team int, who text);
insert into app.team values (1, 'ada'), (2, 'ben');
alter table app.team enable row level security;
create policy own on app.team using (who = private.me());
create table app.note (id int primary key, owner text, shared bool, team int);
insert into app.note values (1, 'ada', true, 1), (2, 'ben', null, 1), (3, 'ben', true, 2), (4, 'ben', false, 2);
alter table app.note enable row level security;
-- Alone for INSERT; hidden from each other for SELECT; names in the wrong order for that; not the same roles.
create policy a_own on app.note to authenticated using (owner = private.me() or private.picky(id)) with check (owner = private.me() and not (team = 7));
create policy b_shared on app.note for select using (shared);
create policy c_team on app.note for select to authenticated using (exists (select from app.team t where t.team = note.team));
create policy d_never on app.note for select to regress_owner using (true);
create policy r_strict on app.note as restrictive for all to authenticated using (id < 4 and tableoid <> 0);
grant select, insert, update, delete on app.note, app.team to authenticated;
create table app.always (a int);
insert into app.always values (1);
alter table app.always enable row level security;
create policy yes on app.always using (true);
create policy no on app.always for delete using (false);
grant all on app.always to authenticated;

-- The answers without it.
create temporary table answers as select 1 as run, 'x' as what, 0 as id;
grant all on answers to authenticated;
truncate answers;
\set tests 'set local role authenticated; set local app.me = \'ada\'; insert into answers select :run, \'seen\', id from app.note; insert into answers select :run, \'always\', a from app.always; savepoint s; update app.note set team = 2 where id = 1; insert into answers select :run, \'updated\', id from app.note where team = 2; insert into app.note values (0, \'ada\', false, 1); rollback to s; reset role;'
begin;
\set run 1
:tests
\echo with coverage
select authguard.policy_coverage_start('{app}');
\set run 2
:tests
select what, id, array_agg(run order by run) as runs from answers group by 1, 2 order by 1, 2;
select relation, policy, regexp_replace(clause, '\s+', ' ', 'g') as clause, admitted, refused, nulls, errors from authguard.policy_coverage();
select authguard.policy_coverage_percent();
-- What a savepoint has taken back was asked. A refused row is an answer, too.
savepoint s;
set local role authenticated;
insert into app.note values (0, 'ben', false, 7);
rollback to s;
select clause, admitted, refused, nulls, errors from authguard.policy_coverage() where clause ~ '^with check';
-- Policies with a clause that fails: the statement fails as before.
savepoint s;
drop policy b_shared on app.note;
set local role authenticated;
select count(*) from app.note where id = 3;
rollback to s;
select errors from authguard.policy_coverage() where clause ~ 'picky';
select authguard.policy_coverage_start();
rollback to s;
-- Another name for each policy that is hidden; the rest is as it was.
select polname, polcmd, polpermissive, polroles::regrole[] from pg_policy where polrelid in ('app.note'::regclass, 'app.always'::regclass) order by polrelid, polname;
set constraints all immediate;
select count(*) from app.always;
commit;
select polname from pg_policy where polrelid in ('app.note'::regclass, 'app.always'::regclass) order by polrelid, polname;
select pg_get_expr(polqual, polrelid) from pg_policy where polname in ('a_own', 'yes');
-- Errors.
select authguard.policy_coverage_start();
select authguard.policy_coverage();
begin;
select authguard.policy_coverage_start('{app,other}');
rollback;
-- All that the caller owns.
begin;
select authguard.policy_coverage_start();
select distinct relation from authguard.policy_coverage() order by 1;
rollback;
select pg_my_temp_schema() = 0 or not exists (select from pg_proc where pronamespace = pg_my_temp_schema()) as clean;

-- Mutants.
select mutant, relation, policy, regexp_replace(mutation, '\s+', ' ', 'g') as mutation from authguard.policy_mutants('app');
select apply, undo from authguard.policy_mutants('app') where policy = 'a_own' and mutation ~ 'OR|roles|restrictive|WITHOUT';
select authguard.policy_mutants('nowhere');
select authguard.policy_mutants(null);
-- Each can be made, changes something, and is undone.
comment on policy a_own on app.note is 'it''s mine';
create function pg_temp.state() returns text language sql as $$
    select string_agg(concat_ws('|', p.polname, p.polrelid, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid),
                                pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'), c.relrowsecurity), E'\n' order by p.polrelid, p.polname)
      from pg_policy p join pg_class c on c.oid = p.polrelid $$;
do $$
declare
    m record; before text := pg_temp.state(); made int := 0;
begin
    for m in select * from authguard.policy_mutants('app') loop
        execute m.apply;
        if pg_temp.state() = before then raise exception '% changes nothing', m.mutation; end if;
        execute m.undo;
        if pg_temp.state() <> before then raise exception '% is not undone', m.mutation; end if;
        made := made + 1;
    end loop;
    raise warning 'made and undone: %', made;
end $$;

\c - postgres
set client_min_messages = warning;
drop schema app, private, other cascade;
drop owned by regress_owner, regress_other;
drop role regress_owner, regress_other, authenticated;
