-- finds: claims_past_readers warning app.posts posts_old
-- What is compared is the user, not a secret. Profiles are public.
create table profiles (id uuid primary key, name text);
create table posts (id bigint primary key, author uuid references profiles, body text);
alter table profiles enable row level security;
alter table posts enable row level security;
create policy profiles_read on profiles for select to anon, authenticated using (true);
create policy posts_read on posts for select to public using (author = auth.uid());
create policy posts_old on posts for update to public
    using (author = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);
