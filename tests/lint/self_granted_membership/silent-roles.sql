-- finds: nothing
-- What one can make oneself is not what the reader asks for.
create table team (id bigint primary key);
create table m1 (team_id bigint references team, user_id uuid, role text);
create table m2 (team_id bigint references team, user_id uuid, role text);
create table doc (id bigint primary key, team_id bigint);
alter table team enable row level security;
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table doc enable row level security;
create policy ask on m1 for insert to authenticated
    with check (user_id = auth.uid() and role = 'applicant');
create policy ask on m2 for insert to authenticated
    with check (user_id = auth.uid() and role not in ('owner', 'editor'));
create policy see on m1 for select to authenticated using (user_id = auth.uid());
create policy see on m2 for select to authenticated using (user_id = auth.uid());
create policy r1 on doc for select to authenticated using (exists (
    select from m1 where m1.team_id = doc.team_id and m1.user_id = auth.uid()
    and m1.role in ('viewer', 'editor')));
create policy r2 on doc for select to authenticated using (exists (
    select from m2 where m2.team_id = doc.team_id and m2.user_id = auth.uid()
    and m2.role in ('owner', 'editor')));
