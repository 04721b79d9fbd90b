-- finds: nothing
-- The view reads the table with the rights of its owner; clients may read the view.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table subscriber (user_id uuid primary key, until date not null);
create view own_subscription as select s.until from subscriber s where s.user_id = auth.uid();
create table article (id int primary key, body text not null);
grant select on article, own_subscription to authenticated;
alter table article enable row level security;
create policy members_read on article for select to authenticated
    using (exists (select from own_subscription s where s.until >= current_date));
