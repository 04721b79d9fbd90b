-- finds: self_granted_membership error app.member join_team
-- Whoever knows a team's id joins it, and reads what its members read.
create table team (id bigint primary key, name text);
create table member (team_id bigint references team, user_id uuid, primary key (team_id, user_id));
create table document (id bigint primary key, team_id bigint references team, body text);
alter table team enable row level security;
alter table member enable row level security;
alter table document enable row level security;
create policy own_rows on member for select to authenticated using (user_id = auth.uid());
create policy join_team on member for insert to authenticated
    with check (user_id = (select auth.uid()));
create policy members_read on document for select to authenticated using (
    exists (select from member m where m.team_id = document.team_id and m.user_id = auth.uid()));

insert into team values (1, 'a');
insert into document values (1, 1, 'of team 1');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert not exists (select from document); end $$;
insert into member values (1, auth.uid());
do $$ begin assert exists (select from document); end $$;
select authguard.act_reset();
