-- finds: nothing
-- No client has a privilege on the table.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table note (id int primary key, owner uuid not null);
create policy own_notes on note for select to authenticated using (owner = auth.uid());
