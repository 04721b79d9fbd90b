-- finds: owner_free_in_insert warning app.task members_add
-- Whoever is in the team adds a task in the name of another member, or of a stranger.
create table member (team int not null, user_id uuid not null, primary key (team, user_id));
create table task (id int primary key, team int not null, author uuid not null);
create function in_team(of_team int) returns bool
language sql stable security definer set search_path = '' as $$
    select exists (select from app.member m where m.team = of_team and m.user_id = auth.uid())
$$;
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy members_read on task for select to authenticated using (in_team(team));
create policy members_add on task for insert to authenticated with check (in_team(team));
create policy own_change on task for update to authenticated
    using (author = auth.uid() and in_team(team));
create policy own_remove on task for delete to authenticated using (author = auth.uid());

insert into member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into task values (1, 1, 'b0000000-0000-4000-8000-00000000000b');
    assert (select author <> auth.uid() from task);
end
$$;
select authguard.act_reset();
