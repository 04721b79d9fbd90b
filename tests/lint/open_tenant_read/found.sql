-- finds: open_tenant_read warning app.organizations Anyone signed in can look
-- Every user reads the list of all organizations, though only members may change one.
create table organizations (id uuid primary key, name text, billing_email text);
create table members (org_id uuid references organizations, user_id uuid, role text);
create table projects (id bigint primary key, org_id uuid references organizations);
alter table organizations enable row level security;
alter table members enable row level security;
alter table projects enable row level security;
create policy "Anyone signed in can look" on organizations for select to authenticated using (true);
create policy "Admins change" on organizations for update to authenticated using (
    exists (select 1 from members m
             where m.org_id = organizations.id and m.user_id = auth.uid() and m.role = 'admin'));
create policy own_rows on members for select to authenticated using (user_id = auth.uid());
create policy members_read on projects for select to authenticated
    using (org_id in (select m.org_id from members m where m.user_id = auth.uid()));

insert into organizations values ('00000000-0000-0000-0000-0000000000aa', 'a', 'pay@a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert exists (select from organizations where billing_email = 'pay@a'); end $$;
select authguard.act_reset();
