-- Figures that may be asked for every few seconds, however large the tables are: nothing here scans
-- a table. What can only be counted by a scan is counted while its index is small, and estimated as
-- the planner does it after that.

create function authguard.estimated_rows(relation pg_catalog.regclass)
returns pg_catalog.int8
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    -- The density of rows when Postgres last looked, times the present size.
    select case
               when c.relpages > 0 and c.reltuples > 0
               then pg_catalog.round(c.reltuples::pg_catalog.numeric / c.relpages
                        * (pg_catalog.pg_relation_size(c.oid)
                           / pg_catalog.current_setting('block_size')::pg_catalog.int8)
                    )::pg_catalog.int8
               else pg_catalog.pg_stat_get_live_tuples(coalesce(i.indrelid, c.oid))
           end
      from pg_catalog.pg_class c
      left join pg_catalog.pg_index i on i.indexrelid = c.oid
     where c.oid = relation;
end;
comment on function authguard.estimated_rows(pg_catalog.regclass) is
    'The number of rows of a table or an index by the statistics of Postgres, without a scan. NULL '
    'if there is no such relation';

create function authguard.collect_statistics()
returns table (
    name pg_catalog.text, label pg_catalog.text, type pg_catalog.text, value pg_catalog.int8,
    is_estimate pg_catalog.bool, as_of pg_catalog.timestamptz, note pg_catalog.text)
language sql stable security definer cost 10000 rows 25
set search_path = pg_catalog, pg_temp
-- Few rows may be counted: by the index, whose size bounds the work.
set enable_seqscan = off
-- That makes the plan look expensive: compiling it takes 3.6 s, running it 0.02 s.
set jit = off
begin atomic
    with indexes as materialized (
        -- By name: REINDEX CONCURRENTLY gives an index another OID.
        select c.oid, c.relname as name,
               -- 2 MB: some 20,000 rows, a few milliseconds.
               pg_catalog.pg_relation_size(c.oid) <= 2097152 as is_small
          from pg_catalog.pg_class c
         where c.relnamespace = 'authguard'::pg_catalog.regnamespace and c.relkind = 'i'
           and c.relname in ('session_of_user', 'revocation_key')
    ),
    tables as materialized (
        select c.oid, c.relname as name,
               -- Not pg_stat_all_tables, which looks at every table of the database.
               greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                        pg_catalog.pg_stat_get_last_autovacuum_time(c.oid),
                        pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                        pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) as looked_at
          from pg_catalog.pg_class c
         where c.relnamespace = 'authguard'::pg_catalog.regnamespace and c.relkind = 'r'
           and c.relname in ('session', 'revocation', 'event')
    ),
    counted as materialized (
        select r.kind, pg_catalog.count(*) as entries
          from authguard.revocation r
         where (select i.is_small from indexes i where i.name = 'revocation_key')
         group by r.kind
    ),
    -- There are few kinds, so all of them are among the most common values.
    shares as materialized (
        select m.kind, m.share
          from pg_catalog.pg_stats s,
               rows from (
                   pg_catalog.unnest(s.most_common_vals::pg_catalog.text::pg_catalog.text[]),
                   pg_catalog.unnest(s.most_common_freqs)) m (kind, share)
         where s.schemaname = 'authguard' and s.tablename = 'revocation' and s.attname = 'kind'
    ),
    counters as (
        select 1 as place, 'sign_ins' as name,
               case when c.is_called then c.last_value else 0 end as value,
               'sessions that began' as note
          from authguard.sign_in_count c
        union all
        select 2, 'refreshes', case when c.is_called then c.last_value else 0 end,
               'refreshes that were answered with new tokens (status ok)'
          from authguard.refresh_count c
        union all
        select 3, 'reuses', case when c.is_called then c.last_value else 0 end,
               'refreshes with the previous token within the reuse interval (status reused)'
          from authguard.reuse_count c
        union all
        select 4, 'thefts', case when c.is_called then c.last_value else 0 end,
               'sessions that ended because a superseded refresh token was used'
          from authguard.theft_count c
        union all
        select 5, 'sessions_ended', case when c.is_called then c.last_value else 0 end,
               'sessions that ended, for whatever reason but time'
          from authguard.ending_count c
        union all
        select 6, 'events_received', case when c.is_called then c.last_value else 0 end,
               'tokens with events of identity providers that were received for the first time'
          from authguard.received_event_count c
    )
    select 'sessions_live', null::pg_catalog.text, 'gauge',
           case when i.is_small
                then (select pg_catalog.count(*) from authguard.session s where s.ended_at is null)
                else authguard.estimated_rows(i.oid) end,
           not i.is_small, case when not i.is_small then t.looked_at end,
           'sessions that have not ended; one that is past its time counts until it is pruned'
      from tables t left join indexes i on i.name = 'session_of_user'
     where t.name = 'session'
    union all
    select 'entries', k.kind, 'gauge',
           case when i.is_small then coalesce(c.entries, 0)
                -- Without statistics nothing is known.
                when exists (select from shares)
                then pg_catalog.round(
                    authguard.estimated_rows(i.oid) * coalesce(p.share, 0))::pg_catalog.int8 end,
           not i.is_small, case when not i.is_small then t.looked_at end,
           'rows of authguard.revocation of that kind; many are not known before the first ANALYZE'
      from tables t
      left join indexes i on i.name = 'revocation_key',
           pg_catalog.unnest(array['token', 'session', 'user', 'claims', 'issuer', 'client',
                                   'grant'])
               k (kind)
      left join counted c on c.kind = k.kind
      left join shares p on p.kind = k.kind
     where t.name = 'revocation'
    union all
    select 'rows', t.name, 'gauge', authguard.estimated_rows(t.oid), true, t.looked_at,
           'rows of that table of authguard'
      from tables t
    union all
    select 'bytes', t.name, 'gauge', pg_catalog.pg_total_relation_size(t.oid), false, null,
           'bytes of that table of authguard on disk, with its indexes'
      from tables t
    union all
    (select c.name, null, 'counter', c.value, false, null,
            c.note || ', since create extension in this database; what was rolled back counts, and '
            'after a crash, or on a standby, up to 32 more'
       from counters c
      order by c.place)
    union all
    select 'events', null, 'counter', case when e.is_called then e.last_value else 0 end,
           false, null,
           'events ever recorded, also before a restore; what was rolled back counts, and after a '
           'crash, or on a standby, up to 32 more'
      from authguard.event_id_seq e
    union all
    select 'last_prune', null, 'gauge', case when p.is_called then p.last_value end,
           false, null,
           'when authguard.prune() last ran, in seconds since 1970; NULL: never in this database'
      from authguard.prune_time p
    union all
    select 'tokens_refused', null, 'counter', null, false, null,
           'not counted: that needs shared memory, and so a preloaded library. The server''s log '
           'has a line "token refused: " with the cause for each (authguard.log_refused_tokens)';
