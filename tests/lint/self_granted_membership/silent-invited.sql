-- finds: nothing
-- Whoever joins has been invited; whoever founds a team becomes its first member.
create table team (id bigint primary key, founder uuid not null default auth.uid());
create table invitation (team_id bigint references team, email text);
create table member (team_id bigint references team, user_id uuid, primary key (team_id, user_id));
create table document (id bigint primary key, team_id bigint references team, body text);
alter table team enable row level security;
alter table invitation enable row level security;
alter table member enable row level security;
alter table document enable row level security;
create policy found_a_team on team for insert to authenticated with check (founder = auth.uid());
create policy own_teams on team for select to authenticated using (founder = auth.uid());
create policy own_rows on member for select to authenticated using (user_id = auth.uid());
create policy my_invitations on invitation for select to authenticated
    using (email = auth.jwt() ->> 'email');
create policy accept on member for insert to authenticated with check (
    user_id = auth.uid() and exists (
        select from invitation i
        where i.team_id = member.team_id and i.email = auth.jwt() ->> 'email'));
create policy first_member on member for insert to authenticated with check (
    user_id = auth.uid()
    and team_id in (select t.id from team t where t.founder = auth.uid()));
create policy members_read on document for select to authenticated using (
    exists (select from member m where m.team_id = document.team_id and m.user_id = auth.uid()));
