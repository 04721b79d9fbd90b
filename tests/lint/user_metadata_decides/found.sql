-- finds: user_metadata_decides error app.invoice staff_read
-- The user writes user_metadata himself, so anyone is staff.
create table invoice (id int primary key);
alter table invoice enable row level security;
create policy staff_read on invoice for select to authenticated
    using (((auth.jwt() -> 'user_metadata') ->> 'role') = 'staff');

insert into invoice values (1);
select authguard.act_as('authenticated',
    '{"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "role": "authenticated",
                          "user_metadata": {"role": "staff"}}');
do $$ begin assert exists (select from invoice); end $$;
select authguard.act_reset();
