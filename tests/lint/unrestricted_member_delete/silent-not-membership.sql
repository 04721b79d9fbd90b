-- finds: nothing
-- Rows of a team that are no memberships: members delete them together. And a table of members
-- from which no client may delete.
create table member (team_id bigint, user_id uuid, role text);
create table task (id bigint primary key, team_id bigint, assignee uuid);
alter table member enable row level security;
alter table task enable row level security;
revoke delete on member from anon, authenticated;
create policy own_rows on member for select to authenticated using (user_id = auth.uid());
create policy remove on member for delete to authenticated using (true);
create policy team_tasks on task to authenticated using (
    exists (select from member m where m.team_id = task.team_id and m.user_id = auth.uid()));
