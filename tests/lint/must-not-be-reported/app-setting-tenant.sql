-- finds: nothing
-- An API of one's own sets the tenant and the user of each request as settings; one login role.
create table tenant (id uuid primary key, name text not null);
create table account (id uuid primary key, tenant uuid not null references tenant, email text
    not null,
    unique (tenant, email), unique (id, tenant));
create table invoice (id bigint primary key generated always as identity,
    tenant uuid not null default current_setting('app.tenant')::uuid references tenant,
    account uuid not null, cents bigint not null check (cents > 0), paid_at timestamptz,
    foreign key (account, tenant) references account (id, tenant));
create function current_tenant() returns uuid language sql stable
as $$ select nullif(current_setting('app.tenant', true), '')::uuid $$;
revoke all on tenant, account, invoice from anon;
alter table tenant enable row level security;
alter table account enable row level security;
alter table invoice enable row level security;
alter table tenant force row level security;
alter table account force row level security;
alter table invoice force row level security;
create policy tenant_isolation on tenant using (id = (select current_tenant()));
create policy tenant_isolation on account using (tenant = (select current_tenant()))
    with check (tenant = (select current_tenant()));
create policy tenant_isolation on invoice using (tenant = (select current_tenant()))
    with check (tenant = (select current_tenant()));
create policy paid_stays on invoice as restrictive for update using (paid_at is null);
create policy paid_is_kept on invoice as restrictive for delete using (paid_at is null);
