-- finds: null_caller_trusted error app.payslips(uuid)
-- Without a user the check is skipped.
create table payslip (id bigint primary key, employee uuid, amount int);
alter table payslip enable row level security;
create function payslips(p_user uuid) returns setof payslip
language plpgsql stable security definer set search_path = app as $$
begin
    if auth.uid() is not null and auth.uid() <> p_user then
        raise exception 'not yours' using errcode = '42501';
    end if;
    return query select * from payslip where employee = p_user;
end
$$;

insert into payslip values (1, '00000000-0000-0000-0000-00000000000a', 7);
select authguard.act_as('anon', null);
do $$ begin
    assert exists (select from payslips('00000000-0000-0000-0000-00000000000a'));
end $$;
select authguard.act_reset();
