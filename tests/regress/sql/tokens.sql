-- A token in authguard.jwt: anybody may set it, its signature says whether it is believed.
\set SHOW_CONTEXT never
create role authenticator login noinherit;
create role regress_app login;
create role regress_web;
create role regress_ops login;
grant regress_web to authenticator, regress_app;
select authguard.grant_operator('regress_ops');
-- What a reader answers: refused claims are an error.
create function read_subject() returns text language plpgsql as $$
begin
    return auth.subject();
exception when invalid_authorization_specification then
    return 'error';
end $$;
create view told as select source, status, subject, read_subject() as reader, auth.is_revoked(), auth.is_active(), hint from auth.whoami();
create view brief as select source, status, subject, auth.revocation_reason() as reason from auth.whoami();
create table regress_notes (owner text);
insert into regress_notes values ('alice'), ('bob');
create policy own on regress_notes using (owner = auth.subject());
select authguard.guard_table('regress_notes', 'active');
grant select on told, brief, regress_notes to public;
-- What becomes of a token that is set; and what a request in a function sees of it.
create function judged(token text) returns text language plpgsql as $$
begin
    perform set_config('authguard.jwt', token, false);
    return (select concat_ws(' / ', source, status, reader, is_revoked, is_active, hint, (select count(*) from regress_notes)) from told);
end $$;
create function request(token text) returns text language plpgsql as $$
begin
    perform auth.set_token(token);
    return auth.subject();
end $$;

