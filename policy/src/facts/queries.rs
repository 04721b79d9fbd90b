//! The catalog queries. They run with `search_path = pg_catalog, pg_temp`, so Postgres prints every
//! name outside of `pg_catalog` with its schema.

pub(super) const SERVER: &str = "
select pg_catalog.current_setting('server_version_num'), d.datname::text, d.datdba::text,
       e.extversion, e.extowner::text,
       coalesce((select p.pronamespace from pg_catalog.pg_depend x
                   join pg_catalog.pg_proc p on p.oid = x.objid and p.proname = 'is_revoked'
                  where x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                    and x.refobjid = e.oid and x.deptype = 'e'
                    and x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass limit 1), 0)::text,
       ((select pg_catalog.count(*) from pg_catalog.pg_namespace n
          where n.nspname in ('auth', 'storage')) = 2
        and (select pg_catalog.count(*) from pg_catalog.pg_roles r
              where r.rolname in ('anon', 'authenticated', 'service_role')) = 3)::text,
       coalesce((select pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE')
                        and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
                   from pg_catalog.pg_proc p where p.oid = x.objid), false)::text,
       pg_catalog.current_setting('authguard.gateway_roles', true)
  from pg_catalog.pg_database d
  left join pg_catalog.pg_extension e on e.extname = 'authguard'
  left join pg_catalog.pg_depend x
         on x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and x.refobjid = e.oid
        and x.deptype = 'e' and x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        -- to_regprocedure is an error for a role that may not use the schema.
        and x.objid = (select p.oid from pg_catalog.pg_proc p
                         join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                        where n.nspname = 'authguard' and p.proname = 'gateways' and p.pronargs = 0)
 where d.datname = pg_catalog.current_database()";

pub(super) const GATEWAYS: &str = "select pg_catalog.array_to_json(authguard.gateways())::text";

pub(super) const SCHEMAS: &str = "
select n.oid::text, n.nspname::text, n.nspowner::text, e.extname::text
  from pg_catalog.pg_namespace n
  left join pg_catalog.pg_depend x
         on x.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and x.objid = n.oid
        and x.deptype = 'e'
  left join pg_catalog.pg_extension e on e.oid = x.refobjid
 where n.nspname !~ '^pg_(toast|temp)'";

pub(super) const ROLES: &str = "
select r.oid::text, r.rolname::text, r.rolsuper::text, r.rolinherit::text, r.rolcanlogin::text,
       r.rolbypassrls::text, r.rolcreaterole::text, r.rolreplication::text
  from pg_catalog.pg_roles r";

/// Up to Postgres 15, the member decides whether it inherits, and may always become the role.
pub(super) const MEMBERSHIPS_15: &str = "
select m.roleid::text, m.member::text, r.rolinherit::text, 'true'
  from pg_catalog.pg_auth_members m
  join pg_catalog.pg_roles r on r.oid = m.member";

pub(super) const MEMBERSHIPS: &str = "
select m.roleid::text, m.member::text, m.inherit_option::text, m.set_option::text
  from pg_catalog.pg_auth_members m";

pub(super) const RELATIONS: &str = "
select c.oid::text, c.relnamespace::text, c.relname::text, c.relkind::text, c.relowner::text,
       c.relrowsecurity::text, c.relforcerowsecurity::text, c.relispartition::text,
       coalesce((select o.option_value::bool
                   from pg_catalog.pg_options_to_table(c.reloptions) o
                  where o.option_name = 'security_invoker'), false)::text,
       e.extname::text, c.reltuples::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_depend x
         on x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and x.objid = c.oid
        and x.objsubid = 0 and x.deptype = 'e'
  left join pg_catalog.pg_extension e on e.oid = x.refobjid
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'";

pub(super) const COLUMNS: &str = "
select a.attrelid::text, a.attnum::text, a.attname::text, a.atttypid::text, a.attnotnull::text,
       case when n.nspname not in ('pg_catalog', 'information_schema') then d.adbin::text end,
       (a.attgenerated <> '')::text, a.attidentity::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'
   and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum";

