-- finds: unrestricted_member_delete warning app.m1 kick
-- finds: unrestricted_member_delete warning app.m2 kick
-- finds: unrestricted_member_delete warning app.m3 kick
-- finds: unrestricted_member_delete warning app.m4 kick
create table m1 (org uuid, person uuid, state text);
create table m2 (org uuid, person uuid);
create table m3 (org text, person uuid);
create table m4 (org uuid, person uuid);
create table d (id bigint, org uuid, org_name text);
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table m3 enable row level security;
alter table m4 enable row level security;
alter table d enable row level security;
-- An active member removes others, not himself.
create function active_in(o uuid) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    perform 1 from m1 where org = o and person = auth.uid() and state = 'active';
    return found;
end $$;
create policy see on m1 for select to authenticated using (active_in(org));
create policy kick on m1 for delete to authenticated
    using (active_in(org) and person <> auth.uid());
create policy r1 on d for select to authenticated using (active_in(org));
-- Everybody.
create policy kick on m2 for delete to authenticated using (true);
create policy r2 on d for select to authenticated
    using (org in (select m.org from m2 m where m.person = auth.uid()));
create policy see on m2 for select using (true);
-- Whoever has the organization in the token.
create policy kick on m3 for delete to authenticated
    using (org = auth.jwt() ->> 'org_id');
create policy r3 on d for select to authenticated using (exists (
    select from m3 m where m.person = auth.uid() and m.org = d.org_name));
-- A branch for oneself beside one for every member.
create function orgs_of() returns uuid[]
language sql stable security definer set search_path = app
begin atomic
    select array_agg(m.org) from m4 m where m.person = auth.uid();
end;
create policy kick on m4 for delete to authenticated
    using (person = auth.uid() or org = any (orgs_of()));
create policy r4 on d for select to authenticated using (org = any (orgs_of()));
