-- What every reader makes of every input, over a gateway's connection.
create role authenticator login;
\c - authenticator

-- One input, one row. The claims change inside a running statement, too.
create function pg_temp.outcome(claims text, out status text, out subject text, out uid uuid,
                                out jwt text, out revoked bool, out reason text, out active bool)
language plpgsql as $$
begin
    perform set_config('request.jwt.claims', claims, true);
    select w.status, auth.is_revoked(), auth.revocation_reason(), auth.is_active()
      into status, revoked, reason, active
      from auth.whoami() w;
    -- First by itself: what is no JSON is an error of the cast when the next query is planned.
    perform auth.jwt();
    select auth.subject(), auth.uid(), case when auth.jwt() = nullif(claims, '')::jsonb then 'same' end
      into subject, uid, jwt;
exception when invalid_authorization_specification then
    jwt := 'error';
end $$;

-- Nothing was ever set.
select * from auth.whoami();
select auth.jwt(), auth.uid(), auth.subject(), auth.issuer(), auth.role(), auth.email(), auth.aal(), auth.session_id();
select auth.claim('sub'), auth.claim_text('sub'), auth.app_metadata(), auth.is_anonymous(), auth.has_scope('read');
select auth.issued_at(), auth.expires_at(), auth.authenticated_at(), auth.token_age(), auth.is_expired();
select auth.is_revoked(), auth.revocation_reason(), auth.is_fresh('1 day'), auth.is_active();
select auth.require_active();

-- Every reader, with every claim there.
begin;
set local request.jwt.claims = '{"sub":"11111111-1111-1111-1111-111111111111","iss":"https://issuer.example","role":"authenticated","email":"alice@example.com","aal":"aal2","session_id":"22222222-2222-2222-2222-222222222222","jti":"token-1","app_metadata":{"org_id":"o1","nothing":null,"tags":["a","b"]},"is_anonymous":false,"scope":"read write","iat":1700000000,"exp":4102444800,"auth_time":1600000000,"amr":[{"method":"password","timestamp":1650000000},{"method":"totp","timestamp":1690000000}]}';
select jsonb_pretty(auth.jwt() - 'app_metadata' - 'amr');
select auth.uid(), auth.subject(), auth.issuer(), auth.role();
select auth.email(), auth.aal(), auth.session_id(), auth.is_anonymous();
select auth.claim('app_metadata', 'org_id'), auth.claim('app_metadata', 'nothing') is null as null_is_null,
       auth.claim('app_metadata', 'tags', '1'), auth.claim('absent', 'path');
select auth.claim_text('app_metadata', 'org_id'), auth.claim_text('app_metadata', 'nothing') is null as null_is_null,
       auth.claim_text('app_metadata', 'tags', '1'), auth.claim_text('absent', 'path');
select auth.app_metadata();
select scope, auth.has_scope(scope)
  from unnest(array['read', 'write', 'rea', 'READ', 'read write', '', ' ', null]) scope;
select auth.issued_at(), auth.expires_at(), auth.authenticated_at();
select auth.token_age() = statement_timestamp() - auth.issued_at() as age, auth.is_expired();
select auth.is_fresh('1 second'), auth.is_fresh('1000 years'), auth.is_fresh(null), auth.is_fresh('-1 day');
select auth.is_revoked(), auth.revocation_reason(), auth.is_active(), auth.require_active();
select source, status, subject, role, session_id, acting_role, login_role, role_mismatch, hint from auth.whoami();
commit;
-- The end of the transaction took them away.
select status, auth.jwt() from auth.whoami();

-- Absent, and what is no claims at all.
select label, o.*
  from (values
    (1, 'null', null),
    (2, 'empty', ''),
    (3, 'blank', ' '),
    (4, 'malformed', '{"sub":"a"'),
    (5, 'no json', 'sub=a'),
    (6, 'json null', 'null'),
    (7, 'array', '[{"sub":"a"}]'),
    (8, 'string', '"a"'),
    (9, 'number', '1'),
    (10, 'true', 'true'),
    (11, 'two objects', '{"sub":"a"}{"sub":"b"}'),
    (12, 'empty object', '{}'),
    (13, 'blanks around', E' \n\t{"sub":"a"} ')
  ) v (n, label, claims), lateral pg_temp.outcome(claims) o order by n;