end;
comment on function authguard.collect_statistics() is
    'Returns the rows of the view authguard.statistics. SECURITY DEFINER, because it reads the '
    'statistics of columns that its callers may not read';

create view authguard.statistics as
select s.name, s.label, s.type, s.value, s.is_estimate, s.as_of, s.note
  from authguard.collect_statistics() s;
comment on view authguard.statistics is
    'Figures for a monitoring system, one a row: sessions_live, entries, rows, bytes, sign_ins, '
    'refreshes, reuses, thefts, sessions_ended, events_received, events, last_prune, '
    'tokens_refused. Cheap enough for every few seconds: no table is scanned, whatever its size. '
    'authguard.grant_monitor lets a role read it';
comment on column authguard.statistics.name is 'What is counted';
comment on column authguard.statistics.label is
    'Of entries: their kind; of rows and bytes: the table. NULL for the others';
comment on column authguard.statistics.type is
    'counter: only grows, but for a restore; gauge: the present value';
comment on column authguard.statistics.value is
    'The figure; NULL: it is not known, and note says why';
comment on column authguard.statistics.is_estimate is
    'True if the figure is estimated from the statistics of Postgres, as the planner does it. '
    'sessions_live and entries are counted while an index of at most 2 MB has them (some 20,000 '
    'rows), and estimated after that';
comment on column authguard.statistics.as_of is
    'For an estimate: when Postgres last gathered these statistics (vacuum, analyze); NULL: never, '
    'or the figure is no estimate';
comment on column authguard.statistics.note is
    'What the figure is, and since when';
