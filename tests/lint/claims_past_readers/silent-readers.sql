-- finds: nothing
-- The readers, and a setting that is no claim.
create table note (id int primary key, owner uuid not null default auth.uid(), region text);
alter table note enable row level security;
create policy own_notes on note to authenticated
    using (owner = auth.uid() and region = (select current_setting('app.region', true)));
