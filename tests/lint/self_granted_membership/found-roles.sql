-- finds: self_granted_membership error app.m1 join
-- finds: self_granted_membership error app.m2 join
-- The check binds a role, and it is one that opens what the reader asks for.
create table team (id bigint primary key);
create table m1 (team_id bigint references team, user_id uuid, role text);
create table m2 (team_id bigint references team, user_id uuid, role text);
create table doc (id bigint primary key, team_id bigint);
alter table team enable row level security;
alter table m1 enable row level security;
alter table m2 enable row level security;
alter table doc enable row level security;
create policy "join" on m1 for insert to authenticated
    with check (user_id = auth.uid() and role = 'viewer');
create policy "join" on m2 for insert to authenticated
    with check (user_id = auth.uid() and role <> 'owner');
create policy see on m1 for select to authenticated using (user_id = auth.uid());
create policy see on m2 for select to authenticated using (user_id = auth.uid());
create policy r1 on doc for select to authenticated using (exists (
    select from m1 where m1.team_id = doc.team_id and m1.user_id = auth.uid()
    and m1.role in ('viewer', 'editor')));
create policy r2 on doc for select to authenticated using (exists (
    select from m2 where m2.team_id = doc.team_id and m2.user_id = auth.uid()
    and m2.role in ('owner', 'editor')));

insert into team values (1);
insert into doc values (1, 1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert not exists (select from doc); end $$;
insert into m1 values (1, auth.uid(), 'viewer');
do $$ begin assert exists (select from doc); end $$;
select authguard.act_reset();
