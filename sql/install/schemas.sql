\echo Use "create extension authguard" to load this file. \quit

-- Until the library is loaded, its settings are placeholders that anybody may set. It keeps only
-- values that a superuser has set, so that authguard.adopt below is a superuser's decision. The
-- check of a function's body loads it from where all functions will have it: on Postgres 18,
-- `load` would not look along dynamic_library_path for a name that begins with $libdir.
create function pg_catalog.authguard_load() returns trigger language c
as 'MODULE_PATHNAME', 'authguard_invalidate';
drop function pg_catalog.authguard_load();

-- The owner of a database may choose other defaults for it. The library reads tables of this
-- access method only, and adopt.sql compares names as they are printed.
set local default_table_access_method = heap;
set local quote_all_identifiers = off;

-- A schema that somebody else made may hold hostile objects (CVE-2022-2625): authguard is never
-- reused, and auth only when a superuser says so (see adopt.sql).
do $$
declare
    adopt pg_catalog.bool := pg_catalog.current_setting('authguard.adopt');
    taken pg_catalog.name[];
begin
    select pg_catalog.array_agg(n.nspname order by n.nspname)
      into taken
      from pg_catalog.pg_namespace n
     where n.nspname operator(pg_catalog.=) 'authguard'
        or n.nspname operator(pg_catalog.=) 'auth' and not adopt;
    if taken is not null then
        raise exception using
            errcode = 'duplicate_schema',
            message = pg_catalog.format('authguard needs to create schema %s, which exists already',
                                        pg_catalog.array_to_string(taken, ', ')),
            detail = 'Nothing was changed.',
            hint = case when taken operator(pg_catalog.=) array['auth']::pg_catalog.name[]
                then 'If it is Supabase''s, or made like it: set authguard.adopt = on, then create '
                    'the extension again; see docs/supabase.md. Otherwise rename or drop it.'
                else 'Rename or drop it, or install authguard in a database of its own.' end;
    end if;
end
$$;

create schema authguard;
comment on schema authguard is
    'authguard: its state, and functions for operators; authguard.grant_operator(role) grants '
    'access';
