-- finds: nothing
-- NULL is refused, the row decides too, the policy only restricts, or no anonymous request comes.
alter default privileges in schema app revoke all on tables from anon, authenticated;
create table note (id int primary key, owner uuid not null, is_public bool not null);
create table draft (id int primary key, owner uuid not null);
grant select, insert, update, delete on note to anon, authenticated;
grant select on draft to authenticated;
alter table note enable row level security;
alter table draft enable row level security;
create policy own on note for select using (owner = auth.uid() or is_public);
create policy some_user on note for insert with check (auth.uid() is not null and owner =
    auth.uid());
create policy not_revoked on note as restrictive using (not auth.is_revoked());
create policy no_guest on note as restrictive for update
    using ((auth.jwt() ->> 'is_anonymous') is distinct from 'true');
create policy change on note for update using ((owner = auth.uid()) is true);
create policy signed_in on draft for select to authenticated
    using ((auth.jwt() ->> 'is_anonymous') is distinct from 'true');
