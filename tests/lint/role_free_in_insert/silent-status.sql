-- finds: nothing
-- A state gives nobody a right: an order that is new in any state harms only its owner.
create table purchase (id int primary key, owner uuid not null, status text not null);
alter table purchase enable row level security;
create policy own on purchase for select to authenticated using (owner = auth.uid());
create policy own_found on purchase for insert to authenticated with check (owner = auth.uid());
create policy own_change on purchase for update to authenticated
    using (owner = auth.uid() and status = 'open');
create policy own_remove on purchase for delete to authenticated
    using (owner = auth.uid() and status = 'open');
