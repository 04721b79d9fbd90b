-- finds: compared_with_null warning app.task not_deleted
-- finds: dead_policy warning app.task own
-- A restrictive policy that is never true closes the table.
create table task (id int primary key, owner uuid not null, deleted_at timestamptz);
alter table task enable row level security;
create policy own on task for select to authenticated using (owner = auth.uid());
create policy not_deleted on task as restrictive for select to authenticated
    using (id > 0 and deleted_at = null);

insert into task values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null);
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert not exists (select from task); end $$;
select authguard.act_reset();
