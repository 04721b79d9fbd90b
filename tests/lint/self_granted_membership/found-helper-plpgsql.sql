-- finds: self_granted_membership error app.workspace_users Users can add themselves
-- The reader is a helper in PL/pgSQL; the operands are the other way round; the role is free too.
create table workspaces (id uuid primary key, title text);
create table workspace_users (
    workspace uuid references workspaces, profile uuid, role text default 'member');
create table boards (id uuid primary key, workspace uuid references workspaces, title text);
alter table workspaces enable row level security;
alter table workspace_users enable row level security;
alter table boards enable row level security;
create function in_workspace(p_workspace uuid) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    return exists (
        select 1 from workspace_users wu
        where wu.workspace = p_workspace and auth.uid() = wu.profile
    );
end
$$;
create policy "Users can add themselves" on workspace_users for insert to authenticated
    with check (auth.uid() = profile);
create policy "See fellow members" on workspace_users for select to authenticated
    using (in_workspace(workspace));
create policy boards_read on boards for select to authenticated using (in_workspace(workspace));

insert into workspaces values ('00000000-0000-0000-0000-0000000000aa', 'a');
insert into boards
values ('00000000-0000-0000-0000-0000000000bb', '00000000-0000-0000-0000-0000000000aa', 'secret');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into workspace_users (workspace, profile)
values ('00000000-0000-0000-0000-0000000000aa', auth.uid());
do $$ begin assert exists (select from boards); end $$;
select authguard.act_reset();
