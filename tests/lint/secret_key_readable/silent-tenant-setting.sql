-- finds: nothing
-- The backend sets the tenant; a client cannot choose it. And links that are listed to nobody.
create table tenants (id uuid primary key, slug text);
create table pages (id bigint primary key, tenant uuid references tenants, body text);
create table links (token text primary key, page bigint references pages);
alter table tenants enable row level security;
alter table pages enable row level security;
alter table links enable row level security;
create policy tenants_read on tenants for select to anon using (true);
create policy pages_read on pages for select to anon
    using (tenant = current_setting('app.current_tenant', true)::uuid);
create policy links_read on links for select to anon
    using (token = current_setting('request.headers', true)::json ->> 'x-token');
