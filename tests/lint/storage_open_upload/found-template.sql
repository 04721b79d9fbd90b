-- finds: storage_open_upload warning storage.objects Give anon users access to JPG images in folder
-- What the templates of a hosted platform offer, for uploads.
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
create function storage.extension(name text) returns text language plpgsql
as $$ begin return split_part(name, '.', 2); end $$;
create policy "Give anon users access to JPG images in folder" on storage.objects for insert
    with check (bucket_id = 'pictures' and storage.extension(name) = 'jpg'
                and lower((storage.foldername(name))[1]) = 'public' and auth.role() = 'anon');

insert into storage.buckets values ('pictures', true);
select authguard.act_as('anon', '{"role": "anon"}');
do $$
begin
    insert into storage.objects (bucket_id, name) values ('pictures', 'public/any.jpg');
end
$$;
select authguard.act_reset();
