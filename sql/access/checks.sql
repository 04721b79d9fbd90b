-- The checks for policies. Their support functions tell the planner how often they are true; without
-- them it guesses a third.

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
    'Whether the current token is revoked, expired or refused; one answer a statement, from the newest committed state. False only where claims are absent, or accepted and live; never NULL';

create function auth.revocation_reason() returns pg_catalog.text
language c stable parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_revocation_reason_wrapper';
comment on function auth.revocation_reason() is
    'Why auth.is_revoked() is true: refused, expired, claim, token, session, session_ended, session_expired, user, user_deleted, user_banned, claims_stale or issuer; source_broken, restored, replica_lag where this database cannot know; NULL where it is false';

create function auth.is_active() returns pg_catalog.bool
language c stable parallel safe cost 1 support authguard.support_always
as 'MODULE_PATHNAME', 'authguard_is_active';
comment on function auth.is_active() is
    'Whether there are claims, accepted, not expired and not revoked; never NULL';

create function auth.require_active() returns pg_catalog.void
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_require_active';
comment on function auth.require_active() is
    'Raises 28000 unless auth.is_active()';

create function auth.is_expired() returns pg_catalog.bool
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_is_expired';
comment on function auth.is_expired() is
    'Whether exp plus authguard.leeway has passed at the start of the statement; NULL without exp (RFC 7519 section 4.1.4)';

create function auth.is_fresh(max_age pg_catalog.interval) returns pg_catalog.bool
language c stable parallel safe cost 10
as 'MODULE_PATHNAME', 'authguard_is_fresh';
comment on function auth.is_fresh(pg_catalog.interval) is
    'Whether the user authenticated at most max_age ago; false without a known time or for NULL, never NULL';
