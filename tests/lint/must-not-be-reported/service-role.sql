-- finds: nothing
-- A policy `true` for a role that no policy applies to, as many generators write it.
create table outbox (id int primary key, owner uuid not null, body text);
alter table outbox enable row level security;
create policy "Service role has full access" on outbox to service_role
    using (true) with check (true);
create policy own on outbox for select to authenticated using (owner = auth.uid());
