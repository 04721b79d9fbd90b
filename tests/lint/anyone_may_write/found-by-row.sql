-- finds: anyone_may_write warning app.booking open_bookings
-- The condition is about the row alone, so it is true for everybody.
create table booking (id int primary key, owner uuid, status text not null);
alter table booking enable row level security;
create policy own on booking for select using (owner = auth.uid());
create policy open_bookings on booking for update using (status = 'open');

insert into booking values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'open');
set local role anon;
do $$
begin
    update booking set owner = null;
    assert found;
end
$$;
reset role;
