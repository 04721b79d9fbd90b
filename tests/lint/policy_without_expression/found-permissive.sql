-- finds: policy_without_expression warning app.report everybody_adds
-- A permissive policy without an expression permits nothing.
create table report (id int primary key);
alter table report enable row level security;
create policy everybody_adds on report for insert to authenticated;

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into report values (1);
    raise exception 'permitted';
exception when insufficient_privilege then null;
end
$$;
select authguard.act_reset();
