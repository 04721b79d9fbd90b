-- finds: storage_any_bucket warning storage.objects upload
-- One branch names the bucket, and the other one does not.
create schema storage;
create table storage.objects (bucket_id text, name text, owner_id text);
grant usage on schema storage to authenticated;
grant insert on storage.objects to authenticated;
alter table storage.objects enable row level security;
create policy upload on storage.objects for insert to authenticated
    with check (bucket_id = 'shared' or owner_id = auth.subject());
