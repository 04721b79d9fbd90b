\echo Use "alter extension authguard update" to load this file. \quit

-- Lint: what is wrong with policies, and with what is around them. The rules are in the crate
-- policy, which runs its queries with the rights of the caller.

create table authguard.accepted_finding (
    fingerprint pg_catalog.text collate pg_catalog."C" not null primary key,
    reason pg_catalog.text not null,
    until pg_catalog.timestamptz,
    accepted_at pg_catalog.timestamptz not null default pg_catalog.now(),
    accepted_by pg_catalog.name not null default session_user,

    constraint accepted_finding_fingerprint check (fingerprint ~ '^[0-9a-f]{32}$'),
    constraint accepted_finding_reason
        check (reason ~ '[^[:space:]]' and pg_catalog.octet_length(reason) <= 1024)
);
comment on table authguard.accepted_finding is
    'Findings of authguard.lint() that somebody has accepted. They stay in its rows, as accepted';
comment on column authguard.accepted_finding.fingerprint is 'The fingerprint of the finding';
comment on column authguard.accepted_finding.reason is 'Why it is no mistake here';
comment on column authguard.accepted_finding.until is
    'From when on it is a finding again; NULL: never';
comment on column authguard.accepted_finding.accepted_at is 'When it was accepted';
comment on column authguard.accepted_finding.accepted_by is 'The login role that accepted it';

select pg_catalog.pg_extension_config_dump('authguard.accepted_finding', '');

create function authguard.lint(
    schemas pg_catalog.name[] default null,
    rules pg_catalog.text[] default null)
returns table (
    rule pg_catalog.text, level pg_catalog.text, object pg_catalog.text, policy pg_catalog.name,
    problem pg_catalog.text, hint pg_catalog.text, evidence pg_catalog.jsonb,
    page pg_catalog.text, fingerprint pg_catalog.text, accepted pg_catalog.bool)
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_lint';
comment on function authguard.lint(pg_catalog.name[], pg_catalog.text[]) is
    'Returns a row for each mistake in policies, and in what is around them, that a client can '
    'make use of or suffers from. schemas and rules NULL: all; what is in no schema, such as a '
    'role, is judged either way. level: error, warning or info (something to know). hint: the SQL '
    'that mends it, or a sentence. fingerprint: the same after the object was made anew and in '
    'every copy of the database; it changes with the name or the expression of a policy. '
    'accepted: true if authguard.accept_finding has accepted it. page: the page about the rule. '
    'Reads nothing but catalogs that are open to everybody, with the rights of the caller; a '
    'caller who may not read the state of authguard is told nothing about it. 3F000 for a schema '
    'and 42704 for a rule that does not exist';

create function authguard.lint_tap() returns setof pg_catalog.text
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_lint_tap';
comment on function authguard.lint_tap() is
    'The findings of authguard.lint() as lines of the Test Anything Protocol: each error and each '
    'warning is a test that fails, or passes if it is accepted';

create function authguard.lint_sarif(files pg_catalog.jsonb default '{}')
returns pg_catalog.jsonb
language c stable cost 1000000
as 'MODULE_PATHNAME', 'authguard_lint_sarif';
comment on function authguard.lint_sarif(pg_catalog.jsonb) is
    'The findings of authguard.lint() as a SARIF 2.1.0 log, for GitHub''s code scanning and '
    'others. files: the file of each object, such as {"public.notes": "migrations/1.sql", '
    '"public": {"file": "schema.sql", "line": 1}, "*": "schema.sql"}; the keys are objects, '
    'objects with a policy ("public.notes own_notes"), schemas, or * for all others. Accepted '
    'findings are suppressed there. 22023 if files is no such map';

