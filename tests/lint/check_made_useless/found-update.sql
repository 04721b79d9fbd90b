-- finds: check_made_useless error app.tickets handlers
-- The conditions of UPDATE are ORed apart from its checks: the owner's check does not hold.
create table tickets (id bigint primary key, owner uuid, handler uuid);
alter table tickets enable row level security;
create policy read on tickets for select to authenticated
    using (owner = auth.uid() or handler = auth.uid());
create policy handlers on tickets for update to authenticated
    using (handler = auth.uid()) with check (true);
create policy owners on tickets for update to authenticated
    using (owner = auth.uid()) with check (owner = auth.uid());

insert into tickets values (1, '00000000-0000-0000-0000-00000000000b', null);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
update tickets set owner = '00000000-0000-0000-0000-00000000000a', handler = auth.uid();
do $$ begin assert exists (select from tickets where owner <> auth.uid()); end $$;
select authguard.act_reset();
