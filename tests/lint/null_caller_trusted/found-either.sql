-- finds: null_caller_trusted error app.wipe(integer)
-- Whoever has no user takes the branch of the owner.
create table account (id int primary key, owner uuid);
alter table account enable row level security;
create function wipe(p int) returns void
language plpgsql security definer set search_path = app, pg_temp as $$
begin
    if (auth.jwt() ->> 'sub') is null
       or exists (select from account a where a.id = p and a.owner = auth.uid()) then
        delete from account where id = p;
    end if;
end
$$;
-- A near miss: nothing is read or written for whoever has no user.
create function whoami() returns text
language plpgsql security definer set search_path = app, pg_temp as $$
begin
    if auth.uid() is null then
        return 'nobody';
    end if;
    return auth.uid()::text;
end
$$;
