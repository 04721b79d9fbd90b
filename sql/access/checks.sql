-- The checks for policies. Their support functions tell the planner how often the checks are true;
-- without them it guesses a third of the rows.

create function authguard.support_never(pg_catalog.internal) returns pg_catalog.internal
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'authguard_support_never';
comment on function authguard.support_never(pg_catalog.internal) is
    'Planner support: the function is true for none of the rows';

create function authguard.support_always(pg_catalog.internal) returns pg_catalog.internal
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'authguard_support_always';
comment on function authguard.support_always(pg_catalog.internal) is
    'Planner support: the function is true for all of the rows';

create function auth.is_revoked() returns pg_catalog.bool
language c stable parallel safe cost 1 support authguard.support_never
as 'MODULE_PATHNAME', 'authguard_is_revoked';
comment on function auth.is_revoked() is
    'True if the current token is revoked, expired or refused; false if there are no claims, or '
    'if they are accepted and live. Never NULL. One answer a statement, from the newest committed '
    'state';

create function auth.revocation_reason() returns pg_catalog.text
language c stable parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_revocation_reason';
comment on function auth.revocation_reason() is
    'Why auth.is_revoked() is true: refused, expired, claim, token, session, session_ended, '
    'session_expired, user, user_cut_off, user_deleted, user_banned, claims_stale, '
    'issuer_cut_off, client, source_broken, restored or replica_lag. The last three mean that this '
    'database cannot know. NULL if it is false';

create function auth.is_active() returns pg_catalog.bool
language c stable parallel safe cost 1 support authguard.support_always
as 'MODULE_PATHNAME', 'authguard_is_active';
comment on function auth.is_active() is
    'True if there are claims, and they are accepted, not expired and not revoked. Never NULL';

create function auth.is_user() returns pg_catalog.bool
language c stable parallel safe cost 1 support authguard.support_always
as 'MODULE_PATHNAME', 'authguard_is_user';
comment on function auth.is_user() is
    'True if auth.is_active(), and the claims name a user (sub). Never NULL';

create function auth.require_active() returns pg_catalog.void
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_require_active';
comment on function auth.require_active() is
    'Raises 28000 unless auth.is_active()';

create function auth.is_expired() returns pg_catalog.bool
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_is_expired';
comment on function auth.is_expired() is
    'True if exp plus authguard.leeway had passed when the statement began (RFC 7519 section '
    '4.1.4). NULL without exp. 28000 if the claims are refused for another reason';

create function auth.is_fresh(max_age pg_catalog.interval) returns pg_catalog.bool
language c stable parallel safe cost 10
as 'MODULE_PATHNAME', 'authguard_is_fresh';
comment on function auth.is_fresh(pg_catalog.interval) is
    'True if the user authenticated at most max_age ago; days and months are those of UTC. False '
    'if that time is not known, and for NULL; never NULL';
