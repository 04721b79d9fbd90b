-- finds: nothing
-- Qualified, joined with itself, and different columns.
create table member (team int not null, user_id uuid not null, invited_by uuid);
create table task (id int primary key, team int not null);
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy members on task for select to authenticated
    using (exists (select from member m where m.team = task.team and m.user_id = auth.uid())
           or exists (select from member a join member b on a.team = b.team
                       where a.user_id = auth.uid() and b.team = task.team
                         and a.user_id <> b.invited_by));
