-- Tokens of a session, and the sign-in that begins one. SECURITY DEFINER behind a door, grant_signer.

create function authguard.check_aal(aal pg_catalog.text) returns pg_catalog.void
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_check_aal_wrapper';
comment on function authguard.check_aal(pg_catalog.text) is
    'Raises 22023 where aal is no level, or is below authguard.min_aal';

create function authguard.add_method(
    amr pg_catalog.jsonb, method pg_catalog.text, at pg_catalog.timestamptz)
returns pg_catalog.text
language c immutable cost 10
as 'MODULE_PATHNAME', 'authguard_add_method_wrapper';
comment on function authguard.add_method(pg_catalog.jsonb, pg_catalog.text, pg_catalog.timestamptz) is
    'Claim amr, as JSON, with this method (RFC 8176) as the newest; each is in it once, so that tokens do not grow. 22023 where it is none';

create function authguard.is_blocked(user_id pg_catalog.text) returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_blocked_wrapper';
comment on function authguard.is_blocked(pg_catalog.text) is
    'Whether authguard.revoke_user or an attached table shuts this user (in canonical form) of our own issuer out of sign-in and refresh, by the newest committed entries and rows';

create function authguard.is_cut_off(
    session_id pg_catalog.uuid, user_id pg_catalog.text, issuer pg_catalog.text,
    created_at pg_catalog.timestamptz, authenticated_at pg_catalog.timestamptz)
returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_cut_off_wrapper';
comment on function authguard.is_cut_off(pg_catalog.uuid, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.timestamptz) is
    'Whether something other than its row ends a session: authguard.issuer is another one by now, or the newest committed entries revoke the session or cut off its user or issuer. An entry may have been written while somebody had the row, or before the session was committed';

create function authguard.session_end(
    created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz, not_after pg_catalog.timestamptz)
returns pg_catalog.timestamptz
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_session_end_wrapper';
comment on function authguard.session_end(pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz) is
    'When a session with these times is past its time unless it is refreshed; NULL: never';

create function authguard.tokens_until() returns pg_catalog.timestamptz
language c volatile cost 1
as 'MODULE_PATHNAME', 'authguard_tokens_until_wrapper';
comment on function authguard.tokens_until() is
    'When an access token that is issued now has surely expired';

create function authguard.issue_at(user_id pg_catalog.text, issuer pg_catalog.text, at pg_catalog.int8)
returns pg_catalog.int8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    changed pg_catalog.int8;
begin
    select pg_catalog.floor(extract(epoch from pg_catalog.max(r.issued_before))) into changed
      from authguard.revocation r
     where r.kind = 'claims' and r.key = user_id and (r.issuer is null or r.issuer = issue_at.issuer);
    -- A token of the second of the change counts as older: the next second, then.
    if at <= changed then
        perform pg_catalog.pg_sleep(least(1, changed + 1 - extract(epoch from pg_catalog.clock_timestamp())));
        at := greatest(changed + 1, pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp())));
    end if;
    return at;
end
$$;
comment on function authguard.issue_at(pg_catalog.text, pg_catalog.text, pg_catalog.int8) is
    'Claim iat of the tokens that a user (in canonical form) is issued at that second since 1970: later than the last change of the user''s row, for which it waits up to a second. After authguard.await_changes';

create function authguard.issue(session_id pg_catalog.uuid) returns authguard.issued
language c volatile strict cost 10000
as 'MODULE_PATHNAME', 'authguard_issue';
comment on function authguard.issue(pg_catalog.uuid) is
    'Tokens of a session as it is, which it locks: an access token that ends with the session at the latest, and its refresh token. Claims: those of Supabase''s tokens, then those of the sign-in, of attached tables, of the claims function, and what authguard sets. 22023 where this database would refuse the token; status not_found where there is no such session, or somebody has its row';

create function authguard.lock_user(user_id pg_catalog.text) returns pg_catalog.void
language c volatile strict cost 100
as 'MODULE_PATHNAME', 'authguard_lock_user_wrapper';
comment on function authguard.lock_user(pg_catalog.text) is
    'Waits until no other transaction signs this user (in canonical form) in; by a lock that SQL cannot take';

create function authguard.replace_sessions(user_id pg_catalog.text, tag pg_catalog.text)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    other pg_catalog.uuid;
begin
    if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
        raise exception using
            errcode = 'active_sql_transaction',
            message = 'authguard.single_session_per_user needs isolation level read committed',
            hint = 'An older snapshot does not see the session to be replaced: sign in in a transaction of its own.';
    end if;
    -- Two sign-ins at once of one user: the second one ends the session of the first.
    perform authguard.lock_user(user_id);
    for other in
        select s.id from authguard.session s
         where s.user_id = replace_sessions.user_id and s.ended_at is null
           and s.tag is not distinct from replace_sessions.tag
         order by s.id
    loop
        perform authguard.end_session_nowait(other, 'replaced', 'policy');
    end loop;
end
$$;
comment on function authguard.replace_sessions(pg_catalog.text, pg_catalog.text) is
    'Ends the sessions of a user (in canonical form) with this tag, for the one that is about to begin; others who sign this user in wait for the end of the transaction. 25001 above isolation level read committed';

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
comment on function authguard.sign_in(pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.inet, pg_catalog.text) is
    'Begins a session for a user whom the application has authenticated, and issues its tokens. claims: merged into those of the access token. method, aal: how (RFC 8176). status user_blocked, and no tokens, where authguard.revoke_user or an attached table shuts the user out; busy where a change of attached users is being committed for two seconds: try again';
