-- finds: role_in_name_only error app.flags Admins can manage flags
create table flags (id bigint primary key, enabled boolean);
alter table flags enable row level security;
create policy "Admins can manage flags" on flags to authenticated using (true) with check (true);
create policy "Admins and users can read" on flags for select to authenticated using (true);
