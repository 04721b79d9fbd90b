-- finds: update_binds_less info app.note notes_change
-- The SELECT policy binds the team too, so that a statement with WHERE or RETURNING is refused.
create table team_member (team int not null, user_id uuid not null, primary key (team, user_id));
create table note (id int primary key, team int not null, author uuid not null);
alter table team_member enable row level security;
alter table note enable row level security;
create policy own_memberships on team_member for select to authenticated
    using (user_id = auth.uid());
create policy notes on note for select to authenticated
    using (team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy notes_found on note for insert to authenticated
    with check (author = auth.uid()
                and team in (select m.team from team_member m where m.user_id = auth.uid()));
create policy notes_change on note for update to authenticated using (author = auth.uid());

insert into team_member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
insert into note values (1, 1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    begin
        update note set team = 2 where id = 1;
        raise exception 'moved with a condition';
    exception when insufficient_privilege then null;
    end;
    update note set team = 2;
    assert found, 'not moved without a condition';
end
$$;
select authguard.act_reset();
