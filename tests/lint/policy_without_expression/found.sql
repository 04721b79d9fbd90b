-- finds: policy_without_expression error app.report staff_only
-- A restrictive policy without an expression restricts nothing.
create table report (id int primary key, owner uuid not null);
alter table report enable row level security;
create policy own on report for select to authenticated using (owner = auth.uid());
create policy staff_only on report as restrictive for select to authenticated;

insert into report values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert exists (select from report); end $$;
select authguard.act_reset();
