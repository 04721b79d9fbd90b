-- finds: nothing
-- Requests without a token have no privilege to write.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table announcement (id int primary key, body text not null);
grant select on announcement to anon;
grant select, insert, update, delete on announcement to authenticated;
alter table announcement enable row level security;
create policy manage on announcement for all using (true) with check (true);
