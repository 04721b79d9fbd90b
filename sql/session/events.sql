-- What happened to whom. Append-only for everyone but authguard.prune(); never a token.

create table authguard.event (
    id pg_catalog.int8 generated always as identity primary key,
    name pg_catalog.text not null,
    user_id pg_catalog.text collate pg_catalog."C",
    session_id pg_catalog.uuid,
    actor pg_catalog.text not null,
    reason pg_catalog.text,
    happened_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table authguard.event is
    'What happened to sessions and users; operators may read it, authguard.prune() forgets old ones';
comment on column authguard.event.id is 'Grows; the payload of the notification names it';
comment on column authguard.event.name is
    'SIGNED_IN, SIGNED_OUT, TOKEN_REFRESHED, USER_UPDATED, PASSWORD_RECOVERY, MFA_CHALLENGE_VERIFIED, REFRESH_TOKEN_REUSED, USER_REVOKED, USER_RESTORED, RESTORE_ACKNOWLEDGED, or one of the application''s';
comment on column authguard.event.user_id is 'Whom it is about';
comment on column authguard.event.session_id is 'Which session it is about; NULL: all of the user''s, or none';
comment on column authguard.event.actor is
    'user: the user; admin: an operator; policy: a limit or theft; system: the database';
comment on column authguard.event.reason is 'For people to read';
comment on column authguard.event.happened_at is 'When, by the clock';

-- Of the size of nothing, and as good: events are written in the order of their times.
create index event_happened_at on authguard.event using brin (happened_at);
comment on sequence authguard.event_id_seq is 'Gives authguard.event its ids';
select pg_catalog.pg_extension_config_dump('authguard.event', '');
select pg_catalog.pg_extension_config_dump('authguard.event_id_seq', '');

create function authguard.record(
    name pg_catalog.text, user_id pg_catalog.text, session_id pg_catalog.uuid,
    actor pg_catalog.text, reason pg_catalog.text)
returns pg_catalog.int8
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_record_wrapper';
comment on function authguard.record(pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'Writes an event and, where authguard.notify_events lists its name, notifies channel authguard of its id and name';

create function authguard.record_event(
    name pg_catalog.text, user_id pg_catalog.text,
    session_id pg_catalog.uuid default null, reason pg_catalog.text default null)
returns pg_catalog.int8
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subject pg_catalog.text := authguard.identity('user_id', user_id);
begin
    perform authguard.require_primary();
    if name is null or name !~ '^[A-Z][A-Z_]{0,62}$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'an event''s name has 1 to 63 characters A to Z and _',
            hint = 'Such as EMAIL_CHANGED.';
    end if;
    if name in ('SIGNED_IN', 'SIGNED_OUT', 'TOKEN_REFRESHED', 'PASSWORD_RECOVERY', 'MFA_CHALLENGE_VERIFIED',
                'REFRESH_TOKEN_REUSED', 'USER_REVOKED', 'USER_RESTORED', 'RESTORE_ACKNOWLEDGED') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = pg_catalog.format('event %s is recorded by authguard only', name),
            hint = 'Record USER_UPDATED, or a name of your own.';
    end if;
    if exists (select from authguard.session s
                where s.id = record_event.session_id and s.user_id <> subject) then
        raise exception using
            errcode = 'invalid_authorization_specification',
            message = 'the session is another user''s';
    end if;
    if pg_catalog.octet_length(reason) > 1024 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a reason has at most 1024 bytes';
    end if;
    return authguard.record(name, subject, session_id, 'user', reason);
end
$$;
comment on function authguard.record_event(pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.text) is
    'Records USER_UPDATED or an event of the application''s own, with actor user, and returns its id. What authguard records itself cannot be recorded by hand (22023). Never put a token into the reason';
