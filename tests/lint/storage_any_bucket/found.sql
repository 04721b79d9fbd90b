-- finds: storage_any_bucket warning storage.objects users_upload
-- Meant for avatars, and open for the bucket of the invoices.
create schema storage;
create table storage.buckets (id text primary key, public bool not null default false);
create table storage.objects (
    id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets,
    name text, owner uuid default auth.uid(), owner_id text, metadata jsonb);
create function storage.foldername(name text) returns text[]
language sql immutable
begin atomic
    select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1];
end;
grant usage on schema storage to anon, authenticated;
grant select on storage.buckets to anon, authenticated;
grant select, insert, update, delete on storage.objects to anon, authenticated;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
create policy users_upload on storage.objects for insert to authenticated
    with check (owner = auth.uid());

insert into storage.buckets values ('avatars', true), ('invoices', false);
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into storage.objects (bucket_id, name) values ('invoices', '2026/forged.pdf');
end
$$;
select authguard.act_reset();
