-- Whose tokens are believed, and by which keys. Everything here stays with the owner of the extension;
-- operators may read authguard.issuer.

-- As authguard.channel, for keys: a revocation must not make every backend verify its token again.
create table authguard.key_channel ();
comment on table authguard.key_channel is
    'Always empty, never read: its relcache invalidation tells every backend to look at keys again';

create table authguard.issuer (
    issuer pg_catalog.text collate pg_catalog."C" primary key,
    audience pg_catalog.text[] not null,
    types pg_catalog.text[] not null default '{JWT,at+jwt}',
    roles pg_catalog.text[] not null default '{authenticated}',
    subject_namespace pg_catalog.uuid,
    shares_subjects pg_catalog.bool not null default false,
    max_lifetime pg_catalog.int4,
    trusted_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),

    constraint issuer_length check (pg_catalog.octet_length(issuer) between 1 and 1024),
    constraint issuer_audience
        check (pg_catalog.cardinality(audience) between 1 and 32
               and pg_catalog.array_position(audience, null) is null
               and pg_catalog.array_position(audience, '') is null),
    constraint issuer_types
        check (pg_catalog.cardinality(types) between 1 and 32
               and pg_catalog.array_position(types, null) is null),
    constraint issuer_roles
        check (pg_catalog.cardinality(roles) <= 32 and pg_catalog.array_position(roles, null) is null),
    constraint issuer_subjects check (subject_namespace is null or not shares_subjects),
    constraint issuer_max_lifetime check (max_lifetime > 0)
);
comment on table authguard.issuer is
    'Issuers whose tokens authguard.jwt may hold; written by authguard.trust_issuer and trust_secret';
comment on column authguard.issuer.issuer is 'Claim iss, byte by byte';
comment on column authguard.issuer.audience is 'Claim aud must hold one of these';
comment on column authguard.issuer.types is
    'Header typ must be one of these, in any case; absent counts as JWT (RFC 8725 section 3.11)';
comment on column authguard.issuer.roles is 'Claim role must be one of these, or absent';
comment on column authguard.issuer.subject_namespace is
    'auth.uid() and auth.subject() are the UUIDv5 of claim sub in it (RFC 9562 section 5.5); NULL: sub itself';
comment on column authguard.issuer.shares_subjects is
    'Its subjects are those of the other issuers: the same sub is the same user';
comment on column authguard.issuer.max_lifetime is
    'Seconds from iat to exp at most; NULL: any';
comment on column authguard.issuer.trusted_at is 'When it was first trusted';

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

    primary key (issuer, kid),
    constraint key_kid_length check (pg_catalog.octet_length(kid) <= 256),
    constraint key_status check (status in ('active', 'retiring', 'revoked')),
    constraint key_verifies check (jwk is not null or credential is not null)
);
comment on table authguard.key is
    'The keys of each issuer; secrets and private keys are options of the user mapping of server authguard_credentials, not here';
comment on column authguard.key.issuer is 'Whose it is';
comment on column authguard.key.kid is
    'Header kid that asks for it; empty: a secret that any token of the issuer is verified with';
comment on column authguard.key.algorithm is 'The one alg it verifies';
comment on column authguard.key.jwk is 'The public key (RFC 7517); NULL for a secret';
comment on column authguard.key.credential is
    'Under which authguard.credentials keeps the secret, or the private key of our own issuer';
comment on column authguard.key.status is
    'active; retiring: verifies, and signs no more; revoked: verifies nothing';
comment on column authguard.key.created_at is 'When it was registered';
comment on column authguard.key.retired_at is 'When it stopped to sign';
comment on column authguard.key.revoked_at is 'When it was revoked';
comment on column authguard.key.withdrawn is
    'Revoked because the issuer''s set no longer had it: it verifies again when the set has it again';

-- Secrets are in no dump: their rows would be keys without one.
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

