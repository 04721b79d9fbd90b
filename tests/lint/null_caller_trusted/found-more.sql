-- finds: null_caller_trusted error app.f1(uuid)
-- finds: null_caller_trusted error app.f2(uuid)
-- finds: null_caller_trusted error app.f3(uuid)
-- finds: null_caller_trusted error app.f4(bigint)
-- finds: null_caller_trusted error app.f5(bigint,uuid)
-- finds: null_caller_trusted error app.f6(uuid)
-- finds: null_caller_trusted warning app.f7(uuid)
-- finds: null_caller_trusted error app.f8(uuid)
create table item (id bigint primary key, owner uuid);
create table member (org bigint, user_id uuid);
create function f1(p_user uuid) returns setof item
language plpgsql security definer set search_path = app as $$
begin
    if auth.uid() is not null then
        if auth.uid() <> p_user then
            raise exception 'no';
        end if;
    end if;
    return query select i.* from item i where i.owner = p_user;
end $$;
create function f2(p_user uuid) returns void
language plpgsql security definer set search_path = app as $$
declare
    caller uuid;
begin
    caller := coalesce(auth.uid(), p_user);
    delete from item where owner = caller;
end $$;
create function f3(p_user uuid) returns setof item
language plpgsql security definer set search_path = app as $$
begin
    if not (p_user = (select auth.uid())) then
        raise exception 'no';
    end if;
    return query select * from item where owner = p_user;
end $$;
create function f4(p_org bigint) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is null then
        return true; -- the server
    end if;
    return exists (select 1 from member m where m.org = p_org and m.user_id = auth.uid());
end $$;
create function f5(p_org bigint, p_user_id uuid) returns boolean
language sql stable security definer set search_path = app as $$
    select p_user_id is null
        or exists (select 1 from member m where m.org = p_org and m.user_id = p_user_id)
$$;
create function f6(p_user uuid) returns bigint
language sql stable security definer set search_path = app as $$
    select count(*) from item where owner = coalesce(auth.uid(), p_user)
$$;
create function f7(p_user uuid) returns setof item
language plpgsql stable security definer set search_path = app as $$
begin
    if (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid <> p_user then
        raise exception 'no';
    end if;
    return query select * from item where owner = p_user;
end $$;
revoke execute on function f7(uuid) from public;
grant execute on function f7(uuid) to authenticated;
create function f8(p_user uuid) returns setof item
language plpgsql stable security definer set search_path = app as $$
declare
    r item;
begin
    if p_user <> auth.uid() then
        raise exception 'no';
    end if;
    for r in select * from item where owner = p_user loop
        return next r;
    end loop;
end $$;
insert into item values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as('anon', null);
do $$ begin
    assert exists (select from f1('00000000-0000-0000-0000-00000000000a'));
    assert exists (select from f3('00000000-0000-0000-0000-00000000000a'));
    assert exists (select from f8('00000000-0000-0000-0000-00000000000a'));
    assert f4(7) and f5(7, null);
    assert f6('00000000-0000-0000-0000-00000000000a') = 1;
    perform f2('00000000-0000-0000-0000-00000000000a');
    assert f6('00000000-0000-0000-0000-00000000000a') = 0;
end $$;
select authguard.act_reset();
