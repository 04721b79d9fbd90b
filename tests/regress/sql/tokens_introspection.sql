-- Introspection (RFC 7662) and revocation by whoever holds a token (RFC 7009), as the roles that may call them.
\set SHOW_CONTEXT never
create role regress_resource login;
create role regress_stranger login;
create role regress_ops login;
grant usage on schema authguard to regress_stranger;
select authguard.grant_operator('regress_ops');
select authguard.grant_introspection('regress_resource');
select count(*) from authguard.coverage() where rule = 'privilege_without_door' and object not like '%regress_stranger%' and hint not like '%regress_stranger%';

select authguard.rotate_signing_key() as kid \gset
create function signed(more jsonb) returns text language sql as $$
    select authguard.sign(jsonb_strip_nulls(jsonb_build_object('iss', 'authguard', 'aud', 'authenticated', 'sub', 'alice', 'role', 'authenticated',
                                                               'iat', 1700000000, 'exp', 4102444800) || more)) $$;
select signed('{"jti":"t1","client_id":"app","scope":"read","cnf":{"jkt":"a key"},"active":false,"token_type":"none"}') as good,
       signed('{"jti":"t1","scp":["read","write"],"azp":"spa","exp":4102444800.9,"auth_time":1699999999,"acr":"loa2","amr":["pwd"],"groups":["g"]}') as other,
       signed('{"jti":"t2","exp":1700000100}') as expired, signed('{"jti":"t3","nbf":4102444000}') as early, signed('{"jti":"t4"}') as forged_of,
       signed('{}') as nameless, signed('{"session_id":"5e551011-0000-4000-8000-00000000000a"}') as of_session \gset
select overlay(:'forged_of' placing 'AAAA' from length(:'forged_of') - 40) as forged \gset
-- The token of RFC 7515 A.1, whose issuer nobody trusts.
select 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' as unknown \gset
select access_token as access, refresh_token as refresh, session_id as session from authguard.sign_in('alice') \gset
select access_token as access2, refresh_token as refresh2, session_id as session2 from authguard.sign_in('alice') \gset

-- Nobody else may ask, and nobody else may revoke.
\c - regress_stranger
select auth.introspect(:'good');
select authguard.revoke(:'good');

\c - regress_resource
select auth.introspect(:'good');
select auth.introspect(:'other');
select auth.introspect(t) as answer, count(*) from (values (:'expired'), (:'early'), (:'forged'), (:'good' || ' '), (:'refresh'), (''), ('no token'), (null), (:'unknown'), (repeat('a', 1000000) || '.b.c')) v (t) group by 1;
select auth.introspect(:'access') - '{exp,iat,jti,session_id,amr}'::text[];
-- The answer is about the token that is given, whoever asks.
begin;
select auth.set_token(:'other') is not null as set;
select auth.introspect(:'good') ->> 'client_id' as client, auth.claim('azp');
rollback;
prepare ask(text) as select auth.introspect($1) ->> 'active';
execute ask(:'good');
\c - regress_ops
select authguard.revoke_token('t1');
\c - regress_resource
select auth.introspect(:'good');

-- Revocation: by jti, by the session, by the refresh token; again it changes nothing, and neither does anything unknown.
select authguard.revoke(:'access', 'access_token'), authguard.revoke(:'access'), auth.introspect(:'access');
select auth.introspect(:'access2') ->> 'active' as the_other_session;
select authguard.revoke(:'refresh2', 'access_token') as the_hint_is_wrong, authguard.revoke(:'refresh2', 'refresh_token') as again, auth.introspect(:'access2');
select authguard.revoke(:'of_session', token_type_hint => 'no such type'), auth.introspect(:'of_session');
select authguard.revoke(t), count(*) from (values (:'expired'), (:'early'), (:'forged'), (''), ('no token'), (overlay(:'refresh' placing 'A' from 40 for 1))) v (t) group by 1;
select authguard.revoke(:'nameless');
\echo :LAST_ERROR_SQLSTATE
select authguard.revoke(null);
\echo :LAST_ERROR_SQLSTATE
\c - postgres
select kind, issuer, reason, keep_until > now() as kept from authguard.revocation order by kind, reason;
select ended_reason from authguard.session where id in (:'session', :'session2') order by ended_reason;
select name, actor, reason from authguard.event order by id desc limit 1;
-- A token of a user who is blocked for a while can be revoked: it stays so.
select signed('{"jti":"t5","sub":"bob"}') as bob \gset
select authguard.revoke_user('bob');
\c - regress_ops
select authguard.revoke(:'bob');
select authguard.restore_user('bob', revive_tokens => true);
\c - regress_resource
select auth.introspect(:'bob');
\c - postgres
select authguard.revoke_introspection('regress_resource');
\c - regress_resource
select auth.introspect(:'good');
\c - postgres
drop owned by regress_stranger, regress_ops, regress_resource;
drop role regress_stranger, regress_ops, regress_resource;
drop function signed(jsonb);
truncate authguard.revocation, authguard.event, authguard.session;
select authguard.distrust_issuer('authguard');
