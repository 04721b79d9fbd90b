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
    'outside a transaction block; 55000 if it has been started before; 42501 if a table of the '
    'schemas is somebody else''s';

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
    'split at AND, OR and NOT, and each clause is asked by itself: none hides another. A clause of '
    'WITH CHECK begins with "with check: ". The numbers are NULL for a clause that reads a system '
    'column. 55000 if it has not been started in this transaction';

create function authguard.policy_coverage_percent() returns pg_catalog.float8
language c volatile cost 100000
as 'MODULE_PATHNAME', 'authguard_policy_coverage_percent';
comment on function authguard.policy_coverage_percent() is
    'The share of the clauses of authguard.policy_coverage() that have both admitted and refused '
    '(false or NULL), in percent: for a test that fails below a threshold. A constant counts as '
    'soon as it has been asked. 100 if there is no clause. Errors as for authguard.policy_coverage';
