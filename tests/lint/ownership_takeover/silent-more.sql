-- finds: nothing
-- Administrators of the organization; FOR ALL; a restrictive policy; no right to delete.
create table member (org uuid, person uuid, role text);
create table a (id bigint primary key, org uuid, owner uuid);
create table b (id bigint primary key, owner uuid, editor uuid);
create table c (id bigint primary key, owner uuid, editor uuid);
create table d (id bigint primary key, owner uuid, editor uuid);
alter table member enable row level security;
alter table a enable row level security;
alter table b enable row level security;
alter table c enable row level security;
alter table d enable row level security;
create policy own_rows on member for select to authenticated using (person = auth.uid());
create policy change on a for update to authenticated using (
    owner = auth.uid() or exists (select from member m
        where m.org = a.org and m.person = auth.uid() and m.role in ('admin', 'owner')));
create policy remove on a for delete to authenticated using (owner = auth.uid());
create policy everything on b to authenticated using (owner = auth.uid() or editor = auth.uid());
create policy change on c for update to authenticated
    using (owner = auth.uid() or editor = auth.uid());
create policy remove on c for delete to authenticated using (owner = auth.uid());
create function owner_before(c_id bigint) returns uuid language sql stable security definer
set search_path = app as $$ select owner from c where id = c_id $$;
create policy keep on c as restrictive for update to authenticated
    with check (owner = owner_before(id));
revoke delete on d from anon, authenticated;
create policy change on d for update to authenticated
    using (owner = auth.uid() or editor = auth.uid());
create policy remove on d for delete to authenticated using (owner = auth.uid());
