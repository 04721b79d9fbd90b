-- finds: open_tenant_read warning app.companies everyone
-- The list is changed by its owner; the members refer to it by a foreign key.
create table companies (id uuid primary key, owner uuid, name text);
create table staff (company uuid references companies, person uuid);
create table payrolls (id bigint primary key, company uuid references companies);
alter table companies enable row level security;
alter table staff enable row level security;
alter table payrolls enable row level security;
create policy everyone on companies for select to authenticated
    using ((select auth.role()) = 'authenticated');
create policy owner_changes on companies for update to authenticated using (owner = auth.uid());
create policy own_rows on staff for select to authenticated using (person = auth.uid());
create policy staff_reads on payrolls for select to authenticated using (
    exists (select from staff s where s.person = auth.uid() and s.company = payrolls.company));
