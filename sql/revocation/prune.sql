-- For operators: forgetting rows that cannot decide anything any more.

create function authguard.time_before(at pg_catalog.timestamptz, age pg_catalog.interval)
returns pg_catalog.timestamptz
language c immutable strict cost 1
as 'MODULE_PATHNAME', 'authguard_time_before';
comment on function authguard.time_before(pg_catalog.timestamptz, pg_catalog.interval) is
    'The time that is age before at, by the calendar of UTC whatever TimeZone is. Infinite if it '
    'is out of range. NULL for NULL';

create function authguard.delete_each(relation pg_catalog.regclass, ids pg_catalog.anyarray)
returns pg_catalog.int8
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    deleted pg_catalog.int8;
    kept pg_catalog.int4 := 0;
    problem pg_catalog.text;
begin
    begin
        execute pg_catalog.format('delete from %s t where t.id = any ($1)', relation) using ids;
        get diagnostics deleted = row_count;
        return deleted;
    exception when others then
        deleted := 0;
    end;
    -- A row that another table refers to, or for which a trigger raises an error, keeps no other.
    for place in 1 .. pg_catalog.cardinality(ids) loop
        begin
            execute pg_catalog.format('delete from %s t where t.id = $1', relation)
              using ids[place];
            deleted := deleted + 1;
        exception when others then
            kept := kept + 1;
            problem := sqlerrm;
        end;
    end loop;
    raise warning using
        message = pg_catalog.format('%s rows of %s could not be deleted', kept, relation),
        detail = pg_catalog.format('The last error: %s.', problem);
    return deleted;
end
$$;
comment on function authguard.delete_each(pg_catalog.regclass, pg_catalog.anyarray) is
    'Deletes the rows with these ids, and returns how many. A row that cannot be deleted keeps no '
    'other from it; a WARNING says how many there were. NULL ids: 0';

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
    forgotten := authguard.delete_each('authguard.session', array(
        select s.id from authguard.session s
         where s.ended_at < over_since
            -- A session that was refreshed lately is not over: session_end, which costs more, is
            -- not called for it.
            or (s.ended_at is null and s.refreshed_at < over_since
                and authguard.session_end(s.created_at, s.refreshed_at, s.not_after) < over_since)
         limit most_sessions
           for update skip locked));
    return next;
    kind := 'event';
    forgotten := authguard.delete_each('authguard.event', array(
        select e.id from authguard.event e
         where e.happened_at < old_since
         limit most
           for update skip locked));
    return next;
    kind := 'received_event';
    forgotten := authguard.forget_received_events();
    return next;
    perform pg_catalog.setval('authguard.prune_time',
        pg_catalog.floor(extract(epoch from now))::pg_catalog.int8);
end
$$;
comment on function authguard.prune(pg_catalog.interval, pg_catalog.interval) is
    'Forgets rows that cannot decide anything any more: entries past their keep_until, sessions '
    'that have been over for sessions_after, events older than events_after (NULL: none), and what '
    'is remembered of received events that are too old to be received again. Deletes at most '
    '100,000 entries, 10,000 sessions and 100,000 events at a time. Returns how many it forgot, by '
    'kind. 22023 if sessions_after leads into the future, or events_after to less than an hour '
    'ago; 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch the same rows: '
    'try again';
