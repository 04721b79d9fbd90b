-- finds: nothing
-- The roles are those of the name; the condition asks for the role; the name is of something else;
-- the clients have no privilege.
create table jobs (id bigint primary key, payload text);
create table services (id bigint primary key, name text);
create table internal (id bigint primary key);
alter table jobs enable row level security;
alter table services enable row level security;
alter table internal enable row level security;
revoke all on internal from anon, authenticated;
create policy "Service role can do everything" on jobs to service_role using (true);
create policy "Service role by claim" on jobs using (auth.role() = 'service_role');
create policy "Service role by jwt" on jobs
    using ((select auth.jwt() ->> 'role') = 'service_role');
create policy "Services are visible to everyone" on services for select using (true);
create policy "Service role only" on internal using (true);