-- What our own issuer signs; and two issuers with a secret, whose tokens this file signs itself.
select authguard.rotate_signing_key() as kid \gset
select authguard.trust_secret('https://s', 'the secret of issuer https://s, 32', '{authenticated}', shares_subjects => true);
select authguard.trust_secret('https://b', 'the secret of issuer https://b, 32', '{app}', roles => '{authenticated,web}', max_lifetime => '1 hour',
                              subject_namespace => '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
create function hs256(secret bytea, message text) returns text language plpgsql as $$
declare
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
    for n in 0 .. length(secret) - 1 loop
        inner_pad := set_byte(inner_pad, n, get_byte(secret, n) # 54);
        outer_pad := set_byte(outer_pad, n, get_byte(secret, n) # 92);
    end loop;
    return translate(encode(sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8'))), 'base64'), '+/=', '-_');
end $$;
create function by_secret(claims jsonb, issuer text) returns text language sql as $$
    select m || '.' || hs256(convert_to('the secret of issuer ' || issuer || ', 32', 'UTF8'), m)
      from concat(translate(encode('{"alg":"HS256"}', 'base64'), '+/=', '-_'), '.',
                  translate(encode(convert_to(claims::text, 'UTF8'), 'base64'), E'+/=\n', '-_')) m $$;
create function now_at(seconds int) returns bigint language sql as $$ select floor(extract(epoch from clock_timestamp()))::bigint + seconds $$;
create function signed(sub text, more jsonb default '{}') returns text language sql as $$
    select authguard.sign(jsonb_strip_nulls(jsonb_build_object('iss', 'authguard', 'aud', 'authenticated', 'sub', sub, 'role', 'authenticated',
                                                               'iat', now_at(-60), 'exp', 4102444800) || more)) $$;
create function of_s(sub text, more jsonb default '{}') returns text language sql as $$
    select by_secret(jsonb_strip_nulls(jsonb_build_object('iss', 'https://s', 'aud', 'authenticated', 'sub', sub, 'role', 'authenticated',
                                                          'iat', now_at(-60), 'exp', 4102444800) || more), 'https://s') $$;
create function of_b(sub text, more jsonb default '{}') returns text language sql as $$
    select by_secret(jsonb_strip_nulls(jsonb_build_object('iss', 'https://b', 'aud', '["other","app"]'::jsonb, 'sub', sub, 'role', 'authenticated',
                                                          'iat', now_at(-60), 'exp', now_at(1800)) || more), 'https://b') $$;
select signed('alice', '{"iat":1700000000,"jti":"t1"}') as alice, signed('bob') as bob, signed('alice', '{"exp":1700000000}') as expired,
       overlay(signed('alice') placing 'AAAA' from length(signed('alice')) - 40) as forged \gset

-- auth.set_token verifies and sets, for the transaction or the session.
\c - regress_app
begin;
select auth.set_token(:'alice') - 'iat';
select * from told;
select owner from regress_notes;
commit;
select * from told;
select owner from regress_notes;
select auth.set_token(:'alice');
select auth.set_token(:'alice', is_local => true);
select auth.set_token(:'alice', is_local => false) is not null as set;
select source, status, subject from told;
-- What is refused leaves no claims: not those of the user before, for NULL as for any bad token.
select auth.set_token(null, false);
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
select auth.set_token(:'forged', false);
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
select auth.set_token('', false);
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
select auth.set_token(:'bob', null);
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
select auth.set_token(:'bob');
select * from brief;
-- Whatever is rolled back, they do not come back; what is set after it stands.
select auth.set_token(:'alice', false) is not null as set;
begin;
select auth.set_token(:'bob') is not null as set;
savepoint one;
savepoint two;
select auth.set_token(:'forged');
rollback to two;
select * from brief;
release two;
select * from brief;
rollback to one;
select * from brief;
select auth.set_token(:'bob') is not null as set;
commit;
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
begin;
savepoint one;
select auth.set_token(:'forged');
rollback to one;
select auth.set_token(:'bob', false) is not null as set;
select * from brief;
abort;
select * from brief;
begin;
savepoint one;
select auth.set_token(:'forged');
rollback to one;
select auth.set_token(:'bob', false) is not null as set;
commit;
select * from brief;
do $$
begin
    perform auth.set_token(null);
exception when invalid_authorization_specification then
    raise notice 'after an exception block: %', coalesce(auth.subject(), 'nobody');
end $$;
select * from brief;
select auth.set_token(:'alice', false) is not null as set;
begin;
select auth.set_token(:'bob') is not null as set;
select * from brief;
abort;
select * from brief;
-- A function that is called by itself is no transaction block.
select request(:'bob');
begin;
select request(:'bob'), auth.subject();
commit;
select subject from brief;

-- As any setting: SET LOCAL, savepoints, exception blocks, RESET, DISCARD ALL.
begin;
select set_config('authguard.jwt', :'bob', true);
select subject from brief;
savepoint inner_one;
set local authguard.jwt = :'alice';
select subject from brief;
rollback to savepoint inner_one;
select subject from brief;
savepoint inner_two;
set local authguard.jwt = :'alice';
release savepoint inner_two;
select subject from brief;
do $$
begin
    begin
        perform set_config('authguard.jwt', '', true);
        raise exception 'x';
    exception when others then
        raise notice 'after an exception block: %', auth.subject();
    end;
end $$;
reset authguard.jwt;
select * from brief;
abort;
select subject from brief;
set authguard.jwt = :'bob';
select subject from brief;
set authguard.jwt = '';
select * from brief;
set authguard.jwt = :'bob';
reset authguard.jwt;
select * from brief;
set authguard.jwt = :'bob';
discard all;
select * from brief;
set authguard.jwt = :'bob';
set authguard.jwt to default;
select * from brief;

-- It is never shown.
select set_config('authguard.jwt', :'alice', false);
show authguard.jwt;
select current_setting('authguard.jwt');
select name, setting, reset_val, boot_val from pg_settings where name = 'authguard.jwt' or concat(setting, reset_val, boot_val) ~ 'eyJ';
reset authguard.jwt;
show authguard.jwt;

-- Nothing pins it into later logins, as nothing pins the gateway's claims.
alter role current_user set authguard.jwt = :'alice';
create function pg_temp.claiming() returns text language sql set authguard.jwt = 'x.y.z' as 'select auth.subject()';
\c - postgres
load 'authguard';
alter role regress_app set authguard.jwt = :'alice';
alter database authguard set authguard.jwt = :'alice';
\set VERBOSITY sqlstate
alter system set authguard.jwt = :'alice';
\set VERBOSITY default
\c - regress_app
-- Nor before the library is loaded: not the role itself; and what the login brings is dropped.
alter role current_user set authguard.jwt = :'alice';
\c - postgres
alter role regress_app set authguard.jwt = :'alice';
\c - regress_app
select * from brief;
set authguard.jwt = :'bob';
select subject from brief;
reset authguard.jwt;
select * from brief;
alter role current_user reset authguard.jwt;

-- The library is loaded by the first call: a value from before it is judged the same.
\c - regress_app
set authguard.jwt = :'alice';
select * from brief;
\c - regress_app
set authguard.jwt = :'forged';
select * from brief;
\c - regress_app
begin;
set local authguard.jwt = :'alice';
savepoint inner_one;
set local authguard.jwt = :'bob';
select * from brief;
rollback to savepoint inner_one;
select * from brief;
commit;
select * from brief;

-- Options of the connection (PGOPTIONS) are the client's own choice: verified, and what RESET goes back to.
select format('user=regress_app options=''-c authguard.jwt=%s''', :'alice') as good, format('user=regress_app options=''-c authguard.jwt=%s''', :'forged') as bad \gset
\c -reuse-previous=on :good
select * from brief;
set authguard.jwt = :'bob';
select * from brief;
discard all;
select * from brief;
\c -reuse-previous=on :bad
select * from brief;
\c -reuse-previous=on "user=authenticator options=''"

-- Set but bad: no claims, though this is a gateway and its claims are good; and no word about why.
set request.jwt.claims = '{"sub":"alice"}';
select source, status, reader from told;
select judged(token), count(*) from unnest(array[:'forged', 'x', '.', '..', 'a.b.c', repeat('x', 9000), :'alice' || ' ']) as t(token) group by 1;
select auth.jwt(), auth.uid(), auth.subject(), auth.claim('sub'), auth.is_expired(), auth.revocation_reason();
select auth.require_active();
-- An expired one is told apart, and gives no claims either.
set authguard.jwt = :'expired';
select * from told;
select auth.jwt(), auth.subject(), auth.expires_at(), auth.is_expired(), auth.revocation_reason();
select count(*) from regress_notes;
reset authguard.jwt;
select source, status, reader from told;
reset request.jwt.claims;

-- Times are judged at every statement: what is not valid yet becomes so, and ends.
-- The machine may stop for a while: each answer must be that of a second in which its statement ran.
\c - postgres
create function in_time(answer text, opens bigint, ends bigint) returns bool language plpgsql as $$
declare
    asked bigint := floor(extract(epoch from statement_timestamp()));
begin
    return answer in (select case when t < opens then 'refused refused' when t < ends then 'accepted alice' else 'expired expired' end
                        from generate_series(asked, now_at(0)) t);
end $$;
select now_at(3) as opens \gset
select :opens + 5 as ends, signed('alice', jsonb_build_object('nbf', :opens + 30, 'exp', :opens - 25)) as brief \gset
\c - regress_app
set authguard.jwt = :'brief';
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
begin isolation level repeatable read;
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
select pg_sleep(:opens + 0.2 - extract(epoch from clock_timestamp()));
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
commit;
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
select in_time(case count(*) when 1 then 'accepted alice' when 0 then 'expired expired' end, :opens, :ends) from regress_notes;
begin isolation level repeatable read;
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
select pg_sleep(:ends + 0.2 - extract(epoch from clock_timestamp()));
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
commit;
select in_time(concat_ws(' ', status, subject, reason), :opens, :ends) from brief;
select in_time(case count(*) when 1 then 'accepted alice' when 0 then 'expired expired' end, :opens, :ends) from regress_notes;

-- Of a second issuer: roles that it may assert, its lifetime, and subjects of its own.
\c - postgres
select of_b('www.example.com') as b_sub, of_b('alice', '{"role":"web"}') as b_web, of_b('alice', '{"role":null}') as b_none, of_b('alice', '{"role":"admin"}') as b_admin,
       of_b('alice', jsonb_build_object('exp', now_at(3660))) as b_long, of_b('alice', '{"iat":null}') as b_undated \gset
\c - regress_app
select (auth.verify(:'b_sub')) ->> 'sub' as sub, (auth.verify(:'b_web')) ->> 'role' as role, (auth.verify(:'b_none')) ->> 'role' as none;
select auth.verify(:'b_admin');
select auth.verify(:'b_long');
select auth.verify(:'b_undated');
set authguard.jwt = :'b_sub';
select status, subject, auth.uid(), auth.role(), auth.issuer() from brief;
set authguard.jwt = :'b_admin';
select status, subject, auth.uid(), auth.role(), auth.issuer() from brief;

-- Tokens without an audience, of clients that are listed: until the list is emptied.
\c - postgres
select authguard.trust_secret('https://s', 'the secret of issuer https://s, 32', client_ids => '{web,app}');
select of_s('alice', '{"aud":null,"client_id":"web"}') as c_id, of_s('alice', '{"aud":"account","azp":"app"}') as c_azp, of_s('alice') as c_aud,
       of_s('alice', '{"aud":null,"client_id":"other"}') as c_other, of_s('alice', '{"aud":null}') as c_none \gset
\c - regress_app
select auth.verify(:'c_id') ->> 'sub' as by_client, auth.verify(:'c_azp') ->> 'sub' as by_azp, auth.verify(:'c_aud') ->> 'sub' as by_aud;
select auth.verify(:'c_other');
select auth.verify(:'c_none');
\c - postgres
select authguard.trust_secret('https://s', 'the secret of issuer https://s, 32', client_ids => '{}');
\c - regress_app
select auth.verify(:'c_aud') ->> 'sub' as by_aud;
select auth.verify(:'c_id');

-- A token that is as it should be but for its end: its sender is told so, and nothing more of any other.
\c - postgres
select of_s('alice', '{"exp":1700000000}') as over, of_s('alice', '{"exp":1700000000,"aud":"x"}') as over_aud, of_s('alice', '{"exp":1700000000,"role":"admin"}') as over_role,
       of_s('alice', '{"exp":1700000000,"nbf":4000000000}') as over_nbf, of_s('gone', '{"exp":1700000000}') as over_gone,
       regexp_replace(of_s('alice', '{"exp":1700000000}'), '.....$', 'AAAAA') as over_forged \gset
select authguard.revoke_user('gone');
\c - regress_app
select auth.verify(:'over');
begin;
select auth.set_token(:'over');
rollback;
select auth.verify(:'over_aud');
select auth.verify(:'over_role');
select auth.verify(:'over_nbf');
select auth.verify(:'over_gone');
select auth.verify(:'over_forged');
select auth.verify(:'expired');

-- The owner of the extension has each check explained; times are left out here.
select authguard.explain_token(:'over');
\c - postgres
select authguard.restore_user('gone');
create function explained(token text) returns table (step int, check_name text, expected text, found text, passed bool) language sql as $$
    select step, check_name, regexp_replace(regexp_replace(expected, '\d{10}', '(now)'), '[\w-]{43} ', '(kid) ', 'g'),
           regexp_replace(regexp_replace(found, '\d{10}', '(time)'), '[\w-]{43}''', '(kid)'''), passed
      from authguard.explain_token(token) $$;
select * from explained(:'alice');
select * from explained(:'over_aud') where passed is not true;
select * from explained(:'over_forged') where passed is not true;
select * from explained(of_b('alice', '{"role":"admin","iat":null,"client_id":"web"}')) where passed is not true or check_name = 'audience';
select * from explained(of_s('alice', '{"iss":"https://x"}'));
select * from explained(regexp_replace(:'alice', '^[^.]*', translate(encode('{"alg":"ES384","kid":"other"}', 'base64'), '=', ''))) where passed is not true;
select * from explained('garbage');
select * from explained('é');
select * from explained(repeat('x', 9000));
select * from explained('');
select count(*) from explained(null);
-- Never anything of a signature.
select count(*) from authguard.explain_token(:'alice') e where concat(e) ~ right(split_part(:'alice', '.', 3), 12);

-- auth.verify tells every cause apart to nobody.
\c - postgres
create table bad_tokens (cause text, token text);
insert into bad_tokens values
    ('empty', ''), ('malformed', 'x'), ('two parts', 'a.b'), ('four parts', :'alice' || '.AAAA'), ('a blank', :'alice' || ' '), ('too long', repeat('A', 8193)),
    ('signature', :'forged'), ('no signature', regexp_replace(:'alice', '[^.]*$', '')),
    ('none', 'eyJhbGciOiJub25lIn0.' || split_part(:'alice', '.', 2) || '.'),
    ('unknown kid', replace(encode(convert_to('{"alg":"ES256","kid":"x"}', 'UTF8'), 'base64'), '=', '') || '.' || split_part(:'alice', '.', 2) || '.' || split_part(:'alice', '.', 3)),
    ('issuer', of_s('alice', '{"iss":"https://x"}')), ('no issuer', of_s('alice', '{"iss":null}')), ('audience', of_s('alice', '{"aud":"x"}')),
    ('no audience', of_s('alice', '{"aud":null}')), ('audience type', of_s('alice', '{"aud":{"authenticated":1}}')), ('role', of_s('alice', '{"role":"admin"}')),
    ('no subject', of_s(null)), ('subject type', of_s('alice', '{"sub":7}')), ('expired', :'expired'), ('no expiry', of_s('alice', '{"exp":null}')),
    ('expiry type', of_s('alice', '{"exp":"4102444800"}')), ('not yet', of_s('alice', '{"nbf":4000000000}')), ('from the future', of_s('alice', '{"iat":4000000000}')),
    ('a token revoked', signed('alice', '{"jti":"gone"}')), ('a user revoked', signed('carol')), ('a flag in it', of_s('alice', '{"app_metadata":{"access_revoked":true}}')),
    ('a key revoked', signed('alice')), ('its text', :'alice');
select authguard.revoke_key(:'kid'), authguard.rotate_signing_key('EdDSA') is not null as made;
update bad_tokens set token = case cause when 'a token revoked' then signed('alice', '{"jti":"gone"}') when 'a user revoked' then signed('carol') else token end;
update bad_tokens set token = regexp_replace(token, '.$', '=') where cause = 'its text';
grant select on bad_tokens to public;
create function answer(how text, token text) returns text language plpgsql as $$
declare
    state text; message text; detail text; hint text; place text;
begin
    if how = 'verify' then perform auth.verify(token); else perform auth.set_token(token); end if;
    return 'accepted';
exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint, place = constraint_name;
    return concat_ws(' / ', state, message, nullif(detail, ''), hint, nullif(place, ''));
end $$;
\c - regress_ops
select authguard.revoke_token('gone'), authguard.revoke_user('carol');
\c - regress_app
begin;
select answer, array_agg(distinct how) as hows, count(*)
  from bad_tokens, unnest(array['verify', 'set_token']) as how, answer(how, token) group by 1;
commit;
select auth.verify(null);
select auth.verify(token) from bad_tokens where cause = 'signature';
-- The same tokens set by hand: no claims, whatever the cause; and what is only revoked is told its owner.
select judged(token) as judgement, count(*), array_agg(cause order by cause collate "C") as causes from bad_tokens where token <> '' group by 1 order by min(cause);

\c - postgres
drop table regress_notes, bad_tokens;
drop view told, brief;
drop function read_subject;
drop function explained, in_time, now_at, signed, of_s, of_b, by_secret, hs256, answer, judged, request;
select authguard.distrust_issuer(issuer) from authguard.issuer;
truncate authguard.revocation;
drop owned by regress_ops;
drop role authenticator, regress_app, regress_web, regress_ops;
