-- Issuers and keys: what the owner may say, what is refused, and what nobody else can read.
\set SHOW_CONTEXT never
create role regress_ops login;
create role regress_web login;
select authguard.grant_operator('regress_ops');
-- The state, without times and key material.
create view state as
    select i.issuer, k.kid, k.algorithm, k.jwk is not null as public, k.credential is not null as kept, k.status,
           k.retired_at is not null as retired, k.revoked_at is not null as revoked
      from authguard.issuer i left join authguard.key k using (issuer)
     order by 1, k.created_at, 2;
-- A JWK set of some keys: Ed25519 of RFC 8037, P-256 of RFC 7517, and members on top.
create function ed(more jsonb default '{}') returns jsonb language sql as $$
    select '{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'::jsonb || more $$;
create function ec(more jsonb default '{}') returns jsonb language sql as $$
    select '{"kty":"EC","crv":"P-256","kid":"ec","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}'::jsonb || more $$;
create function jwks(variadic keys jsonb[]) returns jsonb language sql as $$
    select jsonb_build_object('keys', to_jsonb(keys)) $$;

-- Trusted, replaced, and forgotten.
select authguard.trust_issuer('https://a', jwks(ed(), ec()), '{app}');
select * from state;
select issuer, audience, types, roles, subject_namespace, shares_subjects, max_lifetime from authguard.issuer;
select authguard.set_jwks('https://a', jwks(ec()));
select * from state;
-- A key that comes back verifies again.
select authguard.set_jwks('https://a', jwks(ed()));
select * from state;
select authguard.trust_issuer('https://a', jwks(ed()), '{app,web}', roles => '{}', types => '{at+jwt}', max_lifetime => '1 hour');
select audience, types, roles, max_lifetime from authguard.issuer;
-- What is not given stays, and what is given replaces.
create view believed as
    select audience, client_ids, types, roles, subject_namespace, shares_subjects, max_lifetime from authguard.issuer;
select authguard.trust_issuer('https://a', jwks(ed()));
select * from believed;
select authguard.trust_issuer('https://a', jwks(ed()), client_ids => '{one,two}', subject_namespace => 'aaaaaaaa-0000-0000-0000-000000000001');
select * from believed;
select authguard.trust_issuer('https://a', jwks(ed()), '{}', roles => '{authenticated,editor}', types => '{JWT}', max_lifetime => '200 years');
select * from believed;
select authguard.trust_issuer('https://a', jwks(ed()), shares_subjects => true);
select * from believed;
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', client_ids => '{}', shares_subjects => false);
select * from believed;
-- Never neither audience nor client.
select authguard.trust_issuer('https://a', jwks(ed()), '{}');
drop view believed;
select authguard.revoke_key('ed', 'https://a'), authguard.revoke_key('ed', 'https://a') as again,
       authguard.revoke_key('other', 'https://a') as other, authguard.revoke_key('ed') as ours;
select * from state;
-- What is revoked by hand stays so, though the issuer has it in its set.
select authguard.set_jwks('https://a', jwks(ed(), ec()));
select * from state;
select authguard.distrust_issuer('https://a'), authguard.distrust_issuer('https://a') as again;
select * from state;

-- What is no issuer.
select authguard.trust_issuer('', jwks(ed()), '{app}');
select authguard.trust_issuer(repeat('x', 1025), jwks(ed()), '{app}');
select authguard.trust_issuer(null, jwks(ed()), '{app}');
select authguard.trust_issuer('https://a', jwks(ed()), '{}');
select authguard.trust_issuer('https://a', jwks(ed()), null);
select authguard.trust_issuer('https://a', jwks(ed()), '{app,""}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app,null}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', roles => '{null}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', client_ids => '{""}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', types => '{}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', max_lifetime => '0 s');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', max_lifetime => '-1 s');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', subject_namespace => 'aaaaaaaa-0000-0000-0000-000000000001', shares_subjects => true);
select authguard.set_jwks('https://a', jwks(ed()));
select * from state;

-- What is no key. No message holds anything of it.
create function refused(jwks jsonb) returns text language plpgsql as $$
declare
    message text; detail text; hint text;
begin
    perform authguard.trust_issuer('https://a', jwks, '{app}');
    return 'accepted';
exception when others then
    get stacked diagnostics message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
    if message || detail || hint ~ '(11qYAY|nWGxne|4Etl6S|MKBCTN|____)' then
        raise exception 'key material in: % % %', message, detail, hint;
    end if;
    return concat_ws(' / ', sqlstate, message, nullif(detail, ''), nullif(hint, ''));
