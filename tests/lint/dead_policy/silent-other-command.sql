-- finds: nothing
-- Nobody deletes; the policy for all commands still decides about the others.
create table report (id int primary key, owner uuid not null);
alter table report enable row level security;
create policy own on report to authenticated using (owner = auth.uid());
create policy nobody_deletes on report as restrictive for delete using (false);
