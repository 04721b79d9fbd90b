-- finds: nothing
-- A restrictive policy binds the tenant for all commands.
create table document (id int primary key, tenant uuid not null, author uuid not null);
alter table document enable row level security;
create policy own_tenant on document as restrictive to authenticated
    using (tenant = (auth.claim_text('tenant'))::uuid);
create policy own_documents on document for select to authenticated using (author = auth.uid());
create policy own_documents_found on document for insert to authenticated
    with check (author = auth.uid() and tenant = (auth.claim_text('tenant'))::uuid);
create policy own_documents_change on document for update to authenticated
    using (author = auth.uid());
