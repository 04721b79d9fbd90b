-- finds: nothing
-- Whoever reads the list reads what belongs to it as well.
create table rooms (id uuid primary key, owner uuid, name text);
create table room_members (room_id uuid references rooms, user_id uuid);
create table messages (id bigint primary key, room_id uuid references rooms);
alter table rooms enable row level security;
alter table room_members enable row level security;
alter table messages enable row level security;
create policy everyone on rooms for select to authenticated using (true);
create policy owner_changes on rooms for update to authenticated using (owner = auth.uid());
create policy everyone_reads on room_members for select to authenticated using (true);
create policy all_messages on messages for select to authenticated using (true);
create policy members_write on messages for insert to authenticated with check (
    room_id in (select m.room_id from room_members m where m.user_id = auth.uid()));
