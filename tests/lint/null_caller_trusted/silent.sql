-- finds: nothing
-- NULL is refused, or is nobody; the rights are the caller's; no client may call it; triggers.
create table payslip (id bigint primary key, employee uuid, amount int);
alter table payslip enable row level security;
create function refuses(p_user uuid) returns setof payslip
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is null or auth.uid() <> p_user then
        raise exception 'not yours';
    end if;
    return query select * from payslip where employee = p_user;
end
$$;
create function refuses_first(p_user uuid) returns setof payslip
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is null then
        raise exception 'sign in';
    end if;
    if auth.uid() <> p_user then
        raise exception 'not yours';
    end if;
    return query select * from payslip where employee = p_user;
end
$$;
create function distinct_from(p_user uuid) returns setof payslip
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is distinct from p_user then
        raise exception 'not yours';
    end if;
    return query select * from payslip where employee = p_user;
end
$$;
create function nobody_has_rows() returns setof payslip
language sql stable security definer set search_path = app as
$$ select * from payslip where employee = auth.uid() $$;
create function rights_of_caller(p_user uuid) returns setof payslip
language plpgsql stable as $$
begin
    if auth.uid() is not null and auth.uid() <> p_user then
        raise exception 'not yours';
    end if;
    return query select * from app.payslip where employee = p_user;
end
$$;
create function of_the_server(p_user uuid) returns setof payslip
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is not null and auth.uid() <> p_user then
        raise exception 'not yours';
    end if;
    return query select * from payslip where employee = p_user;
end
$$;
revoke execute on function of_the_server(uuid) from public, anon, authenticated;
create function fill() returns trigger language plpgsql security definer set search_path = app as $$
begin
    if auth.uid() is not null and new.employee <> auth.uid() then
        raise exception 'not yours';
    end if;
    return new;
end
$$;
create trigger fill before insert on payslip for each row execute function fill();
