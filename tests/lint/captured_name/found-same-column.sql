-- finds: captured_name error app.documents members_read
-- `org_id` on both sides is the member's own: every member of any organization reads all.
create table members (org_id bigint, user_id uuid);
create table documents (id bigint primary key, org_id bigint);
alter table members enable row level security;
alter table documents enable row level security;
create policy own_rows on members for select to authenticated using (user_id = auth.uid());
create policy members_read on documents for select to authenticated using (
    auth.uid() in (select m.user_id from members m where m.org_id = org_id));

insert into members values (2, '00000000-0000-0000-0000-00000000000b');
insert into documents values (1, 1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert exists (select from documents); end $$;
select authguard.act_reset();
