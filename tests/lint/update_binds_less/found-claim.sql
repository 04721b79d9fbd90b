-- finds: update_binds_less warning app.document own_documents_change
-- The tenant is a claim, asked for by INSERT alone; the check of UPDATE is less than its USING.
create table document (id int primary key, tenant text not null, author uuid not null);
alter table document enable row level security;
create policy own_documents on document for select to authenticated using (author = auth.uid());
create policy own_documents_found on document for insert to authenticated
    with check (author = auth.uid() and tenant = (select auth.jwt() ->> 'tenant'));
create policy own_documents_change on document for update to authenticated
    using (author = auth.uid() and tenant = (select auth.jwt() ->> 'tenant'))
    with check (author = auth.uid());

select authguard.act_as('authenticated', '{"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                          "role": "authenticated", "tenant": "one"}');
do $$
begin
    insert into document values (1, 'one', auth.uid());
    update document set tenant = 'two' where id = 1;
    assert found;
end
$$;
select authguard.act_reset();
