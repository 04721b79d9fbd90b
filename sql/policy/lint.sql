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
