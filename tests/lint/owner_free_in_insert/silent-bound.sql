-- finds: nothing
-- INSERT binds the author, by a helper.
create table comment (id int primary key, author uuid not null, body text not null);
create function is_me(id uuid) returns bool language sql stable
begin atomic
    select id = auth.uid();
end;
alter table comment enable row level security;
create policy everybody_reads on comment for select to authenticated using (true);
create policy users_add on comment for insert to authenticated with check (is_me(author));
create policy own_change on comment for update to authenticated using (is_me(author));
create policy own_remove on comment for delete to authenticated using (is_me(author));
