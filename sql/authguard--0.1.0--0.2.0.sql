\echo Use "alter extension authguard update" to load this file. \quit

-- Schema auth may be adopted, and renamed since: it is where the function of the refresh is. These
-- names without a schema are in it.
select pg_catalog.set_config(
           'search_path', pg_catalog.quote_ident(n.nspname) || ', pg_temp', true)
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where p.oid = authguard.refresh_function();

comment on function session_id() is
    'The session of auth.sid() as a uuid. NULL if it is no uuid, if the token has no session, or '
    'if there are no claims';

create function sid() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_sid';
comment on function sid() is
    'The session, as the issuer names it: claim session_id, otherwise sid (OpenID Connect '
    'Back-Channel Logout section 2.4), unless the issuer has claim names of its own. NULL if it is '
    'no string, or if there are no claims';

create function client_id() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_client_id';
comment on function client_id() is
    'The client that the token was issued to: claim client_id (RFC 9068 section 2.2), otherwise '
    'azp (OpenID Connect Core section 2), unless the issuer has claim names of its own. NULL if it '
    'is no string, or if there are no claims';

create function org_id() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_org_id';
comment on function org_id() is
    'The organization that the user acts in: claim org_id, unless the issuer has claim names of '
    'its own. NULL if there is none or several, or if there are no claims';

create function org_role() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_org_role';
comment on function org_role() is
    'The role of the user in the organization: claim org_role, unless the issuer has claim names '
    'of its own. NULL if there is none or several, or if there are no claims';

create function roles() returns pg_catalog.text[]
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_roles';
comment on function roles() is
    'The roles of the user, each once: claim roles (RFC 9068 section 2.2.3.1), a string or an '
    'array, unless the issuer has claim names of its own. They are no database roles. NULL if '
    'there is no such claim, or if there are no claims';
comment on function has_scope(pg_catalog.text) is
    'True if this is one of the token''s scopes: of claim scope (RFC 8693 section 4.2) or scp, '
    'each a string of scopes separated by spaces or an array of them, or of the array permissions; '
    'unless the issuer has claim names of its own. False if the claims are refused. NULL for NULL, '
    'and if there are no claims';

create function has_role(role pg_catalog.text) returns pg_catalog.bool
language c stable strict parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_has_role';
comment on function has_role(pg_catalog.text) is
    'True if this is one of auth.roles(). False if the claims are refused. NULL for NULL, and if '
    'there are no claims';

create function has_permission(permission pg_catalog.text) returns pg_catalog.bool
language c stable strict parallel safe cost 20
as 'MODULE_PATHNAME', 'authguard_has_permission';
comment on function has_permission(pg_catalog.text) is
    'True if this is one of the token''s permissions: of the array permissions, unless the issuer '
    'has claim names of its own. False if the claims are refused. NULL for NULL, and if there are '
    'no claims';
comment on function whoami() is
    'The current token in one row. source: none, gateway, token or login. status: absent, '
    'accepted, refused, expired or revoked. Then the claims in brief, the roles and a hint in '
    'words. session_wide: true if it was set before this transaction, so that a pool would hand it '
    'to its next client. bypasses_rls: true if the acting role is a superuser or has BYPASSRLS. '
    'Never an error';
comment on function revocation_reason() is
    'Why auth.is_revoked() is true: refused, expired, claim, token, session, session_ended, '
    'session_expired, user, user_cut_off, user_deleted, user_banned, claims_stale, '
    'issuer_cut_off, client, source_broken, restored or replica_lag. The last three mean that this '
    'database cannot know. NULL if it is false';

create function introspect(token pg_catalog.text) returns pg_catalog.jsonb
language c stable parallel safe cost 1000
as 'MODULE_PATHNAME', 'authguard_introspect';
comment on function introspect(pg_catalog.text) is
    'Returns the answer of token introspection (RFC 7662) about an access token that auth.verify '
    'would accept: active, token_type, and all its claims, with scope as one string, client_id, '
    'and exp, iat and nbf in whole seconds. {"active": false}, and nothing more, for anything '
    'else, also for a refresh token and for NULL. If the token is bound to a key (cnf), whoever '
    'asks must check the proof. Only roles that authguard.grant_introspection names may call it';

create function authguard.introspect_function() returns pg_catalog.regprocedure
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select 'introspect(text)'::pg_catalog.regprocedure;
end;
comment on function authguard.introspect_function() is
    'The function auth.introspect(text), wherever it is: an adopted schema may be renamed';

set local search_path = authguard, pg_temp;

alter table authguard.revocation
    add column client_id pg_catalog.text collate pg_catalog."C",
    add column event_at pg_catalog.timestamptz,
    drop constraint revocation_kind,
    add constraint revocation_kind
        check (kind in ('token', 'session', 'user', 'claims', 'issuer', 'client', 'grant')),
    drop constraint revocation_session_uuid,
    add constraint revocation_client_canonical check (client_id = authguard.canonical(client_id)),
    add constraint revocation_client_length
        check (pg_catalog.octet_length(client_id) between 1 and 1024),
    add constraint revocation_client check ((client_id is not null) = (kind = 'grant')),
    drop constraint revocation_decides,
    add constraint revocation_decides check (
        case kind
            when 'user' then blocked or issued_before is not null
            when 'claims' then not blocked and issued_before is not null
            when 'issuer' then not blocked and issued_before is not null
            when 'client' then issued_before is not null
            when 'grant' then issued_before is not null
            else blocked and issued_before is null
        end),
    add constraint revocation_event check (event_at is null or (kind = 'user' and blocked));
comment on column authguard.revocation.kind is
    'token, session, user, claims, issuer, client or grant. claims: what tokens say about a user '
    'has changed, and a refresh is needed; grant: a client for one user';
comment on column authguard.revocation.key is
    'jti, session, client or, for user, claims and grant, sub, in canonical form; empty for an '
    'issuer';
comment on column authguard.revocation.include_keys is
    'True if a cut-off of an issuer also covers tokens with neither sub nor a session';
comment on column authguard.revocation.client_id is
    'For a grant: the client in canonical form, whose tokens of the user in key are revoked';
comment on column authguard.revocation.event_at is
    'When the event happened that shuts the user out, if only events of the issuer do; NULL: none';

drop index authguard.revocation_key;
-- For the look-up of src/revocation/lookup.rs: kind and key, then every issuer and client that has
-- an entry.
create unique index revocation_key
    on authguard.revocation
        (kind, key, (issuer is null), (coalesce(issuer, '')), (coalesce(client_id, '')));

create or replace function authguard.merged(old authguard.revocation, new authguard.revocation)
returns authguard.revocation
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    merged authguard.revocation := new;
begin
    merged.blocked := old.blocked or new.blocked;
    -- What an operator has shut too, no event opens.
    merged.event_at := case
        when not authguard.blocks(old.blocked, old.blocked_until) then new.event_at
        when not new.blocked then old.event_at
        when old.event_at is not null and new.event_at is not null
            then greatest(old.event_at, new.event_at)
    end;
    merged.blocked_until := case
        when old.blocked and new.blocked
            then nullif(greatest(coalesce(old.blocked_until, 'infinity'),
                                 coalesce(new.blocked_until, 'infinity')), 'infinity')
        when old.blocked then old.blocked_until
        else new.blocked_until
    end;
    merged.issued_before := greatest(old.issued_before, new.issued_before);
    merged.include_keys := old.include_keys or new.include_keys;
    merged.reason := coalesce(new.reason, old.reason);
    merged.keep_until := nullif(greatest(coalesce(old.keep_until, 'infinity'),
                                         coalesce(new.keep_until, 'infinity')), 'infinity');
    -- Tokens of another issuer have whole seconds: a later cut-off in the same second covers no
    -- more. It does of the sessions of this database, unless a block lets none begin.
    if (merged.blocked, merged.blocked_until, merged.include_keys, merged.reason, merged.event_at)
       is not distinct from (old.blocked, old.blocked_until, old.include_keys, old.reason,
                             old.event_at)
       and (merged.issued_before is not distinct from old.issued_before
            or (date_trunc('second', merged.issued_before)
                = date_trunc('second', old.issued_before)
                and (old.issuer <> authguard.own_issuer()
                     or authguard.blocks(old.blocked, old.blocked_until))))
       and (merged.keep_until is not distinct from old.keep_until
            or date_trunc('second', merged.keep_until) = date_trunc('second', old.keep_until)) then
        return old;
    end if;
    return merged;
end
$$;

create or replace function authguard.revoke(entry authguard.revocation) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    old authguard.revocation;
begin
    perform authguard.require_primary();
    perform authguard.check_entry(entry.key, entry.issuer, entry.reason);
    entry.revoked_at := pg_catalog.clock_timestamp();
    entry.revoked_by := session_user;

    -- Without a lock: a call that changes nothing must write nothing.
    select r.* into old
      from authguard.revocation r
     where r.kind = entry.kind and r.key = entry.key
       and r.issuer is not distinct from entry.issuer
       and r.client_id is not distinct from entry.client_id;
    if found and authguard.merged(old, entry) is not distinct from old then
        return false;
    end if;
    -- Merged again with the row as it is by then: if two operators write at once, neither loses.
    insert into authguard.revocation as r select entry.*
    on conflict (kind, key, (issuer is null), (coalesce(issuer, '')), (coalesce(client_id, '')))
    do update
        set (blocked, blocked_until, issued_before, include_keys, reason,
             revoked_at, revoked_by, keep_until, event_at)
            = (select m.blocked, m.blocked_until, m.issued_before, m.include_keys, m.reason,
                      m.revoked_at, m.revoked_by, m.keep_until, m.event_at
                 from authguard.merged(r, excluded) m);
    -- A cut-off in the past is meant as it is. That of claims is written by the commit itself, and
    -- a client is shut out until it is restored, long after the commit.
    if entry.issued_before >= pg_catalog.transaction_timestamp()
       and entry.kind in ('user', 'issuer') then
        perform authguard.date_at_commit(entry.kind, entry.key, entry.issuer, entry.issued_before);
    end if;
    return true;
end
$$;

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

