-- finds: nothing
-- Anyone signed in may found an organization; a trigger makes the founder its first member.
create table organization (id uuid primary key default gen_random_uuid(), name text not null);
create table member (
    organization uuid not null references organization, user_id uuid not null,
    role text not null default 'member' check (role in ('member', 'admin')),
    primary key (organization, user_id));
create function is_member(of_organization uuid) returns bool
language sql stable security definer set search_path = ''
as $$
    select exists (select from app.member m
                    where m.organization = of_organization and m.user_id = auth.uid())
$$;
create function is_admin(of_organization uuid) returns bool
language sql stable security definer set search_path = ''
as $$
    select exists (select from app.member m
                    where m.organization = of_organization and m.user_id = auth.uid()
                      and m.role = 'admin')
$$;
create function add_founder() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into app.member values (new.id, auth.uid(), 'admin');
    return new;
end
$$;
create trigger add_founder after insert on organization
    for each row execute function add_founder();
alter table organization enable row level security;
alter table member enable row level security;
create policy anyone_founds on organization for insert to authenticated with check (true);
create policy members_read on organization for select to authenticated using (is_member(id));
create policy admins_change on organization for update to authenticated
    using (is_admin(id)) with check (is_admin(id));
create policy members_see_members on member for select to authenticated
    using (is_member(organization));
create policy admins_add on member for insert to authenticated with check (is_admin(organization));
create policy admins_change_members on member for update to authenticated
    using (is_admin(organization)) with check (is_admin(organization));
create policy admins_remove on member for delete to authenticated using (is_admin(organization));
create policy leave on member for delete to authenticated using (user_id = auth.uid());
