-- finds: self_granted_membership error app.participants participants_all
-- A FOR ALL policy without WITH CHECK; the reader says IN, with a cast.
create table rooms (id bigint primary key);
create table participants (room_id bigint references rooms, who text);
create table messages (id bigint primary key, room_id bigint references rooms, body text);
alter table participants enable row level security;
alter table messages enable row level security;
create policy participants_all on participants to authenticated using (who = auth.uid()::text);
create policy read_messages on messages for select to authenticated using (
    room_id in (select p.room_id from participants p where p.who = auth.uid()::text));

insert into rooms values (1);
insert into messages values (1, 1, 'private');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into participants values (1, auth.uid()::text);
do $$ begin assert exists (select from messages); end $$;
select authguard.act_reset();
