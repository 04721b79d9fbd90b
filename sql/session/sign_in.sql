-- Tokens of a session, and the sign-in that begins one. SECURITY DEFINER, because the roles that
-- may call it (grant_signer) write no table.

create function authguard.issue(session_id pg_catalog.uuid) returns authguard.issued
language c volatile strict cost 10000
as 'MODULE_PATHNAME', 'authguard_issue';
comment on function authguard.issue(pg_catalog.uuid) is
    'Returns tokens of a session as it is, which it locks: an access token that ends with the '
    'session at the latest, and its refresh token. The claims are those of Supabase''s tokens, '
    'then those of the sign-in, of attached tables and of the claims function, then those that '
    'authguard sets. 22023 if this database would refuse the token. status not_found if there is '
    'no such session, or another transaction has its row. NULL for NULL';

create function authguard.lock_sign_in(user_id pg_catalog.text) returns pg_catalog.void
language c volatile strict cost 10
as 'MODULE_PATHNAME', 'authguard_lock_sign_in';
comment on function authguard.lock_sign_in(pg_catalog.text) is
    'Makes other transactions that sign this user in (in canonical form) wait until this one '
    'ends. Nothing for NULL';

create function authguard.await_sign_in(user_id pg_catalog.text) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.lock_sign_in(user_id);
    return true;
exception when lock_not_available then
    return false;
end
$$;
comment on function authguard.await_sign_in(pg_catalog.text) is
    'Calls authguard.lock_sign_in and returns true. False if another transaction that signs the '
    'user in takes lock_timeout, which the library sets';

create function authguard.sign_in(
    user_id pg_catalog.text,
    claims pg_catalog.jsonb default '{}',
    method pg_catalog.text default 'password',
    aal pg_catalog.text default 'aal1',
    user_agent pg_catalog.text default null,
    ip pg_catalog.inet default null,
    tag pg_catalog.text default null)
returns authguard.issued
language c volatile security definer cost 10000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_sign_in';
comment on function authguard.sign_in(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text,
    pg_catalog.inet, pg_catalog.text) is
    'Begins a session for a user whom the application has authenticated, and issues its tokens. '
    'claims: merged into those of the access token. method: how the user was authenticated (RFC '
    '8176). aal: aal1, aal2 or aal3. tag: see authguard.single_session_per_user. status '
    'user_blocked, and no tokens, if authguard.revoke_user or an attached table shuts the user '
    'out. status busy if for two seconds a change of the user''s attached row, or a cut-off of the '
    'user or of all, is being committed or, with authguard.single_session_per_user, another '
    'transaction signs the user in: try again. 22004 if user_id is NULL; 22023 for an argument or '
    'claims that are not allowed; 25006 on a standby';
