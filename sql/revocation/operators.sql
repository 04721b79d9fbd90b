-- For operators: revoking and restoring. SECURITY DEFINER, because operators may read the table
-- but write it only in these ways; every name is qualified and the path is pinned. Times are those
-- of the clock, not of the transaction: a long transaction must not backdate a cut-off.

create function authguard.revoke_token(
    jti pg_catalog.text,
    reason pg_catalog.text default null,
    issuer pg_catalog.text default null,
    expires_at pg_catalog.timestamptz default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    entry.kind := 'token';
    entry.key := authguard.identity('jti', jti);
    entry.issuer := issuer;
    entry.blocked := true;
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := coalesce(authguard.expiry_with_leeway(expires_at),
                                 authguard.latest_expiry(pg_catalog.clock_timestamp()));
    return authguard.revoke_and_forget(entry);
end
$$;
comment on function authguard.revoke_token(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Revokes the token with this jti. issuer NULL: of every issuer. expires_at: its exp, after '
    'which the entry may be forgotten. True if something changed. 22004 if jti is NULL, 22023 if '
    'a text is empty or too long, 25006 on a standby; 40001 at SERIALIZABLE, even if others do '
    'not touch the same rows: try again';

create function authguard.revoke_session(
    session_id pg_catalog.uuid,
    reason pg_catalog.text default null,
    issuer pg_catalog.text default null,
    expires_at pg_catalog.timestamptz default null
) returns pg_catalog.bool
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_revoke_session';
comment on function authguard.revoke_session(
    pg_catalog.uuid, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Revokes every token of the session. issuer NULL: of every issuer. expires_at: when its last '
    'token will have expired; NULL: the entry is kept. True if something changed. 22004 if '
    'session_id is NULL, 22023 if a text is too long, 25006 on a standby; 40001 at SERIALIZABLE, '
    'even if others do not touch the same rows: try again';

create function authguard.revoke_session(
    session_id pg_catalog.text,
    reason pg_catalog.text default null,
    issuer pg_catalog.text default null,
    expires_at pg_catalog.timestamptz default null
) returns pg_catalog.bool
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_revoke_named_session';
comment on function authguard.revoke_session(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'As authguard.revoke_session for a session_id of type uuid, for a session as its issuer names '
    'it, which is what auth.sid() returns. 22023 also if it is empty';

create function authguard.revoke_user(
    user_id pg_catalog.text,
    reason pg_catalog.text default null,
    until pg_catalog.timestamptz default null,
    issuer pg_catalog.text default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
    changed pg_catalog.bool;
begin
    if until <= pg_catalog.clock_timestamp() then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'until must be in the future',
            hint = 'Leave it out to shut the user out until authguard.restore_user().';
    end if;
    entry.kind := 'user';
    entry.key := authguard.identity('user_id', user_id);
    entry.issuer := issuer;
    entry.blocked := true;
    entry.blocked_until := nullif(until, 'infinity');
    entry.issued_before := authguard.begin_cut_off(entry.key, issuer);
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := greatest(entry.blocked_until, authguard.latest_expiry(entry.issued_before));
    if entry.blocked_until is null or authguard.latest_expiry(entry.issued_before) is null then
        entry.keep_until := null;
    end if;
    changed := authguard.revoke_and_forget(entry);
    perform authguard.end_blocked_sessions(entry.key, issuer);
    if changed then
        perform authguard.record('USER_REVOKED', entry.key, null, 'admin', reason);
    end if;
    return changed;
end
$$;
comment on function authguard.revoke_user(
    pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text) is
    'Shuts the user out until restored (or until a time) and revokes every token issued so far. '
    'issuer NULL: at every issuer. The longer of two blocks stands. True if something changed. '
    '22004 if user_id is NULL; 22023 if a text is empty or too long, or until is not in the '
    'future; 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same '
    'rows: try again';

create function authguard.restore_user(
    user_id pg_catalog.text,
    issuer pg_catalog.text default null,
    revive_tokens pg_catalog.bool default false
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
    everywhere authguard.revocation;
    changed pg_catalog.int8;
begin
    perform authguard.require_primary();
    if issuer is not null then
        select r.* into everywhere
          from authguard.revocation r
         where r.kind = 'user' and r.key = subject and r.issuer is null
           and (revive_tokens or authguard.blocks(r.blocked, r.blocked_until));
        if found then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = 'the user is revoked at every issuer',
                detail = pg_catalog.format('Entry of %s by %s%s.',
                    everywhere.revoked_at, everywhere.revoked_by,
                    coalesce(': ' || everywhere.reason, '')),
                hint = 'Call authguard.restore_user without an issuer to lift that entry, too.';
        end if;
    end if;
    if revive_tokens then
        delete from authguard.revocation r
         where r.kind = 'user' and r.key = subject
           and (restore_user.issuer is null or r.issuer = restore_user.issuer);
    else
        update authguard.revocation r
           set blocked = false,
               blocked_until = null,
               event_at = null,
               keep_until = authguard.latest_expiry(r.issued_before)
         where r.kind = 'user' and r.key = subject and r.blocked
           and (restore_user.issuer is null or r.issuer = restore_user.issuer);
    end if;
    get diagnostics changed = row_count;
    if changed > 0 then
        perform authguard.record('USER_RESTORED', subject, null, 'admin', null);
    end if;
    return changed > 0;
end
$$;
comment on function authguard.restore_user(pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Lets the user in again with new tokens; earlier ones stay revoked unless revive_tokens, which '
    'also lifts a cut-off without a block. Sessions that have ended stay so. issuer NULL: lifts '
    'the blocks at every issuer. True if something changed. 55000 if an issuer is given and the '
    'user is revoked at every issuer; 22004 if user_id is NULL, 22023 if it is empty or too long, '
    '25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same rows: try '
    'again';

create function authguard.revoke_client(
    client_id pg_catalog.text,
    issuer pg_catalog.text default null,
    user_id pg_catalog.text default null,
    reason pg_catalog.text default null
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    client constant pg_catalog.text := authguard.identity('client_id', client_id);
    subject constant pg_catalog.text :=
        case when user_id is not null then authguard.identity('user_id', user_id) end;
    entry authguard.revocation;
begin
    entry.kind := case when subject is null then 'client' else 'grant' end;
    entry.key := coalesce(subject, client);
    entry.client_id := case when subject is not null then client end;
    entry.issuer := issuer;
    entry.blocked := true;
    entry.issued_before := pg_catalog.clock_timestamp();
    entry.include_keys := false;
    entry.reason := reason;
    if not authguard.revoke_and_forget(entry) then
        return false;
    end if;
    perform authguard.record('CLIENT_REVOKED', subject, null, 'admin',
        client || coalesce(': ' || reason, ''));
    return true;
end
$$;
comment on function authguard.revoke_client(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text) is
    'Shuts a client (OAuth 2.0) out until restored, and revokes every token that it was issued so '
    'far: what auth.client_id() returns. issuer NULL: at every issuer. user_id: only its tokens '
    'for that user; NULL: for every user, and those without one. True if something changed. 22004 '
    'if client_id is NULL, 22023 if a text is empty or too long, 25006 on a standby; 40001 at '
    'SERIALIZABLE, even if others do not touch the same rows: try again';

create function authguard.restore_client(
    client_id pg_catalog.text,
    issuer pg_catalog.text default null,
    user_id pg_catalog.text default null,
    revive_tokens pg_catalog.bool default false
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    client constant pg_catalog.text := authguard.identity('client_id', client_id);
    subject constant pg_catalog.text :=
        case when user_id is not null then authguard.identity('user_id', user_id) end;
    entry_kind constant pg_catalog.text := case when subject is null then 'client' else 'grant' end;
    client_of_user constant pg_catalog.text := case when subject is not null then client end;
    everywhere authguard.revocation;
    changed pg_catalog.int8;
begin
    perform authguard.require_primary();
    if issuer is not null then
        select r.* into everywhere
          from authguard.revocation r
         where r.kind = entry_kind and r.key = coalesce(subject, client)
           and r.client_id is not distinct from client_of_user and r.issuer is null
           and (revive_tokens or r.blocked);
        if found then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = 'the client is revoked at every issuer',
                detail = pg_catalog.format('Entry of %s by %s%s.',
                    everywhere.revoked_at, everywhere.revoked_by,
                    coalesce(': ' || everywhere.reason, '')),
                hint = 'Call authguard.restore_client without an issuer to lift that entry, too.';
        end if;
    end if;
    if revive_tokens then
        delete from authguard.revocation r
         where r.kind = entry_kind and r.key = coalesce(subject, client)
           and r.client_id is not distinct from client_of_user
           and (restore_client.issuer is null or r.issuer = restore_client.issuer);
    else
        update authguard.revocation r
           set blocked = false,
               keep_until = authguard.latest_expiry(r.issued_before)
         where r.kind = entry_kind and r.key = coalesce(subject, client)
           and r.client_id is not distinct from client_of_user
           and r.blocked
           and (restore_client.issuer is null or r.issuer = restore_client.issuer);
    end if;
    get diagnostics changed = row_count;
    if changed > 0 then
        perform authguard.record('CLIENT_RESTORED', subject, null, 'admin', client);
    end if;
    return changed > 0;
end
$$;
comment on function authguard.restore_client(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Lifts what authguard.revoke_client with the same client_id and user_id has written: the '
    'client is accepted again with new tokens; earlier ones stay revoked unless revive_tokens. '
    'issuer NULL: at every issuer. True if something changed. 55000 if an issuer is given and the '
    'client is revoked at every issuer; 22004 if client_id is NULL, 22023 if a text is empty or '
    'too long, 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same '
    'rows: try again';

create function authguard.revoke_issued_before(
    cutoff pg_catalog.timestamptz,
    issuer pg_catalog.text default null,
    reason pg_catalog.text default null,
    include_keys pg_catalog.bool default false
) returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    if cutoff is null or not pg_catalog.isfinite(cutoff) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'cutoff must be a time',
            hint = 'now() revokes every token issued so far.';
    end if;
    if cutoff > pg_catalog.clock_timestamp() then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'cutoff must not be in the future',
            detail = pg_catalog.format('The clock of the server says %s.',
                pg_catalog.clock_timestamp()),
            hint = 'now() revokes every token issued so far.';
    end if;
    entry.kind := 'issuer';
    entry.key := '';
    entry.issuer := issuer;
    entry.blocked := false;
    -- A time within this transaction means now: every token that exists when it commits.
    entry.issued_before := case when cutoff >= pg_catalog.transaction_timestamp()
                                then authguard.begin_cut_off('', issuer) else cutoff end;
    entry.include_keys := coalesce(include_keys, false);
    entry.reason := reason;
    -- Keys of services live longer than every user's token, so their entry is kept. So is one that
    -- covers sessions of the local issuer, which live longer than their tokens: it ends them at the
    -- refresh.
    entry.keep_until := case when not entry.include_keys and issuer <> authguard.own_issuer()
                             then authguard.latest_expiry(entry.issued_before) end;
    return authguard.revoke_and_forget(entry);
end
$$;
comment on function authguard.revoke_issued_before(
    pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Revokes every token issued at or before the cut-off (in whole seconds), or without iat; of '
    'other issuers also those dated up to authguard.leeway (or clock_skew) later. now(): every '
    'token that exists when the transaction commits. issuer NULL: of every issuer; empty: tokens '
    'without iss. Tokens with neither sub nor a session are covered only with include_keys. True '
    'if something changed. 22023 if cutoff is NULL, infinite or in the future, or a text is too '
    'long; 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same rows: '
    'try again';

create function authguard.restore_issuer(issuer pg_catalog.text default null)
returns pg_catalog.bool
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    everywhere authguard.revocation;
begin
    perform authguard.require_primary();
    if issuer is not null then
        select r.* into everywhere
          from authguard.revocation r
         where r.kind = 'issuer' and r.key = '' and r.issuer is null;
        if found then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = 'tokens of every issuer are cut off',
                detail = pg_catalog.format('Entry of %s by %s%s.',
                    everywhere.revoked_at, everywhere.revoked_by,
                    coalesce(': ' || everywhere.reason, '')),
                hint = 'Call authguard.restore_issuer without an issuer to lift that cut-off, too.';
        end if;
    end if;
    delete from authguard.revocation r
     where r.kind = 'issuer' and r.key = ''
       and (restore_issuer.issuer is null or r.issuer = restore_issuer.issuer);
    if not found then
        return false;
    end if;
    perform authguard.record('ISSUER_RESTORED', null, null, 'admin', issuer);
    return true;
end
$$;
comment on function authguard.restore_issuer(pg_catalog.text) is
    'Lifts the cut-off of authguard.revoke_issued_before: tokens from before it are accepted '
    'again, unless something else revokes them. issuer NULL: the cut-offs of every issuer. '
    'Sessions that have ended stay so. True if something changed. 55000 if an issuer is given and '
    'tokens of every issuer are cut off; 25006 on a standby; 40001 at SERIALIZABLE, even if '
    'others do not touch the same rows: try again';
