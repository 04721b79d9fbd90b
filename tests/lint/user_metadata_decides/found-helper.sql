-- finds: user_metadata_decides error app.invoice staff_read
-- A helper that the policy calls reads it.
create table invoice (id int primary key);
create function is_staff() returns bool language sql stable
begin atomic
    select ((auth.jwt() -> 'user_metadata') ->> 'role') = 'staff';
end;
alter table invoice enable row level security;
create policy staff_read on invoice for select to authenticated using (is_staff());
