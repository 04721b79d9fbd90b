-- Coverage: which tables are guarded, and every way around a guard.

create function authguard.own_table_problems()
returns table (
    relation pg_catalog.text, problem pg_catalog.text, closes pg_catalog.bool, hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_own_table_problems_wrapper';
comment on function authguard.own_table_problems() is
    'Returns a row for each table of authguard that is not as create extension made it. closes: '
    'true if no access is possible until it is. hint: the statements that put it in order, or '
    'what is needed';

create function authguard.setting_problems()
returns table (
    setting pg_catalog.text, problem pg_catalog.text, is_wrong pg_catalog.bool,
    hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_setting_problems_wrapper';
comment on function authguard.setting_problems() is
    'Returns a row for each word or name in the settings of this session that nothing knows: '
    'assurance levels, events, roles. is_wrong: false if the application may know it, or it '
    'may come to exist';

create function authguard.coverage(
    out kind pg_catalog.text,
    out object pg_catalog.text,
    out guarded pg_catalog.bool,
    out problem pg_catalog.text,
    out hint pg_catalog.text
) returns setof pg_catalog.record
language sql stable cost 10000
set search_path = pg_catalog, pg_temp
begin atomic
    with recursive
    relations as (
        select c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
               c.relispartition, c.reloptions,
               pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
               exists (
                   select from pg_catalog.aclexplode(c.relacl) a where a.grantee <> c.relowner
                   union all
                   select from pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a
                    where t.attrelid = c.oid and a.grantee <> c.relowner
               ) as reachable
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'f')
           and n.nspname not in ('pg_catalog', 'information_schema', 'authguard')
           and n.nspname not like 'pg\_toast%' and n.nspname not like 'pg\_temp%'
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              and d.objid = c.oid and d.deptype = 'e')
    ),
    -- A guard is a restrictive policy for all commands whose expression calls one of the checks.
    guards as (
        select p.polrelid, pg_catalog.bool_or(0 = any (p.polroles)) as for_everyone
          from pg_catalog.pg_policy p
         where not p.polpermissive and p.polcmd = '*'
           and exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                          and d.objid = p.oid
                          and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          and d.refobjid in ('auth.is_revoked()'::pg_catalog.regprocedure,
                                             'auth.is_active()'::pg_catalog.regprocedure))
         group by p.polrelid
    ),
    tables as (
        select r.*, g.polrelid is not null and r.relrowsecurity as is_guarded, g.for_everyone
          from relations r left join guards g on g.polrelid = r.oid
         where r.relkind in ('r', 'p')
    ),
    -- Views and materialized views that read a guarded table, through other views too.
    readers as (
        select distinct v.oid, t.oid as source
          from tables t
          join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                     and d.refobjid = t.oid
                                     and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          join pg_catalog.pg_rewrite w on w.oid = d.objid
          join relations v on v.oid = w.ev_class and v.relkind in ('v', 'm')
         where t.is_guarded
        union
        select v.oid, r.source
          from readers r
          join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                     and d.refobjid = r.oid
                                     and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          join pg_catalog.pg_rewrite w on w.oid = d.objid
          join relations v on v.oid = w.ev_class and v.relkind in ('v', 'm') and v.oid <> r.oid
    ),
    descendants as (
        select i.inhrelid, t.oid as root
          from tables t join pg_catalog.pg_inherits i on i.inhparent = t.oid
         where t.is_guarded
        union
        select i.inhrelid, d.root
          from descendants d join pg_catalog.pg_inherits i on i.inhparent = d.inhrelid
    )
    select 'table', t.name, t.is_guarded,
           case
               when not t.relrowsecurity then 'row-level security is off'
               when not t.is_guarded then 'no restrictive policy for all commands calls '
                   'auth.is_revoked() or auth.is_active()'
               when not t.for_everyone then 'the guard is for some roles only'
           end,
           case when not t.is_guarded
                then pg_catalog.format('select authguard.guard_table(%L)', t.name) end
      from tables t
     where t.relrowsecurity or t.reachable
    union all
    select 'partition', t.name, false,
           pg_catalog.format('reached directly, it goes around the guard of %s',
               d.root::pg_catalog.regclass),
           pg_catalog.format('select authguard.guard_table(%L), or revoke its privileges', t.name)
      from descendants d join tables t on t.oid = d.inhrelid
     where not t.is_guarded
    union all
    select 'view', v.name, false,
           'reads a guarded table with the rights of its owner',
           pg_catalog.format('alter view %s set (security_invoker = true) -- Postgres 15', v.name)
      from relations v
     where v.relkind = 'v' and v.oid in (select r.oid from readers r)
       and not coalesce(v.reloptions && array['security_invoker=true', 'security_invoker=on',
                                              'security_invoker=1', 'security_invoker=yes'], false)
    union all
    select 'materialized view', v.name, false,
           'holds rows of a guarded table, and row-level security does not apply to it',
           'revoke its privileges, or put it behind a view that checks auth.is_active()'
      from relations v
     where v.relkind = 'm' and v.oid in (select r.oid from readers r)
    union all
    select 'foreign table', f.name, false,
           'row-level security does not apply to foreign tables',
           'revoke its privileges, or put it behind a view that checks auth.is_active()'
      from relations f
     where f.relkind = 'f' and f.reachable
    union all
    select 'function', p.oid::pg_catalog.regprocedure::pg_catalog.text, false,
           pg_catalog.format('SECURITY DEFINER, callable by clients, and its owner %I passes '
               'row-level security', o.rolname),
           'let it call auth.require_active() first, or revoke execute'
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_roles o on o.oid = p.proowner
     where p.prosecdef
       and n.nspname not in ('pg_catalog', 'information_schema', 'authguard')
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          and d.objid = p.oid and d.deptype = 'e')
       and exists (select from pg_catalog.aclexplode(
                        coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                    where a.grantee <> p.proowner)
       and (o.rolsuper or o.rolbypassrls
            or exists (select from tables t
                        where t.is_guarded and t.relowner = o.oid and not t.relforcerowsecurity))
    union all
    -- In an adopted schema the owner can still replace the readers, as a migration of the issuer
    -- may.
    select 'function', p.oid::pg_catalog.regprocedure::pg_catalog.text, false,
           'replaced or altered: its answers do not come from authguard',
           pg_catalog.format('create or replace function auth.%I() returns %s language c '
               'stable parallel safe as %L, %L',
               p.proname, p.prorettype::pg_catalog.regtype, own.probin, 'authguard_' || p.proname)
      from pg_catalog.pg_proc p
      join pg_catalog.pg_language l on l.oid = p.prolang,
           pg_catalog.pg_proc own
     where p.pronamespace = 'auth'::pg_catalog.regnamespace and p.pronargs = 0
       and p.proname in ('jwt', 'uid', 'role', 'email')
       and own.oid = 'auth.subject()'::pg_catalog.regprocedure
       and (l.lanname <> 'c' or p.probin <> own.probin or p.prosrc <> 'authguard_' || p.proname
            or p.provolatile <> 's' or p.prosecdef or p.proleakproof or p.proconfig is not null)
    union all
    select 'owner', t.name, true,
           pg_catalog.format('its owner %I passes the guard, and %s can become that role',
               o.rolname,
               (select pg_catalog.string_agg(
                           pg_catalog.quote_ident(l.rolname), ', ' order by l.rolname)
                  from pg_catalog.pg_roles l
                 where l.rolcanlogin and not l.rolsuper
                   and pg_catalog.pg_has_role(l.oid, o.oid, 'member'))),
           pg_catalog.format('alter table %s force row level security', t.name)
      from tables t join pg_catalog.pg_roles o on o.oid = t.relowner
     where t.is_guarded and not t.relforcerowsecurity and not o.rolsuper
       and exists (select from pg_catalog.pg_roles l
                    where l.rolcanlogin and not l.rolsuper
                      and pg_catalog.pg_has_role(l.oid, o.oid, 'member'))
    union all
    select 'database', pg_catalog.current_database(), false,
           'restored, cloned or upgraded: it lacks the revocations and endings since the backup',
           'if in doubt, select authguard.end_all_sessions(); then authguard.acknowledge_restore()'
     where authguard.is_copy()
    union all
    select 'role', pg_catalog.quote_ident(b.rolname), false,
           'BYPASSRLS: no policy applies to it',
           pg_catalog.format('if only trusted services act as it, leave it; otherwise: '
               'alter role %I nobypassrls', b.rolname)
      from pg_catalog.pg_roles b
     where b.rolbypassrls and not b.rolsuper
    union all
    select 'attached table', a.relation::pg_catalog.text, p.code is null or p.code = '01000',
           p.problem || case when p.code <> '01000'
                             then ': tokens that it decides about are revoked' else '' end,
           case p.code when '42P01'
                       then pg_catalog.format('select authguard.detach_%s(%s)',
                           a.kind, a.relation::pg_catalog.oid)
                       else p.hint end
      from authguard.attached a
      left join lateral authguard.source_problem(a.relation, a.kind) p on true
    union all
    select 'own table', o.relation, not o.closes, o.problem, o.hint
      from authguard.own_table_problems() o
    union all
    select 'setting', s.setting, not s.is_wrong, s.problem, s.hint
      from authguard.setting_problems() s
    order by 1, 2;
end;
comment on function authguard.coverage() is
    'Returns a row for each table that has row-level security or that clients can reach: guarded '
    'or not, and why not. Then a row for each way around a guard: partitions, views, materialized '
    'views, foreign tables, SECURITY DEFINER functions, owners without FORCE, and roles with '
    'BYPASSRLS. Then a row for each attached table, with its problem, for each reader that was '
    'replaced, for each table of authguard that is not as create extension made it, for each '
    'word or role in a setting that nothing knows, and for a restored database. problem and hint '
    'are NULL if nothing is wrong';
