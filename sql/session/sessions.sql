-- Sessions: one row each, and no row for a token. The local issuer signs their tokens, and the row
-- decides about them.

create type authguard.issued as (
    status pg_catalog.text,
    access_token pg_catalog.text,
    refresh_token pg_catalog.text,
    token_type pg_catalog.text,
    expires_in pg_catalog.int4,
    expires_at pg_catalog.int8,
    session_id pg_catalog.uuid,
    user_id pg_catalog.text
);
comment on type authguard.issued is
    'The answer of sign_in, step_up and auth.refresh (RFC 6749 section 5.1). All but the status '
    'are NULL if no token is issued';

create table authguard.session (
    id pg_catalog.uuid primary key default pg_catalog.gen_random_uuid(),
    user_id pg_catalog.text collate pg_catalog."C" not null,
    issuer pg_catalog.text collate pg_catalog."C" not null,
    created_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    authenticated_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    refreshed_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    rotated_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    counter pg_catalog.int8 not null default 0,
    reuse_count pg_catalog.int4 not null default 0,
    stepped_up_from pg_catalog.int8,
    not_after pg_catalog.timestamptz,
    aal pg_catalog.text not null,
    amr pg_catalog.jsonb not null,
    claims pg_catalog.jsonb not null default '{}',
    user_agent pg_catalog.text,
    ip pg_catalog.inet,
    tag pg_catalog.text,
    ended_at pg_catalog.timestamptz,
    ended_reason pg_catalog.text,
    tokens_until pg_catalog.timestamptz not null default pg_catalog.clock_timestamp()
);
-- No CHECK: Postgres reads each from its catalogue again for every write, which costs more than the
-- write. Only functions write here, which check, and the owner.
comment on table authguard.session is
    'Sessions of users; operators may read it. An access token is revoked if its session is not '
    'here, has ended or is past its time';
comment on column authguard.session.id is 'Claim session_id';
comment on column authguard.session.user_id is 'Claim sub, in canonical form';
comment on column authguard.session.issuer is
    'Claim iss: the value of authguard.issuer when it began';
comment on column authguard.session.created_at is 'When the user signed in';
comment on column authguard.session.authenticated_at is
    'When the user last proved who it is, by a sign-in, a step-up or a reauthentication; '
    'auth.is_fresh() uses it';
comment on column authguard.session.refreshed_at is
    'When tokens were last issued; the inactivity timeout counts from it';
comment on column authguard.session.rotated_at is
    'When the refresh token last changed; the reuse interval counts from it';
comment on column authguard.session.counter is 'Generation of the current refresh token';
comment on column authguard.session.reuse_count is
    'How often the refresh token before the current one was answered since the rotation';
comment on column authguard.session.stepped_up_from is
    'The generation before the last step-up; NULL if there was none since the last rotation';
comment on column authguard.session.not_after is
    'When the session ends; NULL: by the settings only';
comment on column authguard.session.aal is
    'Claim aal: aal1, aal2 or aal3, the authenticator assurance level (NIST SP 800-63B)';
comment on column authguard.session.amr is
    'Claim amr (RFC 8176): the methods, each with its time, the newest first';
comment on column authguard.session.claims is
    'The claims passed at sign-in';
comment on column authguard.session.user_agent is
    'As the application passed it';
comment on column authguard.session.ip is
    'As the application passed it';
comment on column authguard.session.tag is
    'With authguard.single_session_per_user a user has one session for each tag';
comment on column authguard.session.ended_at is
    'When it ended; NULL if it has not';
comment on column authguard.session.ended_reason is
    'signed_out, revoked, reuse, state_lost, replaced, credentials, blocked or expired; NULL if '
    'it has not ended';
comment on column authguard.session.tokens_until is
    'When its last access token has surely expired, even if authguard.jwt_expiry was changed';

create index session_of_user on authguard.session (user_id) where ended_at is null;

-- A restored session has no key for its refresh tokens, and what ended after the dump must not live
-- again. Rows are in a dump so that tokens of sessions that had ended stay revoked.
select pg_catalog.pg_extension_config_dump('authguard.session', '');

-- A new session makes only those backends look again that have looked for it in vain: they may have
-- refused its token before the commit. A refresh changes nothing that decides, and must not make
-- every backend look again.
create trigger invalidate_arrival after insert on authguard.session
    for each row execute function authguard.invalidate('arrival_channel');
create trigger invalidate after delete on authguard.session
    for each row execute function authguard.invalidate('channel');
