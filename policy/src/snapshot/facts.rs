//! What the catalogs say about relations and roles, as texts that can be compared.

use crate::identity::Identity;
use crate::matrix::Relation;
use crate::server::{Server, ServerError};
use serde_json::{Map, Value};

/// Adds the tables below, and the views that read any of them.
pub(super) fn with_dependents(
    server: &mut dyn Server,
    oids: &[u32],
) -> Result<Vec<u32>, ServerError> {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    let oids = format!("{{{}}}", oids.join(","));
    let rows = server.query(DEPENDENTS, &[Some(&oids)])?;
    let all = rows.into_iter().flatten().flatten();
    Ok(all.filter_map(|oid| oid.parse().ok()).collect())
}

/// The facts about a relation, but for its policies.
pub(super) fn of_relation(
    server: &mut dyn Server,
    relation: &Relation,
) -> Result<Map<String, Value>, ServerError> {
    let rows = server.query(RELATION, &[Some(&relation.oid.to_string())])?;
    Ok(pairs(rows))
}

/// The facts about the roles of identities and the owners of relations.
pub(super) fn of_roles(
    server: &mut dyn Server,
    identities: &[Identity],
    relations: &[Relation],
) -> Result<Map<String, Value>, ServerError> {
    let roles: Vec<&str> = identities.iter().map(|it| it.role.as_str()).collect();
    let roles = serde_json::json!(roles).to_string();
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let oids = serde_json::json!(oids).to_string();
    let mut all: Map<String, Value> = Map::new();
    for row in server.query(ROLES, &[Some(&roles), Some(&oids)])? {
        if let [Some(role), Some(fact), Some(text)] = &row[..] {
            let facts = all.entry(role).or_insert_with(|| Map::new().into());
            super::insert(facts, fact, text.as_str().into());
        }
    }
    Ok(all)
}

/// The primary key of a row, as text, if there is one.
pub(super) fn key_of(
    server: &mut dyn Server,
    relation: &Relation,
) -> Result<Option<String>, ServerError> {
    let rows = server.query(KEY, &[Some(&relation.oid.to_string())])?;
    Ok(rows.into_iter().flatten().flatten().next())
}

fn pairs(rows: Vec<crate::Row>) -> Map<String, Value> {
    let pair = |row: crate::Row| match &row[..] {
        [Some(fact), Some(text)] => Some((fact.clone(), text.as_str().into())),
        _ => None,
    };
    rows.into_iter().filter_map(pair).collect()
}

const DEPENDENTS: &str = "
with recursive reached (oid) as (
    select u.oid from pg_catalog.unnest($1::pg_catalog.oid[]) u (oid)
    union
    select x.oid
      from reached r
     cross join lateral (
           select i.inhrelid as oid from pg_catalog.pg_inherits i where i.inhparent = r.oid
           union all
           select w.ev_class
             from pg_catalog.pg_depend d
             join pg_catalog.pg_rewrite w on w.oid = d.objid
            where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
              and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              and d.refobjid = r.oid) x)
select r.oid::pg_catalog.text
  from reached r join pg_catalog.pg_class c on c.oid = r.oid
 where c.relkind in ('r', 'p', 'v', 'm', 'f')";

const RELATION: &str = "
select 'kind',
       case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
                      when 'f' then 'foreign table' when 'p' then 'partitioned table'
                      else 'table' end
  from pg_catalog.pg_class c where c.oid = $1::pg_catalog.oid
union all
select 'owner', pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text
  from pg_catalog.pg_class c where c.oid = $1::pg_catalog.oid
union all
select 'row-level security',
       case when not c.relrowsecurity then 'disabled'
            when c.relforcerowsecurity then 'enabled, forced for the owner' else 'enabled' end
  from pg_catalog.pg_class c where c.oid = $1::pg_catalog.oid and c.relkind in ('r', 'p')
union all
select 'below', pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ', '
                    order by i.inhseqno)
  from pg_catalog.pg_inherits i where i.inhrelid = $1::pg_catalog.oid
having pg_catalog.count(*) > 0
union all
select 'definition',
       pg_catalog.concat_ws(', ',
           case when c.relkind = 'v' then
               case when exists (select from pg_catalog.unnest(c.reloptions) o (option)
                                  where o.option ~* '^security_invoker=(true|on|yes|1)$')
                    then 'runs as the caller' else 'runs as its owner' end end,
           pg_catalog.array_to_string(c.reloptions, ', '),
           'md5 ' || pg_catalog.md5(pg_catalog.pg_get_viewdef(c.oid)))
  from pg_catalog.pg_class c where c.oid = $1::pg_catalog.oid and c.relkind in ('v', 'm')
