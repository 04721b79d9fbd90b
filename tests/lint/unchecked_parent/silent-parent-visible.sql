-- finds: nothing
-- Everybody sees the parent, or everybody who is signed in; the parent is a list without policies
-- for clients; the key is to the user.
create table users (id uuid primary key);
create table posts (id bigint primary key, author uuid references users);
create table events (id bigint primary key, host uuid);
create table categories (id bigint primary key, name text);
create table comments (
    id bigint primary key, post_id bigint references posts, author uuid references users,
    category bigint references categories);
create table visits (event_id bigint references events, visitor uuid references users);
alter table users enable row level security;
alter table posts enable row level security;
alter table events enable row level security;
alter table comments enable row level security;
alter table visits enable row level security;
create policy me on users for select to authenticated using (id = auth.uid());
create policy posts_read on posts for select using (true);
create policy posts_write on posts for update using (author = auth.uid());
create policy events_read on events for select to authenticated using (auth.uid() is not null);
create policy comment on comments for insert to authenticated with check (author = auth.uid());
create policy visit on visits for insert to authenticated with check (visitor = auth.uid());
