-- finds: nothing
-- A multi-tenant application: organizations, members with roles, invitations, projects, tasks,
-- comments, an audit log, billing that only the backend writes.
create type member_role as enum ('viewer', 'editor', 'admin', 'owner');
create table organizations (id uuid primary key default gen_random_uuid(), name text not null,
    plan text not null default 'free', created_by uuid not null default auth.uid());
create table memberships (
    org_id uuid not null references organizations on delete cascade, user_id uuid not null,
    role member_role not null default 'viewer', primary key (org_id, user_id));
create table invitations (id uuid primary key default gen_random_uuid(),
    org_id uuid not null references organizations on delete cascade, email text not null,
    role member_role not null default 'viewer' check (role <> 'owner'));
create table projects (id uuid primary key default gen_random_uuid(),
    org_id uuid not null references organizations on delete cascade, name text not null,
    unique (id, org_id));
create table tasks (id uuid primary key default gen_random_uuid(),
    org_id uuid not null, project_id uuid not null, title text not null, assignee uuid,
    foreign key (project_id, org_id) references projects (id, org_id) on delete cascade);
create table comments (id uuid primary key default gen_random_uuid(),
    task_id uuid not null references tasks on delete cascade,
    author uuid not null default auth.uid(), body text not null);
create table subscriptions (org_id uuid primary key references organizations, status text not null);
create table audit_log (id bigint primary key generated always as identity,
    org_id uuid not null, actor uuid, action text not null);
create function has_role(of_org uuid, at_least member_role) returns bool
language sql stable security definer set search_path = app, pg_temp
as $$
    select exists (select 1 from memberships m
                    where m.org_id = of_org and m.user_id = (select auth.uid())
                      and m.role >= at_least)
$$;
create function is_member(of_org uuid) returns bool
language sql stable security definer set search_path = ''
as $$
    select exists (select 1 from app.memberships m
                    where m.org_id = of_org and m.user_id = (select auth.uid()))
$$;
create function create_organization(name text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    created uuid;
begin
    if auth.uid() is null then
        raise exception 'sign in first';
    end if;
    insert into app.organizations (name) values (name) returning id into created;
    insert into app.memberships values (created, auth.uid(), 'owner');
    return created;
end
$$;
create function accept_invitation(invitation uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
    if auth.uid() is null then
        raise exception 'sign in first';
    end if;
    insert into app.memberships
    select i.org_id, auth.uid(), i.role from app.invitations i
     where i.id = invitation and i.email = auth.jwt() ->> 'email';
    delete from app.invitations i where i.id = invitation and i.email = auth.jwt() ->> 'email';
end
$$;
revoke execute on function create_organization, accept_invitation from public;
grant execute on function create_organization, accept_invitation to authenticated;
alter table organizations enable row level security;
alter table memberships enable row level security;
alter table invitations enable row level security;
alter table projects enable row level security;
alter table tasks enable row level security;
alter table comments enable row level security;
alter table subscriptions enable row level security;
alter table audit_log enable row level security;
create policy members_read on organizations for select to authenticated using (is_member(id));
create policy admins_change on organizations for update to authenticated
    using (has_role(id, 'admin')) with check (has_role(id, 'admin'));
create policy members_read on memberships for select to authenticated using (is_member(org_id));
create policy admins_add on memberships for insert to authenticated
    with check (has_role(org_id, 'admin') and role <> 'owner');
create policy admins_change on memberships for update to authenticated
    using (has_role(org_id, 'admin') and role <> 'owner')
    with check (has_role(org_id, 'admin') and role <> 'owner');
create policy admins_remove on memberships for delete to authenticated
    using (has_role(org_id, 'admin') and role <> 'owner');
create policy leave on memberships for delete to authenticated
    using (user_id = (select auth.uid()) and role <> 'owner');
create policy admins on invitations to authenticated
    using (has_role(org_id, 'admin')) with check (has_role(org_id, 'admin'));
create policy invited_read on invitations for select to authenticated
    using (email = (select auth.jwt() ->> 'email'));
create policy members_read on projects for select to authenticated using (is_member(org_id));
create policy editors_write on projects to authenticated
    using (has_role(org_id, 'editor')) with check (has_role(org_id, 'editor'));
create policy members_read on tasks for select to authenticated using (is_member(org_id));
create policy editors_write on tasks to authenticated
    using (has_role(org_id, 'editor')) with check (has_role(org_id, 'editor'));
create policy members_read on comments for select to authenticated
    using (exists (select 1 from tasks t where t.id = comments.task_id));
create policy members_comment on comments for insert to authenticated
    with check (author = (select auth.uid())
                and exists (select 1 from tasks t where t.id = comments.task_id));
create policy authors_change on comments for update to authenticated
    using (author = (select auth.uid()))
    with check (author = (select auth.uid())
                and exists (select 1 from tasks t where t.id = comments.task_id));
create policy authors_remove on comments for delete to authenticated
    using (author = (select auth.uid()));
create policy admins_read on subscriptions for select to authenticated
    using (has_role(org_id, 'admin'));
create policy admins_read on audit_log for select to authenticated
    using (has_role(org_id, 'admin'));
create policy "backend writes" on audit_log for insert to service_role with check (true);
