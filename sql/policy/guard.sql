-- Guarding tables. These functions run with the rights of the caller, who must own the table.

create function authguard.guard_table(
    relation pg_catalog.regclass,
    check_kind pg_catalog.text default 'revoked',
    roles pg_catalog.name[] default '{public}'
) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    class pg_catalog.pg_class;
    existing pg_catalog.pg_policies;
    expression pg_catalog.text := case check_kind
        when 'revoked' then 'not auth.is_revoked()'
        when 'active' then 'auth.is_active()'
    end;
    stored pg_catalog.text := case check_kind
        when 'revoked' then '(NOT auth.is_revoked())'
        when 'active' then 'auth.is_active()'
    end;
    grantees pg_catalog.text;
    wanted pg_catalog.name[];
begin
    if relation is null or roles is null or pg_catalog.cardinality(roles) = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a relation and at least one role are needed';
    end if;
    if expression is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('unknown kind of check: %s',
                coalesce(pg_catalog.quote_literal(check_kind), 'NULL')),
            hint = 'Use ''revoked'' (a request without a token passes) or ''active'' (a live token '
                'is needed).';
    end if;
    select c.* into class from pg_catalog.pg_class c where c.oid = relation;
    if class.relkind not in ('r', 'p') then
        raise exception using
            errcode = 'wrong_object_type',
            message = pg_catalog.format('%s is no table', relation),
            hint = 'Only tables and partitioned tables have row-level security; guard the tables '
                'below a view.';
    end if;
    select pg_catalog.string_agg(
               case when r = 'public' then 'public' else pg_catalog.quote_ident(r) end,
               ', ' order by r),
           pg_catalog.array_agg(r order by r)
      into grantees, wanted
      from (select distinct u.r from pg_catalog.unnest(roles) u (r)) u;

    select p.* into existing
      from pg_catalog.pg_policies p
      join pg_catalog.pg_class c on c.relname = p.tablename
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = p.schemaname
     where c.oid = relation and p.policyname = 'authguard';
    if existing.policyname is not null and existing.permissive <> 'RESTRICTIVE' then
        raise exception using
            errcode = 'duplicate_object',
            message = pg_catalog.format(
                '%s has a permissive policy named authguard, which guard_table did not make',
                relation),
            hint = 'Rename it with alter policy.';
    end if;

    if not exists (
        select from pg_catalog.pg_policies p
          join pg_catalog.pg_class c on c.relname = p.tablename
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = p.schemaname
         where c.oid = relation and p.permissive = 'PERMISSIVE' and p.cmd in ('ALL', 'SELECT')
           and (p.roles && wanted or 'public' = any (p.roles) or 'public' = any (wanted))
    ) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('%s has no permissive policy: with row-level security on, '
                'no client would see a row', relation),
            hint = pg_catalog.format('First say who may see which rows, for example: create policy '
                'everyone on %s for all to %s using (true);', relation, grantees);
    end if;

    if class.relrowsecurity and existing.policyname is not null
       and existing.roles = wanted and existing.cmd = 'ALL' and existing.with_check is null
       and existing.qual = stored then
        return false;
    end if;
    if not class.relrowsecurity then
        execute pg_catalog.format('alter table %s enable row level security', relation);
    end if;
    if existing.policyname is not null then
        execute pg_catalog.format('drop policy authguard on %s', relation);
    end if;
    execute pg_catalog.format(
        'create policy authguard on %s as restrictive for all to %s using (%s)',
        relation, grantees, expression);
    return true;
end
$$;
comment on function authguard.guard_table(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.name[]) is
    'Adds the restrictive policy authguard for these roles. check_kind: revoked (revoked tokens '
    'see nothing) or active (a live token is needed). True if something changed. 42501 unless the '
    'caller owns the table; 22023 without a table or a role, or for another kind of check; 42809 '
    'for a relation that is no table; 55000 if the table has no permissive policy; 42710 if it '
    'has a permissive policy of that name';

create function authguard.unguard_table(relation pg_catalog.regclass) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_catalog.pg_policy p
                    where p.polrelid = relation and p.polname = 'authguard'
                      and not p.polpermissive) then
        return false;
    end if;
    execute pg_catalog.format('drop policy authguard on %s', relation);
    return true;
end
$$;
comment on function authguard.unguard_table(pg_catalog.regclass) is
    'Drops the policy authguard; row-level security stays on. True if something changed. 42501 '
    'unless the caller owns the table';

create function authguard.guard_schema(
    schema pg_catalog.name,
    check_kind pg_catalog.text default 'revoked',
    roles pg_catalog.name[] default '{public}',
    out relation pg_catalog.regclass,
    out outcome pg_catalog.text,
    out detail pg_catalog.text
) returns setof pg_catalog.record
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_catalog.pg_namespace n where n.nspname = schema) then
        raise exception using
            errcode = 'invalid_schema_name',
            message = pg_catalog.format('schema %s does not exist', pg_catalog.quote_ident(schema)),
            hint = 'Give the name as it is stored: without quotes, in upper and lower case.';
    end if;
    for relation in
        select c.oid
          from pg_catalog.pg_class c
         where c.relnamespace = (
                select n.oid from pg_catalog.pg_namespace n where n.nspname = schema)
           and c.relkind in ('r', 'p')
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              and d.objid = c.oid and d.deptype = 'e')
         order by c.relname
    loop
        begin
            outcome := case when authguard.guard_table(relation, check_kind, roles)
                            then 'guarded' else 'unchanged' end;
            detail := null;
        exception when object_not_in_prerequisite_state or insufficient_privilege
                       or duplicate_object then
            outcome := 'skipped';
            detail := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function authguard.guard_schema(pg_catalog.name, pg_catalog.text, pg_catalog.name[]) is
    'Calls authguard.guard_table for every table of a schema, with one row for each. outcome: '
    'guarded, unchanged or skipped; detail says why a table was skipped. 3F000 if the schema does '
    'not exist';
