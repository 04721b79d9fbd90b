-- What operators call to forget what can decide nothing any more.

create function authguard.prune(
    sessions_after pg_catalog.interval default '7 days',
    events_after pg_catalog.interval default '90 days',
    out kind pg_catalog.text, out forgotten pg_catalog.int8)
returns setof pg_catalog.record
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    over_since pg_catalog.timestamptz := pg_catalog.clock_timestamp() - sessions_after;
begin
    perform authguard.require_primary();
    if sessions_after < interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'what is not over cannot be forgotten',
            hint = 'Give an interval that is not negative.';
    end if;
    if events_after < interval '1 hour' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'events of the last hour are not forgotten',
            detail = 'Who follows them by notifications may not have read them yet.',
            hint = 'Give an interval of an hour or more.';
    end if;
    kind := 'revocation';
    forgotten := authguard.forget(100000);
    return next;
    -- No row, no access: what is forgotten stays shut. What somebody uses at the moment waits.
    kind := 'session';
    with dead as (
        select s.id from authguard.session s
         where s.ended_at < over_since
            -- No session that was refreshed lately is asked when it ends, which costs more.
            or (s.ended_at is null and s.refreshed_at < over_since and authguard.session_end(s.created_at, s.refreshed_at, s.not_after) < over_since)
         limit 10000
           for update skip locked
    )
    delete from authguard.session s using dead d where s.id = d.id;
    get diagnostics forgotten = row_count;
    return next;
    kind := 'event';
    with old as (
        select e.id from authguard.event e
         where e.happened_at < pg_catalog.clock_timestamp() - events_after
         limit 100000
           for update skip locked
    )
    delete from authguard.event e using old o where e.id = o.id;
    get diagnostics forgotten = row_count;
    return next;
end
$$;
comment on function authguard.prune(pg_catalog.interval, pg_catalog.interval) is
    'Forgets what can decide nothing any more: entries past their keep_until, sessions that are over, old events (none of the last hour: 22023); at most 100,000, 10,000 and 100,000 at a time. Returns how many, by kind';
