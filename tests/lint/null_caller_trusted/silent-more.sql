-- finds: nothing
create table item (id bigint primary key, owner uuid, public boolean);
create table member (org bigint, user_id uuid);
alter table item enable row level security;
alter table member enable row level security;
create function s1(p_org bigint) returns boolean
language sql stable security definer set search_path = app as
$$ select exists (select 1 from member m where m.org = p_org and m.user_id = auth.uid()) $$;
create function s2() returns boolean language sql stable security definer as
$$ select auth.uid() is null $$;
create function s3(p_user uuid) returns setof item
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() <> p_user then
        raise exception 'no';
    end if;
    return query select * from item where owner = auth.uid();
end $$;
create function s4(p_user uuid) returns setof item
language plpgsql stable security definer set search_path = app as $$
begin
    if coalesce(auth.uid() <> p_user, true) then
        raise exception 'no';
    end if;
    return query select * from item where owner = p_user;
end $$;
create function s5(p_id bigint) returns void
language plpgsql security definer set search_path = app as $$
begin
    if not app.s1(p_id) then
        raise exception 'no';
    end if;
    if auth.uid() <> '00000000-0000-0000-0000-00000000000a' then
        raise exception 'no';
    end if;
    delete from item where id = p_id;
end $$;
create function s6(p_search text default null) returns setof item
language sql stable security definer set search_path = app as
$$ select * from item where public and (p_search is null or p_search = 'x') $$;
create function s7() returns setof item
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is null then
        return query select * from item where public;
        return;
    end if;
    return query select * from item where owner = auth.uid();
end $$;
create function s8(p_user uuid) returns void
language plpgsql security definer set search_path = app as $$
begin
    perform auth.require_active();
    if auth.uid() is null or auth.uid() <> p_user then
        return;
    end if;
    delete from item where owner = p_user;
end $$;
