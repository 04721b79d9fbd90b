-- finds: nothing
-- A chain that ends, and a cycle only for the command that nobody reads by.
create table member (team int not null, user_id uuid not null);
create table task (id int primary key, team int not null);
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy add on member for insert to authenticated
    with check (exists (select from member m where m.team = member.team and m.user_id = auth.uid())
                or exists (select from task t where t.team = member.team));
create policy tasks on task to authenticated
    using (team in (select m.team from member m where m.user_id = auth.uid()));

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    perform from member;
    perform from task;
    update task set team = 2;
    begin
        insert into member values (2, auth.uid());
    exception when insufficient_privilege then null;
    end;
end
$$;
select authguard.act_reset();
