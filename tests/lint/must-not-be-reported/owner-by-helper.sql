-- finds: nothing
-- Ownership is asked of a helper, of the table or of another one.
create table playlist (id uuid primary key default gen_random_uuid(), owner uuid not null);
create table playlist_song (playlist uuid not null references playlist, song text not null);
create function owns_playlist(id uuid) returns bool
language sql stable security definer set search_path = ''
as $$ select exists (select from app.playlist p where p.id = $1 and p.owner = (select
    auth.uid())) $$;
create function is_own(owner uuid) returns bool language sql stable
as $$ select owner = auth.uid() $$;
alter table playlist enable row level security;
alter table playlist_song enable row level security;
create policy own on playlist to authenticated using (is_own(owner)) with check (is_own(owner));
create policy own_songs on playlist_song to authenticated
    using (owns_playlist(playlist)) with check (owns_playlist(playlist));
