-- What a session, an entry and an event take, and what pruning them takes. Run it as a superuser in an
-- empty database; it leaves rows behind, so drop the database afterwards:
--   createdb sizing
--   psql -X -q -d sizing -v n=5000 -f docs/monitoring/sizing.sql
--   dropdb sizing

\if :{?n} \else \set n 5000 \endif
create extension authguard;

select count(s.session_id) as sessions
  from generate_series(1, :n) g, authguard.sign_in('user ' || g, '{}', 'password', 'aal1', 'Firefox', '192.0.2.7') s;
select count(authguard.revoke_token('token ' || g)) as entries from generate_series(1, :n) g;
vacuum analyze authguard.session, authguard.revocation, authguard.event;
select s.label as relation, s.value / r.value as bytes_a_row
  from authguard.statistics s
  join authguard.statistics r on r.name = 'rows' and r.label = s.label
 where s.name = 'bytes'
 order by 1;

-- A year goes by.
update authguard.session set created_at = created_at - interval '1 year',
       refreshed_at = refreshed_at - interval '1 year', ended_at = now() - interval '8 days';
update authguard.revocation set keep_until = now() - interval '1 day';
update authguard.event set happened_at = happened_at - interval '1 year';
\timing on
select * from authguard.prune();
