-- What each file of these folders starts from: the roles and rights of a common hosted platform.
-- A transaction that is rolled back runs this, one file, and the lint.

do $$
declare
    role record;
begin
    for role in
        values ('anon', 'nologin'), ('authenticated', 'nologin'),
               ('service_role', 'nologin bypassrls'), ('authenticator', 'login noinherit')
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = role.column1) then
            execute format('create role %I %s', role.column1, role.column2);
        end if;
    end loop;
end
$$;
alter role service_role bypassrls;
grant anon, authenticated, service_role to authenticator;

create schema app;
grant usage on schema app to anon, authenticated, service_role;
alter default privileges in schema app
    grant all on tables to anon, authenticated, service_role;
alter default privileges in schema app
    grant usage on sequences to anon, authenticated, service_role;
set local search_path = app;
