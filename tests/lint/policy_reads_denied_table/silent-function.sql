-- finds: nothing
-- A SECURITY DEFINER function reads with the rights of its owner.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table subscriber (user_id uuid primary key, until date not null);
create table article (id int primary key, body text not null);
grant select on article to authenticated;
create function subscribes() returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from subscriber s where s.user_id = auth.uid());
end;
alter table subscriber enable row level security;
alter table article enable row level security;
create policy members_read on article for select to authenticated using ((select subscribes()));
