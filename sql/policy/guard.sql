-- Guarding tables. These functions run with the rights of the caller, who must own the table.

-- The checks are known by their OIDs: whoever owns an adopted schema auth may rename it, and make
-- functions of these names in another one.
create function authguard.guard_expression(check_kind pg_catalog.text) returns pg_catalog.text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select case check_kind
        when 'revoked' then pg_catalog.format('(NOT %s)',
            'auth.is_revoked()'::pg_catalog.regprocedure)
        when 'active' then 'auth.is_active()'::pg_catalog.regprocedure::pg_catalog.text
        when 'user' then 'auth.is_user()'::pg_catalog.regprocedure::pg_catalog.text
    end;
end;
comment on function authguard.guard_expression(pg_catalog.text) is
    'The expression of a guard of that kind (revoked, active or user), as Postgres prints it. NULL '
    'for another kind, and for NULL';

create function authguard.has_guard(
    relation pg_catalog.regclass, check_kind pg_catalog.text, roles pg_catalog.oid[])
returns pg_catalog.bool
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select exists (
        select from pg_catalog.pg_policy p
         where p.polrelid = relation and p.polname = 'authguard'
           and not p.polpermissive and p.polcmd = '*' and p.polwithcheck is null
           and p.polroles @> roles and p.polroles <@ roles
           and pg_catalog.pg_get_expr(p.polqual, p.polrelid)
               = authguard.guard_expression(check_kind));
end;
comment on function authguard.has_guard(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.oid[]) is
    'True if the table has the policy authguard of that kind for these roles (0: everybody), as '
    'guard_table makes it. False for NULL';

create function authguard.note_bypass(guarded pg_catalog.text, tables pg_catalog.oid[])
returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    reason pg_catalog.text := (
        select case
                   when r.rolsuper then 'It is a superuser, and no policy applies to it.'
                   when r.rolbypassrls then 'It has BYPASSRLS, and no policy applies to it.'
                   when exists (
                       select from pg_catalog.pg_class c
                        where c.oid = any (tables) and not c.relforcerowsecurity
                          and pg_catalog.pg_has_role(c.relowner, 'usage')) then
                       'No policy applies to the owner of a table whose row-level security is not '
                       'forced.'
               end
          from pg_catalog.pg_roles r
         where r.rolname = current_user);
begin
    if reason is not null and pg_catalog.cardinality(tables) > 0 then
        raise notice using
            message = pg_catalog.format('%s passes the guard of %s',
                pg_catalog.quote_ident(current_user), guarded),
            detail = reason,
            hint = 'To see what a client sees, act as the client''s role: set role, or '
                'authguard.act_as_user().';
    end if;
end
$$;
comment on function authguard.note_bypass(pg_catalog.text, pg_catalog.oid[]) is
    'Raises a NOTICE if no policy of one of these tables applies to the caller. guarded: what is '
    'guarded, in words. NULL and an empty array: no NOTICE';

create function authguard.add_guard(
    relation pg_catalog.regclass, check_kind pg_catalog.text, roles pg_catalog.name[])
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    class pg_catalog.pg_class;
    existing pg_catalog.pg_policy;
    for_everyone pg_catalog.bool;
    grantees pg_catalog.text;
    wanted pg_catalog.oid[];
    unknown pg_catalog.name;
