-- A picture of a schema's policies.

create function authguard.policies_svg(schema pg_catalog.name) returns pg_catalog.text
language c volatile strict cost 100000
as 'MODULE_PATHNAME', 'authguard_policies_svg';
comment on function authguard.policies_svg(pg_catalog.name) is
    'A picture of a schema, an SVG without scripts: one row for each table and view, one column '
    'for each role that clients can become, with what the role reaches, by which policies, guarded '
    'or not. It is made of the catalog, so it shows names and no rows. 3F000 if there is no such '
    'schema';
