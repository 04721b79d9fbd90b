-- finds: captured_name error app.a read
-- finds: captured_name error app.b read
-- finds: captured_name error app.c read
-- finds: captured_name error app.d read
create table member (id bigint, org_id bigint, user_id uuid, name text);
create table a (id bigint, org_id bigint);
create table b (id bigint, org_id bigint);
create table c (id bigint, org_id bigint, name text);
create table d (id bigint, org_id bigint);
alter table member enable row level security;
alter table a enable row level security;
alter table b enable row level security;
alter table c enable row level security;
alter table d enable row level security;
create policy own_rows on member for select to authenticated using (user_id = auth.uid());
-- The argument of a helper in SQL is shadowed by the column of its name.
create function is_member(org_id bigint) returns boolean
language sql stable security definer set search_path = app as
$$ select exists (select 1 from member m where m.org_id = org_id and m.user_id = auth.uid()) $$;
create policy read on a for select to authenticated using (is_member(org_id));
-- The id is the member's.
create policy read on b for select to authenticated using (exists (
    select 1 from member where user_id = auth.uid() and org_id = id));
-- An operator on an array, in a scalar sub-select.
create policy read on c for select to authenticated using (auth.uid() = (
    select m.user_id from member m
     where m.org_id::text = any (string_to_array(name, '/')) limit 1));
-- NOT EXISTS is not followed; this is EXISTS with a join.
create policy read on d for select to authenticated using (exists (
    select 1 from member m join member o on o.org_id = m.org_id
    where m.user_id = auth.uid() and m.org_id = m.id));

insert into member values (9, 2, '00000000-0000-0000-0000-00000000000b', '2/x');
insert into a values (1, 1);
insert into c values (1, 1, 'x');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert exists (select from a) and exists (select from c); end $$;
select authguard.act_reset();
