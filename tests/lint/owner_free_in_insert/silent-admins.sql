-- finds: nothing
-- Who adds rows for others has a role that allows it; and a member is added by another one.
create table staff (user_id uuid primary key, role text not null);
create table ticket (id int primary key, customer uuid not null);
create table seat (room int not null, user_id uuid not null, primary key (room, user_id));
create function is_agent() returns bool
language sql stable security definer set search_path = '' as $$
    select exists (select from app.staff s where s.user_id = auth.uid() and s.role = 'agent')
$$;
create function sits_in(of_room int) returns bool
language sql stable security definer set search_path = '' as $$
    select exists (select from app.seat s where s.room = of_room and s.user_id = auth.uid())
$$;
revoke insert, update on seat from anon, authenticated;
grant insert on seat to authenticated;
alter table staff enable row level security;
alter table ticket enable row level security;
alter table seat enable row level security;
create policy read on ticket for select to authenticated using (customer = auth.uid());
create policy agents_add on ticket for insert to authenticated with check ((select is_agent()));
create policy customers_change on ticket for update to authenticated
    using (customer = auth.uid());
create policy customers_remove on ticket for delete to authenticated
    using (customer = auth.uid());
create policy read on seat for select to authenticated using (sits_in(room));
create policy invite on seat for insert to authenticated with check (sits_in(room));
create policy move on seat for update to authenticated using (user_id = auth.uid());
create policy leave on seat for delete to authenticated using (user_id = auth.uid());