create or replace function authguard.restore_user(
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
comment on function authguard.revoke_issued_before(
    pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.bool) is
    'Revokes every token issued at or before the cut-off (in whole seconds), or without iat; of '
    'other issuers also those dated up to authguard.leeway (or clock_skew) later. now(): every '
    'token that exists when the transaction commits. issuer NULL: of every issuer; empty: tokens '
    'without iss. Tokens with neither sub nor a session are covered only with include_keys. True '
    'if something changed. 22023 if cutoff is NULL, infinite or in the future, or a text is too '
    'long; 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same rows: '
    'try again';

create or replace function authguard.prune(
    sessions_after pg_catalog.interval default '7 days',
    events_after pg_catalog.interval default '90 days',
    out kind pg_catalog.text, out forgotten pg_catalog.int8)
returns setof pg_catalog.record
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    most constant pg_catalog.int8 := 100000;
    -- Deleting a session makes every backend look again.
    most_sessions constant pg_catalog.int8 := 10000;
    now constant pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    -- Only these times are compared. An interval may compare as positive and still lead into the
    -- future, such as '-12 mons 361 days'.
    over_since constant pg_catalog.timestamptz := authguard.time_before(now, sessions_after);
    old_since constant pg_catalog.timestamptz := authguard.time_before(now, events_after);
begin
    perform authguard.require_primary();
    if over_since > now then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'sessions_after must not be negative',
            hint = 'A session that is not over cannot be forgotten.';
    end if;
    if old_since > authguard.time_before(now, interval '1 hour') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'events_after must be an hour or more',
            detail = 'A client that follows notifications may not have read later events yet.';
    end if;
    kind := 'revocation';
    forgotten := authguard.forget(most);
    return next;
    -- No row, no access: a forgotten session stays shut. A session that somebody has locked waits.
    kind := 'session';
    forgotten := authguard.delete_each('authguard.session', array(
        select s.id from authguard.session s
         where s.ended_at < over_since
            -- A session that was refreshed lately is not over: session_end, which costs more, is
            -- not called for it.
            or (s.ended_at is null and s.refreshed_at < over_since
                and authguard.session_end(s.created_at, s.refreshed_at, s.not_after) < over_since)
         limit most_sessions
           for update skip locked));
    return next;
    kind := 'event';
    forgotten := authguard.delete_each('authguard.event', array(
        select e.id from authguard.event e
         where e.happened_at < old_since
         limit most
           for update skip locked));
    return next;
    kind := 'received_event';
    forgotten := authguard.forget_received_events();
    return next;
    perform pg_catalog.setval('authguard.prune_time',
        pg_catalog.floor(extract(epoch from now))::pg_catalog.int8);
end
$$;
comment on function authguard.prune(pg_catalog.interval, pg_catalog.interval) is
    'Forgets rows that cannot decide anything any more: entries past their keep_until, sessions '
    'that have been over for sessions_after, events older than events_after (NULL: none), and what '
    'is remembered of received events that are too old to be received again. Deletes at most '
    '100,000 entries, 10,000 sessions and 100,000 events at a time. Returns how many it forgot, by '
    'kind. 22023 if sessions_after leads into the future, or events_after to less than an hour '
    'ago; 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same rows: '
    'try again';

alter table authguard.issuer
    add column claims pg_catalog.jsonb,
    add column preset pg_catalog.text,
    add constraint issuer_claims check (pg_catalog.jsonb_typeof(claims) = 'object'),
    add constraint issuer_preset
        check (preset in ('supabase', 'keycloak', 'auth0', 'clerk', 'cognito', 'okta', 'entra',
                          'firebase', 'workos', 'neon'));
comment on column authguard.issuer.client_ids is
    'A token whose aud names none of the audiences, or that has none, passes only if its '
    'client_id, its azp or the client that preset or claims find is one of these';
comment on column authguard.issuer.claims is
    'Where it keeps session, client, role, org_id, org_role, roles, scopes, permissions or '
    'authenticated_at, as far as that is neither where the preset nor where the standards have it';
comment on column authguard.issuer.preset is
    'The provider whose documentation says where these are; NULL: none';

-- The issuers whose events are believed. Only the owner of the extension may use any of it.

create table authguard.event_issuer (
    issuer pg_catalog.text collate pg_catalog."C" primary key
        references authguard.issuer on delete cascade,
    audience pg_catalog.text[],
    emails pg_catalog.bool not null default false,
    forgotten_until pg_catalog.timestamptz not null default '-infinity',

    constraint event_issuer_audience
        check (pg_catalog.cardinality(audience) between 1 and 32
               and pg_catalog.array_position(audience, null) is null
               and pg_catalog.array_position(audience, '') is null)
);
comment on table authguard.event_issuer is
    'Issuers whose events are believed; authguard.trust_issuer writes it';
comment on column authguard.event_issuer.issuer is 'Claim iss, byte by byte';
comment on column authguard.event_issuer.audience is
    'Claim aud of an event must name one of these; NULL: one of the audience or the client_ids of '
    'authguard.issuer';
comment on column authguard.event_issuer.emails is
    'True if an email address in an event names the user whose claim sub it is';
comment on column authguard.event_issuer.forgotten_until is
    'Events that were issued at or before it may have been forgotten, so they are refused';

select pg_catalog.pg_extension_config_dump('authguard.event_issuer', '');

create function authguard.trust_events(
    issuer pg_catalog.text, events pg_catalog.bool, event_audience pg_catalog.text[],
    event_emails pg_catalog.bool)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if events is false then
        delete from authguard.event_issuer e where e.issuer = trust_events.issuer;
        return;
    end if;
    if events is null and not exists (select from authguard.event_issuer e
                                       where e.issuer = trust_events.issuer) then
        if event_audience is not null or event_emails is not null then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = pg_catalog.format('issuer %s is not trusted for events',
                    pg_catalog.quote_literal(issuer)),
                hint = 'Give events => true, too.';
        end if;
        return;
    end if;
    perform authguard.require_names('event_audience', event_audience);
    insert into authguard.event_issuer as e (issuer, audience, emails, forgotten_until)
    values (issuer, nullif(event_audience, '{}'), coalesce(event_emails, false),
            -- An issuer whose events were believed before: what is older may have been forgotten.
            coalesce((select min(r.issued_at) from authguard.received_event r
                       where r.issuer = trust_events.issuer), '-infinity'))
    on conflict on constraint event_issuer_pkey do update
        set audience = case when event_audience is null then e.audience
                            else excluded.audience end,
            emails = coalesce(event_emails, e.emails);
end
$$;
comment on function authguard.trust_events(
    pg_catalog.text, pg_catalog.bool, pg_catalog.text[], pg_catalog.bool) is
    'Writes whether the events of a trusted issuer are believed. An argument that is NULL leaves '
    'what is there, or means the default for a new issuer: none are. 22023 if an argument is wrong';

create function authguard.check_claim_names(
    preset pg_catalog.text, claims pg_catalog.jsonb)
returns pg_catalog.void
language c immutable cost 100
as 'MODULE_PATHNAME', 'authguard_check_claim_names';
comment on function authguard.check_claim_names(pg_catalog.text, pg_catalog.jsonb) is
    'Raises 22023 with a hint unless preset is the name of one, and claims an object of claim '
    'names, each a path or an array of paths. NULL passes, and so does an empty preset';

drop function authguard.trust(
    pg_catalog.text, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.bool);

drop function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.text[],
    pg_catalog.interval);

drop function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.text[],
    pg_catalog.interval);

drop function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.text[],
    pg_catalog.interval);

drop function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.text[],
    pg_catalog.interval);

drop function authguard.trust_secret(
    pg_catalog.text, pg_catalog.bytea, pg_catalog.text[], pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval);

drop function authguard.trust_secret(
    pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval);

create function authguard.trust(
    issuer pg_catalog.text,
    audience pg_catalog.text[],
    roles pg_catalog.text[],
    subject_namespace pg_catalog.uuid,
    shares_subjects pg_catalog.bool,
    types pg_catalog.text[],
    max_lifetime pg_catalog.interval,
    client_ids pg_catalog.text[],
    clock_skew pg_catalog.interval,
    is_local pg_catalog.bool default false,
    claims pg_catalog.jsonb default null,
    preset pg_catalog.text default null)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry authguard.issuer;
    seconds constant pg_catalog.float8 := extract(epoch from max_lifetime);
    problem pg_catalog.text;
begin
    select i.* into entry from authguard.issuer i where i.issuer = trust.issuer;
    -- What is not given stays; for a new issuer it is the default.
    entry.issuer := issuer;
    entry.audience := coalesce(audience, entry.audience, '{}');
    entry.client_ids := coalesce(client_ids, entry.client_ids, '{}');
    entry.roles := coalesce(roles, entry.roles, '{authenticated}');
    entry.types := coalesce(types, entry.types, '{JWT,at+jwt}');
    entry.trusted_at := coalesce(entry.trusted_at, pg_catalog.clock_timestamp());
    -- Each of the two ends the other.
    entry.shares_subjects := coalesce(shares_subjects,
        entry.shares_subjects and subject_namespace is null, false);
    entry.subject_namespace := coalesce(subject_namespace,
        case when not entry.shares_subjects then entry.subject_namespace end);
    if max_lifetime is not null then
        entry.max_lifetime := least(greatest(ceil(seconds), 0), 2147483647);
    end if;
    entry.clock_skew := coalesce(authguard.clock_skew_seconds(clock_skew), entry.clock_skew);
    perform authguard.check_claim_names(preset, claims);
    entry.claims := nullif(coalesce(claims, entry.claims), '{}');
    entry.preset := nullif(coalesce(preset, entry.preset), '');
    perform authguard.require_names('audience', entry.audience);
    perform authguard.require_names('client_ids', entry.client_ids);
    perform authguard.require_names('roles', entry.roles);
    perform authguard.require_names('types', entry.types);
    problem := case
        when issuer is null then 'issuer must not be null'
        when pg_catalog.octet_length(issuer) not between 1 and 1024
            then 'issuer must have 1 to 1024 bytes'
        when pg_catalog.cardinality(entry.types) = 0 then 'types must not be empty'
        when seconds <= 0 then 'max_lifetime must be longer than nothing'
        when entry.subject_namespace is not null and entry.shares_subjects
            then 'an issuer has a subject_namespace or shares_subjects, never both'
    end;
    if problem is not null then
        raise exception using errcode = 'invalid_parameter_value', message = problem;
    end if;
    if pg_catalog.cardinality(entry.audience) + pg_catalog.cardinality(entry.client_ids) = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('issuer %s has neither audience nor client_ids',
                pg_catalog.quote_literal(issuer)),
            hint = 'Give audience the values of claim aud that mean this database. If its tokens '
                'have no such aud, give client_ids the values of their claim client_id or azp.';
    end if;
    perform authguard.require_subjects(
        issuer, entry.subject_namespace, entry.shares_subjects, is_local);
    insert into authguard.issuer as i select entry.*
    on conflict on constraint issuer_pkey do update
        set (audience, types, roles, subject_namespace, shares_subjects, max_lifetime, client_ids,
             clock_skew, claims, preset)
            = (select excluded.audience, excluded.types, excluded.roles, excluded.subject_namespace,
                      excluded.shares_subjects, excluded.max_lifetime, excluded.client_ids,
                      excluded.clock_skew, excluded.claims, excluded.preset);
