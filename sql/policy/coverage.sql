-- Coverage: which tables are guarded, and every way around a guard.

create function authguard.own_table_problems()
returns table (
    relation pg_catalog.text, problem pg_catalog.text, closes pg_catalog.bool, hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_own_table_problems';
comment on function authguard.own_table_problems() is
    'Returns a row for each table of authguard that is not as create extension made it. closes: '
    'true if no access is possible until it is. hint: the statements that put it in order, or '
    'what is needed';

create function authguard.setting_problems()
returns table (
    setting pg_catalog.text, problem pg_catalog.text, is_wrong pg_catalog.bool,
    hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_setting_problems';
comment on function authguard.setting_problems() is
    'Returns a row for each word or name in the settings of this session that nothing knows: '
    'assurance levels, events, roles. is_wrong: false if the application may know it, or it '
    'may come to exist';

create function authguard.gateways() returns pg_catalog.text[]
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_gateways';
comment on function authguard.gateways() is
    'The names in authguard.gateway_roles, whether or not there are such roles';

-- Each way around a guard is one branch of the last query, with its rule and its level.
create function authguard.coverage(
    out kind pg_catalog.text,
    out object pg_catalog.text,
    out guarded pg_catalog.bool,
    out problem pg_catalog.text,
    out hint pg_catalog.text,
    out rule pg_catalog.text,
    out level pg_catalog.text
) returns setof pg_catalog.record
language sql stable cost 10000
set search_path = pg_catalog, pg_temp
-- The planner expects few rows of these subqueries: with 4,000 tables, loops take minutes.
set enable_nestloop = off
-- That makes every plan look expensive: compiling it takes 13 s, running it 0.04 s.
set jit = off
begin atomic
    with recursive
    version as materialized (
        select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as number
    ),
    -- The login roles of clients: those of the gateways or, if none of them exists, all but
    -- superusers.
    listed as materialized (
        select r.oid, r.rolname from pg_catalog.pg_roles r
         where r.rolname = any (authguard.gateways()::pg_catalog.name[])
    ),
    logins as materialized (
        select l.oid, l.rolname from listed l
        union all
        select r.oid, r.rolname from pg_catalog.pg_roles r
         where r.rolcanlogin and not r.rolsuper and not exists (select from listed)
    ),
    -- Every role that a client can become, or whose privileges it has.
    reached as (
        select l.oid from logins l
        union
        select r.oid
          from reached f, pg_catalog.pg_roles r, version v
         where pg_catalog.pg_has_role(f.oid, r.oid,
                   case when v.number >= 160000 then 'USAGE, SET' else 'MEMBER' end)
    ),
    -- Roles that own something here, or that a privilege or a policy names. Postgres keeps no
    -- record of this for its own roles.
    named as materialized (
        select f.oid from reached f
         where f.oid < 16384 or f.oid in (
               select d.refobjid
                 from pg_catalog.pg_shdepend d
                 join pg_catalog.pg_database b
                   on b.oid = d.dbid and b.datname = pg_catalog.current_database()
                where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass)
    ),
    -- Whose privileges each client has; 0 is PUBLIC. Policies do not apply to superusers and roles
    -- with BYPASSRLS. The order of the loops matters: Postgres remembers the memberships of the
    -- role that it was asked about last.
    held as materialized (
        select c.oid as client, array[0::pg_catalog.oid] || array(
                   select n.oid from named n
                    where pg_catalog.pg_has_role(c.oid, n.oid, 'USAGE')
                    order by n.oid) as grantees
          from pg_catalog.pg_roles c
         where c.oid in (select f.oid from reached f) and not c.rolsuper and not c.rolbypassrls
    ),
    -- Of clients with the same privileges, one.
    holders as materialized (
        select o.client, g.grantee
          from (select min(h.client) as client, h.grantees from held h group by h.grantees) o,
               pg_catalog.unnest(o.grantees) g (grantee)
    ),
    usable as materialized (
        select distinct h.client, n.oid as schema
          from pg_catalog.pg_namespace n,
               pg_catalog.aclexplode(
                   coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
          join holders h on h.grantee = a.grantee
         where a.privilege_type = 'USAGE'
    ),
    relations as materialized (
        select c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
               c.reloptions, c.relnamespace, c.relacl,
               pg_catalog.format('%I.%I', n.nspname, c.relname) as name
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'f')
           and n.nspname not in ('pg_catalog', 'information_schema', 'authguard')
           and not pg_catalog.starts_with(n.nspname, 'pg_toast')
           and not pg_catalog.starts_with(n.nspname, 'pg_temp')
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              and d.objid = c.oid and d.deptype = 'e')
    ),
    granted as (
        select r.oid, r.relnamespace, r.relowner, a.grantee, a.privilege_type as privilege
          from relations r,
               pg_catalog.aclexplode(
                   coalesce(r.relacl, pg_catalog.acldefault('r', r.relowner))) a
        union
        select r.oid, r.relnamespace, r.relowner, a.grantee, a.privilege_type
          from relations r
          join pg_catalog.pg_attribute t on t.attrelid = r.oid and t.attacl is not null,
               pg_catalog.aclexplode(t.attacl) a
    ),
    -- What each client may do with each relation, by a grant to whom. The owner needs none, and
    -- has a row of its own.
    rights as materialized (
        select g.oid, h.client, g.privilege,
               case g.grantee when 0 then 'public'
                    else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end as name,
               g.privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') as of_rows
          from granted g
          join holders h on h.grantee = g.grantee
          join usable u on u.client = h.client and u.schema = g.relnamespace
         where g.grantee <> g.relowner
    ),
    reachable as materialized (
        select r.oid,
               pg_catalog.string_agg(distinct r.name, ', ' order by r.name) as names
          from rights r
         where r.of_rows
         group by r.oid
    ),
    -- A guard is a restrictive policy for all commands whose expression calls one of the checks.
    guards as materialized (
        select p.polrelid as oid, p.polroles as roles
          from pg_catalog.pg_policy p
         where not p.polpermissive and p.polcmd = '*'
           and exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                          and d.objid = p.oid
                          and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          and d.refobjid in ('auth.is_revoked()'::pg_catalog.regprocedure,
                                             'auth.is_active()'::pg_catalog.regprocedure,
                                             'auth.is_user()'::pg_catalog.regprocedure))
    ),
    tables as materialized (
        select r.*,
               r.relrowsecurity and exists (
                   select from guards g where g.oid = r.oid) as is_guarded
          from relations r
         where r.relkind in ('r', 'p')
    ),
    guarded_clients as materialized (
        select distinct g.oid, h.client
          from guards g, pg_catalog.unnest(g.roles) p (role)
          join holders h on h.grantee = p.role
    ),
    -- Who has privileges on a guarded table, and no guard applies.
    unguarded_clients as (
        select t.oid,
               pg_catalog.string_agg(distinct r.name, ', ' order by r.name) as names
          from tables t
          join rights r on r.oid = t.oid and r.of_rows
         where t.is_guarded
           and not exists (select from holders h
                            where h.client = r.client and h.grantee = t.relowner
                              and not t.relforcerowsecurity)
           and not exists (select from guarded_clients g
                            where g.oid = t.oid and g.client = r.client)
         group by t.oid
    ),
    -- Roles that pass policies, and the owner whose tables they pass; NULL: all tables.
    passing as materialized (
        select r.oid as role, null::pg_catalog.oid as owner
          from pg_catalog.pg_roles r where r.rolsuper or r.rolbypassrls
        union all
        select r.oid, o.relowner
          from (select distinct t.relowner
                  from tables t where t.is_guarded and not t.relforcerowsecurity) o
          join pg_catalog.pg_roles r on pg_catalog.pg_has_role(r.oid, o.relowner, 'USAGE')
         where not r.rolsuper and not r.rolbypassrls
    ),
    dependents as materialized (
        select distinct d.refobjid as source, w.oid as rewrite, w.rulename, w.ev_class as oid
          from pg_catalog.pg_depend d
          join pg_catalog.pg_rewrite w on w.oid = d.objid and w.ev_class <> d.refobjid
         where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    ),
    -- Views that read a guarded table, through other views too; leak: the one that reads it past
    -- the guard.
    views as materialized (
        select d.source, d.rulename, v.*,
               v.relkind = 'm' or not coalesce(
                   (select o.option_value::pg_catalog.bool
                      from pg_catalog.pg_options_to_table(v.reloptions) o
                     where o.option_name = 'security_invoker'), false)
                   as as_owner
          from dependents d
          join relations v on v.oid = d.oid and v.relkind in ('v', 'm')
    ),
    readers as (
        select v.oid, t.oid as source,
               case when v.relkind = 'm' or v.as_owner and exists (
                        select from passing p
                         where p.role = v.relowner
                           and (p.owner is null
                                or p.owner = t.relowner and not t.relforcerowsecurity))
                    then v.oid end as leak
          from tables t
          join views v on v.source = t.oid
         where t.is_guarded
        union
        select v.oid, r.source,
               coalesce(r.leak, case when v.relkind = 'm' or v.as_owner and exists (
                        select from passing p
                         where p.role = v.relowner
                           and (p.owner is null
                                or p.owner = t.relowner and not t.relforcerowsecurity))
                    then v.oid end)
          from readers r
          join tables t on t.oid = r.source
          join views v on v.source = r.oid
    ),
    descendants as (
        select i.inhrelid, t.oid as root
          from tables t join pg_catalog.pg_inherits i on i.inhparent = t.oid
         where t.is_guarded
        union
        select i.inhrelid, d.root
          from descendants d join pg_catalog.pg_inherits i on i.inhparent = d.inhrelid
    ),
    own as materialized (
        select g.target, g.grantee,
               pg_catalog.string_agg(distinct g.privilege, ', ' order by g.privilege) as privileges
          from authguard.extension_grants() g
         where not g.is_due
         group by g.target, g.grantee
    )
    select 'table', t.name, true, 'no guard applies to ' || u.names,
           case when u.names is not null
                then pg_catalog.format('select authguard.guard_table(%L, roles => ''{public}'')',
                         t.name) end,
           case when u.names is null then 'guarded_table' else 'partly_guarded_table' end,
           case when u.names is null then 'info' else 'warning' end
      from tables t left join unguarded_clients u on u.oid = t.oid
     where t.is_guarded
    union all
    select 'table', t.name, false,
           case when t.relrowsecurity
                then 'no restrictive policy for all commands calls auth.is_revoked(), '
                     'auth.is_active() or auth.is_user()'
                else 'row-level security is off' end,
           pg_catalog.format('select authguard.guard_table(%L)', t.name),
           case when t.relrowsecurity then 'unguarded_table' else 'rls_disabled' end, 'error'
      from tables t
     where not t.is_guarded and t.oid in (select r.oid from reachable r)
       and t.oid not in (select d.inhrelid from descendants d)
       -- With row-level security on, a table is closed unless a policy opens it.
       and (not t.relrowsecurity
            or t.oid in (select p.polrelid
                           from pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) a (role)
                           join holders h on h.grantee = a.role
                          where p.polpermissive))
    union all
    select distinct 'partition', t.name, false,
           pg_catalog.format('reached directly, it goes around the guard of %s',
               d.root::pg_catalog.regclass),
           -- No name in a comment: a line break in it would end the comment.
           pg_catalog.format('revoke all on %s from %s -- or guard it, with authguard.guard_table',
               t.name, r.names),
           'unguarded_partition', 'error'
      from descendants d
      join tables t on t.oid = d.inhrelid
      join reachable r on r.oid = t.oid
     where not t.is_guarded
    union all
    select distinct 'view', v.name, false,
           case when l.relkind = 'm' then pg_catalog.format('reads the copy in %s', l.name)
                when l.oid = v.oid then 'reads a guarded table with the rights of its owner'
                else pg_catalog.format(
                    'reads %s, which reads a guarded table with the rights of its owner', l.name)
                end,
           case when l.relkind = 'v' and n.number >= 150000
                then pg_catalog.format('alter view %s set (security_invoker = true)', l.name)
                else pg_catalog.format('revoke all on %s from %s', v.name, r.names) end,
           'view_as_owner', 'error'
      from readers d
      join relations v on v.oid = d.oid
      join relations l on l.oid = d.leak
      join reachable r on r.oid = v.oid,
           version n
     where v.relkind = 'v'
    union all
    select distinct 'materialized view', v.name, false,
           'holds rows of a guarded table, and row-level security does not apply to it',
           pg_catalog.format('revoke all on %s from %s '
               '-- then put it behind a view that checks auth.is_active()', v.name, r.names),
           'materialized_view', 'error'
      from relations v
      join reachable r on r.oid = v.oid
     where v.relkind = 'm' and v.oid in (select d.oid from readers d)
    union all
    select 'foreign table', f.name, false,
           'row-level security does not apply to foreign tables',
           pg_catalog.format('revoke all on %s from %s '
               '-- then put it behind a view that checks auth.is_active()', f.name, r.names),
           'foreign_table', 'warning'
      from relations f
      join reachable r on r.oid = f.oid
     where f.relkind = 'f'
    union all
    -- What row-level security does not apply to.
    select 'privilege', t.name, true,
           pg_catalog.format('%s: no policy applies to that',
               pg_catalog.string_agg(distinct r.privilege, ', ' order by r.privilege)),
           pg_catalog.format('revoke %s on %s from %s',
               pg_catalog.lower(
                   pg_catalog.string_agg(distinct r.privilege, ', ' order by r.privilege)),
               t.name, pg_catalog.string_agg(distinct r.name, ', ' order by r.name)),
           'privilege_past_policies', 'warning'
      from tables t
      join rights r on r.oid = t.oid and not r.of_rows
     where t.is_guarded
     group by t.name
    union all
    select 'rule', pg_catalog.format('%I on %s', w.rulename, v.name), false,
           pg_catalog.format('does what it does with the rights of %I, the owner of %s',
               pg_catalog.pg_get_userbyid(v.relowner), v.name),
           pg_catalog.format('revoke %s on %s from %s -- or let a trigger take its place',
               pg_catalog.lower(r.privilege), v.name,
               pg_catalog.string_agg(distinct r.name, ', ' order by r.name)),
           'rule_as_owner', 'warning'
      from pg_catalog.pg_rewrite w
      join relations v on v.oid = w.ev_class
      join rights r on r.oid = v.oid
       and r.privilege = case w.ev_type when '2' then 'UPDATE' when '3' then 'INSERT'
                                        when '4' then 'DELETE' end
     where w.rulename <> '_RETURN'
       and pg_catalog.pg_get_ruledef(w.oid) not like '% DO INSTEAD NOTHING;'
       and (v.oid in (select t.oid from tables t where t.is_guarded)
            or w.oid in (select d.rewrite from dependents d
                          where d.source in (select t.oid from tables t where t.is_guarded)))
     group by w.rulename, v.name, v.relowner, r.privilege
    union all
    select 'function', p.oid::pg_catalog.regprocedure::pg_catalog.text, false,
           pg_catalog.format('SECURITY DEFINER, callable by clients, and its owner %I passes '
               'row-level security', pg_catalog.pg_get_userbyid(p.proowner)),
           pg_catalog.format('revoke execute on %s %s from %s '
                             '-- or let it call auth.require_active() first',
               case p.prokind when 'p' then 'procedure' else 'function' end,
               p.oid::pg_catalog.regprocedure, a.names),
           'definer_function', 'warning'
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join lateral (
           select pg_catalog.string_agg(distinct
                      case when e.grantee = 0 then 'public'
                           else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) end,
                      ', ') as names
             from pg_catalog.aclexplode(
                      coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) e
             join holders h on h.grantee = e.grantee
             join usable u on u.client = h.client and u.schema = p.pronamespace
            where e.grantee <> p.proowner
           ) a on a.names is not null
     where p.prosecdef
       and p.prorettype not in ('pg_catalog.trigger'::pg_catalog.regtype,
                                'pg_catalog.event_trigger'::pg_catalog.regtype)
       and n.nspname not in ('pg_catalog', 'information_schema', 'authguard')
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          and d.objid = p.oid and d.deptype = 'e')
       and p.proowner in (select s.role from passing s)
       and exists (select from tables t where t.is_guarded)
    union all
    -- In an adopted schema the owner can still replace the readers, as a migration of the issuer
    -- may.
    select 'function', p.oid::pg_catalog.regprocedure::pg_catalog.text, false,
           'replaced or altered: its answers do not come from authguard',
           pg_catalog.format('create or replace function %s returns %s language c '
               'stable parallel safe as %L, %L',
               p.oid::pg_catalog.regprocedure, p.prorettype::pg_catalog.regtype, own.probin,
               'authguard_' || p.proname),
           'replaced_reader', 'error'
      from pg_catalog.pg_proc p
      join pg_catalog.pg_language l on l.oid = p.prolang,
           pg_catalog.pg_proc own
     where p.pronamespace = 'auth'::pg_catalog.regnamespace and p.pronargs = 0
       and p.proname in ('jwt', 'uid', 'role', 'email')
       and own.oid = 'auth.subject()'::pg_catalog.regprocedure
       and (l.lanname <> 'c' or p.probin <> own.probin or p.prosrc <> 'authguard_' || p.proname
            or p.provolatile <> 's' or p.prosecdef or p.proleakproof or p.proconfig is not null)
    union all
    select 'schema', n.nspname::pg_catalog.text, false,
           'renamed: policies that name schema auth call the functions of another one',
           pg_catalog.format('alter schema %I rename to auth, after the other one has gone',
               n.nspname),
           'renamed_schema', 'error'
      from pg_catalog.pg_namespace n
     where n.oid = 'auth'::pg_catalog.regnamespace and n.nspname <> 'auth'
    union all
    select 'owner', t.name, true,
           pg_catalog.format('its owner %I passes the guard, and %s can become that role',
               o.rolname,
               (select pg_catalog.string_agg(
                           pg_catalog.quote_ident(l.rolname), ', ' order by l.rolname)
                  from logins l
                 where pg_catalog.pg_has_role(l.oid, o.oid, 'member'))),
           pg_catalog.format('alter table %s force row level security', t.name),
           'owner_passes', 'warning'
      from tables t join pg_catalog.pg_roles o on o.oid = t.relowner
     where t.is_guarded and not t.relforcerowsecurity and not o.rolsuper
       and o.oid in (select f.oid from reached f)
    union all
    select 'role', pg_catalog.quote_ident(b.rolname), false,
           case when b.rolsuper then 'a client can become this superuser'
                else 'BYPASSRLS: no policy applies to it' end,
           pg_catalog.format('if only trusted services act as it, leave it; otherwise: '
               'alter role %I %s', b.rolname,
               case when b.rolsuper then 'nosuperuser' else 'nobypassrls' end),
           case when b.rolsuper then 'superuser_reached' else 'bypassrls_role' end,
           case when b.rolsuper then 'error' else 'info' end
      from pg_catalog.pg_roles b
     where (b.rolbypassrls or b.rolsuper) and b.oid in (select f.oid from reached f)
       and not exists (select from logins l
                        join pg_catalog.pg_roles s on s.oid = l.oid and s.rolsuper)
    union all
    select 'privilege', o.target, false,
           pg_catalog.format('%s has %s, which no function grant_* gives', o.grantee, o.privileges),
           pg_catalog.format('revoke %s on %s from %s',
               pg_catalog.lower(o.privileges), o.target, o.grantee),
           'privilege_without_door', 'error'
      from own o
    union all
    select 'database', pg_catalog.current_database(), false,
           'restored, cloned or upgraded: it lacks the revocations and endings since the backup',
           'if in doubt, select authguard.end_all_sessions(); then authguard.acknowledge_restore()',
           'restored_database', 'error'
     where authguard.is_copy()
    union all
    select 'attached table', a.relation::pg_catalog.text, p.code is null or p.code = '01000',
           p.problem || case when p.code <> '01000'
                             then ': tokens that it decides about are revoked' else '' end,
           case p.code when '42P01'
                       then pg_catalog.format('attach the table that has taken its place, if one '
                           'has; then select authguard.detach_%s(%s)',
                           a.kind, a.relation::pg_catalog.oid)
                       else p.hint end,
           'attached_table',
           case when p.code is null then 'info' when p.code = '01000' then 'warning'
                else 'error' end
      from authguard.attached a
      left join lateral authguard.source_problem(a.relation, a.kind) p on true
    union all
    select 'own table', o.relation, not o.closes, o.problem, o.hint,
           'own_table', case when o.closes then 'error' else 'warning' end
      from authguard.own_table_problems() o
    union all
    select 'setting', s.setting, not s.is_wrong, s.problem, s.hint,
           'setting', case when s.is_wrong then 'warning' else 'info' end
      from authguard.setting_problems() s
    order by 1, 2, 6;
end;
comment on function authguard.coverage() is
    'Returns a row for each guarded table, and for each way around a guard that a client has. '
    'Clients are the login roles in authguard.gateway_roles (if none of them exists: all but '
    'superusers) and every role that these can become. rule: what the row is about, such as '
    'guarded_table or view_as_owner. level: error, warning or info (nothing to do, or something '
    'to know). problem and hint are NULL if nothing is wrong. The rows are about tables without a '
    'guard, partitions, views, rules, materialized views, foreign tables, SECURITY DEFINER '
    'functions, privileges that no policy applies to, owners without FORCE, roles that pass every '
    'policy; about readers that were replaced, privileges on authguard that no function grant_* '
    'gives, attached tables, the tables of authguard, words and roles in settings that nothing '
    'knows, and a restored database';