pub(super) const INDEXES: &str = "
select i.indrelid::text, c.relname::text, i.indkey::text, i.indnkeyatts::text,
       i.indisunique::text, i.indisprimary::text, (i.indpred is not null)::text
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where i.indisvalid and n.nspname !~ '^pg_(toast|temp)'
   and n.nspname not in ('pg_catalog', 'information_schema')
 order by i.indrelid, c.relname";

pub(super) const FOREIGN_KEYS: &str = "
select k.conrelid::text, k.conname::text, k.conkey::text, k.confrelid::text, k.confkey::text
  from pg_catalog.pg_constraint k
 where k.contype = 'f' and k.conrelid <> 0
 order by k.conrelid, k.conname";

pub(super) const INHERITANCE: &str = "
select i.inhrelid::text, i.inhparent::text
  from pg_catalog.pg_inherits i
 order by i.inhrelid, i.inhseqno";

pub(super) const POLICIES: &str = "
select p.polrelid::text, p.polname::text, p.polpermissive::text, p.polcmd::text,
       p.polroles::text, p.polqual::text, p.polwithcheck::text
  from pg_catalog.pg_policy p
 order by p.polrelid, p.polname";

/// Postgres locks the tables while it prints expressions, so this is asked for apart.
pub(super) const POLICY_TEXTS: &str = "
select p.polrelid::text, p.polname::text, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  from pg_catalog.pg_policy p
 order by p.polrelid, p.polname";

pub(super) const FUNCTIONS: &str = "
with own as materialized (
    select n.oid, n.nspname in ('pg_catalog', 'information_schema') as is_system
      from pg_catalog.pg_namespace n
)
select p.oid::text, p.pronamespace::text, p.proname::text, p.prokind::text, p.proargtypes::text,
       case when not o.is_system then pg_catalog.array_to_json(p.proargnames)::text end,
       case when not o.is_system then p.proargdefaults::text end, p.prorettype::text, p.proretset::text, l.lanname::text,
       p.provolatile::text, p.proleakproof::text, p.prosecdef::text, p.proisstrict::text,
       p.proowner::text, pg_catalog.array_to_json(p.proconfig)::text, e.extname::text,
       case when not o.is_system then p.prosrc end,
       case when not o.is_system then p.prosqlbody::text end
  from pg_catalog.pg_proc p
  join own o on o.oid = p.pronamespace
  join pg_catalog.pg_language l on l.oid = p.prolang
  left join pg_catalog.pg_depend x
         on x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and x.objid = p.oid
        and x.deptype = 'e'
  left join pg_catalog.pg_extension e on e.oid = x.refobjid";

pub(super) const OPERATORS: &str = "
select o.oid::text, o.oprnamespace::text, o.oprname::text, o.oprcode::pg_catalog.oid::text,
       o.oprleft::text, o.oprright::text
  from pg_catalog.pg_operator o";

/// Types of rows are the relations' own, and those of their arrays.
pub(super) const TYPES: &str = "
select t.oid::text, t.typnamespace::text, t.typname::text,
       pg_catalog.format_type(t.oid, null), t.typtype::text, t.typelem::text, t.typbasetype::text
  from pg_catalog.pg_type t";

/// Postgres keeps no dependency on collations that every database has with the same OID.
pub(super) const COLLATIONS: &str = "
select c.oid::text, pg_catalog.format('%I.%I', n.nspname, c.collname)
  from pg_catalog.pg_collation c
  join pg_catalog.pg_namespace n on n.oid = c.collnamespace
 where c.oid in (select d.refobjid
                   from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                    and d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass)";

pub(super) const ENUM_LABELS: &str = "
select e.oid::text, e.enumlabel::text
  from pg_catalog.pg_enum e";

