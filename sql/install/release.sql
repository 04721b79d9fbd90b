-- Leaving: the functions that policies call stay, as plain SQL, and the rest can be dropped.

create function authguard.release() returns setof pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    extension pg_catalog.oid := (
        select e.oid from pg_catalog.pg_extension e where e.extname = 'authguard');
    -- Members of the extension, wherever they are: another schema may have the name auth by now.
    readers pg_catalog.regprocedure[] := (
        select pg_catalog.array_agg(p.oid)
          from pg_catalog.pg_depend d
          join pg_catalog.pg_proc p on p.oid = d.objid
         where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           and d.refobjid = extension and d.deptype = 'e'
           and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
           and p.proname in ('jwt', 'uid', 'role', 'email') and p.pronargs = 0
           and p.pronamespace <> 'authguard'::pg_catalog.regnamespace);
    reader pg_catalog.record;
    member pg_catalog.text;
begin
    perform authguard.require_primary();
    if readers is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'schema auth is released already',
            hint = 'Now: drop extension authguard.';
    end if;

    for reader in
        select p.oid::pg_catalog.regprocedure as signature, r.type, r.expression, r.comment
          from (values
                ('jwt', 'pg_catalog.jsonb', '%s',
                 'The claims in request.jwt.claims; NULL if it is not set'),
                ('uid', 'pg_catalog.uuid', '(%s ->> ''sub'')::pg_catalog.uuid',
                 'Claim sub in request.jwt.claims; NULL if there is none'),
                ('role', 'pg_catalog.text', '%s ->> ''role''',
                 'Claim role in request.jwt.claims; NULL if there is none'),
                ('email', 'pg_catalog.text', '%s ->> ''email''',
                 'Claim email in request.jwt.claims; NULL if there is none')
               ) r (name, type, expression, comment)
          join pg_catalog.pg_proc p on p.proname = r.name and p.oid = any (readers)
          join pg_catalog.pg_language l on l.oid = p.prolang
         -- A reader that was replaced belongs to whoever did it.
         where l.lanname = 'c'
    loop
        execute pg_catalog.format(
            'create or replace function %s returns %s language sql stable return %s',
            reader.signature, reader.type, pg_catalog.format(reader.expression,
                'nullif(pg_catalog.current_setting(''request.jwt.claims'', true), '''')'
                '::pg_catalog.jsonb'));
        execute pg_catalog.format(
            'comment on function %s is %L', reader.signature, reader.comment);
    end loop;

    for member in
        select pg_catalog.format('%s %s', o.type, o.identity)
          from pg_catalog.pg_depend d,
               pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
         where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           and d.refobjid = extension and d.deptype = 'e'
           and (o.type = 'schema' and o.identity <> 'authguard'
                or d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                   and d.objid = any (readers))
    loop
        execute pg_catalog.format('alter extension authguard drop %s', member);
    end loop;

    -- The triggers of attached tables call the extension.
    perform authguard.detach(a.relation, a.kind) from authguard.attached a;

    -- Everything else that would prevent the drop.
    return query
        select distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
          from pg_catalog.pg_depend m
          join pg_catalog.pg_depend d on d.refclassid = m.classid and d.refobjid = m.objid
         where m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           and m.refobjid = extension and m.deptype = 'e' and d.deptype = 'n'
           -- Members, and objects that belong to one, are dropped with the extension.
           and not exists (
               select from pg_catalog.pg_depend o
                where o.classid = d.classid and o.objid = d.objid
                  and (o.refclassid = m.refclassid and o.refobjid = extension and o.deptype = 'e'
                       or o.deptype in ('a', 'i') and exists (
                           select from pg_catalog.pg_depend e
                            where e.classid = o.refclassid and e.objid = o.refobjid
                              and e.deptype = 'e'
                              and e.refclassid = m.refclassid and e.refobjid = extension)))
         order by 1;
end
$$;
comment on function authguard.release() is
    'To be called before drop extension: auth.jwt(), uid(), role() and email() become plain SQL '
    'functions of their owners again, in place, and stay, as does schema auth. Attached tables '
    'are detached. Returns the objects that still call the extension and must be dropped first. '
    '55000 if it was called before, 25006 on a standby';
