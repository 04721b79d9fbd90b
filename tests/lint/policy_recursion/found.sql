-- finds: policy_recursion error app.member team_members
-- The policy reads its own table: every SELECT fails with 42P17.
create table member (team int not null, user_id uuid not null);
alter table member enable row level security;
create policy team_members on member for select to authenticated
    using (team in (select m.team from member m where m.user_id = auth.uid()));

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    perform from member;
    raise exception 'no error';
exception when invalid_object_definition then null;
end
$$;
select authguard.act_reset();
