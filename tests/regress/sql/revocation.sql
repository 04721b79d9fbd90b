-- Revoking and restoring, as an operator; the next statement of a client feels it.
\set SHOW_CONTEXT never
create role authenticator login;
create role regress_ops login;
create role regress_stranger login;
select authguard.grant_operator('regress_ops');

-- A token of an hour ago that lives for long, with more claims on top.
create function token(sub text, more jsonb default '{}', age int default 3600) returns text language sql as $$
    select jsonb_strip_nulls(jsonb_build_object('sub', sub, 'iat', floor(extract(epoch from clock_timestamp()))::bigint - age,
                                                'exp', 4102444800) || more)::text $$;
create function reason(claims text) returns text language plpgsql as $$
begin
    perform set_config('request.jwt.claims', claims, true);
    if auth.is_revoked() <> (auth.revocation_reason() is not null) or auth.is_active() = auth.is_revoked() then
        raise exception 'the checks do not agree about %', claims;
    end if;
    return coalesce(auth.revocation_reason(), 'live');
end $$;
-- What operators read back, without times.
create view entries as
    select kind, key, issuer, blocked, blocked_until is not null as ends, issued_before is not null as cut_off,
           include_keys, reason, revoked_by, keep_until is not null as forgettable
      from authguard.revocation order by kind, key, issuer nulls first;
grant select on entries to regress_ops;
-- The clock of an issuer may be ahead by authguard.leeway, so its users come back that much later.
create function a_minute_later() returns void language sql security definer
    as $$ update authguard.revocation set issued_before = issued_before - interval '1 minute' $$;

-- A token, by its jti.
\c - authenticator
select reason(token('alice', '{"jti":"t1"}'));
\c - regress_ops
select authguard.revoke_token('t1', 'stolen');
\c - authenticator
select reason(token('alice', '{"jti":"t1"}')), reason(token('alice', '{"jti":"t2"}')), reason(token('bob', '{"jti":"t1"}')),
       reason(token('alice')), reason(token('alice', '{"jti":"t1","iss":"https://x"}'));

-- A session, in any spelling.
\c - regress_ops
select authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000001');
\c - authenticator
select reason(token('alice', '{"session_id":"aaaaaaaa-0000-0000-0000-000000000001"}')),
       reason(token('alice', '{"session_id":"{AAAAAAAA000000000000000000000001}"}')),
       reason(token('alice', '{"session_id":"aaaaaaaa-0000-0000-0000-000000000002"}')),
       reason(token('alice', '{"session_id":null}'));

-- A user: every token so far, and new ones until restored. An identity has one form, whoever writes it.
\c - regress_ops
select authguard.revoke_user('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', 'left');
select authguard.revoke_user('Carol');
\c - authenticator
select reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')), reason(token('A0EEBC999C0B4EF8BB6D6BB9BD380A11')),
       reason(token('{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', age => -20)), reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'));
select reason(token('Carol')), reason(token('carol')), reason(token('Carol '));
-- Restored: new tokens are in, those from before stay out, also those that do not say when they were issued.
\c - regress_ops
select authguard.restore_user('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), authguard.restore_user('Carol'), authguard.restore_user('nobody');
select * from entries;
\c - authenticator
select reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')), reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', age => -20)) as ahead,
       reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"iat":null}'));
select a_minute_later();
select reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')), reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', age => 0)),
       reason(token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"iat":null}'));
-- Each has its hint.
select set_config('request.jwt.claims', token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), false) is not null as set;
select auth.require_active();
select set_config('request.jwt.claims', token('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"iat":null}'), false) is not null as set;
select auth.require_active();
reset request.jwt.claims;
-- Restored again: nothing to lift. With their old tokens: the entry goes.
\c - regress_ops
select authguard.restore_user('Carol'), authguard.restore_user('Carol', revive_tokens => true), authguard.restore_user('Carol', revive_tokens => true);
\c - authenticator
select reason(token('Carol'));

