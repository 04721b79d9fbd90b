-- finds: open_tenant_read warning app.tenant list
-- The tenant is a claim of the caller, and the list of tenants is for everybody.
create table tenant (id uuid primary key, name text);
create table bill (id bigint primary key, tenant_id uuid references tenant);
alter table tenant enable row level security;
alter table bill enable row level security;
create policy list on tenant for select to authenticated using (true);
create policy change on tenant for update to authenticated
    using (id = (auth.jwt() -> 'app_metadata' ->> 'tenant')::uuid);
create policy own on bill for all to authenticated
    using (tenant_id = (auth.jwt() -> 'app_metadata' ->> 'tenant')::uuid);
-- A near miss: the list is changed by whoever may, not by its own tenant.
create table plan (id bigint primary key, price numeric);
create table customer (id uuid primary key, plan_id bigint references plan);
alter table plan enable row level security;
alter table customer enable row level security;
create policy list on plan for select using (true);
create policy change on plan for update to authenticated
    using ((auth.jwt() -> 'app_metadata' ->> 'role') = 'sales');
create policy own on customer for select to authenticated using (id = auth.uid());
