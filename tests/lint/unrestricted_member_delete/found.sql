-- finds: unrestricted_member_delete warning app.member remove_member
-- Any member removes any other, the owner included.
create table team (id bigint primary key);
create table member (team_id bigint references team, user_id uuid, role text);
create table document (id bigint primary key, team_id bigint);
alter table member enable row level security;
alter table document enable row level security;
create function my_teams() returns setof bigint
language sql stable security definer set search_path = app as
$$ select team_id from member where user_id = auth.uid() $$;
create policy see on member for select to authenticated using (team_id in (select my_teams()));
create policy remove_member on member for delete to authenticated
    using (team_id in (select my_teams()));
create policy members_read on document for select to authenticated
    using (team_id in (select my_teams()));

insert into team values (1);
insert into member values
    (1, '00000000-0000-0000-0000-00000000000a', 'owner'),
    (1, '00000000-0000-0000-0000-00000000000b', 'reader');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
delete from member where role = 'owner';
do $$ begin assert not exists (select from member where role = 'owner'); end $$;
select authguard.act_reset();
