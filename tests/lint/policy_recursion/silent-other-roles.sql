-- finds: nothing
-- The two policies of the cycle are for different roles.
create table member (team int not null, user_id uuid not null);
create table task (id int primary key, team int not null);
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy by_task on member for select to anon
    using (exists (select from task t where t.team = member.team));
create policy by_member on task for select to authenticated
    using (exists (select from member m where m.team = task.team));
create policy first_tasks on task for select to anon using (id < 10);

set local role anon;
do $$ begin perform from member; perform from task; end $$;
reset role;
