-- Coverage: which tables are guarded, and every way around a guard.

create function authguard.own_table_problems()
returns table (
    relation pg_catalog.text, problem pg_catalog.text, closes pg_catalog.bool, hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_own_table_problems';
comment on function authguard.own_table_problems() is
    'Returns a row for each table of authguard that is not as create extension made it. closes: '
    'true if no access is possible until it is. hint: the statements that put it in order, or '
    'what is needed';

create function authguard.setting_problems()
returns table (
    setting pg_catalog.text, problem pg_catalog.text, is_wrong pg_catalog.bool,
    hint pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_setting_problems';
comment on function authguard.setting_problems() is
    'Returns a row for each word or name in the settings of this session that nothing knows: '
    'assurance levels, events, roles; and one if authguard.oauth_issuers_file cannot be used. '
    'is_wrong: false if the application may know it, or it may come to exist';

create function authguard.gateways() returns pg_catalog.text[]
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_gateways';
comment on function authguard.gateways() is
    'The names in authguard.gateway_roles, whether or not there are such roles';

create function authguard.coverage(
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
comment on function authguard.coverage() is
    'Returns a row for each guarded table, and for each way around a guard that a client has. '
    'Clients are the login roles in authguard.gateway_roles (if none of them exists: all but '
    'superusers) and every role that these can become. rule: what the row is about, such as '
    'guarded_table or view_as_owner. level: error, warning or info (nothing to do, or something '
    'to know). problem and hint are NULL if nothing is wrong. The rows are about tables without a '
    'guard, partitions, views, rules, materialized views, foreign tables, SECURITY DEFINER '
    'functions, privileges that no policy applies to, owners without FORCE, roles that pass every '
    'policy; about readers that were replaced, privileges on authguard that no function grant_* '
    'gives, attached tables, the tables of authguard, words and roles in settings that nothing '
    'knows, and a restored database';