-- Issuers: NULL is every one, '' is tokens without iss.
\c - regress_ops
select authguard.revoke_user('dave', 'at x', issuer => 'https://x'), authguard.revoke_user('erin', issuer => ''), authguard.revoke_user('frank'),
       authguard.revoke_token('tx', issuer => 'https://x'), authguard.revoke_session('aaaaaaaa-0000-0000-0000-00000000000e', issuer => '');
\c - authenticator
select sub, reason(token(sub)) as no_iss, reason(token(sub, '{"iss":"https://x"}')) as x, reason(token(sub, '{"iss":"https://X"}')) as other
  from unnest(array['dave', 'erin', 'frank']) sub;
select reason(token('u', '{"jti":"tx"}')) as no_iss, reason(token('u', '{"jti":"tx","iss":"https://x"}')) as x,
       reason(token('u', '{"session_id":"aaaaaaaa-0000-0000-0000-00000000000e"}')) as session_no_iss,
       reason(token('u', '{"session_id":"aaaaaaaa-0000-0000-0000-00000000000e","iss":"https://x"}')) as session_x;
-- To lift less than there is is an error that names the entry.
\c - regress_ops
\set VERBOSITY terse
select authguard.restore_user('frank', issuer => 'https://x');
do $$
declare detail text; hint text;
begin
    perform authguard.restore_user('frank', issuer => 'https://x');
exception when object_not_in_prerequisite_state then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    raise notice '%', regexp_replace(detail, 'of .* by', 'of TIME by');
    raise notice '%', hint;
end $$;
\set VERBOSITY default
select authguard.restore_user('dave', issuer => 'https://y'), authguard.restore_user('dave', issuer => 'https://x'),
       authguard.restore_user('erin', issuer => ''), authguard.restore_user('frank');
\c - authenticator
select a_minute_later();
select reason(token('dave', '{"iss":"https://x"}', 0)), reason(token('erin', age => 0)), reason(token('frank', '{"iss":"https://x"}', 0));

-- Until a time: shut out till then, and the tokens from before for ever.
\c - regress_ops
select authguard.revoke_user('gina', until => now() - interval '1 s');
select authguard.revoke_user('gina', 'cool down', until => clock_timestamp() + interval '1 h');
\c - authenticator
select reason(token('gina', age => -10));
select set_config('request.jwt.claims', token('gina', age => -10), false) is not null as set;
select auth.require_active();
reset request.jwt.claims;
-- An hour later time alone ends it: nothing is written between the questions.
\c - postgres
update authguard.revocation set blocked_until = clock_timestamp() + interval '1 s', issued_before = issued_before - interval '1 hour' where key = 'gina';
\c - authenticator
select reason(token('gina', age => 0)) in ('user', 'live') as asked;
select pg_sleep(1.1);
select reason(token('gina', age => 0)) as new_token, reason(token('gina')) as old_token;
-- The longer of two blocks stands.
\c - regress_ops
select authguard.revoke_user('hank'), authguard.revoke_user('hank', 'shorter', until => now() + interval '1 h');
select blocked_until, reason from authguard.revocation where key = 'hank';

-- The cut-off is compared in whole seconds, its own second is out, and so are those of the leeway.
\c - regress_ops
select authguard.revoke_issued_before('2023-11-14 22:13:20.4+00', 'https://cut', 'leak');
\c - authenticator
select iat, reason(token('u', jsonb_build_object('iss', 'https://cut', 'iat', iat)))
  from unnest(array[1699999999, 1700000000, 1700000000.9, 1700000001, 1700000030.9, 1700000031, null]::numeric[]) iat;
select reason('{"sub":"u","iss":"https://cut"}') as no_iat, reason('{"sub":"u","iss":"https://cut","iat":null}') as null_iat,
       reason('{"sub":"u","iat":1}') as other_issuer;
-- Keys of services (neither sub nor session) are left alone, unless it says otherwise.
select reason('{"role":"service_role","iss":"https://cut","iat":1}') as key,
       reason('{"role":"anon","iss":"https://cut","iat":1,"session_id":"aaaaaaaa-0000-0000-0000-0000000000ff"}') as with_session;