begin
    if relation is null or pg_catalog.cardinality(roles) = 0
       or exists (select from pg_catalog.unnest(roles) r (name) where r.name is null) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a relation and at least one role are needed';
    end if;
    if check_kind is not null and authguard.guard_expression(check_kind) is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('unknown kind of check: %s',
                pg_catalog.quote_literal(check_kind)),
            hint = 'Use ''revoked'' (a request without a token passes), ''active'' (a live token '
                'is needed) or ''user'' (a live token of a user is needed).';
    end if;
    select c.* into class from pg_catalog.pg_class c where c.oid = relation;
    if not found or class.relkind not in ('r', 'p') then
        raise exception using
            errcode = 'wrong_object_type',
            message = pg_catalog.format('%s is no table', relation),
            hint = 'Only tables and partitioned tables have row-level security; guard the tables '
                'below a view.';
    end if;
    select p.* into existing
      from pg_catalog.pg_policy p
     where p.polrelid = relation and p.polname = 'authguard';
    if existing.polpermissive then
        raise exception using
            errcode = 'duplicate_object',
            message = pg_catalog.format(
                '%s has a permissive policy named authguard, which guard_table did not make',
                relation),
            hint = 'Rename it with alter policy ... rename to ....';
    end if;

    -- What is not given stays, so that no call weakens a guard without saying so.
    check_kind := coalesce(check_kind,
        (select k.kind from pg_catalog.unnest(array['revoked', 'active', 'user']) k (kind)
          where authguard.guard_expression(k.kind)
                = pg_catalog.pg_get_expr(existing.polqual, relation)),
        'revoked');
    roles := coalesce(roles,
        (select pg_catalog.array_agg(coalesce(r.rolname, 'public'))
           from pg_catalog.unnest(existing.polroles) p (role)
           left join pg_catalog.pg_roles r on r.oid = p.role),
        '{public}');
    for_everyone := 'public' = any (roles);
    if for_everyone then
        grantees := 'public';
        wanted := array[0];
    else
        select pg_catalog.string_agg(pg_catalog.quote_ident(u.r), ', ' order by u.r),
               pg_catalog.array_agg(g.oid),
               (pg_catalog.array_agg(u.r) filter (where g.oid is null))[1]
          into grantees, wanted, unknown
          from (select distinct d.r from pg_catalog.unnest(roles) d (r)) u
          left join pg_catalog.pg_roles g on g.rolname = u.r;
        if unknown is not null then
            raise exception using
                errcode = 'undefined_object',
                message = pg_catalog.format('role %s does not exist',
                    pg_catalog.quote_ident(unknown)),
                hint = 'Give the name as it is stored: without quotes, in upper and lower case.';
        end if;
    end if;

    if class.relrowsecurity and authguard.has_guard(relation, check_kind, wanted) then
        return false;
    end if;
    if not class.relrowsecurity then
        if not exists (
            select from pg_catalog.pg_policy p
             where p.polrelid = relation and p.polpermissive and p.polcmd in ('*', 'r')
               and (for_everyone or p.polroles && wanted or 0 = any (p.polroles))
        ) then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = pg_catalog.format('row-level security is off for %s, and switching it on '
                    'would hide every row: no permissive policy lets a client read', relation),
                hint = pg_catalog.format('First create the table''s own rule: create policy ... on '
                    '%s for select to ... using (...). If no client may read it: alter table %s '
                    'enable row level security. Then guard it.', relation, relation);
        end if;
        execute pg_catalog.format('alter table %s enable row level security', relation);
    end if;
    if existing.polname is not null then
        execute pg_catalog.format('drop policy authguard on %s', relation);
    end if;
    execute pg_catalog.format(
        'create policy authguard on %s as restrictive for all to %s using (%s)',
        relation, grantees, authguard.guard_expression(check_kind));
    -- The command found the check by its name, which somebody may have given to another function
    -- meanwhile.
    if not authguard.has_guard(relation, check_kind, wanted) then
        raise exception using
            errcode = 'object_in_use',
            message = pg_catalog.format('%s or a function of authguard was renamed meanwhile',
                relation),
            hint = 'Try again.';
    end if;
    return true;
end
$$;
comment on function authguard.add_guard(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.name[]) is
    'Guards a table as authguard.guard_table does, without its NOTICE. Errors as for '
    'authguard.guard_table';

create function authguard.guard_table(
    relation pg_catalog.regclass,
    check_kind pg_catalog.text default null,
    roles pg_catalog.name[] default null
) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    changed pg_catalog.bool := authguard.add_guard(relation, check_kind, roles);
begin
    perform authguard.note_bypass(relation::pg_catalog.text, array[relation]);
    return changed;
end
$$;
comment on function authguard.guard_table(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.name[]) is
    'Adds the restrictive policy authguard for these roles, and switches row-level security on. '
    'check_kind: revoked (revoked tokens see nothing), active (a live token is needed) or user (a '
    'live token with a sub is needed). If the table is guarded already, an argument that is NULL '
    'or left out leaves what is there; otherwise it is revoked, and for everybody (public). True '
    'if something changed. A NOTICE says that no policy applies to the caller. 42501 unless the '
    'caller owns the table; 22023 without a table, for no role, or for another kind of check; '
    '42704 if a role does not exist; 42809 for a relation that is no table; 55000 if row-level '
    'security is off and switching it on would hide every row; 42710 if it has a permissive policy '
    'of that name; 55006 if something was renamed meanwhile';

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
    check_kind pg_catalog.text default null,
    roles pg_catalog.name[] default null,
    out relation pg_catalog.regclass,
    out outcome pg_catalog.text,
    out detail pg_catalog.text
) returns setof pg_catalog.record
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    guarded pg_catalog.oid[] := '{}';
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
            outcome := case when authguard.add_guard(relation, check_kind, roles)
                            then 'guarded' else 'unchanged' end;
            detail := null;
            guarded := guarded || relation::pg_catalog.oid;
        exception when object_not_in_prerequisite_state or insufficient_privilege
                       or duplicate_object then
            outcome := 'skipped';
            detail := sqlerrm;
        end;
        return next;
    end loop;
    perform authguard.note_bypass(
        pg_catalog.format('schema %I', schema), guarded);
end
$$;
comment on function authguard.guard_schema(pg_catalog.name, pg_catalog.text, pg_catalog.name[]) is
    'Calls authguard.guard_table for every table of a schema, with one row for each. outcome: '
    'guarded, unchanged or skipped; detail says why a table was skipped. A NOTICE says that no '
    'policy applies to the caller. 3F000 if the schema does not exist';
