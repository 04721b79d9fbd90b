-- finds: nothing
-- A message to another user, whose profile only he sees; a key that a trigger sets; a key that
-- clients may not write; a reply to a message of the same room.
create table profile (id uuid primary key, email text);
create table message (id bigint primary key, sender uuid references profile,
    receiver uuid references profile);
create table room (id bigint primary key, owner uuid);
create table a (id bigint, room_id bigint references room, author uuid);
create table b (id bigint, room_id bigint references room, author uuid);
alter table profile enable row level security;
alter table message enable row level security;
alter table room enable row level security;
alter table a enable row level security;
alter table b enable row level security;
create policy me on profile for select to authenticated using (id = auth.uid());
create policy send on message for insert to authenticated with check (sender = auth.uid());
create policy own on room to authenticated using (owner = auth.uid());
create function set_room() returns trigger language plpgsql security definer
set search_path = app as $$
begin
    new.room_id := (select id from room where owner = auth.uid() limit 1);
    return new;
end $$;
create trigger set_room before insert on a for each row execute function set_room();
create policy add on a for insert to authenticated with check (author = auth.uid());
revoke insert on b from anon, authenticated;
grant insert (id, author) on b to authenticated;
create policy add on b for insert to authenticated with check (author = auth.uid());
