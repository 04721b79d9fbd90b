-- finds: nothing
-- The columns that the policy reads are granted.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table subscriber (user_id uuid primary key, until date not null);
create table article (id int primary key, body text not null);
grant select on article to authenticated;
grant select (user_id) on subscriber to authenticated;
alter table subscriber enable row level security;
alter table article enable row level security;
create policy own on subscriber for select to authenticated using (user_id = auth.uid());
create policy members_read on article for select to authenticated
    using (exists (select from subscriber s where s.user_id = auth.uid()));