-- The claims that identify or date a token have the right type, or all are refused.
select label, o.*
  from (values
    (1, 'sub number', '{"sub":1}'),
    (2, 'sub empty', '{"sub":""}'),
    (3, 'sub array', '{"sub":["a"]}'),
    (4, 'sub null', '{"sub":null}'),
    (5, 'sub no uuid', '{"sub":"google|123"}'),
    (6, 'sub 1024 bytes', '{"sub":"' || repeat('a', 1024) || '"}'),
    (7, 'sub 1025 bytes', '{"sub":"' || repeat('a', 1025) || '"}'),
    (8, 'jti number', '{"jti":1}'),
    (9, 'jti empty', '{"jti":""}'),
    (10, 'iss object', '{"iss":{}}'),
    (11, 'iss empty', '{"iss":""}'),
    (12, 'session no uuid', '{"session_id":"s1"}'),
    (13, 'session empty', '{"session_id":""}'),
    (14, 'session null', '{"session_id":null}'),
    (15, 'exp text', '{"exp":"4102444800"}'),
    (16, 'exp null', '{"exp":null}'),
    (17, 'exp past', '{"exp":1}'),
    (18, 'exp negative', '{"exp":-1}'),
    (19, 'exp fraction', '{"exp":4102444800.5}'),
    (20, 'exp beyond timestamptz', '{"exp":1e18}'),
    (21, 'iat true', '{"iat":true}'),
    (22, 'iat array', '{"iat":[1]}'),
    (23, 'nbf text', '{"nbf":"1"}'),
    (24, 'auth_time object', '{"auth_time":{}}'),
    (25, 'app_metadata text', '{"app_metadata":"{}"}'),
    (26, 'app_metadata array', '{"app_metadata":[]}'),
    (27, 'app_metadata null', '{"app_metadata":null}')
  ) v (n, label, claims),
  lateral (select o.status, left(o.subject, 12) as subject, o.uid, o.jwt, o.revoked, o.reason, o.active
             from pg_temp.outcome(claims) o) o order by n;

-- The claims that only describe the user are absent when their type is wrong; role and email are what ->> gives.
begin;
set local request.jwt.claims = '{"sub":"a","role":1,"email":[],"aal":{},"is_anonymous":"true","scope":["read"],"amr":"password"}';
select status, auth.role(), auth.email(), auth.aal() is null, auth.is_anonymous() is null,
       auth.has_scope('read'), auth.authenticated_at() is null, auth.is_active()
  from auth.whoami();
-- JSON null is no value of any reader.
set local request.jwt.claims = '{"sub":null,"iss":null,"role":null,"email":null,"aal":null,"session_id":null,"is_anonymous":null,"scope":null,"iat":null,"exp":null,"auth_time":null,"amr":null,"app_metadata":null}';
select num_nonnulls(auth.uid(), auth.subject(), auth.issuer(), auth.role(), auth.email(), auth.aal(), auth.session_id(),
                    auth.is_anonymous(), auth.issued_at(), auth.expires_at(), auth.authenticated_at(),
                    auth.token_age(), auth.is_expired(), auth.app_metadata(), auth.claim('sub'), auth.claim_text('sub'));
rollback;

-- What identifies the user must mean one thing; what only describes him is what jsonb makes of it.
select label, o.*
  from (values
    (1, 'key twice', '{"sub":"a","sub":"b"}'),
    (2, 'key twice, escaped', '{"sub":"a","s\u0075b":"b"}'),
    (3, 'key twice, deep', '{"sub":"a","x":[{"y":1,"y":2}]}'),
    (4, 'depth 16', '{"sub":"a","x":' || repeat('[', 15) || repeat(']', 15) || '}'),
    (5, 'depth 17', '{"sub":"a","x":' || repeat('[', 16) || repeat(']', 16) || '}'),
    (6, 'u64', '{"sub":"a","x":18446744073709551615}'),
    (7, 'u64 + 1', '{"sub":"a","x":18446744073709551616}'),
    (8, 'i64', '{"sub":"a","x":-9223372036854775808}'),
    (9, 'i64 - 1', '{"sub":"a","x":-9223372036854775809}'),
    (10, 'exponent', '{"sub":"a","x":1e131071}'),
    (19, 'exponent too large', '{"sub":"a","x":1e131072}'),
    (20, 'depth 2000', '{"sub":"a","x":' || repeat('[', 2000) || repeat(']', 2000) || '}'),
    (21, 'depth 30000', '{"sub":"a","x":' || repeat('[', 30000) || repeat(']', 30000) || '}'),
    (22, '20000 values', '{"sub":"a","x":[' || repeat('1,', 20000) || '1]}'),
    (23, 'deep identity', '{"sub":"a","amr":' || repeat('[', 17) || repeat(']', 17) || '}'),
    (24, 'deep metadata', '{"sub":"a","app_metadata":{"x":' || repeat('[', 17) || repeat(']', 17) || '}}'),
    (25, 'deep metadata, revoked', '{"sub":"a","app_metadata":{"access_revoked":false,"x":1e400,"access_revoked":1}}'),
    (11, 'nul', '{"sub":"a\u0000b"}'),
    (12, 'nul elsewhere', '{"sub":"a","x":"\u0000"}'),
    (13, 'nul in a key', '{"sub":"a","x\u0000":1}'),
    (14, 'lone surrogate', '{"sub":"a","x":"\ud800"}'),
    (15, 'surrogate pair', '{"sub":"a","x":"\ud83d\ude00"}'),
    (16, 'as long as allowed', '{"sub":"a","x":"' || repeat('x', 65536 - 18) || '"}'),
    (17, 'one longer', '{"sub":"a","x":"' || repeat('x', 65536 - 17) || '"}'),
    (18, 'claims in 1 MB', '{"sub":"a","x":"' || repeat('x', 1000000) || '"}')
  ) v (n, label, claims), lateral pg_temp.outcome(claims) o order by n;

