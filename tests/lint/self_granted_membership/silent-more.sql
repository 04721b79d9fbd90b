-- finds: nothing
-- The key is bound in other ways than by an invitation.
create table team (id bigint primary key, owner uuid, code text);
create table m1 (team_id bigint references team, user_id uuid);
create table m2 (team_id bigint references team, user_id uuid, role text);
create table m3 (team_id bigint references team, user_id uuid);
create table m4 (team_id bigint primary key references team, user_id uuid);
create table m5 (team_id bigint references team, user_id uuid);
create table profile (id uuid primary key, team_id bigint, name text);
create table doc (id bigint primary key, team_id bigint, author uuid);
alter table team enable row level security;
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table m3 enable row level security;
alter table m4 enable row level security;
alter table m5 enable row level security;
alter table profile enable row level security;
alter table doc enable row level security;
create policy own on team to authenticated using (owner = auth.uid());
-- The caller's own teams only, since the policies of team hold in the check, too.
create policy add on m1 for insert to authenticated with check (
    user_id = auth.uid() and exists (select from team t where t.id = m1.team_id));
create policy r1 on doc for select to authenticated using (
    team_id in (select team_id from m1 where user_id = auth.uid()));
-- An administrator adds others.
create function admin_of(t bigint) returns boolean language sql stable security definer
set search_path = app as $$
    select exists (select 1 from m2 where team_id = t and user_id = auth.uid() and role = 'admin')
$$;
create policy add on m2 for insert to authenticated with check (admin_of(team_id));
create policy leave on m2 for delete to authenticated using (user_id = auth.uid());
create policy r2 on doc for select to authenticated using (
    team_id in (select team_id from m2 where user_id = auth.uid()));
-- The tenant of the token.
create policy add on m3 for insert to authenticated with check (
    user_id = auth.uid()
    and team_id = ((auth.jwt() -> 'app_metadata') ->> 'team_id')::bigint);
create policy r3 on doc for select to authenticated using (
    team_id in (select team_id from m3 where user_id = auth.uid()));
-- Each team has one row, and so no second one.
create policy add on m4 for insert to authenticated with check (user_id = auth.uid());
create policy r4 on doc for select to authenticated using (
    team_id in (select team_id from m4 where user_id = auth.uid()));
-- Only whoever is no member of any team yet, and the team has no members: the founder.
create function has_members(t bigint) returns boolean language sql stable security definer
set search_path = app as $$ select exists (select 1 from m5 where team_id = t) $$;
create policy add on m5 for insert to authenticated
    with check (user_id = auth.uid() and not has_members(team_id));
create policy r5 on doc for select to authenticated using (
    team_id in (select team_id from m5 where user_id = auth.uid()));
-- The profile's team cannot be written by clients.
revoke insert, update on profile from anon, authenticated;
grant update (name) on profile to authenticated;
create policy own_profile on profile for update to authenticated using (id = auth.uid());
create policy r6 on doc for select to authenticated
    using (team_id = (select p.team_id from profile p where p.id = auth.uid()));
-- The author is asked for as well.
create policy r7 on doc for update to authenticated using (author = auth.uid());
