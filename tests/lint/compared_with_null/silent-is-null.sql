-- finds: nothing
-- IS NULL, an explicit false, and a NULL that only one branch compares with.
create table task (id int primary key, assignee uuid, deleted_at timestamptz);
alter table task enable row level security;
create policy unassigned on task for select to authenticated
    using (assignee is null and deleted_at is not distinct from null);
create policy nobody_adds on task for insert to authenticated with check (false);
create policy change on task for update to authenticated
    using (assignee = coalesce(null, auth.uid()));
