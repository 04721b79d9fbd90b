-- finds: nothing
-- For everybody, and bound to the caller: auth.uid() of a request without a token is NULL.
create table bookmark (id bigint primary key generated always as identity,
    owner uuid not null default auth.uid(), url text not null);
alter table bookmark enable row level security;
create policy "Users see their bookmarks" on bookmark for select using (auth.uid() = owner);
create policy "Users add bookmarks" on bookmark for insert with check (auth.uid() = owner);
create policy "Users change their bookmarks" on bookmark for update
    using (auth.uid() = owner) with check (auth.uid() = owner);
create policy "Users remove their bookmarks" on bookmark for delete using (auth.uid() = owner);
