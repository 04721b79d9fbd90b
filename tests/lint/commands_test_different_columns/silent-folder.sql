-- finds: nothing
-- Whoever owns the folder of a file owns the file.
create schema storage;
create table storage.objects (bucket_id text, name text, owner uuid);
grant usage on schema storage to authenticated;
grant select, update, delete on storage.objects to authenticated;
alter table storage.objects enable row level security;
create policy see on storage.objects for select to authenticated using (bucket_id = 'avatars');
create policy change on storage.objects for update to authenticated
    using (bucket_id = 'avatars' and (string_to_array(name, '/'))[1] = auth.uid()::text);
create policy remove on storage.objects for delete to authenticated
    using (bucket_id = 'avatars' and owner = auth.uid());
