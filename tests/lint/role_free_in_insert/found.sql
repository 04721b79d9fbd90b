-- finds: role_free_in_insert warning app.org_member admins_add
-- An admin may neither change nor remove an owner, and may add one: himself.
create table org_member (
    org int not null, user_id uuid not null, role text not null default 'member',
    primary key (org, user_id, role));
create function is_admin(of_org int) returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from org_member m
                    where m.org = of_org and m.user_id = auth.uid()
                      and m.role in ('admin', 'owner'));
end;
alter table org_member enable row level security;
create policy members on org_member for select to authenticated using (is_admin(org));
create policy admins_add on org_member for insert to authenticated with check (is_admin(org));
create policy admins_change on org_member for update to authenticated
    using (is_admin(org) and role <> 'owner') with check (is_admin(org) and role <> 'owner');
create policy admins_remove on org_member for delete to authenticated
    using (is_admin(org) and role <> 'owner');

insert into org_member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'admin');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    begin
        update org_member set role = 'owner' where org = 1;
        raise exception 'an admin made himself an owner by UPDATE';
    exception when insufficient_privilege then null;
    end;
    insert into org_member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'owner');
end
$$;
select authguard.act_reset();
