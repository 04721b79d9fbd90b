-- finds: claims_past_readers warning app.doc r7
-- finds: claims_past_readers warning app.m6 add
-- finds: self_granted_membership error app.m1 add
-- finds: self_granted_membership error app.m2 add
-- finds: self_granted_membership error app.m3 add
-- finds: self_granted_membership error app.m4 add
-- finds: self_granted_membership error app.m5 move
-- finds: self_granted_membership error app.profile own_profile
-- finds: self_granted_membership error app.m6 add
-- finds: self_granted_membership error app.m7 add
-- finds: self_granted_membership error app.m8 add
-- Readers in other words, one a table.
create table team (id bigint primary key);
create table m1 (team_id bigint references team, user_id uuid);
create table m2 (team_id bigint references team, user_id uuid);
create table m3 (team_id bigint references team, user_id uuid, status text default 'active');
create table m4 (team_id bigint references team, user_id uuid, role text);
create table m5 (team_id bigint references team, user_id uuid);
create table m6 (team_id bigint references team, user_id text);
create table m7 (team_id bigint references team, user_id uuid);
create table m8 (team_id bigint references team, user_id uuid);
create table profile (id uuid primary key, team_id bigint references team);
create table doc (id bigint primary key, team_id bigint, folder text);
alter table team enable row level security;
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table m3 enable row level security;
alter table m4 enable row level security;
alter table m5 enable row level security;
alter table m6 enable row level security;
alter table m7 enable row level security;
alter table m8 enable row level security;
alter table profile enable row level security;
alter table doc enable row level security;
create policy everybody on team for select using (true);

-- A join, and a check that only asks whether the team exists.
create policy add on m1 for insert to authenticated with check (
    user_id = auth.uid() and exists (select from team t where t.id = m1.team_id));
create policy r1 on doc for select to authenticated using (exists (
    select from team t join m1 m on m.team_id = t.id
    where t.id = doc.team_id and m.user_id = auth.uid()));
-- PL/pgSQL that counts, called with the user.
create policy add on m2 for insert to authenticated with check (user_id = (select auth.uid()));
create function counted(p_team bigint, p_user uuid) returns boolean
language plpgsql stable security definer set search_path to 'app' as $$
declare
    n integer;
begin
    select count(*) into n from m2 where m2.team_id = p_team and m2.user_id = p_user;
    return n > 0;
end;
$$;
create policy r2 on doc for select to authenticated using (counted(team_id, auth.uid()));
-- A state with a default.
create policy add on m3 for insert to authenticated with check (user_id = auth.uid());
create policy r3 on doc for update to authenticated using (team_id in (
    select team_id from m3 where user_id = auth.uid() and status = 'active'));
-- A role of one's own choice, in PL/pgSQL with IF.
create policy add on m4 for insert to authenticated with check (user_id = auth.uid());
create function is_admin_of(t bigint) returns boolean
language plpgsql stable security definer set search_path = app, pg_temp as $$
declare
    r text;
begin
    if auth.uid() is null then
        return false;
    end if;
    select m.role into r from m4 m where m.team_id = t and m.user_id = auth.uid();
    if not found then
        return false;
    end if;
    return r in ('admin', 'owner');
end
$$;
create policy r4 on doc for delete to authenticated using (is_admin_of(team_id));
-- The own row can be moved to another team.
create policy move on m5 for update to authenticated using (user_id = auth.uid());
create policy see on m5 for select to authenticated using (user_id = auth.uid());
create policy r5 on doc for select to authenticated using (
    team_id = any (array(select m.team_id from m5 m where m.user_id = auth.uid())));
-- The team in the own profile, read by a scalar sub-select.
create policy own_profile on profile for update to authenticated using (id = auth.uid());
create policy see_profile on profile for select to authenticated using (id = auth.uid());
create policy r6 on doc for select to authenticated
    using (team_id = (select p.team_id from profile p where p.id = auth.uid()));
-- The claim as PostgREST sets it.
create policy add on m6 for insert to authenticated with check (
    user_id = current_setting('request.jwt.claims', true)::json ->> 'sub');
create policy r7 on doc for select to authenticated using (exists (
    select 1 from m6 where m6.team_id = doc.team_id
    and m6.user_id = (current_setting('request.jwt.claims', true)::json ->> 'sub')));
-- The folder of a file, as in storage.
create policy add on m7 for insert to authenticated with check (user_id = auth.uid());
create policy r8 on doc for select to authenticated using (
    (string_to_array(folder, '/'))[1] in (
        select m.team_id::text from m7 m where m.user_id = auth.uid()));
-- A function that returns an array, and a CTE.
create policy add on m8 for insert to authenticated with check (user_id = auth.uid());
create function teams_of_m8() returns bigint[] language sql stable security definer
set search_path = app as $$
    with mine as (select team_id from m8 where user_id = auth.uid())
    select array_agg(mine.team_id) from mine
$$;
create policy r9 on doc for select to authenticated using (team_id = any (teams_of_m8()));
