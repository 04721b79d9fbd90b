-- finds: role_in_name_only error app.audit service_role_insert
-- Only INSERT, only for users who are signed in.
create table audit (id bigint primary key, who uuid, what text);
alter table audit enable row level security;
create policy service_role_insert on audit for insert to authenticated with check (true);

select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into audit values (1, '00000000-0000-0000-0000-00000000000a', 'forged');
select authguard.act_reset();
