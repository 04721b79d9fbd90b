-- finds: column_equals_itself app.task members
-- The unqualified team is the column of the sub-select, so that any membership opens all teams.
create table member (team int not null, user_id uuid not null);
create table task (id int primary key, team int not null);
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy members on task for select to authenticated
    using (exists (select from member m where m.team = team and m.user_id = auth.uid()));

insert into member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
insert into task values (1, 2);
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert exists (select from task where team = 2); end $$;
select authguard.act_reset();