end
$$;
comment on function authguard.trust(
    pg_catalog.text, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.bool, pg_catalog.jsonb, pg_catalog.text) is
    'Writes what is believed of an issuer. An argument that is NULL leaves what is there, or means '
    'the default for a new issuer. is_local: it is the local issuer. 22023 if an argument is '
    'wrong, or if the issuer would speak for the users of another one';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.jsonb,
    audience pg_catalog.text[] default null,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    events pg_catalog.bool default null,
    event_audience pg_catalog.text[] default null,
    preset pg_catalog.text default null,
    event_emails pg_catalog.bool default null)
returns pg_catalog.int4
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    perform authguard.trust(issuer, audience, roles, subject_namespace, shares_subjects, types,
        max_lifetime, client_ids, clock_skew, claims => claims, preset => preset);
    perform authguard.trust_events(issuer, events, event_audience, event_emails);
    return authguard.set_jwks(issuer, jwks);
end
$$;
comment on function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.text[],
    pg_catalog.interval, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.text[],
    pg_catalog.text, pg_catalog.bool) is
    'Believes the tokens of an issuer (claim iss) that are for this audience, by the keys of its '
    'JWK set (RFC 7517). If called again, an argument that is NULL or left out leaves what is '
    'there. client_ids: a token whose aud names none of the audience, or that has none, passes '
    'only if its client_id, its azp or the client that preset or claims find is one of these; {}: '
    'none. roles: the values of the role that it may assert, at first authenticated; {}: none. '
    'subject_namespace or shares_subjects: how its subjects relate to those of others; each ends '
    'the other. types: the values of header typ, at first JWT and at+jwt. max_lifetime: from iat '
    'to exp; at first any. clock_skew: by how much its clock may be ahead of that of a cut-off, up '
    'to authguard.leeway, which is the default. preset: the provider, whose documentation says '
    'where session, client, roles and organization are: supabase, keycloak, auth0, clerk, cognito, '
    'okta, entra, firebase, workos or neon; empty: none. claims: where they are otherwise, an '
    'object such as {"roles": "/realm_access/roles"}, each a claim, a JSON Pointer (RFC 6901) or '
    'an array of these in order; {}: nowhere else. events: whether authguard.receive_event '
    'believes its events; at first not. event_audience: their claim aud must name one of these; '
    '{}, as at first: one of audience or client_ids. event_emails: whether an email address in an '
    'event names the user whose claim sub it is; at first not. Returns how many keys verify. '
    'Errors as for authguard.set_jwks; 22023 also if an argument is wrong, if there is neither '
    'audience nor client_ids, or if it would speak for the users of another issuer';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.text,
    audience pg_catalog.text[] default null,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    events pg_catalog.bool default null,
    event_audience pg_catalog.text[] default null,
    preset pg_catalog.text default null,
    event_emails pg_catalog.bool default null)
returns pg_catalog.int4
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select authguard.trust_issuer(
        issuer, authguard.as_jwks(jwks), audience, roles, subject_namespace,
        shares_subjects, types, max_lifetime, client_ids, clock_skew, claims, events,
        event_audience, preset, event_emails)
$$;
comment on function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.text, pg_catalog.text[],
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.text[],
    pg_catalog.text, pg_catalog.bool) is
    'As authguard.trust_issuer with jsonb, for a set that is a text. 22023 with a hint if it is no '
    'JSON';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.jsonb,
    audience pg_catalog.text,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    events pg_catalog.bool default null,
    event_audience pg_catalog.text[] default null,
    preset pg_catalog.text default null,
    event_emails pg_catalog.bool default null)
returns pg_catalog.int4
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select authguard.trust_issuer(
        issuer, jwks, authguard.as_audience(audience), roles, subject_namespace,
        shares_subjects, types, max_lifetime, client_ids, clock_skew, claims, events,
        event_audience, preset, event_emails)
$$;
comment on function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.text[],
    pg_catalog.text, pg_catalog.bool) is
    'As authguard.trust_issuer with an array, for an audience that is written as a text ({...}). '
    '22023 with a hint if the text is no array';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.text,
    audience pg_catalog.text,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    events pg_catalog.bool default null,
    event_audience pg_catalog.text[] default null,
    preset pg_catalog.text default null,
    event_emails pg_catalog.bool default null)
returns pg_catalog.int4
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select authguard.trust_issuer(
        issuer, authguard.as_jwks(jwks), authguard.as_audience(audience), roles, subject_namespace,
        shares_subjects, types, max_lifetime, client_ids, clock_skew, claims, events,
        event_audience, preset, event_emails)
$$;
comment on function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.text[],
    pg_catalog.text, pg_catalog.bool) is
    'As authguard.trust_issuer with jsonb and an array, for both as texts';

create function authguard.trust_secret(
    issuer pg_catalog.text,
    secret pg_catalog.bytea,
    audience pg_catalog.text[] default null,
    algorithm pg_catalog.text default null,
    kid pg_catalog.text default null,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    preset pg_catalog.text default null)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    kept pg_catalog.uuid := pg_catalog.gen_random_uuid();
    old authguard.key;
begin
    if secret is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'secret must not be null',
            hint = 'authguard.distrust_issuer ends the trust in an issuer.';
    end if;
    perform authguard.begin_key_change();
    -- What is not given stays, as in authguard.trust.
    select k.* into old
      from authguard.key k where k.issuer = trust_secret.issuer and k.jwk is null;
    algorithm := coalesce(algorithm, old.algorithm, 'HS256');
    kid := coalesce(kid, old.kid, '');
    perform authguard.check_secret(secret, algorithm);
    perform authguard.trust(issuer, audience, roles, subject_namespace, shares_subjects, types,
        max_lifetime, client_ids, clock_skew, claims => claims, preset => preset);
    if exists (select from authguard.key k
                where k.issuer = trust_secret.issuer
                  and k.jwk is not null and (k.status <> 'revoked' or k.made_here)) then
        perform authguard.refuse_mixed_keys(issuer, 'public keys');
    end if;
    perform authguard.keep_credential(kept, secret);
    delete from authguard.key k where k.issuer = trust_secret.issuer;
    insert into authguard.key (issuer, kid, algorithm, credential)
    values (trust_secret.issuer, trust_secret.kid, trust_secret.algorithm, kept);
end
$$;
comment on function authguard.trust_secret(
    pg_catalog.text, pg_catalog.bytea, pg_catalog.text[], pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.jsonb, pg_catalog.text) is
    'As authguard.trust_secret with a text, for a secret that is bytes: decode(..., ''base64'') or '
    'decode(..., ''hex'') makes them of a text';

create function authguard.trust_secret(
    issuer pg_catalog.text,
    secret pg_catalog.text,
    audience pg_catalog.text[] default null,
    algorithm pg_catalog.text default null,
    kid pg_catalog.text default null,
    roles pg_catalog.text[] default null,
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default null,
    types pg_catalog.text[] default null,
    max_lifetime pg_catalog.interval default null,
    client_ids pg_catalog.text[] default null,
    clock_skew pg_catalog.interval default null,
    claims pg_catalog.jsonb default null,
    preset pg_catalog.text default null)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.trust_secret(issuer, pg_catalog.convert_to(secret, 'UTF8'), audience,
        algorithm, kid, roles, subject_namespace, shares_subjects, types, max_lifetime, client_ids,
        clock_skew, claims, preset);
    if authguard.looks_encoded(secret) then
        raise notice using
            message = 'the secret looks like base64 or hex of a key, and is taken as text',
            hint = 'If the issuer signs with the bytes, decode them: authguard.trust_secret takes '
                'a bytea, too.';
    end if;
end
$$;
comment on function authguard.trust_secret(
    pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.text[], pg_catalog.interval, pg_catalog.jsonb, pg_catalog.text) is
    'Believes the tokens of an issuer by a shared secret (HS256, HS384 or HS512): whoever has it '
    'can also sign. The bytes of the text in UTF-8 are the secret; a text is never decoded. Bind '
    'it as a parameter, so that no log holds it. If called again, replaces the secret at once, and '
    'an argument that is NULL or left out leaves what is there. algorithm: at first HS256. kid: '
    'the header kid that tokens must have; empty, as at first: any or none. The other arguments '
    'are those of authguard.trust_issuer. 22004 if secret is NULL; 22023 if the secret is weak; '
    '55000 if the issuer is trusted by public keys; 25006 on a standby';
comment on column authguard.event.actor is
    'user, admin, policy, issuer or system. admin: an operator; policy: a limit, or the detection '
    'of theft; issuer: an identity provider, by an event; system: the database';

create function authguard.revoke(
    token pg_catalog.text, token_type_hint pg_catalog.text default null)
returns pg_catalog.bool
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_revoke_held';
comment on function authguard.revoke(pg_catalog.text, pg_catalog.text) is
    'Revokes a token for whoever holds it (RFC 7009). A refresh token of the local issuer ends its '
    'session; an access token is revoked by its jti or, without one, by its session. '
    'token_type_hint decides nothing: the two are told apart by their form. True if something '
    'changed; false, and no error, for any other text, and for a token that has expired. 22004 if '
    'token is NULL; 0A000 for an access token with neither jti nor session; 55P03 if another '
    'transaction has the row of the session for two seconds; 25006 on a standby; 40001 at '
    'SERIALIZABLE, even if others do not touch the same rows: try again';

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
comment on function authguard.attach_sessions(
    pg_catalog.regclass, pg_catalog.name, pg_catalog.name, pg_catalog.name, pg_catalog.text) is
    'Makes a table of sessions a source of the decision: a token is revoked if its session '
    '(auth.sid()) is no id in it, which may be a uuid or a text, or if the row is past not_after. '
    'user_id: the user that a session belongs to, for authguard.sign_out_user. issuer NULL: tokens '
    'of every issuer but the local one. True if something changed. Errors as for '
    'authguard.attach_users';
