-- finds: nothing
-- A form that anyone may fill in, which nobody reads back; one that only a role with BYPASSRLS
-- writes.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table message (id int primary key, body text not null);
create table page_view (id int primary key);
grant insert on message to anon, authenticated;
grant select, delete on page_view to anon, authenticated;
alter table message enable row level security;
alter table page_view enable row level security;
create policy anyone_writes on message for insert with check (true);
create policy read on page_view for select using (true);
create policy nobody on page_view for delete using (false);
create policy support on page_view to service_role using (true);
