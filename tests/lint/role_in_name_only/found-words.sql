-- finds: role_in_name_only error app.hook system can insert
-- finds: role_in_name_only error app.usage ServiceRoleInsert
create table hook (id bigint primary key, body text);
create table usage (id bigint primary key, amount int);
alter table hook enable row level security;
alter table usage enable row level security;
create policy "system can insert" on hook for insert with check (true);
create policy "ServiceRoleInsert" on usage for insert with check (true);
