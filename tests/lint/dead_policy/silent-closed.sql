-- finds: nothing
-- Closed on purpose: by false alone, permissive and restrictive, and by no policy at all.
create table closed_by_false (id int primary key);
create table closed_by_restriction (id int primary key);
create table closed_by_default (id int primary key);
alter table closed_by_false enable row level security;
alter table closed_by_restriction enable row level security;
alter table closed_by_default enable row level security;
create policy nobody on closed_by_false using (false);
create policy nobody on closed_by_restriction as restrictive using (false);
