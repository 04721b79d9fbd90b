-- finds: compared_with_null warning app.task unassigned
-- A comparison with NULL is never true: the policy shows nothing.
create table task (id int primary key, assignee uuid);
alter table task enable row level security;
create policy unassigned on task for select to authenticated using (assignee = null);

insert into task values (1, null);
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert not exists (select from task); end $$;
select authguard.act_reset();
