-- finds: captured_name error app.documents read
-- The inner table has no such column, so the outer one is compared with itself.
create table profiles (id uuid primary key, organization_id bigint);
create table documents (id bigint primary key, org_id bigint);
alter table profiles enable row level security;
alter table documents enable row level security;
create policy me on profiles for select to authenticated using (id = auth.uid());
create policy read on documents for select to authenticated
    using (org_id in (select org_id from profiles where id = auth.uid()));

insert into profiles values ('00000000-0000-0000-0000-00000000000b', 2);
insert into documents values (1, 1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert exists (select from documents); end $$;
select authguard.act_reset();
