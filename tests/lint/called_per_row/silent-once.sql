-- finds: nothing
-- Readers of authguard cost as much as a comparison; others are in a sub-select; or their arguments
-- are of the row.
create table note (id int primary key, owner uuid not null, region text);
create function my_region() returns text language plpgsql stable as $$
begin
    return auth.claim_text('region');
end
$$;
create function of_region(region text) returns bool language sql stable as $$
    select region = auth.claim_text('region')
$$;
alter table note enable row level security;
create policy own_notes on note for select to authenticated using (owner = auth.uid());
create policy by_helper on note for update to authenticated using (region = (select my_region()));
create policy by_row on note for delete to authenticated using (of_region(region));
create policy by_setting on note for insert to authenticated
    with check (region = (select current_setting('app.region', true)));
