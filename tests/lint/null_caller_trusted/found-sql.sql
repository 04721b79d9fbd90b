-- finds: null_caller_trusted error app.list_items(uuid)
-- In SQL: no user, all rows.
create table item (id bigint primary key, owner uuid);
alter table item enable row level security;
create function list_items(p_owner uuid default null) returns setof item
language sql stable security definer set search_path = app as $$
    select * from item i where (auth.uid() is null or i.owner = auth.uid())
$$;

insert into item values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as('anon', null);
do $$ begin assert exists (select from list_items()); end $$;
select authguard.act_reset();
