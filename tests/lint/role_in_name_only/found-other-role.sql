-- finds: anyone_may_write error app.queue worker_bot writes results
-- finds: role_in_name_only error app.queue worker_bot writes results
-- The name begins with a role that exists, and is no client's.
create role worker_bot nologin;
create table queue (id bigint primary key, result text);
alter table queue enable row level security;
grant all on queue to worker_bot;
create policy "worker_bot writes results" on queue for update using (1 = 1);
create policy read on queue for select using (true);
insert into queue values (1, null);
select authguard.act_as('anon', null);
update queue set result = 'forged';
do $$ begin assert exists (select from queue where result = 'forged'); end $$;
select authguard.act_reset();