-- Secrets and private keys live where Postgres keeps the passwords of foreign servers: in
-- pg_user_mapping, a system catalogue. As pg_authid with the roles' passwords, it is read by superusers and
-- members of pg_read_all_data; the owner of the extension sees his own in pg_user_mappings. No publication
-- contains it, and pg_dump leaves out what belongs to an extension's server.
create foreign data wrapper authguard_credentials;
comment on foreign data wrapper authguard_credentials is
    'authguard: holds the server of its credentials, and reads nothing';
create server authguard_credentials foreign data wrapper authguard_credentials;
comment on server authguard_credentials is
    'authguard: its user mapping holds secrets and private keys, in no dump and no publication';

create function authguard.keep_credential(credential pg_catalog.uuid, secret pg_catalog.bytea)
returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_keep_credential_wrapper';
comment on function authguard.keep_credential(pg_catalog.uuid, pg_catalog.bytea) is
    'Keeps a secret under a name of its own. The owner of the extension only';

create function authguard.drop_credential(credential pg_catalog.uuid) returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_drop_credential_wrapper';
comment on function authguard.drop_credential(pg_catalog.uuid) is
    'Forgets a secret; nothing where there is none. The owner of the extension only';

create function authguard.read_jwks(jwks pg_catalog.text)
returns table (kid pg_catalog.text, algorithm pg_catalog.text, jwk pg_catalog.text)
language c immutable strict cost 10000
as 'MODULE_PATHNAME', 'authguard_read_jwks_wrapper';
comment on function authguard.read_jwks(pg_catalog.text) is
    'The signature keys of a JWK set (RFC 7517), each judged; keys for encryption or of an unknown kind are left out. 22023 where one is malformed or weak, or none is left';

create function authguard.check_secret(secret pg_catalog.text, algorithm pg_catalog.text)
returns pg_catalog.void
language c immutable strict cost 100
as 'MODULE_PATHNAME', 'authguard_check_secret_wrapper';
comment on function authguard.check_secret(pg_catalog.text, pg_catalog.text) is
    'Raises 22023 where a secret is too short for its algorithm, or is no secret but a key (RFC 7518 section 3.2)';

create function authguard.generate_key(algorithm pg_catalog.text, credential pg_catalog.uuid)
returns table (kid pg_catalog.text, jwk pg_catalog.text)
language c volatile strict cost 1000000
as 'MODULE_PATHNAME', 'authguard_generate_key_wrapper';
comment on function authguard.generate_key(pg_catalog.text, pg_catalog.uuid) is
    'Makes a key pair, keeps the private key as a credential, and returns the public one. The owner of the extension only';

create function authguard.require_no_key_file() returns pg_catalog.void
language c stable cost 1
as 'MODULE_PATHNAME', 'authguard_require_no_key_file_wrapper';
comment on function authguard.require_no_key_file() is
    'Raises F0000 where authguard.signing_key_file is set: keys are then not made here';

create function authguard.own_issuer() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_own_issuer_wrapper';
comment on function authguard.own_issuer() is
    'The setting authguard.issuer, also where the library was not loaded before';

create function authguard.own_audience() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_own_audience_wrapper';
comment on function authguard.own_audience() is
    'The setting authguard.audience, also where the library was not loaded before';

-- Drops the credential with its row, however that goes.
create function authguard.forget_credential() returns pg_catalog.trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    credential pg_catalog.uuid;
begin
    if tg_op = 'TRUNCATE' then
        -- One command each: all of them change the same row of the catalogue.
        for credential in select k.credential from authguard.key k where k.credential is not null loop
            perform authguard.drop_credential(credential);
        end loop;
    elsif old.credential is not null and (tg_op = 'DELETE' or new.credential is distinct from old.credential) then
        perform authguard.drop_credential(old.credential);
    end if;
    return null;
end
$$;
comment on function authguard.forget_credential() is
    'Trigger: the secret goes with its key';
create trigger forget_credential after delete or update of credential on authguard.key
    for each row execute function authguard.forget_credential();
