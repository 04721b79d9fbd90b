-- finds: nothing
-- Own rows that no other table's policy reads as membership; likes of public posts; a profile.
create table profiles (id uuid primary key, name text);
create table posts (id bigint primary key, author uuid, body text, published boolean);
create table likes (post_id bigint references posts, user_id uuid, primary key (post_id, user_id));
alter table profiles enable row level security;
alter table posts enable row level security;
alter table likes enable row level security;
create policy p_select on profiles for select using (true);
create policy p_insert on profiles for insert with check (auth.uid() = id);
create policy p_update on profiles for update using (auth.uid() = id);
create policy posts_select on posts for select using (published or author = auth.uid());
create policy posts_insert on posts for insert with check (author = auth.uid());
create policy likes_select on likes for select using (true);
create policy likes_insert on likes for insert with check (user_id = auth.uid());
create policy likes_delete on likes for delete using (user_id = auth.uid());
