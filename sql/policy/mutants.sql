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
