-- finds: nothing
-- The caller is tested, by a reader, by a helper, by a header of the request, by a membership.
create table note (id int primary key, owner uuid, cart text, team int);
create table member (team int not null, user_id uuid not null);
create function may_write(note_id int) returns bool language plpgsql stable as $$
begin
    return auth.uid() is not null;
end
$$;
alter table note enable row level security;
alter table member enable row level security;
create policy own on note using (owner = auth.uid());
create policy own_membership on member for select using (user_id = auth.uid());
create policy helped on note for update using (may_write(id));
create policy by_header on note for delete
    using (cart = (current_setting('request.headers', true)::json ->> 'x-cart'));
create policy by_membership on note for update using (team in (select m.team from member m));