-- Whoever may accept a finding decides what counts as a mistake, for everybody who looks: the owner
-- of the extension, who may grant it. It writes with the rights of the caller.
create function authguard.accept_finding(
    fingerprint pg_catalog.text,
    reason pg_catalog.text,
    until pg_catalog.timestamptz default null)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if accept_finding.fingerprint is null or accept_finding.reason is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'fingerprint and reason must not be null';
    end if;
    if accept_finding.fingerprint !~ '^[0-9a-f]{32}$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'this is no fingerprint of a finding',
            hint = 'Take it from the column fingerprint of authguard.lint(): 32 digits.';
    end if;
    if accept_finding.reason !~ '[^[:space:]]'
       or pg_catalog.octet_length(accept_finding.reason) > 1024 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'the reason must have something to read, and at most 1024 bytes',
            hint = 'Say why the finding is no mistake here: whoever looks next reads it.';
    end if;
    if accept_finding.until <= pg_catalog.clock_timestamp() then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'until must be in the future',
            hint = 'To take an acceptance back: select authguard.unaccept_finding(fingerprint).';
    end if;
    insert into authguard.accepted_finding as a (fingerprint, reason, until)
    values (accept_finding.fingerprint, accept_finding.reason, accept_finding.until)
    on conflict (fingerprint) do update
       set reason = excluded.reason, until = excluded.until,
           accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by
     where (a.reason, a.until) is distinct from (excluded.reason, excluded.until);
    return found;
