-- finds: nothing
-- The caller is tested: by a reader, by a helper, by a header of the request, by a membership.
create table note (id int primary key, owner uuid);
create table helped (id int primary key);
create table cart (id int primary key, secret text);
create table task (id int primary key, team int);
create table member (team int not null, user_id uuid not null);
create function may_write(note_id int) returns bool language plpgsql stable as $$
begin
    return exists (select from note n where n.id = note_id and n.owner = auth.uid());
end
$$;
alter table note enable row level security;
alter table helped enable row level security;
alter table cart enable row level security;
alter table task enable row level security;
alter table member enable row level security;
create policy own on note using (owner = auth.uid());
create policy helped on helped for update using (may_write(id));
create policy by_header on cart for delete
    using (secret = (select current_setting('request.headers', true)::json ->> 'x-cart'));
create policy own_membership on member for select using (user_id = auth.uid());
create policy by_membership on task for update using (team in (select m.team from member m));
