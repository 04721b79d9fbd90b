-- Verifying a token, whoever has signed it, and setting it as the request's.

create function auth.verify(token pg_catalog.text) returns pg_catalog.jsonb
language c stable strict parallel safe cost 1000
as 'MODULE_PATHNAME', 'authguard_verify';
comment on function auth.verify(pg_catalog.text) is
    'Returns the claims of a token (RFC 7515 compact form) of a trusted issuer that is neither '
    'expired nor revoked. Otherwise raises 28000, with one message for every cause: only the '
    'server''s log has the cause. NULL for NULL';

create function auth.set_token(token pg_catalog.text, is_local pg_catalog.bool default true)
returns pg_catalog.jsonb
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_set_token';
comment on function auth.set_token(pg_catalog.text, pg_catalog.bool) is
    'Verifies a token as auth.verify does, makes it the current one and returns its claims. '
    'is_local true: until the end of the transaction (25P01 outside a transaction block); false: '
    'of the session. If it fails, also for NULL (28000), no claims are left, neither a token nor '
    'those of a gateway, unless they are sealed. Bind the token as a parameter, so that no log '
    'holds it';
