-- finds: nothing
-- What a row begins as is no right of its author: he publishes it later.
create table post (id int primary key, author uuid not null, status text not null default 'draft');
alter table post enable row level security;
create policy own_posts on post for select to authenticated using (author = auth.uid());
create policy own_posts_found on post for insert to authenticated
    with check (author = auth.uid() and status = 'draft');
create policy own_posts_change on post for update to authenticated using (author = auth.uid());
