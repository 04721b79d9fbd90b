-- Trusting issuers: whose tokens are believed, and by which keys.

create function authguard.read_jwks(jwks pg_catalog.text)
returns table (kid pg_catalog.text, algorithm pg_catalog.text, jwk pg_catalog.text)
language c immutable strict cost 10000
as 'MODULE_PATHNAME', 'authguard_read_jwks';
comment on function authguard.read_jwks(pg_catalog.text) is
    'Returns the signature keys of a JWK set (RFC 7517), each checked; keys for encryption or of '
    'an unknown kind are left out. 22023 if one is malformed or weak, or none is left. No row for '
    'NULL';

create function authguard.check_secret(secret pg_catalog.bytea, algorithm pg_catalog.text)
returns pg_catalog.void
language c immutable strict cost 100
as 'MODULE_PATHNAME', 'authguard_check_secret';
comment on function authguard.check_secret(pg_catalog.bytea, pg_catalog.text) is
    'Raises 22023 if a secret is too short for its algorithm (RFC 7518 section 3.2), or is a key. '
    'NULL for NULL';

create function authguard.looks_encoded(secret pg_catalog.text) returns pg_catalog.bool
language sql immutable strict
set search_path = pg_catalog, pg_temp
as $$
    select secret ~ '^[[:xdigit:]]{64,}$'
        or (length(secret) >= 43 and secret ~ '[a-z]' and secret ~ '[A-Z]' and secret ~ '[0-9]'
            and secret ~ '^([A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$')
$$;
comment on function authguard.looks_encoded(pg_catalog.text) is
    'True if a secret looks like the hex or the base64 of 32 bytes or more. NULL for NULL';

-- Writers of issuers and keys take turns, because their secrets share one row, and all lock in this
-- order.
create function authguard.begin_key_change() returns pg_catalog.void
language c volatile cost 100
as 'MODULE_PATHNAME', 'authguard_begin_key_change';
comment on function authguard.begin_key_change() is
    'Waits for other writers of issuers and keys, for two seconds at most. 55P03 if that is not '
    'enough, 25006 on a standby';

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
        hint = 'A secret, public keys and keys that are made here are never mixed: call '
            'authguard.distrust_issuer first.';
end
$$;
comment on function authguard.refuse_mixed_keys(pg_catalog.text, pg_catalog.text) is
    'Raises 55000: the issuer is trusted by keys of the other kind, which trusted_by names';

create function authguard.require_subjects(
    issuer pg_catalog.text, subject_namespace pg_catalog.uuid, shares_subjects pg_catalog.bool,
    is_local pg_catalog.bool)
returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_require_subjects';
comment on function authguard.require_subjects(
    pg_catalog.text, pg_catalog.uuid, pg_catalog.bool, pg_catalog.bool) is
    'Raises 22023 if an issuer like that would speak for the users of another issuer, or another '
    'one for its users, and nobody has said so. is_local: it is the local issuer';

create function authguard.require_names(argument pg_catalog.text, names pg_catalog.text[])
returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if array_ndims(names) > 1 or cardinality(names) > 32
       or exists (select from unnest(names) n (name) where n.name is null or n.name = '') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('%s must be an array of at most 32 names', argument),
            detail = 'A name is neither NULL nor empty.';
    end if;
end
$$;
comment on function authguard.require_names(pg_catalog.text, pg_catalog.text[]) is
    'Raises 22023 if an argument of that name is no array of at most 32 names';

create function authguard.clock_skew_seconds(clock_skew pg_catalog.interval)
returns pg_catalog.int4
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    seconds constant pg_catalog.numeric := ceil(extract(epoch from clock_skew));
begin
    if clock_skew < interval '0' or seconds > 300 then
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

create function authguard.check_claim_names(
    preset pg_catalog.text, claims pg_catalog.jsonb)
