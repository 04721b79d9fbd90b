-- Schema auth: made here, or adopted. An adopted schema stays its owner's and is no member of the
-- extension, so that dropping the extension can never take the users' tables with it. Only
-- functions with the names and the shape of the four readers become members. That lets the script
-- replace them in place, because policies refer to them by OID.

do $$
declare
    schema pg_catalog.pg_namespace;
    owner pg_catalog.pg_roles;
    stranger pg_catalog.text;
    function pg_catalog.regprocedure;
    missing pg_catalog.text;
    type pg_catalog.text;
    grantee pg_catalog.oid;
begin
    -- Locked, so that its owner cannot put another schema in its place while this script runs.
    select n.* into schema
      from pg_catalog.pg_namespace n
     where n.nspname operator(pg_catalog.=) 'auth'
       for update;
    if not found then
        create schema auth;
        comment on schema auth is
            'authguard: claims and revocation of the current token, for policies and clients';
        grant usage on schema auth to public;
        return;
    end if;

    select e.extname into stranger
      from pg_catalog.pg_depend d
      join pg_catalog.pg_extension e on e.oid operator(pg_catalog.=) d.refobjid
     where d.classid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
       and d.objid operator(pg_catalog.=) schema.oid and d.deptype operator(pg_catalog.=) 'e';
    if found then
        raise exception using
            errcode = 'duplicate_schema',
            message = pg_catalog.format('schema auth belongs to extension %s', stranger),
            hint = 'Drop that extension first, or install authguard in a database of its own.';
    end if;

    select r.* into owner
      from pg_catalog.pg_roles r
     where r.oid operator(pg_catalog.=) schema.nspowner;
    if not owner.rolsuper and not exists (
        select from pg_catalog.string_to_table(
                        pg_catalog.current_setting('authguard.adopt_owners'), ',') listed
         where pg_catalog.btrim(listed) in (owner.rolname, pg_catalog.quote_ident(owner.rolname))
    ) then
        raise exception using
            errcode = 'insufficient_privilege',
            message = pg_catalog.format(
                'schema auth belongs to role %I, which is not trusted with it', owner.rolname),
            detail = 'An owner can leave objects in a schema that a superuser then uses unaware '
                '(CVE-2022-2625).',
            hint = pg_catalog.format('If you trust that role: set authguard.adopt_owners = %L, '
                'then create the extension again.', pg_catalog.quote_ident(owner.rolname));
    end if;

    -- An overload could be called instead of a function of authguard, and a function of another
    -- shape could not be replaced.
    select pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::pg_catalog.text, ', '
                                 order by p.oid::pg_catalog.regprocedure::pg_catalog.text)
      into stranger
      from pg_catalog.pg_proc p
      join pg_catalog.pg_language l on l.oid operator(pg_catalog.=) p.prolang
     where p.pronamespace operator(pg_catalog.=) schema.oid
       and p.proname operator(pg_catalog.=) any (array[
               'aal', 'app_metadata', 'authenticated_at', 'claim', 'claim_text', 'client_id',
               'email', 'end_session', 'expires_at', 'get_user', 'has_permission', 'has_role',
               'has_scope', 'introspect', 'is_active', 'is_anonymous', 'is_expired', 'is_fresh',
               'is_revoked', 'is_user', 'issued_at', 'issuer', 'jwks', 'jwt', 'org_id', 'org_role',
               'refresh', 'require_active', 'revocation_reason', 'role', 'roles', 'session_id',
               'sessions', 'set_token', 'sid', 'sign_out', 'subject', 'token_age', 'uid', 'verify',
               'whoami']::pg_catalog.name[])
       and not (p.oid::pg_catalog.regprocedure::pg_catalog.text operator(pg_catalog.=)
                    any (array['auth.jwt()', 'auth.uid()', 'auth.role()', 'auth.email()'])
                and p.prorettype operator(pg_catalog.=) case p.proname
                        when 'jwt' then 'pg_catalog.jsonb'::pg_catalog.regtype
                        when 'uid' then 'pg_catalog.uuid'::pg_catalog.regtype
                        else 'pg_catalog.text'::pg_catalog.regtype end
                and p.prokind operator(pg_catalog.=) 'f'
                and not p.proretset and p.proallargtypes is null
                and l.lanname operator(pg_catalog.=) 'sql'
                and not exists (
                    select from pg_catalog.pg_depend d
                     where d.classid operator(pg_catalog.=)
                               'pg_catalog.pg_proc'::pg_catalog.regclass
                       and d.objid operator(pg_catalog.=) p.oid
                       and d.deptype operator(pg_catalog.=) 'e'));
    if stranger is not null then
        raise exception using
            errcode = 'duplicate_function',
            message = pg_catalog.format('authguard cannot take the place of %s', stranger),
            detail = 'It takes over auth.jwt() returns jsonb, auth.uid() returns uuid, auth.role() '
                'and auth.email() returns text, if they are of language SQL and of no extension. '
                'No other function with a name that it uses may exist. Nothing was changed.',
            hint = 'Rename or drop the functions named above.';
    end if;

    for function in
        select p.oid from pg_catalog.pg_proc p
         where p.pronamespace operator(pg_catalog.=) schema.oid
           and p.proname operator(pg_catalog.=)
                   any (array['jwt', 'uid', 'role', 'email']::pg_catalog.name[])
    loop
        execute pg_catalog.format('alter extension authguard add function %s', function);
    end loop;

    -- The readers that it lacks. From now on nobody can tell them from those that it had, whose
    -- privileges are kept (close.sql).
    for missing, type in
        select r.name, r.type
          from (values ('jwt', 'jsonb'), ('uid', 'uuid'), ('role', 'text'), ('email', 'text')
               ) r (name, type)
         where pg_catalog.to_regprocedure('auth.' operator(pg_catalog.||) r.name
                   operator(pg_catalog.||) '()') is null
    loop
        execute pg_catalog.format(
            'create function auth.%I() returns pg_catalog.%I language sql return null',
            missing, type);
        for grantee in
            select distinct a.grantee
              from pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
             where p.oid operator(pg_catalog.=) pg_catalog.to_regprocedure(
                       'auth.' operator(pg_catalog.||) missing operator(pg_catalog.||) '()')
               and a.grantee operator(pg_catalog.<>) p.proowner
               and a.grantee operator(pg_catalog.<>) 0
        loop
            execute pg_catalog.format('revoke all on function auth.%I() from %I',
                missing, pg_catalog.pg_get_userbyid(grantee));
        end loop;
        execute pg_catalog.format('grant execute on function auth.%I() to public', missing);
    end loop;
end
$$;
