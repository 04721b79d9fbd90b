-- Trusting issuers: whose tokens are believed, and by which keys.

create function authguard.read_jwks(jwks pg_catalog.text)
returns table (kid pg_catalog.text, algorithm pg_catalog.text, jwk pg_catalog.text)
language c immutable strict cost 10000
as 'MODULE_PATHNAME', 'authguard_read_jwks';
comment on function authguard.read_jwks(pg_catalog.text) is
    'Returns the signature keys of a JWK set (RFC 7517), each checked; keys for encryption or of '
    'an unknown kind are left out. 22023 if one is malformed or weak, or none is left. No row for '
    'NULL';

create function authguard.check_secret(secret pg_catalog.text, algorithm pg_catalog.text)
returns pg_catalog.void
language c immutable strict cost 100
as 'MODULE_PATHNAME', 'authguard_check_secret';
comment on function authguard.check_secret(pg_catalog.text, pg_catalog.text) is
    'Raises 22023 if a secret is too short for its algorithm (RFC 7518 section 3.2), or is a key. '
    'NULL for NULL';

-- Writers of issuers and keys take turns, because their secrets share one row, and all lock in this
-- order.
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
    'Waits for other writers of issuers and keys. 25006 on a standby';

create function authguard.refuse_mixed_keys(issuer pg_catalog.text, trusted_by pg_catalog.text)
returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = pg_catalog.format('issuer %s is trusted by %s',
            pg_catalog.quote_literal(issuer), trusted_by),
        hint = 'A secret and public keys are never mixed: call authguard.distrust_issuer first.';
end
$$;
comment on function authguard.refuse_mixed_keys(pg_catalog.text, pg_catalog.text) is
    'Raises 55000: the issuer is trusted by keys of the other kind, which trusted_by names';

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
                hint = 'Give it a subject_namespace: auth.uid() is then made of that and its sub. '
                    'Or, if the same sub is the same person, say shares_subjects => true.';
        end if;
    end if;
    insert into authguard.issuer as i select entry.*
    on conflict (issuer) do update
        set (audience, types, roles, subject_namespace, shares_subjects, max_lifetime, clock_skew)
            = (select excluded.audience, excluded.types, excluded.roles, excluded.subject_namespace,
                      excluded.shares_subjects, excluded.max_lifetime,
                      coalesce(excluded.clock_skew, i.clock_skew));
end
$$;
comment on function authguard.trust(authguard.issuer) is
    'Writes an issuer, or replaces what is believed of an existing one. 22023 if it would speak '
    'for the users of another issuer';

create function authguard.set_jwks(issuer pg_catalog.text, jwks pg_catalog.jsonb)
returns pg_catalog.int4
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
            message = pg_catalog.format('issuer %s is not trusted',
                pg_catalog.quote_literal(issuer)),
            hint = 'Call authguard.trust_issuer first.';
    end if;
    if exists (select from authguard.key k
                where k.issuer = set_jwks.issuer and k.jwk is null and k.status <> 'revoked') then
        perform authguard.refuse_mixed_keys(issuer, 'a secret');
    end if;
    if issuer = authguard.own_issuer() then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'the keys of the local issuer are made here',
            hint = 'Call authguard.rotate_signing_key. If the issuer is another database, set '
                'authguard.issuer of this one to another name.';
    end if;
    insert into authguard.key as k (issuer, kid, algorithm, jwk)
    select set_jwks.issuer, r.kid, r.algorithm, r.jwk
      from authguard.read_jwks(jwks::pg_catalog.text) r
    on conflict on constraint key_pkey do update
        set algorithm = excluded.algorithm, jwk = excluded.jwk,
            status = 'active', retired_at = null, revoked_at = null, withdrawn = false
        -- A key that authguard.revoke_key has revoked stays so, though the issuer still publishes
        -- it.
        where (k.status <> 'revoked' or k.withdrawn)
          and (k.algorithm, k.jwk, k.status)
              is distinct from (excluded.algorithm, excluded.jwk, 'active');
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
    'Replaces the keys of a trusted issuer with those of this JWK set (RFC 7517): new ones '
    'verify, and missing ones are revoked. A key that revoke_key has revoked stays so. Returns '
    'how many verify. 22004 if jwks is NULL; 22023 if a key is malformed or weak; 42704 if the '
    'issuer is not trusted; 55000 if it is trusted by a secret, or is the local issuer; 25006 on '
    'a standby';

create function authguard.clock_skew_seconds(clock_skew pg_catalog.interval)
returns pg_catalog.int4
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    seconds constant pg_catalog.numeric := ceil(extract(epoch from clock_skew));
begin
    if seconds not between 0 and 300 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'clock_skew must be between 0 and 300 seconds',
            hint = 'It counts up to authguard.leeway, which is the default.';
    end if;
    return seconds;
