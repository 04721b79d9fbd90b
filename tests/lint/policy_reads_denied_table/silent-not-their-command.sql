-- finds: nothing
-- Clients only read articles: the policy for DELETE is for the editors, who may read both tables.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table editor (user_id uuid primary key);
create table article (id int primary key, body text not null);
grant select on article to authenticated;
alter table editor enable row level security;
alter table article enable row level security;
create policy everyone_reads on article for select to authenticated using (auth.uid() is not null);
create policy editors_remove on article for delete to authenticated
    using (exists (select from editor e where e.user_id = auth.uid()));
