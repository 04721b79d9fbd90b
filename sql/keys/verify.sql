-- Verifying a token, whoever has signed it, and setting it as the request's.

create function auth.verify(token pg_catalog.text) returns pg_catalog.jsonb
language c stable strict parallel safe cost 1000
as 'MODULE_PATHNAME', 'authguard_verify';
comment on function auth.verify(pg_catalog.text) is
    'Returns the claims of a token (RFC 7515 compact form) of a trusted issuer that is neither '
    'expired nor revoked. Otherwise raises 28000, with one message for every cause: only the '
    'server''s log has the cause. If nothing but its end is wrong with the token, the message says '
    'that it has expired. NULL for NULL';

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

create function auth.introspect(token pg_catalog.text) returns pg_catalog.jsonb
language c stable parallel safe cost 1000
as 'MODULE_PATHNAME', 'authguard_introspect';
comment on function auth.introspect(pg_catalog.text) is
    'Returns the answer of token introspection (RFC 7662) about an access token that auth.verify '
    'would accept: active, token_type, and all its claims, with scope as one string, client_id, '
    'and exp, iat and nbf in whole seconds. {"active": false}, and nothing more, for anything '
    'else, also for a refresh token and for NULL. If the token is bound to a key (cnf), whoever '
    'asks must check the proof. Only roles that authguard.grant_introspection names may call it';

create function authguard.explain_token(token pg_catalog.text)
returns table (
    step pg_catalog.int4, check_name pg_catalog.text, expected pg_catalog.text,
    found pg_catalog.text, passed pg_catalog.bool)
language c stable strict cost 10000
as 'MODULE_PATHNAME', 'authguard_explain_token';
comment on function authguard.explain_token(pg_catalog.text) is
    'Returns each check of a token, with what it expects, what it finds and whether it passes. '
    'What a failed check leaves unknown is not checked: passed is NULL, or the row is missing. '
    'Times are seconds since 1970. Never shows a signature, a key or a secret, and writes nothing '
    'to the log. Only the owner of the extension may call it. No row for NULL';
