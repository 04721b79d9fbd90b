-- finds: policy_recursion error app.project member_projects
-- finds: policy_recursion error app.project_member project_owners
-- Two tables whose policies read each other, one of them through a view of the caller's rights.
create table project (id int primary key, owner uuid not null);
create table project_member (project int not null, user_id uuid not null);
create view owned_project with (security_invoker = true) as
    select p.id from project p where p.owner = auth.uid();
alter table project enable row level security;
alter table project_member enable row level security;
create policy member_projects on project for select to authenticated
    using (exists (select from project_member m
                    where m.project = project.id and m.user_id = auth.uid()));
create policy own_memberships on project_member for select to authenticated
    using (user_id = auth.uid());
create policy project_owners on project_member for select to authenticated
    using (project in (select p.id from owned_project p));

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    perform from project;
    raise exception 'no error';
exception when invalid_object_definition then null;
end
$$;
do $$
begin
    perform from project_member;
    raise exception 'no error';
exception when invalid_object_definition then null;
end
$$;
select authguard.act_reset();
