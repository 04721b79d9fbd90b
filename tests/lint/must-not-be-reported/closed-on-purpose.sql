-- finds: nothing
-- Row-level security on, and no policy, a permissive false or a restrictive one: closed to clients.
create table secret (id int primary key, value text);
create table job (id int primary key, payload jsonb);
create table audit (id bigint primary key generated always as identity, entry jsonb);
create table ledger (id int primary key, owner uuid not null);
alter table secret enable row level security;
alter table job enable row level security;
alter table audit enable row level security;
alter table audit force row level security;
alter table ledger enable row level security;
create policy nobody on job using (false);
create policy nobody_at_all on audit as restrictive using (false);
create policy own on ledger for select to authenticated using (owner = auth.uid());
create policy never_changed on ledger as restrictive for update using (false);
create policy never_removed on ledger as restrictive for delete using (false);
