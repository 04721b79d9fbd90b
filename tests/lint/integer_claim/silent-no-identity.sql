-- finds: nothing
-- A number that is no identity: no entry names it.
create table document (id int primary key, level int not null);
alter table document enable row level security;
create policy by_level on document for select to authenticated
    using (level <= (auth.claim_text('clearance'))::int);
