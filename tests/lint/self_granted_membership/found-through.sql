-- finds: claims_past_readers warning app.doc r3
-- finds: claims_past_readers warning app.m3 add
-- finds: self_granted_membership error app.m1 add
-- finds: self_granted_membership error app.m2 add
-- finds: self_granted_membership error app.m3 add
-- finds: self_granted_membership error app.m4 add
-- What stands between the policy and the table of members.
create table team (id bigint primary key);
create table m1 (team_id bigint references team, user_id uuid);
create table m2 (team_id bigint references team, user_id uuid);
create table m3 (team_id bigint references team, subject text);
create table m4 (team_id bigint references team, user_id uuid);
create table doc (id bigint primary key, team_id bigint);
alter table team enable row level security;
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table m3 enable row level security;
alter table m4 enable row level security;
alter table doc enable row level security;

-- A view with the rights of its reader.
create view my_teams with (security_invoker = true) as
    select m.team_id from m1 m where m.user_id = auth.uid();
create policy see on m1 for select to authenticated using (user_id = auth.uid());
create policy add on m1 for insert to authenticated with check (user_id = auth.uid());
create policy r1 on doc for select to authenticated
    using (team_id in (select v.team_id from my_teams v));
-- The user is the default of an argument, and the rows are counted.
create function in_team(team bigint, who uuid default auth.uid()) returns boolean
language sql stable security definer set search_path = app, pg_temp as $$
    select count(*) > 0 from m2 where m2.team_id = team and m2.user_id = who
$$;
create policy add on m2 for insert to authenticated
    with check (case when user_id = auth.uid() then true else false end);
create policy r2 on doc for select to authenticated using (in_team(team_id));
-- A path into the claims.
create policy add on m3 for insert to authenticated
    with check (subject = current_setting('request.jwt.claims', true)::jsonb #>> '{sub}');
create policy r3 on doc for select to authenticated using (team_id in (
    select m.team_id from m3 m
    where m.subject = current_setting('request.jwt.claims', true)::jsonb #>> '{sub}'));
-- A check of the key that leaves the choice, and an array that is never NULL.
create policy add on m4 for insert to authenticated
    with check (user_id = auth.uid() and team_id is not null and team_id > 0);
create function teams_of_m4() returns bigint[] language sql stable security definer
set search_path = app, pg_temp as $$
    select coalesce(array_agg(m.team_id), '{}') from m4 m where m.user_id = auth.uid()
$$;
create policy r4 on doc for select to authenticated using (team_id = any (teams_of_m4()));
