-- The events of identity providers: what is remembered of them, and what they do.

create table authguard.received_event (
    issuer pg_catalog.text collate pg_catalog."C" not null,
    jti pg_catalog.text collate pg_catalog."C" not null,
    issued_at pg_catalog.timestamptz not null,
    received_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    restored pg_catalog.text collate pg_catalog."C",
    happened_at pg_catalog.timestamptz,

    primary key (issuer, jti)
);
comment on table authguard.received_event is
    'Tokens with events that were received, so that none counts twice; authguard.receive_event '
    'and authguard.prune() forget old rows';
comment on column authguard.received_event.issuer is 'Claim iss';
comment on column authguard.received_event.jti is 'Claim jti, byte by byte';
comment on column authguard.received_event.issued_at is 'Claim iat';
comment on column authguard.received_event.received_at is 'When it was received, by the clock';
comment on column authguard.received_event.restored is
    'The user that it lets in again, in canonical form; NULL: none';
comment on column authguard.received_event.happened_at is
    'When the user was let in again; NULL: no user was';
create index received_event_issued_at on authguard.received_event (issuer, issued_at);
create index received_event_restored
    on authguard.received_event (issuer, restored) where restored is not null;
select pg_catalog.pg_extension_config_dump('authguard.received_event', '');

create function authguard.event_window() returns pg_catalog.interval
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
begin atomic
    select interval '259200 s';
end;
comment on function authguard.event_window() is
    'The longest time from iat of an event until it is received';

create sequence authguard.received_event_count;
comment on sequence authguard.received_event_count is
    'Counts tokens with events that were received for the first time';

create function authguard.forget_received_events(most pg_catalog.int8 default 100000)
returns pg_catalog.int8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Twice the time in which an event may be received: clocks may be set back.
    too_old constant pg_catalog.timestamptz :=
        pg_catalog.clock_timestamp() - 2 * authguard.event_window();
    source pg_catalog.record;
    deleted pg_catalog.int8;
    forgotten pg_catalog.int8 := 0;
begin
    for source in
        select i.issuer,
               greatest(too_old, (select e.issued_at from authguard.received_event e
                                   where e.issuer = i.issuer
                                   order by e.issued_at desc offset most limit 1)) as until
          from (select distinct e.issuer from authguard.received_event e) i
    loop
        delete from authguard.received_event e
         where e.issuer = source.issuer and e.issued_at <= source.until;
        get diagnostics deleted = row_count;
        if deleted > 0 then
            forgotten := forgotten + deleted;
            update authguard.event_issuer e set forgotten_until = source.until
             where e.issuer = source.issuer and e.forgotten_until < source.until;
        end if;
    end loop;
    return forgotten;
end
$$;
comment on function authguard.forget_received_events(pg_catalog.int8) is
    'Forgets received events that are too old to be received again and, of each issuer, all but '
    'the newest so many (most). Events that were issued as early are refused from then on. Returns '
    'how many it forgot';

create function authguard.block_by_event(
    issuer pg_catalog.text, subject pg_catalog.text, happened_at pg_catalog.timestamptz,
    reason pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    -- Events about one user take turns, so that none misses the other.
    perform authguard.lock_cut_offs(subject);
    if exists (select from authguard.received_event e
                where e.issuer = block_by_event.issuer and e.restored = subject
                  and e.happened_at > block_by_event.happened_at) then
        return null;
    end if;
    entry.kind := 'user';
    entry.key := subject;
    entry.issuer := issuer;
    entry.blocked := true;
    entry.issued_before := authguard.begin_cut_off(subject, issuer);
    entry.include_keys := false;
    entry.reason := reason;
    entry.event_at := happened_at;
    return authguard.revoke_and_forget(entry);
end
$$;
comment on function authguard.block_by_event(
    pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text) is
    'Shuts a user (in canonical form) out at an issuer, because of an event of that issuer. True '
    'if something changed; NULL, and nothing is done, if a later event has let the user in again';

create function authguard.restore_by_event(
    issuer pg_catalog.text, subject pg_catalog.text, happened_at pg_catalog.timestamptz)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.lock_cut_offs(subject);
    update authguard.revocation r
       set blocked = false,
           blocked_until = null,
           event_at = null,
           keep_until = authguard.latest_expiry(r.issued_before)
     where r.kind = 'user' and r.key = subject and r.issuer = restore_by_event.issuer
       and r.blocked and r.event_at < restore_by_event.happened_at;
    return found;
end
$$;
comment on function authguard.restore_by_event(
    pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Lifts the block of a user (in canonical form) at an issuer, if only earlier events of that '
    'issuer have made it. Tokens from before stay revoked. True if something changed';

create function authguard.revoke_client_by_event(
    client pg_catalog.text, issuer pg_catalog.text, reason pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.revocation;
begin
    entry.kind := 'client';
    entry.key := client;
    entry.issuer := issuer;
    entry.blocked := true;
    entry.issued_before := pg_catalog.clock_timestamp();
    entry.include_keys := false;
    entry.reason := reason;
    return authguard.revoke_and_forget(entry);
end
$$;
comment on function authguard.revoke_client_by_event(
    pg_catalog.text, pg_catalog.text, pg_catalog.text) is
    'Shuts a client (in canonical form) out at an issuer, because of an event of that issuer. True '
    'if something changed';

create function authguard.receive_event(token pg_catalog.text)
returns table (
    event pg_catalog.text, subject pg_catalog.text, session pg_catalog.text,
    client pg_catalog.text, action pg_catalog.text, detail pg_catalog.text)
language c volatile security definer cost 10000 rows 1
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_receive_event';
comment on function authguard.receive_event(pg_catalog.text) is
    'Receives a token with events of a trusted issuer: a logout token (OpenID Connect Back-Channel '
    'Logout 1.0) or a security event token (RFC 8417). Does what they ask for, in this '
    'transaction, and returns a row for each: the event (its URI), whom it is about, what was '
    'done, and why. action: session_ended, user_signed_out, user_blocked, user_restored, '
    'claims_stale, client_revoked, ignored or replayed. A token that was received before changes '
    'nothing. 22023 if the token is refused; DETAIL is then the word of RFC 8935 section 2.4: '
    'invalid_request, invalid_key, invalid_issuer, invalid_audience, authentication_failed or '
    'access_denied. 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the '
    'same rows: try again';