union all
select 'usage of the schema',
       pg_catalog.string_agg(distinct coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ')
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 cross join lateral pg_catalog.aclexplode(
       coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
  left join pg_catalog.pg_roles r on r.oid = a.grantee
 where c.oid = $1::pg_catalog.oid and a.privilege_type = 'USAGE'
having pg_catalog.count(*) > 0
union all
select 'privileges of ' || coalesce(pg_catalog.quote_ident(r.rolname), 'public'),
       pg_catalog.string_agg(a.privilege_type || case when a.is_grantable
           then ' with grant option' else '' end, ', ' order by a.privilege_type, a.is_grantable)
  from pg_catalog.pg_class c
 cross join lateral pg_catalog.aclexplode(
       coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
  left join pg_catalog.pg_roles r on r.oid = a.grantee
 where c.oid = $1::pg_catalog.oid
 group by r.rolname
union all
select 'privileges of ' || coalesce(pg_catalog.quote_ident(r.rolname), 'public')
           || ' on column ' || pg_catalog.quote_ident(t.attname),
       pg_catalog.string_agg(a.privilege_type, ', ' order by a.privilege_type)
  from pg_catalog.pg_attribute t
 cross join lateral pg_catalog.aclexplode(t.attacl) a
  left join pg_catalog.pg_roles r on r.oid = a.grantee
 where t.attrelid = $1::pg_catalog.oid and not t.attisdropped
 group by r.rolname, t.attname
union all
select 'function ' || p.oid::pg_catalog.regprocedure::pg_catalog.text,
       pg_catalog.concat_ws(', ',
           case when p.prosecdef then 'security definer' end,
           'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)),
           'md5 ' || pg_catalog.md5(pg_catalog.pg_get_functiondef(p.oid)))
  from (with recursive called (oid) as (
               select d.refobjid
                 from pg_catalog.pg_policy f
                 join pg_catalog.pg_depend d
                   on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = f.oid
                  and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                where f.polrelid = $1::pg_catalog.oid
               union
               select b.oid
                 from called
                 join pg_catalog.pg_proc a on a.oid = called.oid and a.prolang > 13
                cross join lateral pg_catalog.lower(coalesce(
                      pg_catalog.pg_get_function_sqlbody(a.oid), a.prosrc)) body
                 join pg_catalog.pg_proc b
                   on b.oid >= 16384
                  and case when pg_catalog.strpos(body, pg_catalog.lower(b.proname)) > 0
                           then body ~ ('\\m' || pg_catalog.regexp_replace(
                               pg_catalog.lower(b.proname), '(\\W)', '\\\\\\1', 'g') || '\\M')
                      end)
        select called.oid from called) o
  join pg_catalog.pg_proc p on p.oid = o.oid and p.prokind = 'f'";

const ROLES: &str = "
with roles as (
    select r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole
      from pg_catalog.pg_roles r
     where r.rolname in (select pg_catalog.json_array_elements_text($1::pg_catalog.json))
        or r.oid in (
           select c.relowner from pg_catalog.pg_class c
            where c.oid in (select e.oid::pg_catalog.oid
                              from pg_catalog.json_array_elements_text($2::pg_catalog.json)
                                   e (oid))))
select r.rolname::pg_catalog.text, 'attributes',
       coalesce(nullif(pg_catalog.concat_ws(', ', case when r.rolsuper then 'superuser' end,
           case when r.rolbypassrls then 'bypassrls' end,
           case when r.rolcreaterole then 'createrole' end), ''), 'none')
  from roles r
union all
select r.rolname::pg_catalog.text, 'member of',
       coalesce((select pg_catalog.string_agg(pg_catalog.quote_ident(g.rolname), ', '
                            order by g.rolname)
                   from pg_catalog.pg_roles g
                  where g.oid <> r.oid and not r.rolsuper
                    and pg_catalog.pg_has_role(r.oid, g.oid, 'member')), 'none')
  from roles r
union all
select r.rolname::pg_catalog.text, 'members',
       coalesce((select pg_catalog.string_agg(pg_catalog.quote_ident(m.rolname), ', '
                            order by m.rolname)
                   from pg_catalog.pg_roles m
                  where m.oid <> r.oid and not m.rolsuper
                    and pg_catalog.pg_has_role(m.oid, r.oid, 'member')), 'none')
  from roles r";

const KEY: &str = "
select case when pg_catalog.count(*) = 1
            then pg_catalog.min(k.name) || '::pg_catalog.text'
            else 'row(' || pg_catalog.string_agg(k.name, ', ' order by k.place)
                 || ')::pg_catalog.text' end
  from (select pg_catalog.format('\"a row\".%I', a.attname) as name, u.place
          from pg_catalog.pg_index i
         cross join lateral pg_catalog.unnest(i.indkey) with ordinality u (attnum, place)
          join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
         where i.indrelid = $1::pg_catalog.oid and i.indisprimary) k
having pg_catalog.count(*) > 0";