end $$;
select what, refused(jwks)
  from (values ('no set', '{}'::jsonb), ('an array', '[]'), ('null', 'null'), ('no array', '{"keys":{}}'), ('no keys', '{"keys":[]}'),
               ('a private key', jwks(ed('{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}'))),
               ('a private key beside a good one', jwks(ec(), ed('{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}'))),
               ('a secret', jwks('{"kty":"oct","kid":"s","alg":"HS256","k":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}')),
               ('a weak RSA key', jwks(jsonb_build_object('kty', 'RSA', 'kid', 'r', 'e', 'AQAB', 'n', repeat('_', 170) || '8'))),
               ('a small-order point', jwks(ed('{"x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'))),
               ('not on the curve', jwks(ec('{"x":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}'))),
               ('another curve', jwks(ec('{"crv":"P-384"}'))), ('another algorithm', jwks(ec('{"alg":"ES384"}'))),
               ('two of one kid and algorithm', jwks(ed('{"kid":"one"}'), ed('{"kid":"one","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}'))),
               ('a long kid', jwks(ed(jsonb_build_object('kid', repeat('k', 257))))),
               ('only for encryption', jwks(ec('{"use":"enc"}'))), ('not to verify', jwks(ec('{"key_ops":["sign"]}'))),
               ('of an unknown kind', jwks('{"kty":"AKP","kid":"new"}'))) as t(what, jwks);
select * from state;
-- What is often given for a set: the error says what to pass instead.
select what, refused(jwks)
  from (values ('an address', '"https://a/jwks.json"'::jsonb), ('PEM', to_jsonb(E'-----BEGIN PUBLIC KEY-----\n____\n'::text)), ('a set in a string', to_jsonb(jwks(ed())::text)),
               ('a single key', ed()), ('an array', jsonb_build_array(ed()))) as t(what, jwks);
select authguard.trust_issuer('https://a', 'https://a/jwks.json', '{app}');
select authguard.trust_issuer('https://a', E'-----BEGIN PUBLIC KEY-----\n', array['app']);
select authguard.set_jwks('https://a', 'nothing');
select authguard.trust_issuer('https://a', jwks(ed()), 'app');
select authguard.trust_issuer('https://a', jwks(ed())::text, 'app');
select authguard.trust_issuer('https://a', jwks(ed())::text, '{app,web}');
-- With the other arguments, too.
select authguard.trust_issuer('https://a', jwks(ed()), 'app', roles => '{member}');
select authguard.trust_issuer('https://a', jwks(ed())::text, 'app', clock_skew => '5 s');
select authguard.trust_issuer('https://a', 'https://a/jwks.json', array['app'], roles => '{member}');
select authguard.trust_issuer('https://a', 'https://a/jwks.json', client_ids => '{web}');
select authguard.trust_issuer('https://a', jwks(ed())::text, '{app,web}', roles => '{member}', types => '{JWT}', max_lifetime => '1 hour', client_ids => '{web}', clock_skew => '5 s', shares_subjects => true);
select audience, roles, types, max_lifetime, client_ids, clock_skew, shares_subjects from authguard.issuer where issuer = 'https://a';
select authguard.set_jwks('https://a', jwks(ed(), ec())::text);
select audience from authguard.issuer where issuer = 'https://a';
-- One kid for keys of two algorithms, and a key that is listed twice. A kid that is revoked stays so with any algorithm.
select authguard.trust_issuer('https://a', jwks(ed('{"kid":"one"}'), ec('{"kid":"one"}'), ec(), ec()), '{app}');
select * from state;
select authguard.set_jwks('https://a', jwks(ed('{"kid":"one"}'), ed()));
select authguard.revoke_key('one', 'https://a');
select authguard.set_jwks('https://a', jwks(ec('{"kid":"one"}'), ed('{"kid":"one"}'), ed()));
select * from state;
select authguard.distrust_issuer('https://a');
-- What is left out beside a good one.
select authguard.trust_issuer('https://a', jwks(ed(), ec('{"use":"enc"}'), '{"kty":"AKP","kid":"new"}'), '{app}');
select * from state;

