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
    'sets. claims and role NULL: those in force; claims ''null'': none. role NULL with claims: '
    'the role that they say, or else the one in force. result: true, false, null, error or '
    'skipped; in the last row allowed or denied. Runs with the rights of the caller, who needs to '
    'be a member of the role, and a gateway if claims are given; everything is rolled back. 22023 '
    'for an unknown command, claims that are refused, or a role that does not exist; 42501 if the '
    'caller may not become the role; 42703 for a column that is not there; 42809 for what is no '
    'table or view';

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