create trigger forget_credentials before truncate on authguard.key
    for each statement execute function authguard.forget_credential();
alter table authguard.key enable always trigger forget_credential;
alter table authguard.key enable always trigger forget_credentials;

-- Writers of issuers and keys take turns, and all lock in this order: their secrets share one row.
create function authguard.begin_key_change() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.require_primary();
    lock table authguard.issuer in share row exclusive mode;
end
$$;
comment on function authguard.begin_key_change() is
    'Refuses on a standby, and waits for other writers of issuers and keys';

create function authguard.trust(entry authguard.issuer) returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    shared pg_catalog.text;
begin
    if entry.subject_namespace is null and not entry.shares_subjects
       and not exists (select from authguard.issuer i
                        where i.issuer = entry.issuer
                          and i.subject_namespace is null and not i.shares_subjects) then
        select i.issuer into shared
          from authguard.issuer i
         where i.issuer <> entry.issuer and i.subject_namespace is null
         order by i.trusted_at
         limit 1;
        if shared is not null then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = pg_catalog.format('issuer %s would speak for the users of issuer %s',
                    pg_catalog.quote_literal(entry.issuer), pg_catalog.quote_literal(shared)),
                hint = 'Give it a subject_namespace (then auth.uid() is made of that and its sub), or say shares_subjects => true where the same sub is the same person.';
        end if;
    end if;
    insert into authguard.issuer as i select entry.*
    on conflict (issuer) do update
        set (audience, types, roles, subject_namespace, shares_subjects, max_lifetime)
            = (select excluded.audience, excluded.types, excluded.roles, excluded.subject_namespace,
                      excluded.shares_subjects, excluded.max_lifetime);
end
$$;
comment on function authguard.trust(authguard.issuer) is
    'Writes an issuer, or what is to be believed of one that exists';

create function authguard.set_jwks(issuer pg_catalog.text, jwks pg_catalog.jsonb) returns pg_catalog.int4
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    registered pg_catalog.int4;
begin
    if jwks is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'jwks must not be null',
            hint = 'authguard.distrust_issuer ends the trust in an issuer.';
    end if;
    perform authguard.begin_key_change();
    if not exists (select from authguard.issuer i where i.issuer = set_jwks.issuer) then
        raise exception using
            errcode = 'undefined_object',
            message = pg_catalog.format('issuer %s is not trusted', pg_catalog.quote_literal(issuer)),
            hint = 'Call authguard.trust_issuer first.';
    end if;
    if exists (select from authguard.key k
                where k.issuer = set_jwks.issuer and k.jwk is null and k.status <> 'revoked') then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('issuer %s is trusted by a secret', pg_catalog.quote_literal(issuer)),
            hint = 'A secret and public keys are never mixed: call authguard.distrust_issuer first.';
    end if;
    if issuer = authguard.own_issuer() then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'the keys of our own issuer are made here',
            hint = 'Call authguard.rotate_signing_key; or is it another database''s? Then give this one another authguard.issuer.';
    end if;
    insert into authguard.key as k (issuer, kid, algorithm, jwk)
    select set_jwks.issuer, r.kid, r.algorithm, r.jwk
      from authguard.read_jwks(jwks::pg_catalog.text) r
    on conflict on constraint key_pkey do update
        set algorithm = excluded.algorithm, jwk = excluded.jwk,
            status = 'active', retired_at = null, revoked_at = null, withdrawn = false
        -- What authguard.revoke_key has revoked stays so, though the issuer still publishes it.
        where (k.status <> 'revoked' or k.withdrawn)
          and (k.algorithm, k.jwk, k.status) is distinct from (excluded.algorithm, excluded.jwk, 'active');
    update authguard.key k
       set status = 'revoked', revoked_at = pg_catalog.clock_timestamp(), withdrawn = true
     where k.issuer = set_jwks.issuer
       and k.status <> 'revoked'
       and k.kid not in (select r.kid from authguard.read_jwks(jwks::pg_catalog.text) r);
    select pg_catalog.count(*) into registered
      from authguard.key k
     where k.issuer = set_jwks.issuer and k.status = 'active';
    return registered;
