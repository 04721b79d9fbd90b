-- The issuers whose events are believed. Only the owner of the extension may use any of it.

create table authguard.event_issuer (
    issuer pg_catalog.text collate pg_catalog."C" primary key
        references authguard.issuer on delete cascade,
    audience pg_catalog.text[],
    emails pg_catalog.bool not null default false,
    forgotten_until pg_catalog.timestamptz not null default '-infinity',

    constraint event_issuer_audience
        check (pg_catalog.cardinality(audience) between 1 and 32
               and pg_catalog.array_position(audience, null) is null
               and pg_catalog.array_position(audience, '') is null)
);
comment on table authguard.event_issuer is
    'Issuers whose events are believed; authguard.trust_issuer writes it';
comment on column authguard.event_issuer.issuer is 'Claim iss, byte by byte';
comment on column authguard.event_issuer.audience is
    'Claim aud of an event must name one of these; NULL: one of the audience or the client_ids of '
    'authguard.issuer';
comment on column authguard.event_issuer.emails is
    'True if an email address in an event names the user whose claim sub it is';
comment on column authguard.event_issuer.forgotten_until is
    'Events that were issued at or before it may have been forgotten, so they are refused';
select pg_catalog.pg_extension_config_dump('authguard.event_issuer', '');

create function authguard.trust_events(
    issuer pg_catalog.text, events pg_catalog.bool, event_audience pg_catalog.text[],
    event_emails pg_catalog.bool)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if events is false then
        delete from authguard.event_issuer e where e.issuer = trust_events.issuer;
        return;
    end if;
    if events is null and not exists (select from authguard.event_issuer e
                                       where e.issuer = trust_events.issuer) then
        if event_audience is not null or event_emails is not null then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = pg_catalog.format('issuer %s is not trusted for events',
                    pg_catalog.quote_literal(issuer)),
                hint = 'Give events => true, too.';
        end if;
        return;
    end if;
    perform authguard.require_names('event_audience', event_audience);
    insert into authguard.event_issuer as e (issuer, audience, emails, forgotten_until)
    values (issuer, nullif(event_audience, '{}'), coalesce(event_emails, false),
            -- An issuer whose events were believed before: what is older may have been forgotten.
            coalesce((select min(r.issued_at) from authguard.received_event r
                       where r.issuer = trust_events.issuer), '-infinity'))
    on conflict on constraint event_issuer_pkey do update
        set audience = case when event_audience is null then e.audience
                            else excluded.audience end,
            emails = coalesce(event_emails, e.emails);
end
$$;
comment on function authguard.trust_events(
    pg_catalog.text, pg_catalog.bool, pg_catalog.text[], pg_catalog.bool) is
    'Writes whether the events of a trusted issuer are believed. An argument that is NULL leaves '
    'what is there, or means the default for a new issuer: none are. 22023 if an argument is wrong';
