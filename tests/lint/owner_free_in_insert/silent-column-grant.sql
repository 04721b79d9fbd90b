-- finds: nothing
-- No client may write the author: the default stands.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table comment (id int primary key, author uuid default auth.uid(), body text not null);
grant select, insert (id, body), update (body), delete on comment to authenticated;
alter table comment enable row level security;
create policy everybody_reads on comment for select to authenticated using (true);
create policy users_add on comment for insert to authenticated
    with check (auth.uid() is not null);
create policy own_change on comment for update to authenticated using (author = auth.uid());
create policy own_remove on comment for delete to authenticated using (author = auth.uid());
