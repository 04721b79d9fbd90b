-- finds: nothing
-- Each policy has the one expression that its command needs.
create table report (id int primary key, owner uuid not null);
alter table report enable row level security;
create policy own on report for select to authenticated using (owner = auth.uid());
create policy own_add on report for insert to authenticated with check (owner = auth.uid());
create policy own_change on report for update to authenticated using (owner = auth.uid());
create policy own_writes on report as restrictive to authenticated with check (id > 0);
