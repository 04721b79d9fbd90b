-- finds: nothing
-- The check of UPDATE binds the team as INSERT does.
create table team_member (team int not null, user_id uuid not null, primary key (team, user_id));
create table document (id int primary key, team int not null, author uuid not null);
alter table team_member enable row level security;
alter table document enable row level security;
create policy own_memberships on team_member for select to authenticated
    using (user_id = auth.uid());
create policy own_documents on document for select to authenticated using (author = auth.uid());
create policy own_documents_found on document for insert to authenticated
    with check (author = auth.uid()
                and team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy own_documents_change on document for update to authenticated
    using (author = auth.uid())
    with check (author = auth.uid()
                and exists (select from team_member m
                             where m.user_id = auth.uid() and m.team = document.team));
