-- finds: nothing
create table note (id int primary key, owner uuid not null);
alter table note enable row level security;
create policy own_notes on note for select to authenticated using (owner = auth.uid());