\c - regress_ops
select authguard.revoke_issued_before('2023-11-14 22:13:20+00', 'https://cut', include_keys => true);
\c - authenticator
select reason('{"role":"service_role","iss":"https://cut","iat":1}') as key,
       reason('{"role":"service_role","iss":"https://cut","iat":1700000031}') as new_key,
       reason('{"role":"service_role","iat":1}') as other_key;
-- Every issuer; and only tokens without iss.
\c - regress_ops
select authguard.revoke_issued_before('2001-09-09 01:46:40+00', ''), authguard.revoke_issued_before('1970-01-02', null);
\c - authenticator
select reason('{"sub":"u","iat":1000000000}') as no_iss, reason('{"sub":"u","iat":1000000031}') as no_iss_later,
       reason('{"sub":"u","iat":1000000000,"iss":"https://z"}') as z, reason('{"sub":"u","iat":86400,"iss":"https://z"}') as z_first_day;

-- An operator lifts what an operator has cut off.
\c - regress_ops
\set VERBOSITY terse
select authguard.restore_issuer('https://cut');
\set VERBOSITY default
select count(*) from entries where kind = 'issuer';
select authguard.restore_issuer() as all_issuers, authguard.restore_issuer() as again;
select authguard.revoke_issued_before('2023-11-14 22:13:20+00', 'https://cut');
select authguard.restore_issuer('https://elsewhere') as another, authguard.restore_issuer('https://cut') as it, authguard.restore_issuer('https://cut') as again;
\c - authenticator
select reason('{"sub":"u","iss":"https://cut","iat":1}');
\c - regress_ops
select authguard.revoke_issued_before('2023-11-14 22:13:20.4+00', 'https://cut', include_keys => true), authguard.revoke_issued_before('1970-01-02');

-- Of several reasons the first: expired, claim, token, session, user, issuer.
\c - regress_ops
select authguard.revoke_token('all'), authguard.revoke_session('aaaaaaaa-0000-0000-0000-0000000000aa'), authguard.revoke_user('all');
\c - authenticator
select reason('{"sub":"all","jti":"all","session_id":"aaaaaaaa-0000-0000-0000-0000000000aa","iat":1,"exp":1,"app_metadata":{"access_revoked":true}}'),
       reason('{"sub":"all","jti":"all","session_id":"aaaaaaaa-0000-0000-0000-0000000000aa","iat":1,"app_metadata":{"access_revoked":true}}'),
       reason('{"sub":"all","jti":"all","session_id":"aaaaaaaa-0000-0000-0000-0000000000aa","iat":1}'),
       reason('{"sub":"all","session_id":"aaaaaaaa-0000-0000-0000-0000000000aa","iat":1}'),
       reason('{"sub":"all","iat":1}'), reason('{"sub":"other","iat":1}');

-- Truthy is anything but absent, null, false, 'false' and 0.
select value, reason(jsonb_build_object('sub', 'u2', 'iat', 1700000000, 'app_metadata', jsonb_build_object('access_revoked', value))::text)
  from unnest(array['true', 'false', 'null', '0', '1', '0.0', '-1', '"false"', '"true"', '""', '"no"', '[]', '{}', '"False"']::jsonb[]) value;
select reason('{"sub":"u2","iat":1700000000,"app_metadata":{}}'), reason('{"sub":"u2","iat":1700000000,"access_revoked":true}'),
       reason('{"sub":"u2","iat":1700000000,"user_metadata":{"access_revoked":true}}');

-- What covers nothing more writes nothing.
\c - regress_ops
select authguard.revoke_token('same', 'once', 'https://x', '2100-01-01');
select xmin, ctid from authguard.revocation where key = 'same' \gset before_
select authguard.revoke_token('same', 'once', 'https://x', '2100-01-01') as the_same, authguard.revoke_token('same', issuer => 'https://x', expires_at => '2099-01-01') as less,
       authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000001') as session,
       authguard.revoke_issued_before('2023-11-14 22:13:20.9+00', 'https://cut') as same_second, authguard.revoke_issued_before('2000-01-01', 'https://cut') as earlier,
       authguard.restore_user('dave') as restored_before, authguard.restore_user('nobody', revive_tokens => true) as nobody;