pub(super) const TRIGGERS: &str = "
select t.tgrelid::text, t.tgname::text, t.tgfoid::text, t.tgtype::text,
       (t.tgenabled <> 'D')::text, t.tgqual::text
  from pg_catalog.pg_trigger t
 where not t.tgisinternal
 order by t.tgrelid, t.tgname";

pub(super) const REWRITE_RULES: &str = "
select w.ev_class::text, w.rulename::text, w.ev_type::text,
       -- The number of CMD_NOTHING in src/include/nodes/nodes.h.
       (w.is_instead and pg_catalog.starts_with(w.ev_action::text, '({QUERY :commandType '
            || case when pg_catalog.current_setting('server_version_num')::int4 >= 150000
                    then '7 ' else '6 ' end))::text,
       w.ev_action::text,
       pg_catalog.array_to_json(array(
           select distinct x.refobjid::text from pg_catalog.pg_depend x
            where x.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and x.objid = w.oid
              and x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              and x.refobjid <> w.ev_class
            order by 1))::text
  from pg_catalog.pg_rewrite w
  join pg_catalog.pg_class c on c.oid = w.ev_class
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname !~ '^pg_(toast|temp)'
   and n.nspname not in ('pg_catalog', 'information_schema')
 order by w.ev_class, w.rulename";

/// Not by pg_publication_tables, which locks the tables.
pub(super) const PUBLICATIONS: &str = "
select p.pubname::text, p.puballtables::text,
       pg_catalog.array_to_json(array(
           select r.prrelid::text from pg_catalog.pg_publication_rel r
            where r.prpubid = p.oid order by r.prrelid))::text,
       null
  from pg_catalog.pg_publication p
 order by p.pubname";

/// From Postgres 15 on, with the schemas whose tables are published.
pub(super) const PUBLICATIONS_15: &str = "
select p.pubname::text, p.puballtables::text,
       pg_catalog.array_to_json(array(
           select r.prrelid::text from pg_catalog.pg_publication_rel r
            where r.prpubid = p.oid order by r.prrelid))::text,
       pg_catalog.array_to_json(array(
           select s.pnnspid::text from pg_catalog.pg_publication_namespace s
            where s.pnpubid = p.oid order by s.pnnspid))::text
  from pg_catalog.pg_publication p
 order by p.pubname";

pub(super) const SUBSCRIPTIONS: &str = "
select s.subname::text, s.subowner::text, s.subenabled::text,
       pg_catalog.array_to_json(array(
           select r.srrelid::text from pg_catalog.pg_subscription_rel r
            where r.srsubid = s.oid))::text
  from pg_catalog.pg_subscription s
  join pg_catalog.pg_database d
    on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
 order by s.subname";

pub(super) const RELATION_GRANTS: &str = "
select distinct c.oid::text, a.grantee::text, a.privilege_type
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
       pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'
   and n.nspname not in ('pg_catalog', 'information_schema')";

pub(super) const COLUMN_GRANTS: &str = "
select distinct t.attrelid::text, t.attnum::text, a.grantee::text, a.privilege_type
  from pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a
 where t.attacl is not null and not t.attisdropped";

pub(super) const FUNCTION_GRANTS: &str = "
select distinct p.oid::text, a.grantee::text, a.privilege_type
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace,
       pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
 where p.proacl is not null or n.nspname not in ('pg_catalog', 'information_schema')";

pub(super) const SCHEMA_GRANTS: &str = "
select distinct n.oid::text, a.grantee::text, a.privilege_type
  from pg_catalog.pg_namespace n,
       pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a";

pub(super) const TYPE_GRANTS: &str = "
select distinct t.oid::text, a.grantee::text, a.privilege_type
  from pg_catalog.pg_type t, pg_catalog.aclexplode(t.typacl) a
 where t.typacl is not null";

