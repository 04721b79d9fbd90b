-- finds: nothing
-- The names are the right ones; two columns of the inner table are compared on purpose.
create table objects (id bigint primary key, bucket_id text, name text, owner uuid);
create table teams (id bigint primary key, name text, owner uuid, deputy uuid);
create table admins (user_id uuid, name text);
create table spans (id bigint, owner uuid, since date, until date, name text);
alter table objects enable row level security;
alter table teams enable row level security;
alter table admins enable row level security;
alter table spans enable row level security;
create policy own_teams on teams for select to authenticated using (owner = auth.uid());
create policy own_admin on admins for select to authenticated using (user_id = auth.uid());
create policy own_spans on spans for select to authenticated using (owner = auth.uid());
create policy team_files on objects for select to authenticated using (exists (
    select 1 from teams
    where teams.id::text = (string_to_array(objects.name, '/'))[1] and teams.owner = auth.uid()));
create policy admin_files on objects for select to authenticated
    using (exists (select 1 from admins where user_id = auth.uid() and name <> 'guest'));
create policy team_list on objects for select to authenticated
    using (name in (select t.name from teams t where t.owner = auth.uid()));
create policy no_deputy on objects for select to authenticated using (exists (
    select 1 from teams t
    where t.name = objects.name and t.owner = auth.uid() and t.owner is distinct from t.deputy));
create policy in_time on objects for select to authenticated using (exists (
    select 1 from spans s where s.owner = auth.uid() and s.since < s.until));
