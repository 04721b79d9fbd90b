-- finds: nothing
-- Each of these runs: a cast, a literal, a domain, text of another kind, an own operator.
create type member_role as enum ('admin', 'reader');
create domain login as text;
create table members (user_id uuid, role member_role, name varchar(20), login login, level smallint);
create table documents (id bigint primary key);
alter table members enable row level security;
alter table documents enable row level security;
create function f1(wanted text) returns boolean language plpgsql stable security definer
    set search_path = app, pg_temp as $$
begin
    return exists (select 1 from app.members m where m.user_id = auth.uid()
        and m.role::text = wanted);
end
$$;
create function f2(wanted text) returns boolean language plpgsql stable security definer
    set search_path = app, pg_temp as $$
begin
    return exists (select 1 from app.members m where m.role = wanted::app.member_role);
end
$$;
create function f3(wanted text, lowest bigint) returns boolean
language plpgsql stable security definer
    set search_path = app, pg_temp as $$
begin
    return exists (select 1 from app.members m where m.role = 'admin' and m.name = wanted
        and m.login = wanted and m.level = lowest and m.role in ('admin', 'reader'));
end
$$;
create function f4(wanted member_role) returns boolean
language plpgsql stable security definer
    set search_path = app, pg_temp as $$
begin
    return exists (select 1 from app.members m where m.role = wanted);
end
$$;
create policy p1 on documents for select to authenticated using (f1('admin') and f2('admin'));
create policy p2 on documents for select to authenticated using (f3('admin', 1) or f4('admin'));
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
select from documents;
select authguard.act_reset();
