-- How long entries are kept: until every token that they cover has surely expired, and for ever where
-- that is not known.
\set SHOW_CONTEXT never
create view kept as
    select kind, key, issuer, blocked, keep_until at time zone 'utc' as keep_until,
           (keep_until - issued_before)::text as after_cut_off
      from authguard.revocation order by kind, key, issuer;

-- Lifetimes are not known.
select authguard.latest_expiry('2030-01-01 00:00+00'),
       current_setting('authguard.max_token_lifetime') as max_token_lifetime;
select authguard.revoke_token('t'), authguard.revoke_token('t exp', expires_at => '2030-01-01 00:00+00'),
       authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000001'),
       authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000002', expires_at => '2030-01-01 00:00+00'),
       authguard.revoke_user('u'), authguard.revoke_user('u until', until => '2100-01-01 00:00+00'),
       authguard.revoke_user('u infinity', until => 'infinity'),
       authguard.revoke_issued_before('2020-01-01 00:00+00', 'https://a'),
       authguard.revoke_issued_before('2020-01-01 00:00+00', 'https://keys', include_keys => true);
select * from kept where keep_until is not null;
select authguard.restore_user('u');
select authguard.prune();
select count(*), count(keep_until) from kept;
-- Of two times the later one stands, and for ever is the latest.
select authguard.revoke_token('t', expires_at => '2030-01-01 00:00+00') as shorter,
       authguard.revoke_token('t exp', expires_at => '2029-01-01 00:00+00') as earlier,
       authguard.revoke_token('t exp', expires_at => '2031-01-01 00:00+00') as later;
select * from kept where kind = 'token';
select authguard.revoke_token('t exp') as for_ever;
select * from kept where kind = 'token';

-- No token lives longer than an hour. A clock may be 300 seconds ahead, and exp is stretched by as much.
truncate authguard.revocation;
alter system set authguard.max_token_lifetime = '1h';
\i `echo $PG_ABS_SRCDIR/reload.sql`
select authguard.latest_expiry('2030-01-01 00:00+00') at time zone 'utc' as latest_expiry;
select authguard.revoke_token('t exp', expires_at => '2100-01-01 00:00+00'),
       authguard.revoke_session('aaaaaaaa-0000-0000-0000-000000000001'),
       authguard.revoke_user('u'), authguard.revoke_user('u until', until => '2100-01-01 00:00+00'),
       authguard.revoke_issued_before(now(), 'https://a'),
       authguard.revoke_issued_before(now(), 'https://keys', include_keys => true);
-- A block that ends before the tokens of its day do.
select authguard.revoke_user('u minutes', until => clock_timestamp() + interval '10 min');
-- Restored, only the cut-off is left.
select authguard.revoke_user('u restored'), authguard.restore_user('u restored');
select kind, key, issuer, blocked, case when kind not in ('user', 'issuer') or key = 'u until' then keep_until end as keep_until,
       case when key <> 'u until' then after_cut_off end as after_cut_off
  from kept;
-- A cut-off whose last token has expired is forgotten by a write, others stay.
select authguard.revoke_issued_before('2020-01-01 00:00+00', 'https://past');
select authguard.revoke_token('another');
select count(*) filter (where issuer = 'https://past') as past, count(*) from kept;
select authguard.prune();

alter system reset authguard.max_token_lifetime;
\i `echo $PG_ABS_SRCDIR/reload.sql`
drop view kept;
truncate authguard.revocation;