-- A secret, opt-in. Too short, a key, or another algorithm: refused, and never shown.
\set good 'correct horse battery staple, 32+'
select authguard.trust_secret('https://s', 'short', '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', :'good', '{app}', 'HS512', shares_subjects => true);
select authguard.trust_secret('https://s', repeat(' ', 64), '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', E'-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE', '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', ed()::text, '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', :'good', '{app}', 'none', shares_subjects => true);
select authguard.trust_secret('https://s', :'good', '{app}', 'ES256', shares_subjects => true);
select authguard.trust_secret('https://s', null, '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', :'good', '{app}', shares_subjects => true);
select authguard.trust_secret('https://s', :'good' || '2', '{app}', kid => 'second', shares_subjects => true);
select * from state;
-- What is not given stays, also of the key.
select authguard.trust_secret('https://s', repeat('01234567', 8), algorithm => 'HS512');
select authguard.trust_secret('https://s', repeat('76543210', 8));
select kid, algorithm, status from authguard.key where issuer = 'https://s';
select authguard.trust_secret('https://s', :'good', algorithm => 'HS256', kid => '');
select kid, algorithm, status from authguard.key where issuer = 'https://s';
-- Lists of lists, and a negative fraction of a second.
select authguard.trust_secret('https://s', :'good', '{{app},{web}}');
select authguard.trust_secret('https://s', :'good', roles => '{{a,null}}');
select authguard.trust_secret('https://s', :'good', clock_skew => '-0.5 s');
-- Bytes; and a text that looks like bytes is taken as it is, with a word about it.
select authguard.trust_secret('https://s', '\x0001'::bytea);
select authguard.trust_secret('https://s', null::bytea);
select authguard.trust_secret('https://s', sha256('x'), kid => 'second');
select authguard.trust_secret('https://s', encode(sha256('x'), 'base64'), kid => 'second');
select authguard.trust_secret('https://s', encode(sha256('x'), 'hex'), kid => 'second');
select authguard.trust_secret('https://s', 'super-secret-jwt-token-with-at-least-32-characters-long', kid => 'second');
select count(*) as kept from pg_user_mapping m, unnest(umoptions) where umuser = 0;

-- A secret and public keys of one issuer are never mixed.
select authguard.set_jwks('https://s', jwks(ed()));
select authguard.trust_issuer('https://s', jwks(ed()), '{app}', shares_subjects => true);
select authguard.trust_secret('https://a', :'good', '{app}', shares_subjects => true);
select * from state;
-- Nor are ours brought from elsewhere. Whoever was there before them is asked about their users, too.
select authguard.rotate_signing_key();
select authguard.trust_issuer('https://a', jwks(ed()), shares_subjects => true);
select authguard.rotate_signing_key() is not null as made;
select authguard.set_jwks('authguard', jwks(ed()));
select authguard.trust_issuer('authguard', jwks(ed()), '{app}', shares_subjects => true);

-- Ours: one signs, those before it verify until revoked.
\set VERBOSITY sqlstate
select authguard.rotate_signing_key('HS256');
select authguard.rotate_signing_key('PS256');
select authguard.rotate_signing_key('none');
select authguard.rotate_signing_key(null);
\set VERBOSITY default
select authguard.rotate_signing_key('EdDSA') as kid \gset
select algorithm, public, kept, status, retired, revoked from state where issuer = 'authguard';
select key ->> 'kid' = :'kid' as newest, key ->> 'alg' as alg, array(select jsonb_object_keys(key) order by 1) as members
  from jsonb_array_elements(auth.jwks() -> 'keys') with ordinality as t(key, at) order by 2;
