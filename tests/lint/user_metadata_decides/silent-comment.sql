-- finds: nothing
-- A comment is no condition, and a name to greet by is none either.
create table invoice (id int primary key);
create function is_staff() returns bool language sql stable as $$
    -- Not auth.jwt() -> 'user_metadata': the user writes that.
    select (auth.jwt() -> 'app_metadata' ->> 'role') = 'staff'
$$;
create function greeting() returns text language sql stable as $$
    select 'Hello ' || (auth.jwt() -> 'user_metadata' ->> 'name')
$$;
alter table invoice enable row level security;
create policy staff_read on invoice for select to authenticated using ((select is_staff()));