-- Named columns first: an update of others does not even read the condition.
create trigger invalidate_change
    after update of id, user_id, issuer, created_at, authenticated_at, not_after, ended_at
    on authguard.session
    for each row
    when ((old.id, old.user_id, old.issuer, old.created_at, old.authenticated_at,
           old.not_after, old.ended_at)
          is distinct from
          (new.id, new.user_id, new.issuer, new.created_at, new.authenticated_at,
           new.not_after, new.ended_at))
    execute function authguard.invalidate('channel');
create trigger invalidate_truncate after truncate on authguard.session
    for each statement execute function authguard.invalidate('channel');
alter table authguard.session enable always trigger invalidate_arrival;
alter table authguard.session enable always trigger invalidate;
alter table authguard.session enable always trigger invalidate_change;
alter table authguard.session enable always trigger invalidate_truncate;

-- What the row alone does not say.

create function authguard.is_cut_off(
    session_id pg_catalog.uuid, user_id pg_catalog.text, issuer pg_catalog.text,
    created_at pg_catalog.timestamptz, authenticated_at pg_catalog.timestamptz)
returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_cut_off';
comment on function authguard.is_cut_off(
    pg_catalog.uuid, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz,
    pg_catalog.timestamptz) is
    'True if something other than its row ends a session: authguard.issuer has another value now, '
    'or the newest committed entries revoke the session or cut off its user or issuer. An entry '
    'may have been written while another transaction had the row, or before the session was '
    'committed. NULL for NULL';

create function authguard.is_shut_out(user_id pg_catalog.text) returns pg_catalog.bool
language c stable strict cost 100
as 'MODULE_PATHNAME', 'authguard_is_shut_out';
comment on function authguard.is_shut_out(pg_catalog.text) is
    'True if a user of the local issuer (user_id in canonical form) is shut out now, by '
    'authguard.revoke_user or by an attached table, by the newest committed state. NULL for NULL';

create function authguard.session_end(
    created_at pg_catalog.timestamptz, refreshed_at pg_catalog.timestamptz,
    not_after pg_catalog.timestamptz)
returns pg_catalog.timestamptz
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_session_end';
comment on function authguard.session_end(
    pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.timestamptz) is
    'When a session with these times is past its time unless it is refreshed. NULL: never';

create view authguard.live_sessions with (security_barrier) as
select s.id as session_id, s.user_id, s.issuer, s.created_at, s.authenticated_at, s.refreshed_at,
       e.ends_at, s.aal, s.user_agent, s.ip, s.tag,
       authguard.is_shut_out(s.user_id) as user_shut_out
  from authguard.session s,
       authguard.session_end(s.created_at, s.refreshed_at, s.not_after) e (ends_at)
 where s.ended_at is null
   and not authguard.is_cut_off(s.id, s.user_id, s.issuer, s.created_at, s.authenticated_at)
   and (e.ends_at is null or e.ends_at > pg_catalog.clock_timestamp());
comment on view authguard.live_sessions is
    'Sessions of the local issuer that have neither ended nor are cut off nor past their time. '
    'authguard.grant_monitor lets a role read it. Each row that is looked at costs some '
    'microseconds: filter by user_id, which has an index, or add a limit; the number of all is in '
    'authguard.statistics';
comment on column authguard.live_sessions.session_id is 'Claim session_id';
comment on column authguard.live_sessions.user_id is 'Claim sub, in canonical form';
comment on column authguard.live_sessions.issuer is
    'Claim iss: the value of authguard.issuer when it began';
comment on column authguard.live_sessions.created_at is 'When the user signed in';
comment on column authguard.live_sessions.authenticated_at is
    'When the user last proved who it is';
comment on column authguard.live_sessions.refreshed_at is
    'When tokens were last issued';
comment on column authguard.live_sessions.ends_at is
    'When the session is past its time unless it is refreshed; NULL: never';
comment on column authguard.live_sessions.aal is
    'Claim aal: aal1, aal2 or aal3, the authenticator assurance level (NIST SP 800-63B)';
comment on column authguard.live_sessions.user_agent is
    'As the application passed it at the sign-in';
comment on column authguard.live_sessions.ip is
    'As the application passed it at the sign-in';
comment on column authguard.live_sessions.tag is
    'As the application passed it at the sign-in';
comment on column authguard.live_sessions.user_shut_out is
    'True if a block or an attached table shuts the user out now: the session has not ended, but '
    'its tokens are revoked meanwhile. Read only if it is selected';
