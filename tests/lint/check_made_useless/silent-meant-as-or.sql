-- finds: nothing
-- Reading is meant as OR; the roles differ; administrators do everything, and everybody may write
-- to them; a restrictive policy holds for all.
create table posts (id bigint primary key, author uuid);
create table contact (id bigint primary key, body text);
create table admins (user_id uuid primary key);
create table logs (id bigint primary key, who uuid);
create table votes (id bigint primary key, who uuid);
alter table posts enable row level security;
alter table contact enable row level security;
alter table admins enable row level security;
alter table logs enable row level security;
alter table votes enable row level security;
create policy all_read on posts for select using (true);
create policy own_read on posts for select using (author = auth.uid());
create policy own_write on posts using (author = auth.uid());
create policy own_admin on admins for select to authenticated using (user_id = auth.uid());
create policy anybody_writes on contact for insert with check (true);
create policy admins_all on contact to authenticated
    using (exists (select from admins a where a.user_id = auth.uid()));
create policy service on logs for insert to service_role with check (true);
create policy own on logs for insert to authenticated with check (who = auth.uid());
create policy vote on votes for insert to authenticated with check (true);
create policy vote_own on votes for insert to authenticated with check (who = auth.uid());
create policy bound on votes as restrictive for insert to authenticated
    with check (who = auth.uid());
