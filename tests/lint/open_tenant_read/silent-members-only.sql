-- finds: nothing
-- Members read their organization; `true` is for a role with BYPASSRLS, for a role without SELECT,
-- or for one that a restrictive policy keeps to its members.
create table organizations (id uuid primary key, name text);
create table members (org_id uuid references organizations, user_id uuid, role text);
alter table organizations enable row level security;
alter table members enable row level security;
create function is_member(org uuid) returns boolean
language sql stable security definer set search_path = app as
$$ select exists (select 1 from members m where m.org_id = org and m.user_id = auth.uid()) $$;
revoke select on organizations from anon;
create policy own_rows on members for select to authenticated using (user_id = auth.uid());
create policy service on organizations for select to service_role using (true);
create policy nobody on organizations for select to anon using (true);
create policy read on organizations for select to authenticated using (is_member(id));
create policy change on organizations for update to authenticated using (is_member(id));

create table clubs (id uuid primary key, name text);
create table club_members (club_id uuid references clubs, user_id uuid);
alter table clubs enable row level security;
alter table club_members enable row level security;
create policy own_rows on club_members for select to authenticated using (user_id = auth.uid());
create policy read on clubs for select to authenticated using (true);
create policy only_members on clubs as restrictive for select to authenticated
    using (id in (select c.club_id from club_members c where c.user_id = auth.uid()));
create policy change on clubs for update to authenticated
    using (id in (select c.club_id from club_members c where c.user_id = auth.uid()));
