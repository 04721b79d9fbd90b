-- finds: user_metadata_decides error app.invoice staff_read
-- finds: user_metadata_decides error app.ledger staff_read
-- Helpers whose bodies are texts read the claim, and the column that it is made from.
create table accounts (id uuid primary key, raw_user_meta_data jsonb);
create table invoice (id int primary key);
create table ledger (id int primary key);
create function is_staff() returns bool language sql stable as $$
    select (auth.jwt() -> 'user_metadata' ->> 'role') = 'staff'
$$;
create function is_boss() returns bool
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select a.raw_user_meta_data ->> 'role' from app.accounts a
             where a.id = auth.uid()) = 'boss';
end
$$;
alter table accounts enable row level security;
alter table invoice enable row level security;
alter table ledger enable row level security;
create policy staff_read on invoice for select to authenticated using ((select is_staff()));
create policy staff_read on ledger for select to authenticated using ((select is_boss()));

insert into invoice values (1);
select authguard.act_as('authenticated', '{"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                          "role": "authenticated", "user_metadata": {"role": "staff"}}');
do $$ begin assert exists (select from invoice); end $$;
select authguard.act_reset();
