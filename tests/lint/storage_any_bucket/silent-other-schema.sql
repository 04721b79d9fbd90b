-- finds: nothing
-- A table of this shape in another schema is none of the storage service.
create table objects (id int primary key, bucket_id text, owner uuid not null);
grant select, insert on objects to authenticated;
alter table objects enable row level security;
create policy own on objects for select to authenticated using (owner = auth.uid());
create policy own_found on objects for insert to authenticated with check (owner = auth.uid());