end
$$;
comment on function authguard.set_jwks(pg_catalog.text, pg_catalog.jsonb) is
    'The keys of a trusted issuer are now those of this JWK set (RFC 7517): new ones verify, missing ones are revoked, and what revoke_key has revoked stays so. Returns how many verify. 22023 where a key is malformed or weak';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.jsonb,
    audience pg_catalog.text[],
    roles pg_catalog.text[] default '{authenticated}',
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default false,
    types pg_catalog.text[] default '{JWT,at+jwt}',
    max_lifetime pg_catalog.interval default null)
returns pg_catalog.int4
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    perform authguard.trust(row(issuer, audience, types, roles, subject_namespace, shares_subjects,
        extract(epoch from max_lifetime)::pg_catalog.int4, pg_catalog.clock_timestamp())::authguard.issuer);
    return authguard.set_jwks(issuer, jwks);
end
$$;
comment on function authguard.trust_issuer(pg_catalog.text, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval) is
    'Believes the tokens of an issuer (claim iss) that are for this audience, by the keys of its JWK set; called again, replaces all of that. roles: values of claim role that it may assert. subject_namespace or shares_subjects: what its subjects are beside those of others. Returns how many keys verify';

create function authguard.trust_secret(
    issuer pg_catalog.text,
    secret pg_catalog.text,
    audience pg_catalog.text[],
    algorithm pg_catalog.text default 'HS256',
    kid pg_catalog.text default '',
    roles pg_catalog.text[] default '{authenticated}',
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default false,
    types pg_catalog.text[] default '{JWT,at+jwt}',
    max_lifetime pg_catalog.interval default null)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    kept pg_catalog.uuid := pg_catalog.gen_random_uuid();
begin
    if secret is null or algorithm is null or kid is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'secret, algorithm and kid must not be null';
    end if;
    perform authguard.check_secret(secret, algorithm);
    perform authguard.begin_key_change();
    perform authguard.trust(row(issuer, audience, types, roles, subject_namespace, shares_subjects,
        extract(epoch from max_lifetime)::pg_catalog.int4, pg_catalog.clock_timestamp())::authguard.issuer);
    if exists (select from authguard.key k
                where k.issuer = trust_secret.issuer and k.jwk is not null and k.status <> 'revoked') then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('issuer %s is trusted by public keys', pg_catalog.quote_literal(issuer)),
            hint = 'A secret and public keys are never mixed: call authguard.distrust_issuer first.';
    end if;
    perform authguard.keep_credential(kept, pg_catalog.convert_to(secret, 'UTF8'));
    delete from authguard.key k where k.issuer = trust_secret.issuer;
    insert into authguard.key (issuer, kid, algorithm, credential)
    values (trust_secret.issuer, trust_secret.kid, trust_secret.algorithm, kept);
end
$$;
comment on function authguard.trust_secret(pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval) is
    'Believes the tokens of an issuer by a shared secret (HS256, HS384, HS512): whoever has it can also sign. Bind it as a parameter, so that no log holds it. Called again, replaces the secret at once. kid: the header kid that tokens must have; empty: any or none';

create function authguard.distrust_issuer(issuer pg_catalog.text) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    if issuer = authguard.own_issuer() then
        perform authguard.require_no_key_file();
    end if;
    -- The keys go first: their trigger forgets the secrets.
    delete from authguard.key k where k.issuer = distrust_issuer.issuer;
    delete from authguard.issuer i where i.issuer = distrust_issuer.issuer;
    return found;
end
$$;
comment on function authguard.distrust_issuer(pg_catalog.text) is
    'Believes no token of this issuer any more, from the next statement of every backend; forgets its keys. False where it was not trusted';

