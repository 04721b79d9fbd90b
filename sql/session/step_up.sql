-- Another proof of who the user is, in a running session: with new tokens of a higher level, or
-- without. SECURITY DEFINER, because the roles that may call these (grant_signer) write no
-- table.

create function authguard.step_up(
    user_id pg_catalog.text, session_id pg_catalog.uuid, method pg_catalog.text,
    aal pg_catalog.text)
returns authguard.issued
language c volatile security definer cost 10000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_step_up';
comment on function authguard.step_up(
    pg_catalog.text, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'Raises the level (aal) of a session whose user has proved another factor (method, RFC 8176), '
    'and issues new tokens: the earlier refresh token does not get the higher level. status '
    'user_blocked or busy, and no tokens, as auth.refresh answers them. 28000 if it is no live '
    'session of the user; 22004 if user_id is NULL; 22023 for a level below that of the session; '
    '25006 on a standby';

create function authguard.reauthenticated(
    user_id pg_catalog.text, session_id pg_catalog.uuid, method pg_catalog.text)
returns pg_catalog.void
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_reauthenticated';
comment on function authguard.reauthenticated(pg_catalog.text, pg_catalog.uuid, pg_catalog.text) is
    'Notes that the user of a session has proved again who it is (method, RFC 8176): '
    'auth.is_fresh() and auth.authenticated_at() count it at the next statement, also for tokens '
    'that were issued before. No new tokens. 28000 if it is no live session of the user; 22004 if '
    'user_id is NULL; 55P03 if another transaction has its row for two seconds; 25006 on a '
    'standby';
