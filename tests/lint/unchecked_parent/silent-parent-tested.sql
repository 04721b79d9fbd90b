-- finds: nothing
-- The check asks for the parent: by its owner, by its being visible, by a helper, by membership of
-- the same key.
create table projects (id bigint primary key, owner uuid, open boolean);
create table members (project_id bigint references projects, user_id uuid);
create table t1 (id bigint, project_id bigint references projects, author uuid);
create table t2 (id bigint, project_id bigint references projects, author uuid);
create table t3 (id bigint, project_id bigint references projects, author uuid);
create table t4 (id bigint, project_id bigint references projects, author uuid);
alter table projects enable row level security;
alter table members enable row level security;
alter table t1 enable row level security;
alter table t2 enable row level security;
alter table t3 enable row level security;
alter table t4 enable row level security;
create function owner_of(p bigint) returns uuid
language sql stable security definer set search_path = app as
$$ select owner from projects where id = p $$;
create policy own on projects to authenticated using (owner = auth.uid());
create policy open_ones on projects for select to authenticated using (open);
create policy my on members for select to authenticated using (user_id = auth.uid());
create policy t1_i on t1 for insert to authenticated with check (
    author = auth.uid() and exists (select from projects p where p.id = t1.project_id));
create policy t2_i on t2 for insert to authenticated
    with check (author = auth.uid() and owner_of(project_id) = auth.uid());
create policy t3_i on t3 for insert to authenticated with check (
    author = auth.uid() and project_id in (select m.project_id from members m
                                            where m.user_id = auth.uid()));
create policy t4_i on t4 for insert to authenticated with check (author = auth.uid());
create policy t4_r on t4 as restrictive for insert to authenticated
    with check ((select p.owner from projects p where p.id = project_id) = auth.uid());
