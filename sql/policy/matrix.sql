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
    'some or all of the rows that the caller sees, or error, with the message in note. visible: '
    'the rows that select shows, update and delete without WHERE reach, or that insert would admit '
    'if they were new. some is also the answer if policies let the identity in and there is no row '
    'to try. Of a table larger than 64 MiB a part is tried, and note says so. Needs the privilege '
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