select count(*) as unchanged from authguard.revocation where key = 'same' and xmin::text = :'before_xmin' and ctid = :'before_ctid';
select authguard.revoke_token('same', 'another reason', 'https://x') as more, authguard.revoke_token('same', issuer => 'https://x', expires_at => '2100-01-01') as less;
select reason, keep_until from authguard.revocation where key = 'same';

-- A user who revokes himself in a function body is out at its next command.
\c - postgres
grant regress_ops to authenticator;
\c - authenticator
do $$
declare jti text;
begin
    for jti in select 'own' || n from generate_series(1, 2) n loop
        perform set_config('request.jwt.claims', token('u3', jsonb_build_object('jti', jti, 'iat', 1700000000)), true);
        raise notice 'before: %', auth.is_revoked();
        perform authguard.revoke_token(jti);
        raise notice 'after: % %', auth.is_revoked(), auth.revocation_reason();
        begin
            perform authguard.restore_user('all', revive_tokens => true);
            perform authguard.revoke_user('u4');
            perform set_config('request.jwt.claims', token('u4', '{"iat":1700000000}'), true);
            raise notice 'inner: %', auth.is_revoked();
            raise exception 'undo';
        exception when raise_exception then
            raise notice 'undone: %', reason(token('u4', '{"iat":1700000000}'));
        end;
    end loop;
end $$;
-- Savepoints and transactions take it back.
begin;
select reason(token('u5', '{"iat":1700000000}'));
savepoint s;
select authguard.revoke_user('u5');
select reason(token('u5', '{"iat":1700000000}'));
rollback to s;
select reason(token('u5', '{"iat":1700000000}'));
select authguard.revoke_user('u5');
select reason(token('u5', '{"iat":1700000000}'));
rollback;
select reason(token('u5', '{"iat":1700000000}'));
-- Also the lifting of a block. What is left of the entry is a cut-off.
select authguard.revoke_user('u5');
begin;
select authguard.restore_user('u5');
select reason(token('u5', age => -20));
rollback;
select reason(token('u5', age => -20));
\c - postgres
revoke regress_ops from authenticator;

-- Forgetting: after keep_until, never early, and a forgotten token never opens again.
\c - regress_ops
select authguard.revoke_token('gone', expires_at => clock_timestamp() - interval '1 hour') as gone,
       authguard.revoke_token('late', expires_at => clock_timestamp() - interval '290 s') as in_leeway,
       authguard.revoke_token('young', expires_at => clock_timestamp() + interval '1 hour') as young,
       authguard.revoke_token('kept') as kept;
select authguard.prune();
select key, keep_until is null as for_ever from authguard.revocation where key in ('gone', 'late', 'young', 'kept') order by key;
\c - authenticator
select reason(token('u6', jsonb_build_object('jti', 'gone', 'exp', floor(extract(epoch from clock_timestamp()))::bigint - 3600))) as gone,
       reason(token('u6', '{"jti":"young"}')) as young, reason(token('u6', '{"jti":"kept"}')) as kept;
-- A write forgets some, too; what is not due stays.
\c - postgres
insert into authguard.revocation (kind, key, keep_until) select 'token', 'old' || n, now() - interval '1 day' from generate_series(1, 25) n;
\c - regress_ops
select authguard.revoke_token('one more');
select count(*) from authguard.revocation where key like 'old%';
select * from authguard.prune();
select count(*) from authguard.revocation where key like 'old%';
-- With a known longest lifetime, entries without an expiry are kept that long and 300 seconds.
\c - postgres
load 'authguard';
alter system set authguard.max_token_lifetime = '1h';
\i `echo $PG_ABS_SRCDIR/reload.sql`
set session authorization regress_ops;
select authguard.revoke_token('hour'), authguard.revoke_user('hour'), authguard.revoke_user('hour until', until => '2100-01-01'), authguard.revoke_issued_before(now(), 'https://hour'),
       authguard.revoke_issued_before(now(), 'https://keys', include_keys => true), authguard.revoke_session('aaaaaaaa-0000-0000-0000-0000000000cc');
