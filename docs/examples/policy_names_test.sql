-- Tests that name or count the policies of a table, before and after it is guarded. guard_table adds one
-- policy, named authguard. Run it as the owner of the extension:
--   psql -X -q -A -t -v ON_ERROR_STOP=1 -f policy_names_test.sql
-- Everything happens in one transaction, which is rolled back.

begin;

select plan(6);

create table todo (
    owner uuid not null,
    body text not null
);
alter table todo enable row level security;
create policy "own todos" on todo for select using (owner = auth.uid());
create policy "create own todos" on todo for insert with check (owner = auth.uid());

select policies_are('todo', array['own todos', 'create own todos'], 'before: two policies');

select authguard.guard_table('todo');

-- The list has one name more.
select policies_are('todo', array['own todos', 'create own todos', 'authguard'], 'after: three policies');
select is(
    (select count(*) from pg_policies where tablename = 'todo' and permissive = 'PERMISSIVE'),
    2::bigint, 'a count of the permissive policies stays the same');
-- These ask for one policy, and do not care.
select policy_cmd_is('todo', 'own todos', 'select');
select policy_cmd_is('todo', 'authguard', 'all', 'the guard is for every command');
select is(
    (select permissive from pg_policies where tablename = 'todo' and policyname = 'authguard'),
    'RESTRICTIVE', 'and can only narrow what the others allow');

select finish();

rollback;
