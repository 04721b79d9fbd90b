-- finds: nothing
-- The tenant is in the token, and a restrictive policy of each table asks for it.
create table customer (id bigint primary key generated always as identity,
    tenant uuid not null default (auth.claim_text('app_metadata', 'tenant'))::uuid,
    name text not null);
create table contact (id bigint primary key generated always as identity,
    tenant uuid not null default (auth.claim_text('app_metadata', 'tenant'))::uuid,
    customer bigint not null references customer, email text);
create index on customer (tenant);
create index on contact (tenant, customer);
alter table customer enable row level security;
alter table customer force row level security;
alter table contact enable row level security;
alter table contact force row level security;
create policy own_tenant on customer as restrictive to authenticated
    using (tenant = (auth.claim_text('app_metadata', 'tenant'))::uuid)
    with check (tenant = (auth.claim_text('app_metadata', 'tenant'))::uuid);
create policy own_tenant on contact as restrictive to authenticated
    using (tenant = (auth.claim_text('app_metadata', 'tenant'))::uuid)
    with check (tenant = (auth.claim_text('app_metadata', 'tenant'))::uuid
                and exists (select from customer c where c.id = contact.customer));
create policy staff on customer to authenticated
    using (auth.claim_text('app_metadata', 'role') = 'staff');
create policy staff on contact to authenticated
    using (auth.claim_text('app_metadata', 'role') = 'staff');
