-- What every object of the extension is. A change here is a change of the surface: look twice.
\pset format unaligned
\pset tuples_only on

-- A grantee by its name, the owner of the extension as "owner".
create function pg_temp.grants(acl aclitem[], owner oid, kind "char") returns text language sql as $$
    select coalesce(string_agg(case a.grantee when 0 then 'public' when owner then 'owner' else a.grantee::regrole::text end || '=' || a.privilege_type, ', '
                               order by a.grantee = owner desc, a.grantee = 0 desc, a.grantee::regrole::text, a.privilege_type), '-')
      from aclexplode(coalesce(acl, acldefault(kind, owner))) a
     where not (a.grantee = owner and kind in ('r', 'n')) $$;

-- Functions: name | result | language | volatility | parallel | strict | leakproof | security definer
-- | cost | rows | support | settings | grants
select p.oid::regprocedure::text,
       pg_get_function_result(p.oid),
       l.lanname,
       case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
       case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end,
       case when p.proisstrict then 'strict' else 'called on null' end,
       case when p.proleakproof then 'LEAKPROOF' else 'not leakproof' end,
       case when p.prosecdef then 'definer' else 'invoker' end,
       p.procost, p.prorows, p.prosupport,
       coalesce(array_to_string(p.proconfig, '; '), '-'),
       pg_temp.grants(p.proacl, p.proowner, 'f')
  from pg_proc p join pg_language l on l.oid = p.prolang
 where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
 order by p.oid::regprocedure::text collate "C";

-- Relations, schemas: grants beyond the owner's.
select c.oid::regclass::text, c.relkind, c.relpersistence, pg_temp.grants(c.relacl, c.relowner, 'r')
  from pg_class c
 where c.relnamespace in ('auth'::regnamespace, 'authguard'::regnamespace) and c.relkind in ('r', 'v', 'S', 'p')
 order by c.oid::regclass::text collate "C";
select n.nspname, pg_temp.grants(n.nspacl, n.nspowner, 'n')
  from pg_namespace n where n.nspname in ('auth', 'authguard') order by 1;

-- Indexes, triggers and checks of the table.
select pg_get_indexdef(indexrelid) from pg_index where indrelid = 'authguard.revocation'::regclass order by pg_get_indexdef(indexrelid) collate "C";
select tgenabled, pg_get_triggerdef(oid) from pg_trigger where tgrelid = 'authguard.revocation'::regclass and not tgisinternal order by tgname;
select conname from pg_constraint where conrelid = 'authguard.revocation'::regclass and contype = 'c' order by conname;

-- The dump keeps the entries.
select unnest(extconfig)::regclass::text from pg_extension where extname = 'authguard';
select extnamespace::regnamespace, extrelocatable from pg_extension where extname = 'authguard';

-- Nothing is without a comment; nothing in the schemas is no member of the extension.
with member as (
    select d.classid, d.objid from pg_depend d
     where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
       and d.refobjid = (select oid from pg_extension where extname = 'authguard')
)
select 'members without a comment', count(*) from member m
 where m.classid in ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_namespace'::regclass)
   and not exists (select from pg_index i where i.indexrelid = m.objid)
   and obj_description(m.objid, (select relname from pg_class where oid = m.classid)) is null
union all
select 'columns without a comment', count(*) from pg_attribute a
 where a.attrelid in (select m.objid from member m join pg_class c on c.oid = m.objid
                        where m.classid = 'pg_class'::regclass and c.relkind <> 'S') and a.attnum > 0 and not a.attisdropped
   and col_description(a.attrelid, a.attnum) is null
union all
select 'functions that are no members', count(*) from pg_proc p
 where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
   and not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)
union all
select 'owners', count(distinct owner) from (
    select p.proowner as owner from pg_proc p where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
    union select c.relowner from pg_class c where c.relnamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
    union select n.nspowner from pg_namespace n where n.nspname in ('auth', 'authguard')
    union select extowner from pg_extension where extname = 'authguard') o
union all
select 'functions with names that a path could lead astray', count(*) from pg_proc p
 where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
   and p.prolang <> (select oid from pg_language where lanname = 'c') and p.prosqlbody is null
   and (p.proconfig is null or 'search_path=pg_catalog, pg_temp' <> all (p.proconfig))
union all
-- A setting that forbids a kind of plan makes others look expensive, and JIT compiles those.
select 'functions whose plans JIT would compile', count(*) from pg_proc p
 where p.pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
   and exists (select from unnest(p.proconfig) c (setting) where c.setting like 'enable_%')
   and 'jit=off' <> all (p.proconfig);

-- The settings.
load 'authguard';
select name, context, vartype, boot_val, min_val, max_val, coalesce(unit, '') from pg_settings
 where name like 'authguard.%' or name like 'request.jwt%' order by name;
-- Each is found by its own name, which is an error otherwise, and so is each of the server's.
select count(*) = count(current_setting(name)) from pg_settings where name like 'authguard.%';
select count(current_setting(name)) > 300 from pg_settings;
