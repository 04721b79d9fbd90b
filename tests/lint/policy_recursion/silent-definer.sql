-- finds: nothing
-- A SECURITY DEFINER function reads the table past its policies, so nothing goes round.
create table member (team int not null, user_id uuid not null);
create function own_teams() returns setof int
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select m.team from member m where m.user_id = auth.uid();
end;
alter table member enable row level security;
create policy team_members on member for select to authenticated
    using (team in (select own_teams()));

insert into member values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
                          (1, 'b0000000-0000-4000-8000-00000000000b');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert 2 = (select count(*) from member); end $$;
select authguard.act_reset();
