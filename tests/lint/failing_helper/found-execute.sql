-- finds: failing_helper error app.documents members
-- The policy's role may not call the helper.
create table documents (id bigint primary key, owner uuid);
alter table documents enable row level security;
create function is_mine(o uuid) returns boolean language sql stable as
$$ select o = auth.uid() $$;
revoke execute on function is_mine(uuid) from public;
grant execute on function is_mine(uuid) to service_role;
create policy members on documents for select to authenticated using (is_mine(owner));

insert into documents values (1, null);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin
    perform from documents;
    assert false;
exception when insufficient_privilege then
    null;
end $$;
select authguard.act_reset();