returns pg_catalog.void
language c immutable cost 100
as 'MODULE_PATHNAME', 'authguard_check_claim_names';
comment on function authguard.check_claim_names(pg_catalog.text, pg_catalog.jsonb) is
    'Raises 22023 with a hint unless preset is the name of one, and claims an object of claim '
    'names, each a path or an array of paths. NULL passes, and so does an empty preset';

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
    if issuer = authguard.own_issuer()
       or exists (select from authguard.key k where k.issuer = set_jwks.issuer and k.made_here) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'the keys of the local issuer are made here',
            hint = 'Call authguard.rotate_signing_key. If the issuer is another database, set '
                'authguard.issuer of this one to another name. If it was the local issuer earlier, '
                'call authguard.distrust_issuer first.';
    end if;
    insert into authguard.key as k (issuer, kid, algorithm, jwk)
    select set_jwks.issuer, r.kid, r.algorithm, r.jwk
      from authguard.read_jwks(jwks::pg_catalog.text) r
        -- A kid that authguard.revoke_key has revoked stays so, though the issuer still publishes
        -- it, with whatever algorithm.
     where not exists (select from authguard.key o
                        where o.issuer = set_jwks.issuer and o.kid = r.kid
                          and o.status = 'revoked' and not o.withdrawn)
    on conflict on constraint key_pkey do update
        set jwk = excluded.jwk,
            status = 'active', retired_at = null, revoked_at = null, withdrawn = false
        where (k.jwk, k.status) is distinct from (excluded.jwk, 'active');
    update authguard.key k
       set status = 'revoked', revoked_at = pg_catalog.clock_timestamp(), withdrawn = true
     where k.issuer = set_jwks.issuer
       and k.status <> 'revoked'
       and not exists (select from authguard.read_jwks(jwks::pg_catalog.text) r
                        where r.kid = k.kid and r.algorithm = k.algorithm);
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
    'issuer is not trusted; 55000 if it is trusted by a secret, or is the local issuer; 55P03 if '
    'another transaction is changing issuers or keys for more than two seconds; 25006 on a standby';

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

create function authguard.as_jwks(jwks pg_catalog.text) returns pg_catalog.jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jwks::pg_catalog.jsonb;
exception when invalid_text_representation or untranslatable_character then
    -- With its error, which holds nothing of the text.
    perform authguard.read_jwks(jwks);
    return null;
end
$$;
comment on function authguard.as_jwks(pg_catalog.text) is
    'Returns the JSON in a text. 22023 with a hint if it is none. NULL for NULL';

create function authguard.as_audience(audience pg_catalog.text) returns pg_catalog.text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return audience::pg_catalog.text[];
exception when invalid_text_representation then
    raise exception using
        errcode = 'invalid_parameter_value',
        message = 'audience must be an array',
        hint = pg_catalog.format('Write array[%s], or audience => ''{...}''.',
            pg_catalog.quote_literal(audience));
end
$$;
comment on function authguard.as_audience(pg_catalog.text) is
    'Returns the array in a text. 22023 with a hint if it is none. NULL for NULL';

create function authguard.set_jwks(issuer pg_catalog.text, jwks pg_catalog.text)
returns pg_catalog.int4
language sql volatile
set search_path = pg_catalog, pg_temp
as $$ select authguard.set_jwks(issuer, authguard.as_jwks(jwks)) $$;
comment on function authguard.set_jwks(pg_catalog.text, pg_catalog.text) is
    'As authguard.set_jwks with jsonb, for a set that is a text';

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
declare
    signs pg_catalog.text;
begin
    perform authguard.begin_key_change();
    if coalesce(issuer, authguard.own_issuer()) = authguard.own_issuer() then
        perform authguard.require_no_key_file();
        select k.algorithm into signs
          from authguard.key k
         where k.issuer = authguard.own_issuer() and k.kid = revoke_key.kid
           and k.made_here and k.status = 'active';
    end if;
    update authguard.key k
       set status = 'revoked', revoked_at = coalesce(k.revoked_at, pg_catalog.clock_timestamp()),
           withdrawn = false, credential = null
     where k.issuer = coalesce(revoke_key.issuer, authguard.own_issuer())
       and k.kid = revoke_key.kid
       and k.jwk is not null
       and (k.status <> 'revoked' or k.withdrawn);
    if not found then
        return false;
    end if;
    if signs is not null then
        -- In this transaction, so that nobody who needs a key finds none, or has to make one.
        perform authguard.make_signing_key(authguard.own_issuer(), signs);
    end if;
    return true;
end
$$;
comment on function authguard.revoke_key(pg_catalog.text, pg_catalog.text) is
    'Believes no token that this key has signed any more, from the next statement of every '
    'backend. issuer NULL: the local issuer; if the key signed its tokens, a new key of the same '
    'algorithm takes its place. False if there is no such key. F0000 if it is the local issuer and '
    'authguard.signing_key_file is set, 55P03 and 25006 as for authguard.set_jwks';
