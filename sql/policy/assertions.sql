-- Assertions about access, for tests of policies: each is one line of TAP, and if it fails the
-- verdict of authguard.explain_access below it. With pgTAP in the database they count as its tests.
--
-- Only tap_line has a search_path of its own. With one, a policy would find other functions than it
-- finds for clients.

create function authguard.tap_line(
    passed pg_catalog.bool, description pg_catalog.text, diagnosis pg_catalog.text)
returns pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    tap_schema pg_catalog.name;
    line pg_catalog.text;
begin
    -- pgTAP's own function, wherever it is, and nobody else's of that name.
    select p.pronamespace::pg_catalog.regnamespace::pg_catalog.text into tap_schema
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d
        on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
       and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e'
      join pg_catalog.pg_proc p on p.oid = d.objid
     where e.extname = 'pgtap' and p.proname = 'ok'
       and pg_catalog.pg_get_function_identity_arguments(p.oid) = 'boolean, text';
    if tap_schema is null then
        line := case when passed then 'ok - ' else 'not ok - ' end
            || pg_catalog.replace(
                pg_catalog.regexp_replace(description, '\s+', ' ', 'g'), '#', '\#');
    else
        -- Its functions call each other by their names.
        perform pg_catalog.set_config(
            'search_path', 'pg_catalog, ' || tap_schema || ', pg_temp', true);
        execute pg_catalog.format('select %s.ok($1, $2)', tap_schema)
           into line using passed, description;
    end if;
    if not passed then
        line := line || e'\n# ' || pg_catalog.replace(diagnosis, e'\n', e'\n# ');
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
language sql volatile
begin atomic
    with judged as materialized (
        select pg_catalog.max(s.result) filter (where s.gate = 'verdict') = 'allowed' as allowed,
               pg_catalog.max(s.note) filter (where s.gate = 'verdict') as sentence,
               -- A gate that is no policy refuses.
               pg_catalog.bool_or(
                   s.gate in ('schema', 'grant', 'statement')
                   and s.result in ('false', 'error')) as by_other,
               -- The policy is asked, and does not pass.
               pg_catalog.bool_or(is_policy.value) as is_asked,
               pg_catalog.bool_or(
                   is_policy.value and s.result in ('false', 'null', 'error')) as by_policy,
               -- No policy applies to whoever calls. Such a test would pass with every policy
               -- dropped.
               assert_access.role is null and claims ->> 'role' is null and (
                   select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r
                    where r.rolname = current_user) as is_exempt
          from authguard.explain_access(
                   assert_access.relation, assert_access.command, assert_access."row",
                   assert_access.claims, assert_access.role, assert_access.new_row) s
         cross join lateral (
             select s.gate in ('restrictive', 'permissive')
                and s.name = assert_access.policy::pg_catalog.text) is_policy (value)
    ),
    failure as materialized (
        select case
                   when j.is_exempt then pg_catalog.concat(
                       'no policy applies to ', current_user,
                       ': give the role, or claims with a role')
                   when j.allowed is distinct from (assert_access.wanted = 'can')
                   then coalesce(j.sentence, 'no verdict')
                   -- A row that is not there is hidden from nobody.
                   when assert_access.wanted = 'hidden'
                    and (assert_access.claims is not null or assert_access.role is not null)
                    and not authguard.can('select', assert_access.relation, assert_access."row")
                   then pg_catalog.concat(
                       'no such row, as far as ', current_user, ' can see: ', assert_access."row")
                   when assert_access.wanted <> 'denied' then null
                   when j.by_other then pg_catalog.concat('not by a policy: ', j.sentence)
                   when assert_access.policy is null or j.by_policy then null
                   else pg_catalog.concat(
                       'policy ', pg_catalog.quote_ident(assert_access.policy),
                       case when j.is_asked then ' passes: ' else ' was not asked: ' end,
                       j.sentence)
               end as reason
          from judged j
    )
    select authguard.tap_line(
        f.reason is null,
        coalesce(assert_access.description, pg_catalog.concat(
            coalesce(assert_access.role, assert_access.claims ->> 'role', current_user),
            case assert_access.wanted when 'can' then ' can ' else ' cannot ' end,
            assert_access.command, ' ', assert_access.relation, ' ', assert_access."row",
            ' -> ' || assert_access.new_row::pg_catalog.text,
            ', by policy ' || pg_catalog.quote_ident(assert_access.policy))),
        f.reason)
      from failure f;
end;
comment on function authguard.assert_access(
    pg_catalog.text, pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb,
    pg_catalog.name, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'A line of TAP: whether authguard.explain_access says what is wanted (can, cannot, hidden, '
    'denied). The functions assert_* call it';

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
    'errors as for authguard.explain_access, but a test as a superuser fails';

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
    'policy, that policy must be one that does not pass. Otherwise as authguard.assert_can';

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
    'them, and hidden from the role with these claims. Otherwise as authguard.assert_can';
