-- finds: nothing
-- Buckets for avatars, for files of teams, for signed downloads, each with its own rule.
create schema storage;
create table storage.buckets (id text primary key, name text, public bool not null default false);
create table storage.objects (
    id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets,
    name text, owner_id text default auth.uid()::text,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored);
create function storage.foldername(name text) returns text[] language sql immutable
as $$ select (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1] $$;
create function storage.extension(name text) returns text language sql immutable
as $$ select split_part(name, '.', -1) $$;
grant usage on schema storage to anon, authenticated, service_role;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
create table team (id uuid primary key default gen_random_uuid(), name text);
create table team_member (
    team uuid not null references team, user_id uuid not null, primary key (team, user_id));
create function in_team(of_team text) returns bool
language sql stable security definer set search_path = ''
as $$
    select exists (select from app.team_member m
                    where m.team::text = of_team and m.user_id = (select auth.uid()))
$$;
alter table team enable row level security;
alter table team_member enable row level security;
create policy members on team for select to authenticated using (in_team(id::text));
create policy own on team_member for select to authenticated
    using (user_id = (select auth.uid()));
create policy avatars_read on storage.objects for select using (bucket_id = 'avatars');
create policy avatars_write on storage.objects for insert to authenticated
    with check (bucket_id = 'avatars'
                and (storage.foldername(name))[1] = (select auth.uid())::text
                and storage.extension(name) in ('png', 'jpg', 'webp'));
create policy avatars_remove on storage.objects for delete to authenticated
    using (bucket_id = 'avatars' and owner_id = (select auth.uid())::text);
create policy team_files on storage.objects to authenticated
    using (bucket_id = 'team-files' and in_team((storage.foldername(name))[1]))
    with check (bucket_id = 'team-files' and in_team((storage.foldername(name))[1]));
create policy inbox on storage.objects for insert to authenticated
    with check (bucket_id = 'inbox');
create policy buckets_read on storage.buckets for select to authenticated using (true);
