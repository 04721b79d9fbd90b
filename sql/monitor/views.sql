-- Views for whoever watches the database (authguard.grant_monitor): none shows a token, a secret or
-- a private key. authguard.live_sessions is with the sessions, authguard.statistics has a file of
-- its own. Views with a filter are barriers: a function that somebody puts into a query never sees
-- the rows that the filter leaves out.

create view authguard.blocked_users with (security_barrier) as
select r.key as user_id, r.issuer, r.revoked_at as since, r.blocked_until as until,
       r.revoked_by as by, r.reason, r.event_at
  from authguard.revocation r
 where r.kind = 'user' and r.blocked and authguard.blocks(r.blocked, r.blocked_until);
comment on view authguard.blocked_users is
    'Users whom authguard.revoke_user or an event of an issuer shuts out now. '
    'authguard.grant_monitor lets a role read it. Whom an attached table shuts out is in that '
    'table; authguard.explain_user looks at both';
comment on column authguard.blocked_users.user_id is 'Claim sub, in canonical form';
comment on column authguard.blocked_users.issuer is
    'The issuer at which the user is blocked; NULL: at every issuer; empty: tokens without iss';
comment on column authguard.blocked_users.since is
    'When the user was blocked, or the block was last made longer';
comment on column authguard.blocked_users.until is
    'When the block ends by itself; NULL: when the user is restored';
comment on column authguard.blocked_users.by is
    'The login role that did it; a name, even if the role was dropped since';
comment on column authguard.blocked_users.reason is
    'For people to read: of an event its URI; NULL: none was given';
comment on column authguard.blocked_users.event_at is
    'When the event happened that shuts the user out, if no operator does; NULL: an operator does';

create view authguard.recent_events with (security_barrier) as
select e.id, e.happened_at, e.name, e.user_id, e.session_id, e.actor, e.by, e.reason
  from authguard.event e
 where e.happened_at > pg_catalog.now() - interval '1 day'
 order by e.id desc;
comment on view authguard.recent_events is
    'Events of the last 24 hours, the newest first. authguard.grant_monitor lets a role read it. '
    'Ids are not in the order of commits: authguard.events_after follows events';
comment on column authguard.recent_events.id is 'Grows, but not in the order of commits';
comment on column authguard.recent_events.happened_at is 'When it happened, by the clock';
comment on column authguard.recent_events.name is
    'What happened, such as SIGNED_IN; as in authguard.event';
comment on column authguard.recent_events.user_id is
    'The user that it is about, in canonical form; NULL: none';
comment on column authguard.recent_events.session_id is
    'The session that it is about; NULL: all of the user''s, or none';
comment on column authguard.recent_events.actor is
    'Who caused it: user, admin, policy, issuer or system; as in authguard.event';
comment on column authguard.recent_events.by is
    'The login role that did it; a name, even if the role was dropped since. NULL: a process '
    'without one';
comment on column authguard.recent_events.reason is
    'For people to read; of a sign-in or a step-up its method';

create function authguard.key_in_file()
returns table (kid pg_catalog.text, algorithm pg_catalog.text)
language c stable cost 1000 rows 1
as 'MODULE_PATHNAME', 'authguard_key_in_file';
comment on function authguard.key_in_file() is
    'Returns the names of the key in authguard.signing_key_file: one row if the setting is not '
    'empty, with NULLs if the file cannot be used; the server''s log says why. Never the key';

create view authguard.keys as
select k.issuer, k.kid, k.algorithm, k.status, k.jwk is null as is_secret,
       k.made_here and k.status = 'active' and k.issuer = authguard.own_issuer()
       and not exists (select from authguard.key_in_file()) as signs,
       k.created_at, pg_catalog.clock_timestamp() - k.created_at as age, k.retired_at, k.revoked_at
  from authguard.key k
union all
select authguard.own_issuer(), f.kid, f.algorithm, 'active', false, true, null, null, null, null
  from authguard.key_in_file() f
 where f.kid is not null;
comment on view authguard.keys is
    'The keys of all issuers, by their names: nothing of a secret or a private key. '
    'authguard.grant_monitor lets a role read it';
comment on column authguard.keys.issuer is 'Claim iss of the tokens that it verifies';
comment on column authguard.keys.kid is
    'Header kid that names it (RFC 7517 section 4.5); empty: a secret that verifies any token of '
    'the issuer';
comment on column authguard.keys.algorithm is
    'The only alg that it verifies (RFC 7518)';
comment on column authguard.keys.status is
    'active, retiring or revoked. retiring: verifies, and signs no more; revoked: verifies nothing';
comment on column authguard.keys.is_secret is
    'True for a shared secret: whoever has it can sign, too. False for a key pair, of which only '
    'the public half verifies';
comment on column authguard.keys.signs is
    'True if new tokens of the local issuer are signed with it';
comment on column authguard.keys.created_at is
    'When it was registered; NULL for the key in authguard.signing_key_file';
comment on column authguard.keys.age is
    'How long ago that was. authguard.health() reports a signing key or a secret that is older '
    'than a year';
comment on column authguard.keys.retired_at is
    'When it stopped signing; NULL: it has not, or never signed here';
comment on column authguard.keys.revoked_at is
    'When it was revoked; NULL: it is not';
