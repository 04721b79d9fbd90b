-- finds: failing_helper error app.documents admins
-- An enum is compared with a text: no client can read the table.
create type member_role as enum ('admin', 'reader');
create table members (user_id uuid, role member_role);
create table documents (id bigint primary key);
alter table members enable row level security;
alter table documents enable row level security;
create function has_role(wanted text) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    return exists (select 1 from members m where m.user_id = auth.uid() and m.role = wanted);
end
$$;
create policy admins on documents for select to authenticated using (has_role('admin'));

insert into documents values (1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin
    perform from documents;
    assert false;
exception when undefined_function then
    null;
end $$;
select authguard.act_reset();
