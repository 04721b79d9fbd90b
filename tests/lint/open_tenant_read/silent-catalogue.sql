-- finds: nothing
-- Lists that are meant for everybody: products and plans, written by an administrator; posts,
-- written by their authors; profiles.
create table plans (id bigint primary key, name text, price int);
create table products (id bigint primary key, name text);
create table admins (user_id uuid primary key);
create table posts (id bigint primary key, author uuid, body text);
create table profiles (id uuid primary key, name text);
alter table plans enable row level security;
alter table products enable row level security;
alter table admins enable row level security;
alter table posts enable row level security;
alter table profiles enable row level security;
create policy own_row on admins for select to authenticated using (user_id = auth.uid());
create policy plans_read on plans for select using (true);
create policy products_read on products for select using (true);
create policy products_write on products to authenticated
    using (exists (select from admins a where a.user_id = auth.uid()));
create policy posts_read on posts for select using (true);
create policy posts_insert on posts for insert with check (author = auth.uid());
create policy posts_update on posts for update using (author = auth.uid());
create policy posts_delete on posts for delete using (author = auth.uid());
create policy profiles_read on profiles for select using (true);
create policy profiles_update on profiles for update using (id = auth.uid());