create function authguard.revoke_key(kid pg_catalog.text, issuer pg_catalog.text default null)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    if coalesce(issuer, authguard.own_issuer()) = authguard.own_issuer() then
        perform authguard.require_no_key_file();
    end if;
    update authguard.key k
       set status = 'revoked', revoked_at = coalesce(k.revoked_at, pg_catalog.clock_timestamp()),
           withdrawn = false, credential = null
     where k.issuer = coalesce(revoke_key.issuer, authguard.own_issuer())
       and k.kid = revoke_key.kid
       and k.jwk is not null
       and (k.status <> 'revoked' or k.withdrawn);
    return found;
end
$$;
comment on function authguard.revoke_key(pg_catalog.text, pg_catalog.text) is
    'No token that this key has signed is believed any more, from the next statement of every backend. issuer NULL: our own, whose next token is signed by a new key. False where there is no such key';

create function authguard.rotate_signing_key(algorithm pg_catalog.text default 'ES256')
returns pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    own pg_catalog.text := authguard.own_issuer();
    kept pg_catalog.uuid := pg_catalog.gen_random_uuid();
    made record;
begin
    if algorithm is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'algorithm must not be null';
    end if;
    perform authguard.begin_key_change();
    perform authguard.require_no_key_file();
    if exists (select from authguard.key k where k.issuer = own and k.jwk is null) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'our own issuer is trusted by a secret',
            hint = 'A secret and public keys are never mixed: call authguard.distrust_issuer first, or change authguard.issuer.';
    end if;
    if not exists (select from authguard.issuer i where i.issuer = own) then
        perform authguard.trust(row(own, array[authguard.own_audience()], array['JWT'],
            array['authenticated'], null, true, null, pg_catalog.clock_timestamp())::authguard.issuer);
    end if;
    select g.kid, g.jwk into strict made from authguard.generate_key(algorithm, kept) g;
    update authguard.key k
       set status = 'retiring', retired_at = pg_catalog.clock_timestamp(), credential = null
     where k.issuer = own and k.status = 'active';
    insert into authguard.key (issuer, kid, algorithm, jwk, credential)
    values (own, made.kid, rotate_signing_key.algorithm, made.jwk, kept);
    return made.kid;
end
$$;
comment on function authguard.rotate_signing_key(pg_catalog.text) is
    'Makes a new key for the tokens of our own issuer and returns its kid; the earlier one verifies what it has signed until authguard.revoke_key. algorithm: ES256, ES384, EdDSA or RS256';

create function auth.jwks() returns pg_catalog.jsonb
language c stable parallel safe cost 100
as 'MODULE_PATHNAME', 'authguard_jwks_wrapper';
comment on function auth.jwks() is
    'The public keys of our own issuer as a JWK set (RFC 7517), for others that verify its tokens. Never NULL';

create function authguard.sign(claims pg_catalog.jsonb) returns pg_catalog.text
language c volatile strict cost 10000
as 'MODULE_PATHNAME', 'authguard_sign_wrapper';
comment on function authguard.sign(pg_catalog.jsonb) is
    'A token of our own issuer with these claims as they are, signed by its active key. The owner of the extension only. NULL for NULL';

create function auth.verify(token pg_catalog.text) returns pg_catalog.jsonb
language c stable strict parallel safe cost 1000
as 'MODULE_PATHNAME', 'authguard_verify';
comment on function auth.verify(pg_catalog.text) is
    'The claims of a token (RFC 7515 compact form) of a trusted issuer that is neither expired nor revoked; else 28000, with one message for every cause: the server''s log has it. NULL for NULL';

create function auth.set_token(token pg_catalog.text, is_local pg_catalog.bool default true)
returns pg_catalog.jsonb
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_set_token';
comment on function auth.set_token(pg_catalog.text, pg_catalog.bool) is
    'Verifies a token as auth.verify does, makes it the current one and returns its claims. is_local: until the end of the transaction (25P01 outside a transaction block), else of the session. NULL for NULL, and nothing set. Bind the token as a parameter, so that no log holds it';
