-- finds: nothing
-- Only the server writes app_metadata.
create table invoice (id int primary key);
alter table invoice enable row level security;
create policy staff_read on invoice for select to authenticated
    using (((auth.jwt() -> 'app_metadata') ->> 'role') = 'staff');
