-- finds: nothing
-- No client may write the role of a new row: its default stands.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table org_member (
    org int not null, user_id uuid not null, role text not null default 'member',
    primary key (org, user_id));
grant select, insert (org, user_id), update, delete on org_member to authenticated;
create function is_admin(of_org int) returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from org_member m
                    where m.org = of_org and m.user_id = auth.uid() and m.role = 'admin');
end;
alter table org_member enable row level security;
create policy members on org_member for select to authenticated using (is_admin(org));
create policy admins_add on org_member for insert to authenticated with check (is_admin(org));
create policy admins_change on org_member for update to authenticated
    using (is_admin(org) and role <> 'owner') with check (is_admin(org) and role <> 'owner');
create policy admins_remove on org_member for delete to authenticated
    using (is_admin(org) and role <> 'owner');