/// Whether the caller may ask the extension about itself: its owner and operators may. Nothing is
/// called that is no member of the extension, whatever somebody has put into a schema of its name.
pub(super) const MAY_ASK_OWN: &str = "
select (pg_catalog.count(*) = 7
        and pg_catalog.bool_and(
                case o.kind when 'f' then pg_catalog.has_function_privilege(o.oid, 'EXECUTE')
                            else pg_catalog.has_table_privilege(o.oid, 'SELECT') end))::text
  from (values
           ('f', pg_catalog.to_regprocedure('authguard.extension_grants()')::oid),
           ('f', pg_catalog.to_regprocedure('authguard.is_copy()')::oid),
           ('f', pg_catalog.to_regprocedure('authguard.source_problem(regclass, text)')::oid),
           ('f', pg_catalog.to_regprocedure('authguard.own_table_problems()')::oid),
           ('f', pg_catalog.to_regprocedure('authguard.setting_problems()')::oid),
           ('r', pg_catalog.to_regclass('authguard.attached')::oid),
           ('r', pg_catalog.to_regclass('authguard.issuer')::oid)) o (kind, oid)
  join pg_catalog.pg_depend x
    on x.objid = o.oid and x.deptype = 'e'
   and x.classid = case o.kind when 'f' then 'pg_catalog.pg_proc'::pg_catalog.regclass
                               else 'pg_catalog.pg_class'::pg_catalog.regclass end
   and x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  join pg_catalog.pg_extension e on e.oid = x.refobjid and e.extname = 'authguard'
 where pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('authguard'), 'USAGE')";

pub(super) const OWN_GRANTS: &str = "
select o.target::text, o.grantee::text,
       pg_catalog.string_agg(distinct o.privilege, ', ' order by o.privilege)
  from authguard.extension_grants() o
 where not o.is_due
 group by o.target, o.grantee";

pub(super) const OWN_COPY: &str = "select authguard.is_copy()::text";

pub(super) const OWN_ATTACHED: &str = "
select a.relation::pg_catalog.regclass::text, a.relation::pg_catalog.oid::text, a.kind::text,
       p.code::text, p.problem::text, p.hint::text
  from authguard.attached a
  left join lateral authguard.source_problem(a.relation, a.kind) p on true";

pub(super) const OWN_TABLES: &str = "
select o.relation::text, o.problem::text, o.closes::text, o.hint::text
  from authguard.own_table_problems() o";

pub(super) const OWN_SETTINGS: &str = "
select s.setting::text, s.problem::text, s.is_wrong::text, s.hint::text
  from authguard.setting_problems() s";

pub(super) const OWN_ISSUERS: &str = "
select i.issuer::text, (pg_catalog.cardinality(i.audience) > 0)::text,
       pg_catalog.array_to_json(i.client_ids)::text
  from authguard.issuer i
 order by i.issuer";

/// Readers that are not the library's own. In an adopted schema the owner can still replace them,
/// as a migration of the issuer may.
pub(super) const REPLACED_READERS: &str = "
select p.oid::text, p.prorettype::pg_catalog.regtype::text, own.probin::text,
       'authguard_' || p.proname
  from pg_catalog.pg_extension e
  join pg_catalog.pg_depend x
    on x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and x.refobjid = e.oid
   and x.deptype = 'e' and x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  join pg_catalog.pg_proc own on own.oid = x.objid and own.proname = 'subject'
   and own.pronargs = 0 and own.prosrc = 'authguard_subject'
  join pg_catalog.pg_proc p on p.pronamespace = own.pronamespace and p.pronargs = 0
   and p.proname in ('jwt', 'uid', 'role', 'email')
  join pg_catalog.pg_language l on l.oid = p.prolang
 where e.extname = 'authguard'
   and (l.lanname <> 'c' or p.probin <> own.probin or p.prosrc <> 'authguard_' || p.proname
        or p.provolatile <> 's' or p.prosecdef or p.proleakproof or p.proconfig is not null)";
