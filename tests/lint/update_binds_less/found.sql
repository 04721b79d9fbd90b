-- finds: update_binds_less warning app.document own_documents_change
-- A document is founded in a team of one's own, and may then be moved into any other.
create table team_member (team int not null, user_id uuid not null, primary key (team, user_id));
create table document (
    id int primary key, team int not null, author uuid not null, body text not null);
alter table team_member enable row level security;
alter table document enable row level security;
create policy own_memberships on team_member for select to authenticated
    using (user_id = auth.uid());
create policy own_documents on document for select to authenticated using (author = auth.uid());
create policy own_documents_found on document for insert to authenticated
    with check (author = auth.uid()
                and team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy own_documents_change on document for update to authenticated
    using (author = auth.uid());

insert into team_member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
insert into document values (1, 1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'mine');
do $$
begin
    begin
        insert into document values (2, 2, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'theirs');
        raise exception 'inserted into a foreign team';
    exception when insufficient_privilege then null;
    end;
    update document set team = 2 where id = 1;
    assert found, 'not moved into a foreign team';
end
$$;
select authguard.act_reset();
