-- How a session ends: its row, its revocation entry and its event. Who may end which: endings.sql.

create function authguard.session_entry(
    session_id pg_catalog.uuid, issuer pg_catalog.text, reason pg_catalog.text, keep_until pg_catalog.timestamptz)
returns authguard.revocation
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    entry.kind := 'session';
    entry.key := session_id::pg_catalog.text;
    entry.issuer := issuer;
    entry.blocked := true;
    entry.include_keys := false;
    entry.reason := reason;
    entry.keep_until := keep_until;
    return entry;
end
$$;
comment on function authguard.session_entry(pg_catalog.uuid, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'An entry that revokes the tokens of a session';

create function authguard.end_session_row(
    session authguard.session, reason pg_catalog.text, event pg_catalog.text, actor pg_catalog.text,
    entry authguard.revocation default null)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update authguard.session s
       set ended_at = pg_catalog.clock_timestamp(), ended_reason = end_session_row.reason
     where s.id = session.id and s.ended_at is null;
    if not found then
        return false;
    end if;
    if entry is null then
        entry := authguard.session_entry(session.id, session.issuer, reason, authguard.expiry_with_leeway(session.tokens_until));
    end if;
    perform authguard.revoke(entry);
    perform authguard.record(event, session.user_id, session.id, actor, reason);
    return true;
end
$$;
comment on function authguard.end_session_row(authguard.session, pg_catalog.text, pg_catalog.text, pg_catalog.text, authguard.revocation) is
    'Ends a session that this transaction has locked, with its revocation entry (NULL: its own) and its event; false, and nothing written, where it has ended';

create function authguard.end_session_nowait(
    session_id pg_catalog.uuid, reason pg_catalog.text, actor pg_catalog.text, entry authguard.revocation default null)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    session authguard.session;
begin
    select s.* into session from authguard.session s
     where s.id = session_id and s.ended_at is null
       for update skip locked;
    if found then
        return authguard.end_session_row(session, reason, 'SIGNED_OUT', actor, entry);
    end if;
    select s.* into session from authguard.session s where s.id = session_id and s.ended_at is null;
    if not found then
        return false;
    end if;
    -- Whoever has the row may keep it, and with it an entry of our own issuer that waits for its commit. So one for
    -- every issuer, which clients never write; it is kept, because the row may stay as it is.
    if not authguard.revoke(authguard.session_entry(session_id, null, coalesce(entry.reason, reason), null)) then
        return false;
    end if;
    perform authguard.record('SIGNED_OUT', session.user_id, session.id, actor, reason);
    return true;
end
$$;
comment on function authguard.end_session_nowait(pg_catalog.uuid, pg_catalog.text, pg_catalog.text, authguard.revocation) is
    'Ends a session for an operator or the application, who wait for no client: where another transaction has its row, by an entry that its next refresh heeds. False where it has ended, or is none';

create function authguard.end_session_wait(session_id pg_catalog.uuid, reason pg_catalog.text, actor pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    session authguard.session;
begin
    select s.* into session from authguard.session s
     where s.id = session_id and s.ended_at is null
       for update;
    return found and authguard.end_session_row(session, reason, 'SIGNED_OUT', actor);
exception when lock_not_available then
    -- No entry instead of the row: a client's transaction would keep it from operators as long as it likes.
    raise exception using
        errcode = 'lock_not_available',
        message = 'another transaction has the session',
        detail = 'Nothing has ended.',
        hint = 'Try again; authguard.sign_out_user, which operators call, waits for no other transaction.';
end
$$;
comment on function authguard.end_session_wait(pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'Ends a session for a client, who waits for whoever has its row: 55P03 after two seconds. False where it has ended, or is none';
