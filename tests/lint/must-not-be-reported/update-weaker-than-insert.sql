-- finds: nothing
-- UPDATE binds less than INSERT. As soon as a statement has WHERE or RETURNING, the policy for
-- SELECT applies to the new row and binds the team. (A note may say: only without WHERE.)
create table team (id int primary key);
create table team_member (
    team int not null references team, user_id uuid not null, primary key (team, user_id));
create table task (id int primary key, team int not null references team, owner uuid not null);
alter table team enable row level security;
alter table team_member enable row level security;
alter table task enable row level security;
create policy own on team_member for select to authenticated using (user_id = auth.uid());
create policy members on team for select to authenticated
    using (id in (select m.team from team_member m where m.user_id = auth.uid()));
create policy members_read on task for select to authenticated
    using (team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy members_add on task for insert to authenticated
    with check (owner = auth.uid()
                and team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy own_change on task for update to authenticated using (owner = auth.uid());
create policy own_remove on task for delete to authenticated using (owner = auth.uid());
