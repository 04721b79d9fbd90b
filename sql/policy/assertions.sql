-- Assertions about access, for tests of policies: each is one line of TAP, and if it fails the
-- verdict of authguard.explain_access below it. With pgTAP in the database they count as its tests.
--
-- No search_path is set here: a policy would find other functions than it finds for clients.

create function authguard.tap_line(
    passed pg_catalog.bool, description pg_catalog.text, diagnosis pg_catalog.text)
returns pg_catalog.text
language plpgsql volatile
as $$
declare
    tap_schema pg_catalog.name;
    line pg_catalog.text;
begin
    -- pgTAP's own function, wherever it is, and nobody else's of that name.
    select p.pronamespace::pg_catalog.regnamespace::pg_catalog.text into tap_schema
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
       and d.refobjid operator(pg_catalog.=) e.oid
       and d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
       and d.deptype operator(pg_catalog.=) 'e'
      join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) d.objid
     where e.extname operator(pg_catalog.=) 'pgtap'
       and p.proname operator(pg_catalog.=) 'ok'
       and pg_catalog.pg_get_function_identity_arguments(p.oid)
           operator(pg_catalog.=) 'boolean, text';
    if tap_schema is null then
        line := pg_catalog.concat(
            case when passed then 'ok - ' else 'not ok - ' end,
            pg_catalog.regexp_replace(
                pg_catalog.regexp_replace(description, '\s+', ' ', 'g'), '#', '\\#', 'g'));
    else
        execute pg_catalog.concat('select ', tap_schema, '.ok($1, $2)')
           into line using passed, description;
    end if;
    if not passed then
        line := pg_catalog.concat(
            line, E'\n# ', pg_catalog.regexp_replace(diagnosis, '\n', E'\n# ', 'g'));
    end if;
    return line;
end
$$;
comment on function authguard.tap_line(pg_catalog.bool, pg_catalog.text, pg_catalog.text) is
    'A test''s line of TAP, from pgTAP if it is in the database, with the diagnosis below it if '
    'the test has failed';

create function authguard.assert_access(
    wanted pg_catalog.text,
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb,
    role pg_catalog.name,
    new_row pg_catalog.jsonb,
    policy pg_catalog.name,
    description pg_catalog.text)
returns pg_catalog.text
language plpgsql volatile
as $$
declare
    -- As a gateway does: the token's claim says which role.
    acting constant pg_catalog.name := coalesce(role, claims operator(pg_catalog.->>) 'role');
    allowed pg_catalog.bool;
    sentence pg_catalog.text;
    -- A gate that is no policy refuses.
    is_other pg_catalog.bool;
    -- The policy is asked, and does not pass.
    is_asked pg_catalog.bool;
    refuses pg_catalog.bool;
    passed pg_catalog.bool;
begin
    select pg_catalog.bool_or(s.result operator(pg_catalog.=) 'allowed'),
           pg_catalog.max(s.note)
               filter (where s.gate operator(pg_catalog.=) 'verdict'),
           coalesce(pg_catalog.bool_or(
               s.gate operator(pg_catalog.=) any (array['schema', 'grant', 'statement'])
               and s.result operator(pg_catalog.=) any (array['false', 'error'])), false),
           coalesce(pg_catalog.bool_or(p.is_it), false),
           coalesce(pg_catalog.bool_or(
               p.is_it and s.result operator(pg_catalog.=) any (array['false', 'null', 'error'])),
               false)
      into allowed, sentence, is_other, is_asked, refuses
      from authguard.explain_access(relation, command, "row", claims, acting, new_row) s,
           lateral (select s.gate operator(pg_catalog.=) any (array['restrictive', 'permissive'])
                       and s.name operator(pg_catalog.=) policy::pg_catalog.text) p (is_it);
    passed := coalesce(
        (wanted operator(pg_catalog.=) 'can') operator(pg_catalog.=) allowed, false);
    if acting is null and exists (
        select from pg_catalog.pg_roles r
         where r.rolname operator(pg_catalog.=) current_user and (r.rolsuper or r.rolbypassrls))
    then
        -- Such a test would pass with every policy dropped.
        passed := false;
        sentence := pg_catalog.concat(
            'no policy applies to ', current_user, ': give the role, or claims with a role');
    elsif passed and wanted operator(pg_catalog.=) 'hidden'
       and (claims is not null or acting is not null)
       and not authguard.can('select', relation, "row")
    then
        -- A row that is not there is hidden from nobody.
        passed := false;
        sentence := pg_catalog.concat(
            'no such row, as far as ', current_user, ' can see: ', "row");
    elsif passed and wanted operator(pg_catalog.=) 'denied' then
        passed := not is_other and (policy is null or refuses);
        sentence := pg_catalog.concat(
            case
                when is_other then 'not by a policy: '
                when is_asked then pg_catalog.concat(
                    'policy ', pg_catalog.quote_ident(policy), ' passes: ')
                else pg_catalog.concat(
                    'policy ', pg_catalog.quote_ident(policy), ' was not asked: ')
            end, sentence);
    end if;
    return authguard.tap_line(
        passed,
        coalesce(description, pg_catalog.concat(
            coalesce(acting, current_user),
            case when wanted operator(pg_catalog.=) 'can' then ' can ' else ' cannot ' end, command,
            ' ', relation, ' ',
            "row", ' -> ' operator(pg_catalog.||) new_row::pg_catalog.text,
            ', by policy ' operator(pg_catalog.||) pg_catalog.quote_ident(policy))),
        sentence);
end
$$;
comment on function authguard.assert_access(
    pg_catalog.text, pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb,
    pg_catalog.name, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'A line of TAP: whether authguard.explain_access says what is wanted (can, cannot, hidden, '
    'denied). Without a role, the role is the claim role. The functions assert_* call it';

create function authguard.assert_can(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'can', command, relation, "row", claims, role, new_row, null, description);
end;
comment on function authguard.assert_can(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.text) is
    'For tests: passes if authguard.can is true. Returns a line of TAP, which counts for pgTAP if '
    'that is in the database; if the test fails, the verdict follows as a comment. Arguments and '
    'errors as for authguard.explain_access, but without a role the role is the claim role, and a '
    'test as a superuser fails';

create function authguard.assert_cannot(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'cannot', command, relation, "row", claims, role, new_row, null, description);
end;
comment on function authguard.assert_cannot(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.text) is
    'For tests: passes if authguard.can is false, for whatever reason. assert_denied is stricter. '
    'Otherwise as authguard.assert_can';

create function authguard.assert_denied(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    policy pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'denied', command, relation, "row", claims, role, new_row, policy, description);
end;
comment on function authguard.assert_denied(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if policies refuse, and not a missing privilege or a constraint. With '
    'policy, '
    'that policy must be one that does not pass. Otherwise as authguard.assert_can';

create function authguard.assert_visible(
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'can', 'select', relation, "row", claims, role, null, null, description);
end;
comment on function authguard.assert_visible(
    pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if the rows that the columns in row pick are visible. Otherwise as '
    'authguard.assert_can';

create function authguard.assert_hidden(
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'hidden', 'select', relation, "row", claims, role, null, null, description);
end;
comment on function authguard.assert_hidden(
    pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if the rows that the columns in row pick are there, as the caller sees '
    'them, '
    'and hidden from the role with these claims. Otherwise as authguard.assert_can';
