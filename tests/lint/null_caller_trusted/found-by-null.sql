-- finds: null_caller_trusted error app.erase(uuid)
-- A comparison with NULL is not true, so nothing is raised.
create table item (id bigint primary key, owner uuid);
alter table item enable row level security;
create function erase(p_user uuid) returns void
language plpgsql security definer set search_path = app as $$
declare
    caller uuid := auth.uid();
begin
    if caller != p_user then
        raise exception 'forbidden';
    end if;
    delete from item where owner = p_user;
end
$$;

insert into item values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as('anon', null);
select erase('00000000-0000-0000-0000-00000000000a');
select authguard.act_reset();
do $$ begin assert not exists (select from item); end $$;
