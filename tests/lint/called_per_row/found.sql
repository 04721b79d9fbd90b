-- finds: called_per_row info app.note by_helper
-- finds: called_per_row info app.note by_setting
-- finds: called_per_row info app.note own_notes
-- A function that is not stable, a setting, and a helper: each is called for each row.
create table note (id int primary key, owner uuid not null, region text);
create function me() returns uuid language sql as $$ select auth.uid() $$;
create function my_region() returns text language plpgsql stable as $$
begin
    return auth.claim_text('region');
end
$$;
alter table note enable row level security;
create policy own_notes on note for select to authenticated using (owner = me());
create policy by_setting on note for insert to authenticated
    with check (region = current_setting('app.region', true));
create policy by_helper on note for update to authenticated using (region = my_region());
