-- finds: nothing
-- A request to join counts only after somebody else has approved it; another table's members are
-- added by a role, which a restrictive policy asks for.
create table team (id bigint primary key);
create table member (team_id bigint, user_id uuid, approved boolean not null default false);
create table staff (team_id bigint, user_id uuid);
create table document (id bigint primary key, team_id bigint);
alter table team enable row level security;
alter table member enable row level security;
alter table staff enable row level security;
alter table document enable row level security;
create policy ask on member for insert to authenticated
    with check (user_id = auth.uid() and not approved);
create policy add_oneself on staff for insert to authenticated with check (user_id = auth.uid());
create policy only_admins on staff as restrictive for insert to authenticated
    with check (auth.jwt() ->> 'user_role' = 'admin');
create policy members_read on document for select to authenticated using (exists (
    select from member m
    where m.team_id = document.team_id and m.user_id = auth.uid() and m.approved));
create policy staff_reads on document for select to authenticated using (exists (
    select from staff s where s.team_id = document.team_id and s.user_id = auth.uid()));
