-- The entries: each row revokes tokens, or is a cut-off. The newest committed rows decide, whatever
-- the snapshot.

-- Called by a check of the table, so it is defined first.
create function authguard.canonical(identity pg_catalog.text) returns pg_catalog.text
language c immutable strict parallel safe cost 10
as 'MODULE_PATHNAME', 'authguard_canonical';
comment on function authguard.canonical(pg_catalog.text) is
    'The one spelling of an identity: a text that type uuid accepts becomes lower-case with '
    'dashes, any other stays as it is. NULL for NULL';

-- A relation that nobody opens. Its invalidation, sent by a trigger at commit, makes every backend
-- and every standby look again.
create table authguard.channel ();
comment on table authguard.channel is
    'Always empty, never read: its relcache invalidation makes every backend look again';

create table authguard.revocation (
    kind pg_catalog.text collate pg_catalog."C" not null,
    key pg_catalog.text collate pg_catalog."C" not null,
    issuer pg_catalog.text collate pg_catalog."C",
    blocked pg_catalog.bool not null default true,
    blocked_until pg_catalog.timestamptz,
    issued_before pg_catalog.timestamptz,
    include_keys pg_catalog.bool not null default false,
    reason pg_catalog.text,
    revoked_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    revoked_by pg_catalog.name not null default session_user,
    keep_until pg_catalog.timestamptz,
    client_id pg_catalog.text collate pg_catalog."C",
    event_at pg_catalog.timestamptz,

    constraint revocation_kind
        check (kind in ('token', 'session', 'user', 'claims', 'issuer', 'client', 'grant')),
    constraint revocation_key_canonical check (key = authguard.canonical(key)),
    constraint revocation_key_length
        check (pg_catalog.octet_length(key) <= 1024 and (key = '') = (kind = 'issuer')),
    constraint revocation_client_canonical check (client_id = authguard.canonical(client_id)),
    constraint revocation_client_length
        check (pg_catalog.octet_length(client_id) between 1 and 1024),
    constraint revocation_client check ((client_id is not null) = (kind = 'grant')),
    constraint revocation_issuer_length check (pg_catalog.octet_length(issuer) <= 1024),
    constraint revocation_decides check (
        case kind
            when 'user' then blocked or issued_before is not null
            when 'claims' then not blocked and issued_before is not null
            when 'issuer' then not blocked and issued_before is not null
            when 'client' then issued_before is not null
            when 'grant' then issued_before is not null
            else blocked and issued_before is null
        end),
    constraint revocation_until check (blocked_until is null or (kind = 'user' and blocked)),
    constraint revocation_event check (event_at is null or (kind = 'user' and blocked))
);
comment on table authguard.revocation is
    'Revoked tokens, sessions and users, and cut-offs; operators may read it, authguard.revoke_* '
    'write it';
comment on column authguard.revocation.kind is
    'token, session, user, claims, issuer, client or grant. claims: what tokens say about a user '
    'has changed, and a refresh is needed; grant: a client for one user';
comment on column authguard.revocation.key is
    'jti, session, client or, for user, claims and grant, sub, in canonical form; empty for an '
    'issuer';
comment on column authguard.revocation.issuer is
    'Claim iss of the tokens that it covers; NULL: every issuer; empty: tokens without iss';
comment on column authguard.revocation.blocked is
    'True if it shuts out altogether; false if it is only a cut-off';
comment on column authguard.revocation.blocked_until is
    'When the block of a user ends; NULL: when the user is restored';
comment on column authguard.revocation.issued_before is
    'The cut-off: tokens issued at or before it, in whole seconds, or without iat, are revoked. '
    'The clock of another issuer may be ahead by authguard.leeway, or by its clock_skew';
comment on column authguard.revocation.include_keys is
    'True if a cut-off of an issuer also covers tokens with neither sub nor a session';
comment on column authguard.revocation.reason is 'For people to read';
comment on column authguard.revocation.revoked_at is 'When the entry was last made to cover more';
comment on column authguard.revocation.revoked_by is
    'The login role that did it';
comment on column authguard.revocation.keep_until is
    'When authguard.prune() may forget the entry; NULL: never';
comment on column authguard.revocation.client_id is
    'For a grant: the client in canonical form, whose tokens of the user in key are revoked';
comment on column authguard.revocation.event_at is
    'When the event happened that shuts the user out, if only events of the issuer do; NULL: none';

-- For the look-up of src/revocation/lookup.rs: kind and key, then every issuer and client that has
-- an entry.
create unique index revocation_key
    on authguard.revocation
        (kind, key, (issuer is null), (coalesce(issuer, '')), (coalesce(client_id, '')));
create index revocation_keep_until
    on authguard.revocation (keep_until) where keep_until is not null;

-- Entries may be published by logical replication, updates and deletes included, and no unique
-- index without an expression could identify them.
alter table authguard.revocation replica identity full;

select pg_catalog.pg_extension_config_dump('authguard.revocation', '');

create function authguard.invalidate() returns pg_catalog.trigger
language c volatile cost 10
as 'MODULE_PATHNAME', 'authguard_invalidate';
comment on function authguard.invalidate() is
    'Trigger: makes every backend look again, and the commit of an insert or update durable';

-- ALWAYS, so that the apply worker of logical replication fires them, too. It fires row triggers,
-- and for TRUNCATE the statement trigger.
create trigger invalidate after insert or update or delete on authguard.revocation
    for each row execute function authguard.invalidate();
create trigger invalidate_truncate after truncate on authguard.revocation
    for each statement execute function authguard.invalidate();
alter table authguard.revocation enable always trigger invalidate;
alter table authguard.revocation enable always trigger invalidate_truncate;