end
$$;
comment on function authguard.clock_skew_seconds(pg_catalog.interval) is
    'Returns an issuer''s clock_skew in whole seconds, rounded up. 22023 unless it is between 0 '
    'and 300 seconds. NULL for NULL';

create function authguard.trust_issuer(
    issuer pg_catalog.text,
    jwks pg_catalog.jsonb,
    audience pg_catalog.text[],
    roles pg_catalog.text[] default '{authenticated}',
    subject_namespace pg_catalog.uuid default null,
    shares_subjects pg_catalog.bool default false,
    types pg_catalog.text[] default '{JWT,at+jwt}',
    max_lifetime pg_catalog.interval default null,
    clock_skew pg_catalog.interval default null)
returns pg_catalog.int4
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    perform authguard.trust(row(issuer, audience, types, roles, subject_namespace, shares_subjects,
        extract(epoch from max_lifetime)::pg_catalog.int4,
        authguard.clock_skew_seconds(clock_skew),
        pg_catalog.clock_timestamp())::authguard.issuer);
    return authguard.set_jwks(issuer, jwks);
end
$$;
comment on function authguard.trust_issuer(
    pg_catalog.text, pg_catalog.jsonb, pg_catalog.text[], pg_catalog.text[], pg_catalog.uuid,
    pg_catalog.bool, pg_catalog.text[], pg_catalog.interval, pg_catalog.interval) is
    'Believes the tokens of an issuer (claim iss) that are for this audience, by the keys of its '
    'JWK set (RFC 7517). If called again, replaces all of that. roles: the values of claim role '
    'that it may assert. subject_namespace or shares_subjects: how its subjects relate to those '
    'of others. types: the values of header typ. max_lifetime: from iat to exp. clock_skew: by how '
    'much its clock may be ahead of that of a cut-off, up to authguard.leeway; NULL: as before, or '
    'the leeway. Returns how many keys verify. Errors as for authguard.set_jwks; 22023 also if it '
    'would speak for the users of another issuer';

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
    max_lifetime pg_catalog.interval default null,
    clock_skew pg_catalog.interval default null)
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
        extract(epoch from max_lifetime)::pg_catalog.int4,
        authguard.clock_skew_seconds(clock_skew),
        pg_catalog.clock_timestamp())::authguard.issuer);
    if exists (select from authguard.key k
                where k.issuer = trust_secret.issuer
                  and k.jwk is not null and k.status <> 'revoked') then
        perform authguard.refuse_mixed_keys(issuer, 'public keys');
    end if;
    perform authguard.keep_credential(kept, pg_catalog.convert_to(secret, 'UTF8'));
    delete from authguard.key k where k.issuer = trust_secret.issuer;
    insert into authguard.key (issuer, kid, algorithm, credential)
    values (trust_secret.issuer, trust_secret.kid, trust_secret.algorithm, kept);
end
$$;
comment on function authguard.trust_secret(
    pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.uuid, pg_catalog.bool, pg_catalog.text[], pg_catalog.interval,
    pg_catalog.interval) is
    'Believes the tokens of an issuer by a shared secret (HS256, HS384 or HS512): whoever has it '
    'can also sign. Bind it as a parameter, so that no log holds it. If called again, replaces '
    'the secret at once. kid: the header kid that tokens must have; empty: any or none. The other '
    'arguments are those of authguard.trust_issuer. 22004 if secret, algorithm or kid is NULL; '
    '22023 if the secret is weak; 55000 if the issuer is trusted by public keys; 25006 on a '
    'standby';

create function authguard.distrust_issuer(issuer pg_catalog.text) returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    if issuer = authguard.own_issuer() then
        perform authguard.require_no_key_file();
        -- The next sign-in makes new keys, and no earlier session may go on with them. The cut-off
        -- is for sessions that are being refreshed right now, for step-ups, and for gateways that
        -- verify tokens themselves.
        perform authguard.replace_refresh_key();
        perform authguard.revoke_issued_before(pg_catalog.clock_timestamp(), issuer, 'distrusted');
    end if;
    -- The keys first, because their trigger forgets the secrets.
    delete from authguard.key k where k.issuer = distrust_issuer.issuer;
    delete from authguard.issuer i where i.issuer = distrust_issuer.issuer;
    return found;
end
$$;
comment on function authguard.distrust_issuer(pg_catalog.text) is
    'Believes no token of this issuer any more, from the next statement of every backend, and '
    'forgets its keys. If it is the local issuer, its refresh tokens become invalid too, and a '
    'cut-off ends its sessions. False if it was not trusted. F0000 if it is the local issuer and '
    'authguard.signing_key_file is set, 25006 on a standby';

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
    'Believes no token that this key has signed any more, from the next statement of every '
    'backend. issuer NULL: the local issuer, whose next token is signed by a new key. False if '
    'there is no such key. F0000 if it is the local issuer and authguard.signing_key_file is set, '
    '25006 on a standby';
