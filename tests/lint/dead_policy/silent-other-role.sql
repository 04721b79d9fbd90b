-- finds: nothing
-- The restrictive policy is for requests without a token alone.
create table report (id int primary key, owner uuid not null);
alter table report enable row level security;
create policy own on report for select using (owner = auth.uid());
create policy not_anon on report as restrictive to anon using (false);