comment on function authguard.require_transaction_block() is
    'Raises 25P01 outside a transaction block, where a local setting ends with its statement, and '
    '55000 if the connection has logged in by token, whose claims no setting changes';
comment on function authguard.act_as(pg_catalog.name, pg_catalog.jsonb) is
    'For tests: sets the role and the claims (NULL: none) as a gateway does, until the end of the '
    'transaction, which should be rolled back. 22004 if the role is NULL; 22023 if the claims are '
    'refused; 25P01 outside a transaction block; 55000 if the connection has logged in by token';

-- Lint: what is wrong with policies, and with what is around them. The rules are in the crate
-- policy, which runs its queries with the rights of the caller.

create table authguard.accepted_finding (
    fingerprint pg_catalog.text collate pg_catalog."C" not null primary key,
    reason pg_catalog.text not null,
    until pg_catalog.timestamptz,
    accepted_at pg_catalog.timestamptz not null default pg_catalog.now(),
    accepted_by pg_catalog.name not null default session_user,

    constraint accepted_finding_fingerprint check (fingerprint ~ '^[0-9a-f]{32}$'),
    constraint accepted_finding_reason
        check (reason ~ '[^[:space:]]' and pg_catalog.octet_length(reason) <= 1024)
);
comment on table authguard.accepted_finding is
    'Findings of authguard.lint() that somebody has accepted. They stay in its rows, as accepted';
comment on column authguard.accepted_finding.fingerprint is 'The fingerprint of the finding';
comment on column authguard.accepted_finding.reason is 'Why it is no mistake here';
comment on column authguard.accepted_finding.until is
    'From when on it is a finding again; NULL: never';
comment on column authguard.accepted_finding.accepted_at is 'When it was accepted';
comment on column authguard.accepted_finding.accepted_by is 'The login role that accepted it';

select pg_catalog.pg_extension_config_dump('authguard.accepted_finding', '');

create function authguard.lint(
    schemas pg_catalog.name[] default null,
    rules pg_catalog.text[] default null)
returns table (
    rule pg_catalog.text, level pg_catalog.text, object pg_catalog.text, policy pg_catalog.name,
    problem pg_catalog.text, hint pg_catalog.text, evidence pg_catalog.jsonb,
    page pg_catalog.text, fingerprint pg_catalog.text, accepted pg_catalog.bool)
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_lint';
comment on function authguard.lint(pg_catalog.name[], pg_catalog.text[]) is
    'Returns a row for each mistake in policies, and in what is around them, that a client can '
    'make use of or suffers from. schemas and rules NULL: all; what is in no schema, such as a '
    'role, is judged either way. level: error, warning or info (something to know). hint: the SQL '
    'that mends it, or a sentence. fingerprint: the same after the object was made anew and in '
    'every copy of the database; it changes with the name or the expression of a policy. '
    'accepted: true if authguard.accept_finding has accepted it. page: the page about the rule. '
    'Reads nothing but catalogs that are open to everybody, with the rights of the caller; a '
    'caller who may not read the state of authguard is told nothing about it. 3F000 for a schema '
    'and 42704 for a rule that does not exist';

create function authguard.lint_tap() returns setof pg_catalog.text
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_lint_tap';
comment on function authguard.lint_tap() is
    'The findings of authguard.lint() as lines of the Test Anything Protocol: each error and each '
    'warning is a test that fails, or passes if it is accepted';

create function authguard.lint_sarif(files pg_catalog.jsonb default '{}')
returns pg_catalog.jsonb
language c stable cost 1000000
as 'MODULE_PATHNAME', 'authguard_lint_sarif';
comment on function authguard.lint_sarif(pg_catalog.jsonb) is
    'The findings of authguard.lint() as a SARIF 2.1.0 log, for GitHub''s code scanning and '
    'others. files: the file of each object, such as {"public.notes": "migrations/1.sql", '
    '"public": {"file": "schema.sql", "line": 1}, "*": "schema.sql"}; the keys are objects, '
    'objects with a policy ("public.notes own_notes"), schemas, or * for all others. Accepted '
    'findings are suppressed there. 22023 if files is no such map';

-- Whoever may accept a finding decides what counts as a mistake, for everybody who looks: the owner
-- of the extension, who may grant it. It writes with the rights of the caller.
create function authguard.accept_finding(
    fingerprint pg_catalog.text,
    reason pg_catalog.text,
    until pg_catalog.timestamptz default null)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if accept_finding.fingerprint is null or accept_finding.reason is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'fingerprint and reason must not be null';
    end if;
    if accept_finding.fingerprint !~ '^[0-9a-f]{32}$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'this is no fingerprint of a finding',
            hint = 'Take it from the column fingerprint of authguard.lint(): 32 digits.';
    end if;
    if accept_finding.reason !~ '[^[:space:]]'
       or pg_catalog.octet_length(accept_finding.reason) > 1024 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'the reason must have something to read, and at most 1024 bytes',
            hint = 'Say why the finding is no mistake here: whoever looks next reads it.';
    end if;
    if accept_finding.until <= pg_catalog.clock_timestamp() then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'until must be in the future',
            hint = 'To take an acceptance back: select authguard.unaccept_finding(fingerprint).';
    end if;
    insert into authguard.accepted_finding as a (fingerprint, reason, until)
    values (accept_finding.fingerprint, accept_finding.reason, accept_finding.until)
    on conflict (fingerprint) do update
       set reason = excluded.reason, until = excluded.until,
           accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by
     where (a.reason, a.until) is distinct from (excluded.reason, excluded.until);
    return found;
end
$$;
comment on function authguard.accept_finding(
    pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz) is
    'Accepts a finding of authguard.lint(), with the reason why it is no mistake here. It stays in '
    'the rows, with accepted true. until: from when on it counts again; NULL: never. True if '
    'something changed. 22004 for NULL, 22023 for what is no fingerprint, an empty reason, or an '
    'end in the past';