select kind, key, issuer, keep_until is null as for_ever, keep_until - greatest(revoked_at, issued_before) between '1:09:59' and '1:10:01' as an_hour
  from authguard.revocation
 where key like 'hour%' or issuer in ('https://hour', 'https://keys') or key like '%cc' order by kind, key, issuer;
-- Restored, only the cut-off is left, and that need not be kept for ever.
select authguard.restore_user('hour');
select keep_until - issued_before = '1h 10m' as an_hour from authguard.revocation where kind = 'user' and key = 'hour';
reset session authorization;
alter system reset authguard.max_token_lifetime;
\i `echo $PG_ABS_SRCDIR/reload.sql`

-- Bad arguments.
\c - regress_ops
select authguard.revoke_token(null);
select authguard.revoke_token('');
select authguard.revoke_session(null);
select authguard.revoke_session('');
select authguard.revoke_user(null);
select authguard.revoke_user('');
select authguard.restore_user('');
select authguard.revoke_issued_before(null);
select authguard.revoke_issued_before('infinity');
\set VERBOSITY terse
select authguard.revoke_issued_before('3000-01-01');
\set VERBOSITY default
select authguard.revoke_token(repeat('x', 1025));
select authguard.revoke_token('x', issuer => repeat('x', 1025));
select authguard.revoke_user(repeat('x', 1024));

-- An operator reads the table and does not write it, nor calls what is within.
select count(*) > 0 as reads from authguard.revocation;
insert into authguard.revocation (kind, key) values ('token', 'x');
update authguard.revocation set blocked = false;
delete from authguard.revocation;
truncate authguard.revocation;
select * from authguard.channel;
select authguard.revoke(null::authguard.revocation);
select authguard.forget(1);
select authguard.grant_operator('regress_stranger');
select authguard.change_access('regress_stranger', 'operator', 'grant %s on %s to %I');
select authguard.revoke_operator('regress_stranger');
select authguard.close_grants(true);
select authguard.act_as('postgres', '{}');
alter table authguard.revocation disable trigger invalidate;
-- A stranger has nothing in authguard, and the client of a gateway neither.
\c - regress_stranger
select count(*) from authguard.revocation;
select authguard.revoke_user('x');
select authguard.prune();
select authguard.coverage();
select authguard.canonical('x');
create table authguard.mine ();
create function auth.mine() returns int language sql as 'select 1';

-- The table refuses what the look-up could not read.
\c - postgres
\set VERBOSITY terse
insert into authguard.revocation (kind, key) values ('tokens', 'x');
insert into authguard.revocation (kind, key) values ('user', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
insert into authguard.revocation (kind, key, issued_before) values ('grant', 'x', now());
insert into authguard.revocation (kind, key) values ('token', '');
insert into authguard.revocation (kind, key, blocked, issued_before) values ('issuer', 'x', false, now());
insert into authguard.revocation (kind, key) values ('issuer', '');
insert into authguard.revocation (kind, key, blocked) values ('token', 'x', false);
insert into authguard.revocation (kind, key, blocked) values ('user', 'x', false);
insert into authguard.revocation (kind, key, blocked_until) values ('token', 'x', now());
insert into authguard.revocation (kind, key) values ('token', 'kept');
insert into authguard.revocation (kind, key) values ('token', repeat('x', 1025));
-- It may be written directly, and emptied, by its owner: that counts as much.
insert into authguard.revocation (kind, key) values ('user', 'direct');
select reason(token('direct'));
update authguard.revocation set key = 'redirect' where key = 'direct';
select reason(token('direct')), reason(token('redirect'));
truncate authguard.revocation;
select reason(token('redirect'));

drop view entries;
drop function token, reason, a_minute_later;
drop owned by regress_ops;
drop role authenticator, regress_ops, regress_stranger;
