-- finds: failing_helper error app.a read
-- finds: failing_helper error app.b read
-- finds: failing_helper error app.c read
-- finds: failing_helper error app.d read
-- An ambiguous name, a column that is gone, a table without a right, a UUID and a text.
create table member (org_id bigint, user_id uuid);
create table secret (org_id bigint, user_id uuid);
create table a (id bigint, org_id bigint);
create table b (id bigint, org_id bigint);
create table c (id bigint, org_id bigint);
create table d (id bigint, org_id bigint);
alter table member enable row level security;
alter table a enable row level security;
alter table b enable row level security;
alter table c enable row level security;
alter table d enable row level security;
revoke all on secret from anon, authenticated;
create policy own_rows on member for select to authenticated using (user_id = auth.uid());
create function f1(org_id bigint) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    return exists (select 1 from member m where m.org_id = org_id and m.user_id = auth.uid());
end $$;
create function f2(org bigint) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    return exists (select 1 from member m where m.organization_id = org);
end $$;
create function f3(org bigint) returns boolean
language sql stable set search_path = app as
$$ select exists (select 1 from secret s where s.org_id = org) $$;
create function f4(org bigint) returns boolean
language plpgsql stable security definer set search_path = app as $$
declare
    who text := auth.uid();
begin
    return exists (select 1 from member m where m.user_id = who and m.org_id = org);
end $$;
create policy read on a for select to authenticated using (f1(org_id));
create policy read on b for select to authenticated using (f2(org_id));
create policy read on c for select to authenticated using (f3(org_id));
create policy read on d for select to authenticated using (f4(org_id));
insert into a values (1, 1);
insert into b values (1, 1);
insert into c values (1, 1);
insert into d values (1, 1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$
declare
    name text;
    failed int := 0;
begin
    foreach name in array array['a', 'b', 'c', 'd'] loop
        begin
            execute format('select count(*) from %I', name);
        exception when others then
            failed := failed + 1;
        end;
    end loop;
    assert failed = 4, failed;
end $$;
select authguard.act_reset();
