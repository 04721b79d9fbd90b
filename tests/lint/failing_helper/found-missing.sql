-- finds: failing_helper error app.doc by_member
-- finds: failing_helper error app.note by_subject
-- A table that was renamed, and a claim that is text beside a uuid.
create table member (org bigint, user_id uuid);
create table doc (id bigint primary key, org bigint);
create table note (id bigint primary key, org bigint);
alter table member enable row level security;
alter table doc enable row level security;
alter table note enable row level security;
set local check_function_bodies = off;
create function in_org(o bigint) returns boolean
language plpgsql stable security definer set search_path = app, pg_temp as $$
begin
    return exists (select from memberships m where m.org = o and m.user_id = auth.uid());
end
$$;
create function is_of(o bigint) returns boolean
language sql stable security definer set search_path = app, pg_temp as $$
    select exists (
        select from member where member.org = o and member.user_id = auth.jwt() ->> 'sub')
$$;
create policy by_member on doc for select to authenticated using (in_org(org));
create policy by_subject on note for select to authenticated using (is_of(org));
-- Near misses: a table that a query names itself.
create function counted(o bigint) returns boolean
language sql stable security definer set search_path = app, pg_temp as $$
    with own as (select m.org from member m where m.user_id = auth.uid())
    select exists (select from own where own.org = o)
$$;
create policy by_count on note for update to authenticated using (counted(org));
