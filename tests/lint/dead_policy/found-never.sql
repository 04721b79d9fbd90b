-- finds: dead_policy warning app.report staff_read
-- Not spelt `false`, and for more roles than the policy that it makes useless.
create table report (id int primary key, owner uuid not null);
alter table report enable row level security;
create policy staff_read on report for select to authenticated using (owner = auth.uid());
create policy closed on report as restrictive using (1 = 0 and id > 0);

insert into report values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert not exists (select from report); end $$;
select authguard.act_reset();