-- uid() reads what uuid reads; subject() is what was sent.
select label, o.subject, o.uid, o.status
  from (values
    (1, 'usual', '{"sub":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}'),
    (2, 'braces and upper case', '{"sub":"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"}'),
    (3, 'no dashes', '{"sub":"A0EEBC999C0B4EF8BB6D6BB9BD380A11"}'),
    (4, 'dashes every four', '{"sub":"a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}'),
    (5, 'blank behind', '{"sub":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 "}'),
    (6, 'brace open', '{"sub":"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}'),
    (7, 'digit short', '{"sub":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"}')
  ) v (n, label, claims), lateral pg_temp.outcome(claims) o order by n;
select claims::uuid as uuid_agrees from (values ('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'), ('a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11')) v (claims);

-- Expiry: exp plus the leeway of 30 seconds.
create function pg_temp.expiring(seconds int) returns text language sql as
    $$ select jsonb_build_object('sub', 'a', 'exp', floor(extract(epoch from clock_timestamp()))::bigint + seconds)::text $$;
select seconds, o.status, o.revoked, o.reason, o.active
  from unnest(array[3600, -20, -40]) seconds, lateral pg_temp.outcome(pg_temp.expiring(seconds)) o;

-- Freshness: from the authentication, never from iat; the future counts as far as clocks may differ.
create function pg_temp.fresh(claim text, seconds int, max_age interval) returns bool language plpgsql as $$
begin
    perform set_config('request.jwt.claims',
        jsonb_build_object('sub', 'a', claim, floor(extract(epoch from clock_timestamp()))::bigint + seconds)::text, true);
    return auth.is_fresh(max_age);
end $$;
select claim, seconds, max_age, pg_temp.fresh(claim, seconds, max_age::interval)
  from (values ('auth_time', -10, '1 minute'), ('auth_time', -70, '1 minute'), ('auth_time', 20, '1 minute'),
               ('auth_time', 90, '1 minute'), ('iat', -10, '1 minute')) v (claim, seconds, max_age);

-- The hint says which rule, and nothing of what the claims held.
create function pg_temp.hint(claims text) returns text language plpgsql as $$
begin
    perform set_config('request.jwt.claims', claims, true);
    return (select w.hint from auth.whoami() w);
end $$;
select pg_temp.hint(claims)
  from (values (1, '{"secret":"x","sub":1}'), (2, '{"secret":"x"'), (3, '{"secret":"x","a":1,"a":2}'), (4, '{"secret":"x","y":"\u0000"}'),
               (5, '{"secret":"x","session_id":"s1"}'), (6, '{"secret":"x","exp":"1"}'), (7, '{"secret":"x","exp":1e18}'),
               (8, '{"secret":"x","y":' || repeat('[', 16) || repeat(']', 16) || '}'), (9, repeat('x', 65537)),
               (10, '{"sub":"a","exp":1}'), (11, '{"sub":"a","app_metadata":{"access_revoked":true}}')) v (n, claims) order by n;

-- A value handed out outlives the claims that it came from.
select set_config('request.jwt.claims', '{"sub":"first","email":"first@example.com"}', false) is not null as set;
select auth.subject(), auth.email(), auth.jwt(), set_config('request.jwt.claims', '{"sub":"second"}', false), auth.subject(), auth.email();
reset request.jwt.claims;

-- A time beyond what timestamptz holds: an expiry is never reached, a time before it is refused.
set request.jwt.claims = '{"sub":"a","exp":1e18}';
select auth.is_expired(), auth.is_active();
set request.jwt.claims = '{"sub":"a","iat":-1e18}';
select status, auth.is_active(), hint from auth.whoami();
select auth.issued_at();

-- Session, client, organization, roles and permissions; of another shape they are NULL or false, and no error.
create function pg_temp.described(claims text, out sid text, out session_id uuid, out client text, out org text, out org_role text,
                                  out roles text[], out has_role bool, out may bool)
language plpgsql as $$
begin
    perform set_config('request.jwt.claims', claims, true);
    select auth.sid(), auth.session_id(), auth.client_id(), auth.org_id(), auth.org_role(), auth.roles(), auth.has_role('a b'), auth.has_permission('w')
      into sid, session_id, client, org, org_role, roles, has_role, may;
end $$;
select n, o.*
  from (values
    (1, '{"session_id":"{AAAAAAAA000000000000000000000001}","client_id":"app","azp":"other","org_id":"o","org_role":"owner","roles":["a b","c","c"],"permissions":["w"]}'),
    (2, '{"sid":"s-1","azp":"app","roles":"a b","permissions":"w"}'),
    (3, '{"session_id":1,"client_id":[],"org_id":{},"org_role":true,"roles":{"a b":1},"permissions":{"w":1}}'),
    (4, '{"org_id":["o"],"org_role":["owner","member"],"roles":[]}'),
    (5, '{}'),
    (6, '')
  ) v (n, claims), lateral pg_temp.described(claims) o order by n;
discard temp;
\c - postgres
drop role authenticator;
