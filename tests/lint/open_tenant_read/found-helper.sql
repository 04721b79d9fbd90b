-- finds: open_tenant_read warning app.tenants read_all
-- The other commands ask a helper; the role is PUBLIC.
create table tenants (id bigint primary key, name text, plan text);
create table tenant_users (tenant bigint references tenants (id), uid uuid);
create table things (id bigint primary key, tenant bigint references tenants (id));
alter table tenants enable row level security;
alter table tenant_users enable row level security;
alter table things enable row level security;
create function belongs(t bigint) returns boolean
language sql stable security definer set search_path = app
begin atomic
    select exists (select 1 from tenant_users u where u.tenant = t and u.uid = auth.uid());
end;
create policy read_all on tenants for select using (true);
create policy change on tenants for update using (belongs(id)) with check (belongs(id));
create policy remove on tenants for delete using (belongs(id));
create policy things_all on things using (belongs(tenant)) with check (belongs(tenant));

insert into tenants values (1, 'a', 'gold');
select authguard.act_as('anon', null);
do $$ begin assert exists (select from tenants); end $$;
select authguard.act_reset();
