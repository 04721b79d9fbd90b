-- For operators: forgetting rows that cannot decide anything any more.

create function authguard.time_before(at pg_catalog.timestamptz, age pg_catalog.interval)
returns pg_catalog.timestamptz
language c immutable strict cost 1
as 'MODULE_PATHNAME', 'authguard_time_before';
comment on function authguard.time_before(pg_catalog.timestamptz, pg_catalog.interval) is
    'The time that is age before at, by the calendar of UTC whatever TimeZone is. Infinite if it '
    'is out of range. NULL for NULL';

create function authguard.prune(
    sessions_after pg_catalog.interval default '7 days',
    events_after pg_catalog.interval default '90 days',
    out kind pg_catalog.text, out forgotten pg_catalog.int8)
returns setof pg_catalog.record
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    most constant pg_catalog.int8 := 100000;
    -- Deleting a session makes every backend look again.
    most_sessions constant pg_catalog.int8 := 10000;
    now constant pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    -- Only these times are compared. An interval may compare as positive and still lead into the
    -- future, such as '-12 mons 361 days'.
    over_since constant pg_catalog.timestamptz := authguard.time_before(now, sessions_after);
    old_since constant pg_catalog.timestamptz := authguard.time_before(now, events_after);
begin
    perform authguard.require_primary();
    if over_since > now then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'sessions_after must not be negative',
            hint = 'A session that is not over cannot be forgotten.';
    end if;
    if old_since > authguard.time_before(now, interval '1 hour') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'events_after must be an hour or more',
            detail = 'A client that follows notifications may not have read later events yet.';
    end if;
    kind := 'revocation';
    forgotten := authguard.forget(most);
    return next;
    -- No row, no access: a forgotten session stays shut. A session that somebody has locked waits.
    kind := 'session';
    with dead as (
        select s.id from authguard.session s
         where s.ended_at < over_since
            -- A session that was refreshed lately is not over: session_end, which costs more, is
            -- not called for it.
            or (s.ended_at is null and s.refreshed_at < over_since
                and authguard.session_end(s.created_at, s.refreshed_at, s.not_after) < over_since)
         limit most_sessions
           for update skip locked
    )
    delete from authguard.session s using dead d where s.id = d.id;
    get diagnostics forgotten = row_count;
    return next;
    kind := 'event';
    with old as (
        select e.id from authguard.event e
         where e.happened_at < old_since
         limit most
           for update skip locked
    )
    delete from authguard.event e using old o where e.id = o.id;
    get diagnostics forgotten = row_count;
    return next;
end
$$;
comment on function authguard.prune(pg_catalog.interval, pg_catalog.interval) is
    'Forgets rows that cannot decide anything any more: entries past their keep_until, sessions '
    'that have been over for sessions_after, and events older than events_after (NULL: none). '
    'Deletes at most 100,000 entries, 10,000 sessions and 100,000 events at a time. Returns how '
    'many it forgot, by kind. 22023 if sessions_after leads into the future, or events_after to '
    'less than an hour ago; 25006 on a standby';
