-- The local issuer: its keys, and what they sign.

create function authguard.own_issuer() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_own_issuer';
comment on function authguard.own_issuer() is
    'The setting authguard.issuer, even if the library was not loaded before';

create function authguard.own_audience() returns pg_catalog.text
language c stable parallel safe cost 1
as 'MODULE_PATHNAME', 'authguard_own_audience';
comment on function authguard.own_audience() is
    'The setting authguard.audience, even if the library was not loaded before';

create function authguard.generate_key(algorithm pg_catalog.text, credential pg_catalog.uuid)
returns table (kid pg_catalog.text, jwk pg_catalog.text)
language c volatile strict cost 1000000
as 'MODULE_PATHNAME', 'authguard_generate_key';
comment on function authguard.generate_key(pg_catalog.text, pg_catalog.uuid) is
    'Makes a key pair, keeps the private key under the name credential, and returns the public '
    'key (RFC 7517). algorithm: as in rotate_signing_key. Only the owner of the extension may '
    'call it. 22023 for an algorithm that cannot sign here. No row for NULL';

create function authguard.require_no_key_file() returns pg_catalog.void
language c stable cost 1
as 'MODULE_PATHNAME', 'authguard_require_no_key_file';
comment on function authguard.require_no_key_file() is
    'Raises F0000 if authguard.signing_key_file is set: keys are then not made here';

create function authguard.make_signing_key(
    issuer pg_catalog.text, algorithm pg_catalog.text)
returns pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    kept pg_catalog.uuid := pg_catalog.gen_random_uuid();
    made record;
begin
    select g.kid, g.jwk into strict made from authguard.generate_key(algorithm, kept) g;
    update authguard.key k
       set status = 'retiring', retired_at = pg_catalog.clock_timestamp(), credential = null
     where k.issuer = make_signing_key.issuer and k.status = 'active';
    insert into authguard.key (issuer, kid, algorithm, jwk, credential, made_here)
    values (issuer, made.kid, algorithm, made.jwk, kept, true);
    return made.kid;
end
$$;
comment on function authguard.make_signing_key(pg_catalog.text, pg_catalog.text) is
    'Makes the key that signs the tokens of the local issuer from now on, and returns its kid. '
    'After authguard.begin_key_change. Errors as for authguard.generate_key';

create function authguard.rotate_signing_key(algorithm pg_catalog.text default 'ES256')
returns pg_catalog.text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    own pg_catalog.text := authguard.own_issuer();
    foreign_key pg_catalog.text;
    is_new pg_catalog.bool;
begin
    if algorithm is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'algorithm must not be null';
    end if;
    perform authguard.begin_key_change();
    perform authguard.require_no_key_file();
    select case when k.jwk is null then 'a secret' else 'public keys' end into foreign_key
      from authguard.key k
     where k.issuer = own and not k.made_here
     limit 1;
    if found then
        perform authguard.refuse_mixed_keys(own, foreign_key);
    end if;
    is_new := not exists (select from authguard.issuer i where i.issuer = own);
    perform authguard.trust(own,
        audience => case when is_new then array[authguard.own_audience()] end,
        roles => null,
        subject_namespace => null,
        shares_subjects => null,
        types => case when is_new then array['JWT'] end,
        max_lifetime => null,
        client_ids => null,
        clock_skew => null,
        is_local => true);
    return authguard.make_signing_key(own, algorithm);
end
$$;
comment on function authguard.rotate_signing_key(pg_catalog.text) is
    'Makes a new key for the tokens of the local issuer and returns its kid. The earlier key '
    'verifies what it has signed until authguard.revoke_key. algorithm: ES256, ES384, EdDSA or '
    'RS256 (RFC 7518). 22004 for NULL, 22023 for another algorithm, or if another issuer would '
    'speak for the users of the local one, 55000 if the issuer is trusted by keys from elsewhere, '
    'F0000 if authguard.signing_key_file is set, 55P03 and 25006 as for authguard.set_jwks';

create function auth.jwks() returns pg_catalog.jsonb
language c stable parallel safe cost 100
as 'MODULE_PATHNAME', 'authguard_jwks';
comment on function auth.jwks() is
    'The public keys of the local issuer as a JWK set (RFC 7517), for servers that verify its '
    'tokens. Never NULL';

create function authguard.sign(claims pg_catalog.jsonb) returns pg_catalog.text
language c volatile strict cost 10000
as 'MODULE_PATHNAME', 'authguard_sign';
comment on function authguard.sign(pg_catalog.jsonb) is
    'Returns a token (RFC 7515 compact form) of the local issuer with these claims as they are, '
    'signed by its active key. Only the owner of the extension may call it. 22023 if this database '
    'would not accept the token, whatever its times; 55000 without a key. NULL for NULL';