create function authguard.unaccept_finding(fingerprint pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from authguard.accepted_finding a
     where a.fingerprint = unaccept_finding.fingerprint;
    return found;
end
$$;
comment on function authguard.unaccept_finding(pg_catalog.text) is
    'Takes back what authguard.accept_finding did. True if the finding was accepted';

create or replace function authguard.door_objects(
    out door pg_catalog.text, out class pg_catalog.regclass, out object pg_catalog.oid,
    out privilege pg_catalog.text, out is_key pg_catalog.bool)
returns setof pg_catalog.record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    operator_functions constant pg_catalog.regprocedure[] := array[
        'authguard.revoke_token(text, text, text, timestamptz)',
        'authguard.revoke_session(uuid, text, text, timestamptz)',
        'authguard.revoke_session(text, text, text, timestamptz)',
        'authguard.revoke_client(text, text, text, text)',
        'authguard.restore_client(text, text, text, boolean)',
        'authguard.revoke_user(text, text, timestamptz, text)',
        'authguard.revoke_user(uuid, text, timestamptz, text)',
        'authguard.revoke_user(int8, text, timestamptz, text)',
        'authguard.restore_user(text, text, boolean)',
        'authguard.restore_user(uuid, text, boolean)',
        'authguard.restore_user(int8, text, boolean)',
        'authguard.revoke_issued_before(timestamptz, text, text, boolean)',
        'authguard.restore_issuer(text)',
        'authguard.prune(interval, interval)',
        'authguard.sign_out_user(text, text)',
        'authguard.sign_out_user(uuid, text)',
        'authguard.sign_out_user(int8, text)',
        'authguard.end_all_sessions(text)',
        'authguard.revoke(text, text)',
        'authguard.events_after(pg_snapshot)',
        'authguard.coverage()',
        'authguard.source_problem(regclass, text)',
        'authguard.own_table_problems()',
        'authguard.setting_problems()',
        'authguard.is_copy()',
        'authguard.extension_grants()',
        'authguard.door_objects()',
        'authguard.refresh_function()',
        'authguard.introspect_function()',
        'authguard.public_functions()',
        'authguard.members()',
        'authguard.gateways()'
    ];
    operator_tables constant pg_catalog.regclass[] := array[
        'authguard.revocation', 'authguard.issuer', 'authguard.session', 'authguard.event',
        'authguard.attached'
    ];
    -- Whoever reads a view calls its functions. An operator may do all that a monitor may: only the
    -- key tells the two apart.
    monitor_key constant pg_catalog.regprocedure := 'authguard.estimated_rows(regclass)';
    monitor_functions constant pg_catalog.regprocedure[] := array[
        'authguard.health()',
        'authguard.explain_user(text)',
        'authguard.explain_user(uuid)',
        'authguard.explain_user(int8)',
        'authguard.collect_statistics()',
        'authguard.blocks(boolean, timestamptz)',
        'authguard.is_cut_off(uuid, text, text, timestamptz, timestamptz)',
        'authguard.is_shut_out(text)',
        'authguard.session_end(timestamptz, timestamptz, timestamptz)',
        'authguard.own_issuer()',
        'authguard.key_in_file()'
    ];
    monitor_views constant pg_catalog.regclass[] := array[
        'authguard.blocked_users', 'authguard.live_sessions', 'authguard.recent_events',
        'authguard.keys', 'authguard.statistics'
    ];
    signer_functions constant pg_catalog.regprocedure[] := array[
        'authguard.sign_in(text, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(uuid, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(int8, jsonb, text, text, text, inet, text)',
        'authguard.step_up(text, uuid, text, text)',
        'authguard.step_up(uuid, uuid, text, text)',
        'authguard.step_up(int8, uuid, text, text)',
        'authguard.reauthenticated(text, uuid, text)',
        'authguard.reauthenticated(uuid, uuid, text)',
        'authguard.reauthenticated(int8, uuid, text)',
        'authguard.credentials_changed(text, uuid)',
        'authguard.credentials_changed(uuid, uuid)',
        'authguard.credentials_changed(int8, uuid)',
        'authguard.record_event(text, text, uuid, text)',
        'authguard.record_event(text, uuid, uuid, text)',
        'authguard.record_event(text, int8, uuid, text)'
    ];
    client_functions constant pg_catalog.regprocedure[] := array[authguard.refresh_function()];
    receiver_functions constant pg_catalog.regprocedure[] := array[
        'authguard.receive_event(text)'
    ];
    introspection_functions constant pg_catalog.regprocedure[] := array[
        authguard.introspect_function(),
        'authguard.revoke(text, text)'
    ];
    -- The owner may grant these by hand to roles that own tables.
    guard_functions constant pg_catalog.regprocedure[] := array[
        'authguard.guard_table(regclass, text, name[])',
        'authguard.unguard_table(regclass)',
        'authguard.guard_schema(name, text, name[])'
    ];
    -- The same for roles that write policies. No grant_* function gives these, so each is a key.
    author_functions constant pg_catalog.regprocedure[] := array[
        'authguard.lint(name[], text[])',
        'authguard.lint_tap()',
        'authguard.lint_sarif(jsonb)',
        'authguard.explain_access(regclass, text, jsonb, jsonb, name, jsonb)',
        'authguard.can(text, regclass, jsonb, jsonb, name, jsonb)',
        'authguard.tap_line(boolean, text, text)',
        'authguard.assert_access(text, text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.assert_visible(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_hidden(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_can(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_cannot(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_denied(text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.policies_svg(name)',
        'authguard.access_matrix(jsonb, regclass[])',
        'authguard.access_snapshot(jsonb, regclass[])',
        'authguard.access_diff(jsonb, jsonb)',
        'authguard.policy_coverage_start(name[])',
        'authguard.policy_coverage()',
        'authguard.policy_coverage_percent()',
        'authguard.policy_mutants(name)'
    ];
    author_tables constant pg_catalog.regclass[] := array['authguard.accepted_finding'];
begin
    return query
        select f.door, 'pg_catalog.pg_proc'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'EXECUTE', u.place = 1 or f.door = 'author'
          from (values ('operator', operator_functions || monitor_functions),
                       ('monitor', monitor_key || monitor_functions),
                       ('signer', signer_functions),
                       ('client', client_functions), ('receiver', receiver_functions),
                       ('introspection', introspection_functions), ('guard', guard_functions),
                       ('author', author_functions)
               ) f (door, functions),
               pg_catalog.unnest(f.functions) with ordinality u (object, place)
        union all
        select r.door, 'pg_catalog.pg_class'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'SELECT', false
          from (values ('operator', operator_tables || monitor_views), ('monitor', monitor_views),
                       ('author', author_tables)
               ) r (door, relations),
               pg_catalog.unnest(r.relations) u (object)
        union all
        select u.door, 'pg_catalog.pg_namespace'::pg_catalog.regclass,
               'authguard'::pg_catalog.regnamespace::pg_catalog.oid, 'USAGE', false
          from pg_catalog.unnest(
                   array['operator', 'monitor', 'signer', 'receiver', 'introspection', 'guard',
                         'author']) u (door);
end
$$;
comment on function authguard.door_objects() is
    'What each grant_* function grants, and for doors guard and author what may be granted by '
    'hand: an object of a catalogue (class) and a privilege. is_key: a role that has this '
    'privilege has the others with good reason';

create or replace function authguard.public_functions() returns setof pg_catalog.regprocedure
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select p.oid
      from authguard.members() m
      join pg_catalog.pg_proc p
        on m.class = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = m.object
     where case when p.pronamespace <> 'authguard'::pg_catalog.regnamespace
                then p.oid not in (authguard.refresh_function(), authguard.introspect_function())
                else p.proname = any (array[
                    -- When a new partition gets its copy of a trigger, Postgres asks this of the
                    -- role that adds it, which may only own the table. Whoever wants to name the
                    -- functions in another trigger needs usage of the schema.
                    'attached_changed', 'attached_user_changed',
                    -- Functions of schema auth call them as the client.
                    'jwt', 'role',
                    -- guard_table and act_as call them as whoever may call these.
                    'guard_expression', 'has_guard', 'note_bypass', 'add_guard',
                    'require_transaction_block', 'refusal'
                ]::pg_catalog.name[]) end;
end;
comment on function authguard.public_functions() is
    'The functions that everybody may call, if the schema is open to them: those of schema auth '
    'but auth.refresh and auth.introspect, and those of schema authguard that others call as their '
    'caller';
comment on function authguard.extension_grants() is
    'The privileges that others than its owner have on an object of the extension. target: the '
    'object, as grant names it. is_due: true if every role is to have it, or if a grant_* function '
    'gives it';

create or replace function authguard.change_access(
    role pg_catalog.name, door pg_catalog.text, command pg_catalog.text)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry pg_catalog.record;
    others pg_catalog.text[] := '{}';
begin
    if role is null then
        raise exception using
            errcode = 'null_value_not_allowed', message = 'role must not be null';
    end if;
    if command like 'revoke%' then
        -- What another grant_* function has granted stays.
        select coalesce(pg_catalog.array_agg(k.door), '{}') into others
          from authguard.door_objects() k
          join pg_catalog.pg_proc p on p.oid = k.object,
               pg_catalog.aclexplode(p.proacl) a
         where k.is_key and k.door <> change_access.door
           and a.grantee = (select r.oid from pg_catalog.pg_roles r
                             where r.rolname = change_access.role);
    end if;
    -- Postgres would take it for everybody.
    if role = 'public' and command like 'grant%' then
        raise exception using
            errcode = 'undefined_object',
            message = 'public is no role',
            hint = 'Name each role that is to have access.';
    end if;
    for entry in
        select o.privilege,
               case o.class::pg_catalog.oid
                   when 'pg_catalog.pg_proc'::pg_catalog.regclass
                   then 'function ' || o.object::pg_catalog.regprocedure
                   when 'pg_catalog.pg_class'::pg_catalog.regclass
                   then 'table ' || o.object::pg_catalog.regclass
                   else 'schema ' || o.object::pg_catalog.regnamespace
               end as target
          from authguard.door_objects() o
         where o.door = change_access.door
           and not exists (
               select from authguard.door_objects() s
                where s.door = any (others) and s.class = o.class and s.object = o.object
                  and s.privilege = o.privilege)
    loop
        execute pg_catalog.format(command, entry.privilege, entry.target, role);
    end loop;
end
$$;
comment on function authguard.change_access(
    pg_catalog.name, pg_catalog.text, pg_catalog.text) is
    'Grants a role what a door gives, or revokes it. door: as in authguard.door_objects(). '
    'command: how, as a format of privilege, object and role. 22004 if the role is NULL, 42704 if '
    'it does not exist';

create function authguard.grant_receiver(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'receiver', 'grant %s on %s to %I');
end;
comment on function authguard.grant_receiver(pg_catalog.name) is
    'Lets a role deliver events of identity providers to authguard.receive_event, and nothing '
    'else. 22004 if the role is NULL, 42704 if it does not exist';

create function authguard.grant_introspection(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'introspection', 'grant %s on %s to %I');
end;
comment on function authguard.grant_introspection(pg_catalog.name) is
    'Lets a role ask about the tokens that it holds, and revoke them: auth.introspect and '
    'authguard.revoke. 22004 if the role is NULL, 42704 if it does not exist';

create function authguard.revoke_receiver(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'receiver', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_receiver(pg_catalog.name) is
    'Takes back what authguard.grant_receiver has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_introspection(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'introspection', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_introspection(pg_catalog.name) is
    'Takes back what authguard.grant_introspection has granted to a role. 22004 if the role is '
    'NULL, 42704 if it does not exist';
comment on function authguard.setting_problems() is
    'Returns a row for each word or name in the settings of this session that nothing knows: '
    'assurance levels, events, roles; and one if authguard.oauth_issuers_file cannot be used. '
    'is_wrong: false if the application may know it, or it may come to exist';

create or replace function authguard.coverage(
    out kind pg_catalog.text,
    out object pg_catalog.text,
    out guarded pg_catalog.bool,
    out problem pg_catalog.text,
    out hint pg_catalog.text,
    out rule pg_catalog.text,
    out level pg_catalog.text
) returns setof pg_catalog.record
language c stable cost 1000000 rows 20
as 'MODULE_PATHNAME', 'authguard_coverage';

-- Why a row is hidden, and which policy refuses a write. Both run with the rights of the caller,
-- and leave nothing behind.

create function authguard.explain_access(
    relation pg_catalog.regclass,
    command pg_catalog.text default 'select',
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null)
returns table (
    step pg_catalog.int4, gate pg_catalog.text, name pg_catalog.text, clause pg_catalog.text,
    result pg_catalog.text, note pg_catalog.text)
language c volatile cost 100000 rows 10
as 'MODULE_PATHNAME', 'authguard_explain_access';
comment on function authguard.explain_access(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb) is
    'Why a role with these claims may or may not read or write a row: one row for each gate, in '
    'the order that Postgres asks, the last one the verdict. command: select, insert, update or '
    'delete, also "select for update", "upsert", and with "without where" or "returning" behind '
    'it. row: the columns that pick existing rows, or the row to insert. new_row: what an update '
    'sets. claims and role NULL: those in force; claims ''null'': none. role NULL with claims: '
    'the role that they say, or else the one in force. result: true, false, null, error or '
    'skipped; in the last row allowed or denied. Runs with the rights of the caller, who needs to '
    'be a member of the role, and a gateway if claims are given; everything is rolled back. 22023 '
    'for an unknown command, claims that are refused, or a role that does not exist; 42501 if the '
    'caller may not become the role; 42703 for a column that is not there; 42809 for what is no '
    'table or view';

create function authguard.can(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null)
returns pg_catalog.bool
language c volatile cost 100000
as 'MODULE_PATHNAME', 'authguard_can';
comment on function authguard.can(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb) is
    'True if the verdict of authguard.explain_access is allowed. Arguments and errors as for that';

-- Assertions about access, for tests of policies: each is one line of TAP, and if it fails the
-- verdict of authguard.explain_access below it. With pgTAP in the database they count as its tests.
--
-- Only tap_line has a search_path of its own. With one, a policy would find other functions than it
-- finds for clients.

create function authguard.tap_line(
    passed pg_catalog.bool, description pg_catalog.text, diagnosis pg_catalog.text)
returns pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    tap_schema pg_catalog.name;
    line pg_catalog.text;
begin
    -- pgTAP's own function, wherever it is, and nobody else's of that name.
    select p.pronamespace::pg_catalog.regnamespace::pg_catalog.text into tap_schema
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d
        on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
       and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e'
      join pg_catalog.pg_proc p on p.oid = d.objid
     where e.extname = 'pgtap' and p.proname = 'ok'
       and pg_catalog.pg_get_function_identity_arguments(p.oid) = 'boolean, text';
    if tap_schema is null then
        line := case when passed then 'ok - ' else 'not ok - ' end
            || pg_catalog.replace(
                pg_catalog.regexp_replace(description, '\s+', ' ', 'g'), '#', '\#');
    else
        -- Its functions call each other by their names.
        perform pg_catalog.set_config(
            'search_path', 'pg_catalog, ' || tap_schema || ', pg_temp', true);
        execute pg_catalog.format('select %s.ok($1, $2)', tap_schema)
           into line using passed, description;
    end if;
    if not passed then
        line := line || e'\n# ' || pg_catalog.replace(diagnosis, e'\n', e'\n# ');
    end if;
    return line;
end
$$;
comment on function authguard.tap_line(pg_catalog.bool, pg_catalog.text, pg_catalog.text) is
    'A test''s line of TAP, from pgTAP if it is in the database, with the diagnosis below it if '
    'the test has failed';

create function authguard.assert_access(
    wanted pg_catalog.text,
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb,
    role pg_catalog.name,
    new_row pg_catalog.jsonb,
    policy pg_catalog.name,
    description pg_catalog.text)
returns pg_catalog.text
language sql volatile
begin atomic
    with judged as materialized (
        select pg_catalog.max(s.result) filter (where s.gate = 'verdict') = 'allowed' as allowed,
               pg_catalog.max(s.note) filter (where s.gate = 'verdict') as sentence,
               -- A gate that is no policy refuses.
               pg_catalog.bool_or(
                   s.gate in ('schema', 'grant', 'statement')
                   and s.result in ('false', 'error')) as by_other,
               -- The policy is asked, and does not pass.
               pg_catalog.bool_or(is_policy.value) as is_asked,
               pg_catalog.bool_or(
                   is_policy.value and s.result in ('false', 'null', 'error')) as by_policy,
               -- No policy applies to whoever calls. Such a test would pass with every policy
               -- dropped.
               assert_access.role is null and claims ->> 'role' is null and (
                   select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r
                    where r.rolname = current_user) as is_exempt
          from authguard.explain_access(
                   assert_access.relation, assert_access.command, assert_access."row",
                   assert_access.claims, assert_access.role, assert_access.new_row) s
         cross join lateral (
             select s.gate in ('restrictive', 'permissive')
                and s.name = assert_access.policy::pg_catalog.text) is_policy (value)
    ),
    failure as materialized (
        select case
                   when j.is_exempt then pg_catalog.concat(
                       'no policy applies to ', current_user,
                       ': give the role, or claims with a role')
                   when j.allowed is distinct from (assert_access.wanted = 'can')
                   then coalesce(j.sentence, 'no verdict')
                   -- A row that is not there is hidden from nobody.
                   when assert_access.wanted = 'hidden'
                    and (assert_access.claims is not null or assert_access.role is not null)
                    and not authguard.can('select', assert_access.relation, assert_access."row")
                   then pg_catalog.concat(
                       'no such row, as far as ', current_user, ' can see: ', assert_access."row")
                   when assert_access.wanted <> 'denied' then null
                   when j.by_other then pg_catalog.concat('not by a policy: ', j.sentence)
                   when assert_access.policy is null or j.by_policy then null
                   else pg_catalog.concat(
                       'policy ', pg_catalog.quote_ident(assert_access.policy),
                       case when j.is_asked then ' passes: ' else ' was not asked: ' end,
                       j.sentence)
               end as reason
          from judged j
    )
    select authguard.tap_line(
        f.reason is null,
        coalesce(assert_access.description, pg_catalog.concat(
            coalesce(assert_access.role, assert_access.claims ->> 'role', current_user),
            case assert_access.wanted when 'can' then ' can ' else ' cannot ' end,
            assert_access.command, ' ', assert_access.relation, ' ', assert_access."row",
            ' -> ' || assert_access.new_row::pg_catalog.text,
            ', by policy ' || pg_catalog.quote_ident(assert_access.policy))),
        f.reason)
      from failure f;
end;
comment on function authguard.assert_access(
    pg_catalog.text, pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb,
    pg_catalog.name, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'A line of TAP: whether authguard.explain_access says what is wanted (can, cannot, hidden, '
    'denied). The functions assert_* call it';

create function authguard.assert_can(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'can', command, relation, "row", claims, role, new_row, null, description);
end;
comment on function authguard.assert_can(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.text) is
    'For tests: passes if authguard.can is true. Returns a line of TAP, which counts for pgTAP if '
    'that is in the database; if the test fails, the verdict follows as a comment. Arguments and '
    'errors as for authguard.explain_access, but a test as a superuser fails';

create function authguard.assert_cannot(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'cannot', command, relation, "row", claims, role, new_row, null, description);
end;
comment on function authguard.assert_cannot(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.text) is
    'For tests: passes if authguard.can is false, for whatever reason. assert_denied is stricter. '
    'Otherwise as authguard.assert_can';

create function authguard.assert_denied(
    command pg_catalog.text,
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb default null,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    new_row pg_catalog.jsonb default null,
    policy pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'denied', command, relation, "row", claims, role, new_row, policy, description);
end;
comment on function authguard.assert_denied(
    pg_catalog.text, pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name,
    pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if policies refuse, and not a missing privilege or a constraint. With '
    'policy, that policy must be one that does not pass. Otherwise as authguard.assert_can';

create function authguard.assert_visible(
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'can', 'select', relation, "row", claims, role, null, null, description);
end;
comment on function authguard.assert_visible(
    pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if the rows that the columns in row pick are visible. Otherwise as '
    'authguard.assert_can';

create function authguard.assert_hidden(
    relation pg_catalog.regclass,
    "row" pg_catalog.jsonb,
    claims pg_catalog.jsonb default null,
    role pg_catalog.name default null,
    description pg_catalog.text default null)
returns pg_catalog.text
language sql volatile
begin atomic
    select authguard.assert_access(
        'hidden', 'select', relation, "row", claims, role, null, null, description);
end;
comment on function authguard.assert_hidden(
    pg_catalog.regclass, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.name, pg_catalog.text) is
    'For tests: passes if the rows that the columns in row pick are there, as the caller sees '
    'them, and hidden from the role with these claims. Otherwise as authguard.assert_can';

-- A picture of a schema's policies.

create function authguard.policies_svg(schema pg_catalog.name) returns pg_catalog.text
language c volatile strict cost 100000
as 'MODULE_PATHNAME', 'authguard_policies_svg';
comment on function authguard.policies_svg(pg_catalog.name) is
    'A picture of a schema, an SVG without scripts: one row for each table and view, one column '
    'for each role that clients can become, with what the role reaches, by which policies, guarded '
    'or not. It is made of the catalog, so it shows names and no rows. 3F000 if there is no such '
    'schema';

-- Who reaches which rows, and what a migration changes about it. All of it runs with the rights of
-- the caller, and leaves nothing behind.

create function authguard.access_matrix(
    identities pg_catalog.jsonb,
    relations pg_catalog.regclass[] default null)
returns table (
    relation pg_catalog.regclass, identity pg_catalog.text, command pg_catalog.text,
    allowed pg_catalog.text, visible pg_catalog.int8, note pg_catalog.text)
language c volatile cost 1000000 rows 100
as 'MODULE_PATHNAME', 'authguard_access_matrix';
comment on function authguard.access_matrix(pg_catalog.jsonb, pg_catalog.regclass[]) is
    'Tries each command as each identity on each relation, and rolls everything back. identities: '
    '[{"name": "ada", "role": "authenticated", "claims": {...}}], each of a role that the caller '
    'may become. relations NULL: all tables and views that are no extension''s. allowed: none, '
    'some or all of the rows that the caller sees, or error, with the message in note. visible: '
    'the rows that select shows, update and delete without WHERE reach, or that insert would admit '
    'if they were new. some is also the answer if policies let the identity in and there is no row '
    'to try. Of a table larger than 64 MiB a part is tried, and note says so. Needs the privilege '
    'TEMPORARY on the database. 22023 for identities of another form, claims that are refused, and '
    'a role that does not exist; 42501 for a role that the caller may not become; 42809 for a '
    'relation that is no table and no view; 25006 if the transaction may not write';

create function authguard.access_snapshot(
    identities pg_catalog.jsonb,
    relations pg_catalog.regclass[] default null)
returns pg_catalog.jsonb
language c volatile cost 1000000
as 'MODULE_PATHNAME', 'authguard_access_snapshot';
comment on function authguard.access_snapshot(pg_catalog.jsonb, pg_catalog.regclass[]) is
    'The answers of authguard.access_matrix, the rows that each identity sees (their number, a '
    'digest, and the primary keys of the first 20), and the facts behind them: owners, privileges, '
    'policies, views, functions of policies, and the roles. Partitions of the relations and views '
    'that read them are added. The same database gives the same snapshot. Arguments and errors as '
    'for authguard.access_matrix';

create function authguard.access_diff(before pg_catalog.jsonb, after pg_catalog.jsonb)
returns table (
    relation pg_catalog.text, identity pg_catalog.text, command pg_catalog.text,
    before pg_catalog.text, after pg_catalog.text)
language c stable cost 1000 rows 20
as 'MODULE_PATHNAME', 'authguard_access_diff';
comment on function authguard.access_diff(pg_catalog.jsonb, pg_catalog.jsonb) is
    'What differs between two snapshots of authguard.access_snapshot, such as those before and '
    'after a migration: for each relation and identity the command whose answer differs, and '
    'without an identity the fact that differs, such as a policy, privileges, or row-level '
    'security. Without a relation, identity is the role or the identity that differs. No rows: '
    'nothing differs. 22023 for what is no snapshot';

-- Coverage of policies: which clauses the tests of a transaction have asked, and what each
-- answered.

create function authguard.policy_coverage_start(schemas pg_catalog.name[] default null)
returns pg_catalog.void
language c volatile cost 1000000
as 'MODULE_PATHNAME', 'authguard_policy_coverage_start';
comment on function authguard.policy_coverage_start(pg_catalog.name[]) is
    'Counts from now on what each clause of each policy answers, until the transaction is rolled '
    'back: for tests. The policies decide as before, more slowly, and their tables are locked. A '
    'COMMIT is an error. schemas NULL: all tables that the caller owns. The caller must own the '
    'tables, and needs the privilege TEMPORARY on the database. A policy that is not the only '
    'permissive one for its command is counted by another one, ~authguard_coverage_N. 25P01 '
    'outside a transaction block; 55000 if it has been started before; 42501 if a table of the '
    'schemas is somebody else''s';

create function authguard.policy_coverage()
returns table (
    relation pg_catalog.regclass, policy pg_catalog.name, clause pg_catalog.text,
    admitted pg_catalog.int8, refused pg_catalog.int8, nulls pg_catalog.int8,
    errors pg_catalog.int8)
language c volatile cost 100000 rows 100
as 'MODULE_PATHNAME', 'authguard_policy_coverage';
comment on function authguard.policy_coverage() is
    'How often each clause of each policy was true, false, NULL or an error since '
    'authguard.policy_coverage_start(), also in what a savepoint has taken back. Policies are '
    'split at AND, OR and NOT, and each clause is asked by itself: none hides another. A clause of '
    'WITH CHECK begins with "with check: ". The numbers are NULL for a clause that reads a system '
    'column. 55000 if it has not been started in this transaction';

create function authguard.policy_coverage_percent() returns pg_catalog.float8
language c volatile cost 100000
as 'MODULE_PATHNAME', 'authguard_policy_coverage_percent';
comment on function authguard.policy_coverage_percent() is
    'The share of the clauses of authguard.policy_coverage() that have both admitted and refused '
    '(false or NULL), in percent: for a test that fails below a threshold. A constant counts as '
    'soon as it has been asked. 100 if there is no clause. Errors as for authguard.policy_coverage';

-- Mutants: policies with one mistake each, which good tests notice.

create function authguard.policy_mutants(schema pg_catalog.name)
returns table (
    mutant pg_catalog.int4, relation pg_catalog.regclass, policy pg_catalog.name,
    mutation pg_catalog.text, apply pg_catalog.text, undo pg_catalog.text)
language c volatile cost 100000 rows 100
as 'MODULE_PATHNAME', 'authguard_policy_mutants';
comment on function authguard.policy_mutants(pg_catalog.name) is
    'Mistakes that tests of the policies of a schema should notice, one each row. apply: the '
    'statements that make the mistake. undo: those that make the same policy again. policy NULL: a '
    'mistake of the table. Nothing is changed by this function. Run apply in a transaction, the '
    'tests, and ROLLBACK; the command line does it (authguard mutants). 3F000 if there is no such '
    'schema';

-- Views for whoever watches the database (authguard.grant_monitor): none shows a token, a secret or
-- a private key. authguard.live_sessions is with the sessions, authguard.statistics has a file of
-- its own. Views with a filter are barriers: a function that somebody puts into a query never sees
-- the rows that the filter leaves out.

create or replace view authguard.blocked_users with (security_barrier) as
select r.key as user_id, r.issuer, r.revoked_at as since, r.blocked_until as until,
       r.revoked_by as by, r.reason, r.event_at
  from authguard.revocation r
 where r.kind = 'user' and r.blocked and authguard.blocks(r.blocked, r.blocked_until);
comment on view authguard.blocked_users is
    'Users whom authguard.revoke_user or an event of an issuer shuts out now. '
    'authguard.grant_monitor lets a role read it. Whom an attached table shuts out is in that '
    'table; authguard.explain_user looks at both';
comment on column authguard.blocked_users.reason is
    'For people to read: of an event its URI; NULL: none was given';
comment on column authguard.blocked_users.event_at is
    'When the event happened that shuts the user out, if no operator does; NULL: an operator does';
comment on column authguard.recent_events.actor is
    'Who caused it: user, admin, policy, issuer or system; as in authguard.event';

create or replace function authguard.collect_statistics()
returns table (
    name pg_catalog.text, label pg_catalog.text, type pg_catalog.text, value pg_catalog.int8,
    is_estimate pg_catalog.bool, as_of pg_catalog.timestamptz, note pg_catalog.text)
language sql stable security definer cost 10000 rows 25
set search_path = pg_catalog, pg_temp
-- Few rows may be counted: by the index, whose size bounds the work.
set enable_seqscan = off
-- That makes the plan look expensive: compiling it takes 3.6 s, running it 0.02 s.
set jit = off
begin atomic
    with indexes as materialized (
        -- By name: REINDEX CONCURRENTLY gives an index another OID.
        select c.oid, c.relname as name,
               -- 2 MB: some 20,000 rows, a few milliseconds.
               pg_catalog.pg_relation_size(c.oid) <= 2097152 as is_small
          from pg_catalog.pg_class c
         where c.relnamespace = 'authguard'::pg_catalog.regnamespace and c.relkind = 'i'
           and c.relname in ('session_of_user', 'revocation_key')
    ),
    tables as materialized (
        select c.oid, c.relname as name,
               -- Not pg_stat_all_tables, which looks at every table of the database.
               greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                        pg_catalog.pg_stat_get_last_autovacuum_time(c.oid),
                        pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                        pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) as looked_at
          from pg_catalog.pg_class c
         where c.relnamespace = 'authguard'::pg_catalog.regnamespace and c.relkind = 'r'
           and c.relname in ('session', 'revocation', 'event')
    ),
    counted as materialized (
        select r.kind, pg_catalog.count(*) as entries
          from authguard.revocation r
         where (select i.is_small from indexes i where i.name = 'revocation_key')
         group by r.kind
    ),
    -- There are few kinds, so all of them are among the most common values.
    shares as materialized (
        select m.kind, m.share
          from pg_catalog.pg_stats s,
               rows from (
                   pg_catalog.unnest(s.most_common_vals::pg_catalog.text::pg_catalog.text[]),
                   pg_catalog.unnest(s.most_common_freqs)) m (kind, share)
         where s.schemaname = 'authguard' and s.tablename = 'revocation' and s.attname = 'kind'
    ),
    counters as (
        select 1 as place, 'sign_ins' as name,
               case when c.is_called then c.last_value else 0 end as value,
               'sessions that began' as note
          from authguard.sign_in_count c
        union all
        select 2, 'refreshes', case when c.is_called then c.last_value else 0 end,
               'refreshes that were answered with new tokens (status ok)'
          from authguard.refresh_count c
        union all
        select 3, 'reuses', case when c.is_called then c.last_value else 0 end,
               'refreshes with the previous token within the reuse interval (status reused)'
          from authguard.reuse_count c
        union all
        select 4, 'thefts', case when c.is_called then c.last_value else 0 end,
               'sessions that ended because a superseded refresh token was used'
          from authguard.theft_count c
        union all
        select 5, 'sessions_ended', case when c.is_called then c.last_value else 0 end,
               'sessions that ended, for whatever reason but time'
          from authguard.ending_count c
        union all
        select 6, 'events_received', case when c.is_called then c.last_value else 0 end,
               'tokens with events of identity providers that were received for the first time'
          from authguard.received_event_count c
    )
    select 'sessions_live', null::pg_catalog.text, 'gauge',
           case when i.is_small
                then (select pg_catalog.count(*) from authguard.session s where s.ended_at is null)
                else authguard.estimated_rows(i.oid) end,
           not i.is_small, case when not i.is_small then t.looked_at end,
           'sessions that have not ended; one that is past its time counts until it is pruned'
      from tables t left join indexes i on i.name = 'session_of_user'
     where t.name = 'session'
    union all
    select 'entries', k.kind, 'gauge',
           case when i.is_small then coalesce(c.entries, 0)
                -- Without statistics nothing is known.
                when exists (select from shares)
                then pg_catalog.round(
                    authguard.estimated_rows(i.oid) * coalesce(p.share, 0))::pg_catalog.int8 end,
           not i.is_small, case when not i.is_small then t.looked_at end,
           'rows of authguard.revocation of that kind; many are not known before the first ANALYZE'
      from tables t
      left join indexes i on i.name = 'revocation_key',
           pg_catalog.unnest(array['token', 'session', 'user', 'claims', 'issuer', 'client',
                                   'grant'])
               k (kind)
      left join counted c on c.kind = k.kind
      left join shares p on p.kind = k.kind
     where t.name = 'revocation'
    union all
    select 'rows', t.name, 'gauge', authguard.estimated_rows(t.oid), true, t.looked_at,
           'rows of that table of authguard'
      from tables t
    union all
    select 'bytes', t.name, 'gauge', pg_catalog.pg_total_relation_size(t.oid), false, null,
           'bytes of that table of authguard on disk, with its indexes'
      from tables t
    union all
    (select c.name, null, 'counter', c.value, false, null,
            c.note || ', since create extension in this database; what was rolled back counts, and '
            'after a crash, or on a standby, up to 32 more'
       from counters c
      order by c.place)
    union all
    select 'events', null, 'counter', case when e.is_called then e.last_value else 0 end,
           false, null,
           'events ever recorded, also before a restore; what was rolled back counts, and after a '
           'crash, or on a standby, up to 32 more'
      from authguard.event_id_seq e
    union all
    select 'last_prune', null, 'gauge', case when p.is_called then p.last_value end,
           false, null,
           'when authguard.prune() last ran, in seconds since 1970; NULL: never in this database'
      from authguard.prune_time p
    union all
    select 'tokens_refused', null, 'counter', null, false, null,
           'not counted: that needs shared memory, and so a preloaded library. The server''s log '
           'has a line "token refused: " with the cause for each (authguard.log_refused_tokens)';
end;
comment on view authguard.statistics is
    'Figures for a monitoring system, one a row: sessions_live, entries, rows, bytes, sign_ins, '
    'refreshes, reuses, thefts, sessions_ended, events_received, events, last_prune, '
    'tokens_refused. Cheap enough for every few seconds: no table is scanned, whatever its size. '
    'authguard.grant_monitor lets a role read it';

create or replace function authguard.explain_user(
    user_id pg_catalog.text,
    out step pg_catalog.int4, out check_name pg_catalog.text, out passed pg_catalog.bool,
    out answer pg_catalog.text, out note pg_catalog.text)
returns setof pg_catalog.record
language plpgsql stable security definer cost 10000 rows 10
set search_path = pg_catalog, pg_temp
as $$
declare
    subject constant pg_catalog.text := authguard.identity('user_id', user_id);
    names pg_catalog.text[] := array[subject];
    aliases pg_catalog.text;
    unavailable constant pg_catalog.text := authguard.unavailable();
    is_shut_out pg_catalog.bool := false;
    of_some pg_catalog.bool := false;
    is_cut_off pg_catalog.bool := false;
    of_clients pg_catalog.bool := false;
    signs_here constant pg_catalog.bool := exists (select from authguard.keys k where k.signs);
    begun pg_catalog.int8;
    live pg_catalog.int8;
    newest pg_catalog.timestamptz;
    entry authguard.revocation;
    source record;
    of_issuer pg_catalog.text;
begin
    step := 1;
    check_name := 'user';
    select pg_catalog.string_agg(
               pg_catalog.format('%s at issuer %s', u.name, pg_catalog.quote_literal(u.issuer)),
               ', ' order by u.issuer),
           names || coalesce(pg_catalog.array_agg(u.name order by u.issuer), '{}')
      into aliases, names
      from (select i.issuer, authguard.user_in_namespace(
                       i.subject_namespace, explain_user.user_id)::pg_catalog.text as name
              from authguard.issuer i
             where i.subject_namespace is not null) u;
    answer := subject;
    note := pg_catalog.concat_ws(' ',
        case when subject <> user_id
             then 'That is the canonical form, in which ids are stored and compared.' end,
        'As the subject of an issuer with a namespace: ' || aliases || '.');
    note := nullif(note, '');
    return next;

    step := step + 1;
    check_name := 'database';
    passed := unavailable is null;
    answer := case unavailable
        when 'replica_lag'
            then 'this standby is too far behind: every token counts as revoked here'
        when 'restored'
            then 'this database is a copy that nobody has acknowledged: every token is revoked'
        else 'it knows what is revoked' end;
    note := case unavailable
        when 'replica_lag' then 'See authguard.max_replay_lag; ask the primary.'
        when 'restored' then 'See authguard.after_restore; then authguard.acknowledge_restore().'
        end;
    return next;

    step := step + 1;
    check_name := 'blocked';
    for entry in
        select r.* from authguard.revocation r
         where r.kind = 'user' and r.key = any (names)
           and authguard.blocks(r.blocked, r.blocked_until)
         order by r.issuer nulls first
    loop
        is_shut_out := is_shut_out or entry.issuer is null and entry.key = subject;
        of_some := true;
        passed := false;
        answer := pg_catalog.format('blocked%s %s, since %s, until %s, by %I%s%s',
            case when entry.key <> subject then ' as ' || entry.key end,
            case when entry.issuer is null then 'at every issuer'
                 else 'at issuer ' || pg_catalog.quote_literal(entry.issuer) end,
            entry.revoked_at, coalesce(entry.blocked_until::pg_catalog.text, 'restored'),
            entry.revoked_by,
            case when entry.event_at is not null
                 then ' because of an event of the issuer, of ' || entry.event_at else '' end,
            coalesce(': ' || entry.reason, ''));
        note := pg_catalog.format('Signing in again does not help. To lift it: '
            'select authguard.restore_user(%L)%s', entry.key,
            case when entry.event_at is not null then '; a later event of the issuer lifts it, too'
                 else '' end);
        return next;
    end loop;
    if not found then
        passed := true;
        answer := 'no entry blocks the user';
        note := null;
        return next;
    end if;

    step := step + 1;
    for entry in
        select r.* from authguard.revocation r
         where r.issued_before is not null
           and (r.kind in ('user', 'claims') and r.key = any (names)
                or r.kind = 'issuer' and r.key = '')
         order by r.kind = 'issuer', r.kind desc, r.issuer nulls first
    loop
        is_cut_off := true;
        check_name := case entry.kind when 'user' then 'cut_off' when 'claims' then 'claims'
                           else 'issuer_cut_off' end;
        -- Only the token says when it was issued.
        passed := null;
        of_issuer := case when entry.issuer is null then 'every issuer'
                          else 'issuer ' || pg_catalog.quote_literal(entry.issuer) end;
        answer := pg_catalog.format('%s%s of %s that were issued up to %s are %s, by %I%s',
            case entry.kind when 'issuer' then 'everybody''s tokens' else 'the user''s tokens' end,
            case when entry.key not in (subject, '') then ' as ' || entry.key end,
            of_issuer, entry.issued_before,
            case entry.kind when 'claims' then 'out of date' else 'revoked' end,
            entry.revoked_by, coalesce(': ' || entry.reason, ''));
        note := case entry.kind
            when 'claims' then 'A refresh gives a token that is accepted.'
            else 'Signing in again gives a token that is accepted; one of another issuer from '
                'authguard.leeway after that time on.' end;
        return next;
    end loop;
    if not found then
        check_name := 'cut_off';
        passed := true;
        answer := 'no cut-off covers tokens of the user';
        note := null;
        return next;
    end if;

    for entry in
        select r.* from authguard.revocation r
         where r.kind = 'grant' and r.key = any (names)
         order by r.client_id, r.issuer nulls first
    loop
        -- A step of its own only if there is one: most users have none.
        if not of_clients then
            step := step + 1;
            check_name := 'clients';
            of_clients := true;
        end if;
        -- Only the token names its client.
        passed := null;
        answer := pg_catalog.format('%s of client %s%s of %s are revoked, by %I%s',
            case when entry.blocked then 'all of the user''s tokens'
                 else 'the user''s tokens that were issued up to ' || entry.issued_before end,
            pg_catalog.quote_literal(entry.client_id),
            case when entry.key <> subject then ' as ' || entry.key end,
            case when entry.issuer is null then 'every issuer'
                 else 'issuer ' || pg_catalog.quote_literal(entry.issuer) end,
            entry.revoked_by, coalesce(': ' || entry.reason, ''));
        note := case when entry.blocked then pg_catalog.format(
            'To lift it: select authguard.restore_client(%L, user_id => %L)',
            entry.client_id, entry.key) end;
        return next;
    end loop;

    step := step + 1;
    check_name := 'attached';
    for source in
        select a.* from authguard.attached_rows(names) a order by a.relation::pg_catalog.oid
    loop
        of_issuer := coalesce(
            ' (decides about tokens of issuer ' || pg_catalog.quote_literal(source.issuer) || ')',
            '');
        passed := source.reason is null;
        is_shut_out := is_shut_out or not passed and source.issuer is null;
        of_some := of_some or not passed;
        answer := source.relation || of_issuer || ': ' || case
            when source.reason = 'source_broken' then 'it cannot be read as it is'
            when source.kind = 'sessions' then pg_catalog.format(
                '%s sessions of the user that are not past their time', source.found)
            when source.reason = 'user_deleted' and source.found = 0
                then 'it has no row of the user'
            when source.reason = 'user_deleted' then 'the user''s row is marked as deleted'
            when source.reason = 'user_banned' then 'the user''s row says that the user is banned'
            when source.reason = 'user' then 'the user''s metadata says access_revoked'
            else 'the user''s row lets the user in' end;
        note := case
            when source.reason = 'source_broken'
                then 'Everybody whom it decides about is shut out; authguard.coverage() says why.'
            when source.reason is not null
                then 'Whoever keeps that table can change it; it counts from the next statement on.'
            when source.kind = 'sessions'
                then 'A token whose session is none of the table''s is revoked (session_ended).'
            end;
        return next;
    end loop;
    if not found then
        passed := true;
        answer := 'no table is attached';
        note := null;
        return next;
    end if;

    step := step + 1;
    check_name := 'sessions';
    select pg_catalog.count(*), max(s.created_at) into begun, newest
      from authguard.session s
     where s.user_id = subject and s.ended_at is null;
    select pg_catalog.count(*) into live
      from authguard.live_sessions s
     where s.user_id = subject;
    -- Users of other issuers have none here.
    passed := null;
    answer := case
        when begun = 0 then 'the user has no session of the local issuer that has not ended'
        when live = begun then pg_catalog.format(
            '%s live, the newest since %s', live, newest)
        else pg_catalog.format(
            '%s live; %s have not ended, but are cut off or past their time', live, begun - live)
        end;
    note := case when live = 0 and signs_here
        then 'authguard.recent_events says why sessions ended.' end;
    return next;

    step := step + 1;
    check_name := 'verdict';
    passed := case when unavailable is not null or is_shut_out then false
                   when of_some or is_cut_off or of_clients or live = 0 and signs_here then null
                   else true end;
    answer := case
        when unavailable is not null then 'every token is revoked here, whoever has it'
        when is_shut_out then 'the user is shut out, with any token'
        when of_some then 'the user is shut out with tokens of the issuers that are named above'
        when live = 0 and signs_here
            then 'nothing shuts the user out, but no session of the local issuer is live: the user '
                'has to sign in, unless another issuer signs the tokens'
        when is_cut_off then 'the user can come in, but not with tokens from before a cut-off'
        when of_clients
            then 'the user can come in, but not through the clients that are named above'
        else 'nothing here shuts the user out' end;
    note := case when unavailable is not null or is_shut_out then null
        else 'Then the token or the policies decide: authguard.explain_token(token) looks at a '
            'token, auth.whoami() at what a request has set, and authguard.act_as_user(user_id) '
            'shows what the user sees.' end;
    return next;
end
$$;
comment on function authguard.explain_user(pg_catalog.text) is
    'Says why a user sees nothing, in rows. check_name: user, database, blocked, cut_off, claims, '
    'issuer_cut_off, clients, attached, sessions or verdict. passed: false if it shuts the user '
    'out; true if it does not; NULL if it depends on the token. answer: what was found, in words; '
    'note: what follows, or NULL. user_id: claim sub; that of an issuer with a subject_namespace '
    'is looked for as its UUID, too. Entries of single tokens, of sessions and of clients for '
    'every user are not looked at. authguard.grant_monitor lets a role call it. 22004 if user_id '
    'is NULL, 22023 if it is empty or too long';

select authguard.close_grants(keep_doors => true);
