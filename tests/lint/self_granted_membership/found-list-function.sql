-- finds: self_granted_membership error app.memberships m_insert
-- The reader is a function that lists the caller's organizations, in SQL, with an array beside it.
create table orgs (id uuid primary key, name text);
create table memberships (id bigint generated always as identity, org_id uuid, user_id uuid);
create table invoices (id bigint primary key, org_id uuid references orgs, total int);
alter table memberships enable row level security;
alter table invoices enable row level security;
create function my_orgs() returns setof uuid language sql stable security definer
    set search_path = app, pg_temp as
$$ select org_id from app.memberships where user_id = auth.uid() $$;
create policy m_insert on memberships for insert to authenticated
    with check (auth.uid() is not null and user_id = auth.uid());
create policy i_select on invoices for select to authenticated
    using (org_id in (select my_orgs()));
create policy i_update on invoices for update to authenticated
    using (org_id = any (array(select my_orgs())));

insert into orgs values ('00000000-0000-0000-0000-0000000000aa', 'a');
insert into invoices values (1, '00000000-0000-0000-0000-0000000000aa', 7);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into memberships (org_id, user_id)
values ('00000000-0000-0000-0000-0000000000aa', auth.uid());
do $$ begin assert exists (select from invoices); end $$;
select authguard.act_reset();
