-- finds: anyone_may_write error app.jobs Service role can do everything
-- finds: role_in_name_only error app.jobs Service role can do everything
-- The name says the service role; the roles are everybody.
create table jobs (id bigint primary key, payload text);
alter table jobs enable row level security;
create policy "Service role can do everything" on jobs using (true) with check (true);

insert into jobs values (1, 'secret');
select authguard.act_as('anon', null);
do $$ begin assert exists (select from jobs); end $$;
delete from jobs;
select authguard.act_reset();
do $$ begin assert not exists (select from jobs); end $$;
