-- finds: nothing
-- USING is the check of an UPDATE that has none.
create table note (id bigint primary key generated always as identity,
    owner uuid not null default auth.uid(), body text not null);
alter table note enable row level security;
create policy own_read on note for select to authenticated using (owner = auth.uid());
create policy own_add on note for insert to authenticated with check (owner = auth.uid());
create policy own_change on note for update to authenticated using (owner = auth.uid());
create policy own_remove on note for delete to authenticated using (owner = auth.uid());
