-- finds: ownership_takeover error app.a change
-- finds: ownership_takeover error app.b change
create table member (org uuid, person uuid, role text);
create table a (id bigint primary key, org uuid, owner text);
create table b (id bigint primary key, owner uuid, shared_with uuid);
alter table member enable row level security;
alter table a enable row level security;
alter table b enable row level security;
create policy own_rows on member for select to authenticated using (person = auth.uid());
-- By role, in a helper, with casts; the check is that of the condition.
create function role_of(o uuid) returns text language sql stable security definer
set search_path = app as
$$ select m.role from member m where m.org = o and m.person = auth.uid() $$;
create policy change on a for update to authenticated
    using (auth.uid()::text = owner or role_of(org) in ('editor', 'admin'))
    with check (auth.uid()::text = owner or role_of(org) in ('editor', 'admin'));
create policy remove on a for delete to authenticated using (owner = auth.uid()::text);
-- The check makes every editor the owner.
create policy change on b for update to authenticated
    using (owner = (select auth.uid()) or shared_with = (select auth.uid()))
    with check (owner = (select auth.uid()));
create policy remove on b for delete to authenticated using (owner = (select auth.uid()));