end
$$;
comment on function authguard.accept_finding(
    pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Accepts a finding of authguard.lint(), with the reason why it is no mistake here. It stays in '
    'the rows, with accepted true. until: from when on it counts again; NULL: never. True if '
    'something changed. 22004 for NULL, 22023 for what is no fingerprint, an empty reason, or an '
    'end in the past';

create function authguard.unaccept_finding(fingerprint pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from authguard.accepted_finding a
     where a.fingerprint = unaccept_finding.fingerprint;
    return found;
end
$$;
comment on function authguard.unaccept_finding(pg_catalog.text) is
    'Takes back what authguard.accept_finding did. True if the finding was accepted';

create or replace function authguard.door_objects(
    out door pg_catalog.text, out class pg_catalog.regclass, out object pg_catalog.oid,
    out privilege pg_catalog.text, out is_key pg_catalog.bool)
returns setof pg_catalog.record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    operator_functions constant pg_catalog.regprocedure[] := array[
        'authguard.revoke_token(text, text, text, timestamptz)',
        'authguard.revoke_session(uuid, text, text, timestamptz)',
        'authguard.revoke_user(text, text, timestamptz, text)',
        'authguard.revoke_user(uuid, text, timestamptz, text)',
        'authguard.revoke_user(int8, text, timestamptz, text)',
        'authguard.restore_user(text, text, boolean)',
        'authguard.restore_user(uuid, text, boolean)',
        'authguard.restore_user(int8, text, boolean)',
        'authguard.revoke_issued_before(timestamptz, text, text, boolean)',
        'authguard.restore_issuer(text)',
        'authguard.prune(interval, interval)',
        'authguard.sign_out_user(text, text)',
        'authguard.sign_out_user(uuid, text)',
        'authguard.sign_out_user(int8, text)',
        'authguard.end_all_sessions(text)',
        'authguard.events_after(pg_snapshot)',
        'authguard.coverage()',
        'authguard.source_problem(regclass, text)',
        'authguard.own_table_problems()',
        'authguard.setting_problems()',
        'authguard.is_copy()',
        'authguard.extension_grants()',
        'authguard.door_objects()',
        'authguard.refresh_function()',
        'authguard.public_functions()',
        'authguard.members()',
        'authguard.gateways()'
    ];
    operator_tables constant pg_catalog.regclass[] := array[
        'authguard.revocation', 'authguard.issuer', 'authguard.session', 'authguard.event',
        'authguard.attached'
    ];
    -- Whoever reads a view calls its functions. An operator may do all that a monitor may: only the
    -- key tells the two apart.
    monitor_key constant pg_catalog.regprocedure := 'authguard.estimated_rows(regclass)';
    monitor_functions constant pg_catalog.regprocedure[] := array[
        'authguard.health()',
        'authguard.explain_user(text)',
        'authguard.explain_user(uuid)',
        'authguard.explain_user(int8)',
        'authguard.collect_statistics()',
        'authguard.blocks(boolean, timestamptz)',
        'authguard.is_cut_off(uuid, text, text, timestamptz, timestamptz)',
        'authguard.is_shut_out(text)',
        'authguard.session_end(timestamptz, timestamptz, timestamptz)',
        'authguard.own_issuer()',
        'authguard.key_in_file()'
    ];
    monitor_views constant pg_catalog.regclass[] := array[
        'authguard.blocked_users', 'authguard.live_sessions', 'authguard.recent_events',
        'authguard.keys', 'authguard.statistics'
    ];
    signer_functions constant pg_catalog.regprocedure[] := array[
        'authguard.sign_in(text, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(uuid, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(int8, jsonb, text, text, text, inet, text)',
        'authguard.step_up(text, uuid, text, text)',
        'authguard.step_up(uuid, uuid, text, text)',
        'authguard.step_up(int8, uuid, text, text)',
        'authguard.reauthenticated(text, uuid, text)',
        'authguard.reauthenticated(uuid, uuid, text)',
        'authguard.reauthenticated(int8, uuid, text)',
        'authguard.credentials_changed(text, uuid)',
        'authguard.credentials_changed(uuid, uuid)',
        'authguard.credentials_changed(int8, uuid)',
        'authguard.record_event(text, text, uuid, text)',
        'authguard.record_event(text, uuid, uuid, text)',
        'authguard.record_event(text, int8, uuid, text)'
    ];
    client_functions constant pg_catalog.regprocedure[] := array[authguard.refresh_function()];
    -- The owner may grant these by hand to roles that own tables.
    guard_functions constant pg_catalog.regprocedure[] := array[
        'authguard.guard_table(regclass, text, name[])',
        'authguard.unguard_table(regclass)',
        'authguard.guard_schema(name, text, name[])'
    ];
    -- The same for roles that write policies. No grant_* function gives these, so each is a key.
    author_functions constant pg_catalog.regprocedure[] := array[
        'authguard.lint(name[], text[])',
        'authguard.lint_tap()',
        'authguard.lint_sarif(jsonb)',
        'authguard.explain_access(regclass, text, jsonb, jsonb, name, jsonb)',
        'authguard.can(text, regclass, jsonb, jsonb, name, jsonb)',
        'authguard.tap_line(boolean, text, text)',
        'authguard.assert_access(text, text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.assert_visible(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_hidden(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_can(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_cannot(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_denied(text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.policies_svg(name)',
        'authguard.access_matrix(jsonb, regclass[])',
        'authguard.access_snapshot(jsonb, regclass[])',
        'authguard.access_diff(jsonb, jsonb)',
        'authguard.policy_coverage_start(name[])',
        'authguard.policy_coverage()',
        'authguard.policy_coverage_percent()',
        'authguard.policy_mutants(name)'
    ];
    author_tables constant pg_catalog.regclass[] := array['authguard.accepted_finding'];
begin
    return query
        select f.door, 'pg_catalog.pg_proc'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'EXECUTE', u.place = 1 or f.door = 'author'
          from (values ('operator', operator_functions || monitor_functions),
                       ('monitor', monitor_key || monitor_functions),
                       ('signer', signer_functions),
                       ('client', client_functions), ('guard', guard_functions),
                       ('author', author_functions)
               ) f (door, functions),
               pg_catalog.unnest(f.functions) with ordinality u (object, place)
        union all
        select r.door, 'pg_catalog.pg_class'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'SELECT', false
          from (values ('operator', operator_tables || monitor_views), ('monitor', monitor_views),
                       ('author', author_tables)
               ) r (door, relations),
               pg_catalog.unnest(r.relations) u (object)
        union all
        select u.door, 'pg_catalog.pg_namespace'::pg_catalog.regclass,
               'authguard'::pg_catalog.regnamespace::pg_catalog.oid, 'USAGE', false
          from pg_catalog.unnest(
                   array['operator', 'monitor', 'signer', 'guard', 'author']) u (door);
end
$$;
comment on function authguard.door_objects() is
    'What each of grant_operator, grant_monitor, grant_signer and grant_client grants, and for '
    'doors guard and author what may be granted by hand: an object of a catalogue (class) and a '
    'privilege. '
    'is_key: a role that has this privilege has the others with good reason';

create or replace function authguard.coverage(
    out kind pg_catalog.text,
    out object pg_catalog.text,
    out guarded pg_catalog.bool,
    out problem pg_catalog.text,
    out hint pg_catalog.text,
    out rule pg_catalog.text,
    out level pg_catalog.text
) returns setof pg_catalog.record
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_coverage';

-- Why a row is hidden, and which policy refuses a write. Both run with the rights of the caller,
-- and leave nothing behind.

create function authguard.explain_access(
    relation pg_catalog.regclass,
    command pg_catalog.text default 'select',
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null)
returns table (
    step pg_catalog.int4, gate pg_catalog.text, name pg_catalog.text, clause pg_catalog.text,
    result pg_catalog.text, note pg_catalog.text)
language c volatile cost 100000 rows 10
as 'MODULE_PATHNAME', 'authguard_explain_access';
comment on function authguard.explain_access(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb) is
    'Why a role with these claims may or may not read or write a row: one row for each gate, in '
    'the order that Postgres asks, the last one the verdict. command: select, insert, update or '
    'delete, also "select for update", "upsert", and with "without where" or "returning" behind '
    'it. row: the columns that pick existing rows, or the row to insert. new_row: what an update '
    'sets. claims and role NULL: those in force; claims ''null'': none. result: true, false, '
    'null, error or skipped; in the last row allowed or denied. Runs with the rights of the '
    'caller, who needs to be a member of the role, and a gateway if claims are given; everything '
    'is rolled back. 22023 for an unknown command, claims that are refused, or a role that does '
    'not exist; 42501 if the caller may not become the role; 42703 for a column that is not there; '
    '42809 for what is no table or view';

create function authguard.can(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null)
returns pg_catalog.bool
language c volatile cost 100000
as 'MODULE_PATHNAME', 'authguard_can';
comment on function authguard.can(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb) is
    'True if the verdict of authguard.explain_access is allowed. Arguments and errors as for that';

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
                   assert_access.claims,
                   -- As a gateway does: the token says which role.
                   coalesce(assert_access.role, assert_access.claims ->> 'role'),
                   assert_access.new_row) s
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

-- A picture of a schema's policies.

create function authguard.policies_svg(schema pg_catalog.name) returns pg_catalog.text
language c volatile strict cost 100000
as 'MODULE_PATHNAME', 'authguard_policies_svg';
comment on function authguard.policies_svg(pg_catalog.name) is
    'A picture of a schema, an SVG without scripts: one row for each table and view, one column '
    'for each role that clients can become, with what the role reaches, by which policies, guarded '
    'or not. It is made of the catalog, so it shows names and no rows. 3F000 if there is no such '
    'schema';

-- Who reaches which rows, and what a migration changes about it. All of it runs with the rights of
-- the caller, and leaves nothing behind.

create function authguard.access_matrix(
    identities pg_catalog.jsonb,
    relations pg_catalog.regclass[] default null)
returns table (
    relation pg_catalog.regclass, identity pg_catalog.text, command pg_catalog.text,
    allowed pg_catalog.text, visible pg_catalog.int8, note pg_catalog.text)
language c volatile cost 1000000 rows 100
as 'MODULE_PATHNAME', 'authguard_access_matrix';
comment on function authguard.access_matrix(pg_catalog.jsonb, pg_catalog.regclass[]) is
    'Tries each command as each identity on each relation, and rolls everything back. identities: '
    '[{"name": "ada", "role": "authenticated", "claims": {...}}], each of a role that the caller '
    'may become. relations NULL: all tables and views that are no extension''s. allowed: none, '
    'some '
    'or all of the rows that the caller sees, or error, with the message in note. visible: the '
    'rows '
    'that select shows, update and delete without WHERE reach, or that insert would admit if they '
    'were new. some is also the answer if policies let the identity in and there is no row to try. '
    'Of a table larger than 64 MiB a part is tried, and note says so. Needs the privilege '
    'TEMPORARY on the database. 22023 for identities of another form, claims that are refused, and '
    'a role that does not exist; 42501 for a role that the caller may not become; 42809 for a '
    'relation that is no table and no view; 25006 if the transaction may not write';

create function authguard.access_snapshot(
    identities pg_catalog.jsonb,
    relations pg_catalog.regclass[] default null)
returns pg_catalog.jsonb
language c volatile cost 1000000
as 'MODULE_PATHNAME', 'authguard_access_snapshot';
comment on function authguard.access_snapshot(pg_catalog.jsonb, pg_catalog.regclass[]) is
    'The answers of authguard.access_matrix, the rows that each identity sees (their number, a '
    'digest, and the primary keys of the first 20), and the facts behind them: owners, privileges, '
    'policies, views, functions of policies, and the roles. Partitions of the relations and views '
    'that read them are added. The same database gives the same snapshot. Arguments and errors as '
    'for authguard.access_matrix';

create function authguard.access_diff(before pg_catalog.jsonb, after pg_catalog.jsonb)
returns table (
    relation pg_catalog.text, identity pg_catalog.text, command pg_catalog.text,
    before pg_catalog.text, after pg_catalog.text)
language c stable cost 1000 rows 20
as 'MODULE_PATHNAME', 'authguard_access_diff';
comment on function authguard.access_diff(pg_catalog.jsonb, pg_catalog.jsonb) is
    'What differs between two snapshots of authguard.access_snapshot, such as those before and '
    'after a migration: for each relation and identity the command whose answer differs, and '
    'without an identity the fact that differs, such as a policy, privileges, or row-level '
    'security. Without a relation, identity is the role or the identity that differs. No rows: '
    'nothing differs. 22023 for what is no snapshot';

-- Coverage of policies: which clauses the tests of a transaction have asked, and what each
-- answered.

create function authguard.policy_coverage_start(schemas pg_catalog.name[] default null)
returns pg_catalog.void
language c volatile cost 1000000
as 'MODULE_PATHNAME', 'authguard_policy_coverage_start';
comment on function authguard.policy_coverage_start(pg_catalog.name[]) is
    'Counts from now on what each clause of each policy answers, until the transaction is rolled '
    'back: for tests. The policies decide as before, more slowly, and their tables are locked. A '
    'COMMIT is an error. schemas NULL: all tables that the caller owns. The caller must own the '
    'tables, and needs the privilege TEMPORARY on the database. A policy that is not the only '
    'permissive one for its command is counted by another one, ~authguard_coverage_N. 25P01 '
    'outside '
    'a transaction block; 55000 if it has been started before; 42501 if a table of the schemas is '
    'somebody else''s';

create function authguard.policy_coverage()
returns table (
    relation pg_catalog.regclass, policy pg_catalog.name, clause pg_catalog.text,
    admitted pg_catalog.int8, refused pg_catalog.int8, nulls pg_catalog.int8,
    errors pg_catalog.int8)
language c volatile cost 100000 rows 100
as 'MODULE_PATHNAME', 'authguard_policy_coverage';
comment on function authguard.policy_coverage() is
    'How often each clause of each policy was true, false, NULL or an error since '
    'authguard.policy_coverage_start(), also in what a savepoint has taken back. Policies are '
    'split '
    'at AND, OR and NOT, and each clause is asked by itself: none hides another. A clause of WITH '
    'CHECK begins with "with check: ". The numbers are NULL for a clause that reads a system '
    'column. '
    '55000 if it has not been started in this transaction';

create function authguard.policy_coverage_percent() returns pg_catalog.float8
language c volatile cost 100000
as 'MODULE_PATHNAME', 'authguard_policy_coverage_percent';
comment on function authguard.policy_coverage_percent() is
    'The share of the clauses of authguard.policy_coverage() that have both admitted and refused '
    '(false or NULL), in percent: for a test that fails below a threshold. A constant counts as '
    'soon as it has been asked. 100 if there is no clause. Errors as for authguard.policy_coverage';

-- Mutants: policies with one mistake each, which good tests notice.

create function authguard.policy_mutants(schema pg_catalog.name)
returns table (
    mutant pg_catalog.int4, relation pg_catalog.regclass, policy pg_catalog.name,
    mutation pg_catalog.text, apply pg_catalog.text, undo pg_catalog.text)
language c volatile cost 100000 rows 100
as 'MODULE_PATHNAME', 'authguard_policy_mutants';
comment on function authguard.policy_mutants(pg_catalog.name) is
    'Mistakes that tests of the policies of a schema should notice, one each row. apply: the '
    'statements that make the mistake. undo: those that make the same policy again. policy NULL: a '
    'mistake of the table. Nothing is changed by this function. Run apply in a transaction, the '
    'tests, and ROLLBACK; the command line does it (authguard mutants). 3F000 if there is no such '
    'schema';

select authguard.close_grants(keep_doors => true);
