\echo Use "create extension authguard" to load this file. \quit

-- A schema that somebody else made may hold hostile objects, so neither is ever reused
-- (CVE-2022-2625).
do $$
declare
    taken text;
begin
    select pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' order by n.nspname)
      into taken
      from pg_catalog.pg_namespace n
     where n.nspname operator(pg_catalog.=) any (array['auth', 'authguard']::pg_catalog.name[]);
    if taken is not null then
        raise exception using
            errcode = 'duplicate_schema',
            message = pg_catalog.format('authguard needs to create schema %s, which exists already', taken),
            detail = 'Nothing was changed.',
            hint = 'Rename or drop that schema, or install authguard in a database of its own.';
    end if;
end
$$;

create schema auth;
comment on schema auth is
    'authguard: claims and revocation of the current token, for policies and clients';

create schema authguard;
comment on schema authguard is
    'authguard: state and operators; authguard.grant_operator(role) opens it';