-- Where the key that signs is revoked, another one of its algorithm signs at once.
select authguard.revoke_key(:'kid');
select algorithm, public, kept, status, retired, revoked from state where issuer = 'authguard';
select jsonb_array_length(auth.jwks() -> 'keys') as published;
select authguard.sign(null);
select authguard.rotate_signing_key('ES384') is not null as made;
-- Nothing is signed that is not accepted here, apart from the time.
create function claims(more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_strip_nulls('{"iss":"authguard","aud":"authenticated","sub":"x","exp":4102444800}'::jsonb || more) $$;
select authguard.sign(claims()) ~ '^[\w-]+\.[\w-]+\.[\w-]+$' as signed;
create function signing(claims jsonb) returns text language plpgsql as $$
declare
    detail text;
begin
    perform authguard.sign(claims);
    return 'signed';
exception when others then
    get stacked diagnostics detail = pg_exception_detail;
    return concat_ws(' / ', sqlstate, sqlerrm, detail);
end $$;
select what, signing(claims)
  from (values ('nothing', '{}'::jsonb), ('an array', '[1]'), ('a number', '1'), ('a foreign issuer', claims('{"iss":"https://a"}')), ('no issuer', claims('{"iss":null}')),
               ('no audience', claims('{"aud":null}')), ('no subject', claims('{"sub":null}')), ('no end', claims('{"exp":null}')), ('an end of text', claims('{"exp":"4102444800"}')),
               ('another role', claims('{"role":"postgres"}')), ('expired', claims('{"exp":1}')), ('expired, another role', claims('{"exp":1,"role":"postgres"}')),
               ('not yet', claims('{"nbf":4102444799}')), ('a number beyond double precision', claims('{"n":1e400}')), ('a session', claims('{"session_id":"x"}')),
               ('nested deeply', claims(('{"deep": ' || repeat('[', 200) || repeat(']', 200) || '}')::jsonb)), ('too long', claims(jsonb_build_object('pad', repeat('x', 9000))))) as t(what, claims);
-- As they are: no number is rounded.
select convert_from(decode(rpad(translate(p, '-_', '+/'), (length(p) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb = c as as_they_are
  from (values (claims('{"n": 1234567890.12345678901234567890}'))) v (c), split_part(authguard.sign(c), '.', 2) p;
drop function claims, signing;

-- Whoever speaks for the users of others must be told to, in whatever order they come.
select authguard.distrust_issuer('https://a'), authguard.distrust_issuer('https://s');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}');
select authguard.trust_issuer('https://a', jwks(ed()), '{app}', shares_subjects => true);
select authguard.trust_issuer('https://b', jwks(ed()), '{app}');
select authguard.trust_secret('https://b', :'good', '{app}');
select authguard.trust_issuer('https://b', jwks(ed()), '{app}', subject_namespace => '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
select authguard.trust_issuer('https://b', jwks(ed()), '{app}');
select authguard.trust_issuer('https://c', jwks(ed()), '{app}', subject_namespace => '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
select issuer, subject_namespace, shares_subjects from authguard.issuer order by 1;

-- An operator reads which issuers are trusted; nothing of keys, and no more than others of secrets.
create function readable(what text) returns text language plpgsql as $$
declare
    rows bigint;
begin
    execute what;
    get diagnostics rows = row_count;
    return rows || ' rows';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create view readings as
    select what, readable(what)
      from (values ('select issuer from authguard.issuer'), ('table authguard.key'), ('table authguard.key_channel'), ('table pg_user_mapping'),
                   ('select from pg_user_mappings where umoptions is not null'),
                   ('select from information_schema.user_mapping_options where option_value is not null'),
                   ('select from information_schema._pg_user_mappings where umoptions is not null'),
                   ('select authguard.sign(''{}'')'), ('select authguard.read_jwks(''{}'')'), ('select authguard.check_secret('''', '''')'), ('select authguard.explain_token('''')'),
                   ('select authguard.keep_credential(gen_random_uuid(), ''x'')'), ('select authguard.drop_credential(gen_random_uuid())'),
                   ('select authguard.generate_key(''ES256'', gen_random_uuid())'), ('select authguard.rotate_signing_key()'),
                   ('select authguard.trust_issuer(''x'', ''{}'', ''{}'')'), ('select authguard.trust_secret(''x'', ''x'', ''{}'')'),
                   ('select authguard.set_jwks(''x'', ''{}'')'), ('select authguard.distrust_issuer(''https://a'')'),
                   ('select authguard.revoke_key(''ed'', ''https://a'')')) as t(what);
grant select on readings to public;
\c - regress_ops
select * from readings;
\c - regress_web
select * from readings;
select jsonb_array_length(auth.jwks() -> 'keys') as published;
alter user mapping for public server authguard_credentials options (add mine 'x');
drop user mapping for public server authguard_credentials;
create user mapping for current_user server authguard_credentials;
\c - postgres

-- Secrets go with their keys: nothing is left of an issuer.
select authguard.distrust_issuer(issuer) from authguard.issuer order by issuer collate "C";
select count(*) as kept from pg_user_mapping m, unnest(umoptions) where umuser = 0;
select authguard.trust_secret('https://s', :'good', '{app}');
truncate authguard.issuer cascade;
select count(*) as kept from pg_user_mapping m, unnest(umoptions) where umuser = 0;
-- Nor do they keep the extension from being dropped.
create database regress_drop;
\c regress_drop
create extension authguard;
select authguard.trust_secret('https://s', :'good', '{app}');
select authguard.rotate_signing_key() is not null as made;
drop extension authguard;
select count(*) from pg_user_mapping;
create extension authguard;
select auth.jwks();
\c authguard
drop database regress_drop;

drop view state, readings;
drop function ed, ec, jwks, refused, readable;
drop owned by regress_ops, regress_web;
drop role regress_ops, regress_web;
