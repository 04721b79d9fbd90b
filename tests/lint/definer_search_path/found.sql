-- finds: definer_search_path warning app.is_member(integer)
-- A client that can run SQL makes a temporary table of that name, and is a member everywhere.
create table member (team int not null, user_id uuid not null);
create table task (id int primary key, team int not null);
create function is_member(of_team int) returns bool language sql stable security definer as $$
    select exists (select from member m where m.team = of_team and m.user_id = auth.uid())
$$;
alter table member enable row level security;
alter table task enable row level security;
create policy members on task for select to authenticated using (is_member(team));

insert into task values (1, 1);
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    assert not exists (select from task);
    create temp table member (team int, user_id uuid) on commit drop;
    grant select on member to public;
    insert into member values (1, auth.uid());
    assert exists (select from task), 'not captured';
    drop table pg_temp.member;
end
$$;
select authguard.act_reset();
