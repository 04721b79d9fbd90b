-- The issuers whose tokens are believed, and their keys. Only the owner of the extension may use
-- any of it, but operators may read authguard.issuer.

-- Like authguard.channel, for keys: a revocation must not make every backend verify its token
-- again.
create table authguard.key_channel ();
comment on table authguard.key_channel is
    'Always empty, never read: its relcache invalidation makes every backend look at keys again';

create table authguard.issuer (
    issuer pg_catalog.text collate pg_catalog."C" primary key,
    audience pg_catalog.text[] not null,
    types pg_catalog.text[] not null default '{JWT,at+jwt}',
    roles pg_catalog.text[] not null default '{authenticated}',
    subject_namespace pg_catalog.uuid,
    shares_subjects pg_catalog.bool not null default false,
    max_lifetime pg_catalog.int4,
    clock_skew pg_catalog.int4,
    trusted_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    client_ids pg_catalog.text[] not null default '{}',
    claims pg_catalog.jsonb,
    preset pg_catalog.text,

    constraint issuer_length check (pg_catalog.octet_length(issuer) between 1 and 1024),
    constraint issuer_audience
        check (pg_catalog.cardinality(audience) <= 32
               and pg_catalog.array_position(audience, null) is null
               and pg_catalog.array_position(audience, '') is null),
    constraint issuer_clients
        check (pg_catalog.cardinality(client_ids) <= 32
               and pg_catalog.array_position(client_ids, null) is null
               and pg_catalog.array_position(client_ids, '') is null),
    constraint issuer_recipient
        check (pg_catalog.cardinality(audience) + pg_catalog.cardinality(client_ids) > 0),
    constraint issuer_types
        check (pg_catalog.cardinality(types) between 1 and 32
               and pg_catalog.array_position(types, null) is null),
    constraint issuer_roles
        check (pg_catalog.cardinality(roles) <= 32
               and pg_catalog.array_position(roles, null) is null),
    constraint issuer_subjects check (subject_namespace is null or not shares_subjects),
    constraint issuer_max_lifetime check (max_lifetime > 0),
    constraint issuer_clock_skew check (clock_skew between 0 and 300),
    constraint issuer_claims check (pg_catalog.jsonb_typeof(claims) = 'object'),
    constraint issuer_preset
        check (preset in ('supabase', 'keycloak', 'auth0', 'clerk', 'cognito', 'okta', 'entra',
                          'firebase', 'workos', 'neon'))
);
comment on table authguard.issuer is
    'Issuers whose tokens are believed; authguard.trust_issuer and trust_secret write it';
comment on column authguard.issuer.issuer is 'Claim iss, byte by byte';
comment on column authguard.issuer.audience is
    'Claim aud must name one of these, if not client_ids lets the token pass';
comment on column authguard.issuer.types is
    'Header typ must be one of these, in any case; if it is absent it counts as JWT (RFC 8725 '
    'section 3.11)';
comment on column authguard.issuer.roles is
    'Claim role must be one of these, or absent';
comment on column authguard.issuer.subject_namespace is
    'If given, auth.uid() and auth.subject() are the UUIDv5 of claim sub in it (RFC 9562 section '
    '5.5); NULL: sub itself';
comment on column authguard.issuer.shares_subjects is
    'True if its subjects are those of the other issuers: the same sub is the same user';
comment on column authguard.issuer.max_lifetime is
    'The longest time from iat to exp, in seconds; NULL: any';
comment on column authguard.issuer.clock_skew is
    'By how many seconds its clock may be ahead of that of a cut-off; NULL, and at most: '
    'authguard.leeway';
comment on column authguard.issuer.trusted_at is
    'When it was first trusted';
comment on column authguard.issuer.client_ids is
    'A token whose aud names none of the audiences, or that has none, passes only if its '
    'client_id, its azp or the client that preset or claims find is one of these';
comment on column authguard.issuer.claims is
    'Where it keeps session, client, role, org_id, org_role, roles, scopes, permissions or '
    'authenticated_at, as far as that is neither where the preset nor where the standards have it';
comment on column authguard.issuer.preset is
    'The provider whose documentation says where these are; NULL: none';

create table authguard.key (
    issuer pg_catalog.text collate pg_catalog."C" not null
        references authguard.issuer on delete cascade,
    kid pg_catalog.text collate pg_catalog."C" not null,
    algorithm pg_catalog.text not null,
    jwk pg_catalog.text,
    credential pg_catalog.uuid,
    status pg_catalog.text not null default 'active',
    created_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    retired_at pg_catalog.timestamptz,
    revoked_at pg_catalog.timestamptz,
    withdrawn pg_catalog.bool not null default false,
    made_here pg_catalog.bool not null default false,

    primary key (issuer, kid, algorithm),
    constraint key_kid_length check (pg_catalog.octet_length(kid) <= 256),
    constraint key_status check (status in ('active', 'retiring', 'revoked')),
    constraint key_verifies check (jwk is not null or credential is not null)
);
comment on table authguard.key is
    'The keys of each issuer. Secrets and private keys are not here but in the user mapping of '
    'server authguard_credentials';
comment on column authguard.key.issuer is
    'The issuer that it belongs to';
comment on column authguard.key.kid is
    'Header kid that names it, together with alg (RFC 7517 section 4.5); empty: a secret that '
    'verifies any token of the issuer';
comment on column authguard.key.algorithm is
    'The only alg that it verifies (RFC 7518)';
comment on column authguard.key.jwk is 'The public key (RFC 7517); NULL for a secret';
comment on column authguard.key.credential is
    'The name under which the secret, or the private key of the local issuer, is kept';
comment on column authguard.key.status is
    'active, retiring or revoked. retiring: verifies, and signs no more; revoked: verifies nothing';
comment on column authguard.key.created_at is 'When it was registered';
comment on column authguard.key.retired_at is
    'When it stopped signing';
comment on column authguard.key.revoked_at is 'When it was revoked';
comment on column authguard.key.withdrawn is
    'True if it is revoked because the issuer''s set no longer had it: it verifies again when the '
    'set has it again';
comment on column authguard.key.made_here is
    'True for a key of the local issuer, which authguard.rotate_signing_key has made';

-- Secrets are in no dump, so a row of a secret would come back without its secret.
select pg_catalog.pg_extension_config_dump('authguard.issuer', '');
select pg_catalog.pg_extension_config_dump('authguard.key', 'where jwk is not null');

create trigger invalidate after insert or update or delete on authguard.issuer
    for each row execute function authguard.invalidate('key_channel');
create trigger invalidate_truncate after truncate on authguard.issuer
    for each statement execute function authguard.invalidate('key_channel');
create trigger invalidate after insert or update or delete on authguard.key
    for each row execute function authguard.invalidate('key_channel');
create trigger invalidate_truncate after truncate on authguard.key
    for each statement execute function authguard.invalidate('key_channel');
alter table authguard.issuer enable always trigger invalidate;
alter table authguard.issuer enable always trigger invalidate_truncate;
alter table authguard.key enable always trigger invalidate;
alter table authguard.key enable always trigger invalidate_truncate;
