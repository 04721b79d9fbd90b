-- finds: unrestricted_member_delete warning app.participants manage
-- A FOR ALL policy for every user who is signed in.
create table rooms (id bigint primary key);
create table participants (room_id bigint references rooms, user_id uuid);
create table messages (id bigint primary key, room_id bigint, body text);
alter table participants enable row level security;
alter table messages enable row level security;
create policy manage on participants to authenticated using (auth.uid() is not null)
    with check (false);
create policy read on messages for select to authenticated using (
    auth.uid() in (select p.user_id from participants p where p.room_id = messages.room_id));

insert into rooms values (1);
insert into participants values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
delete from participants where room_id = 1;
select authguard.act_reset();
do $$ begin assert not exists (select from participants); end $$;
