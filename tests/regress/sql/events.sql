-- Events of identity providers: who may deliver them, what is refused, and what is remembered. Tokens that
-- are fresh are in wire/events: these are of 2023, signed with a key whose private half anybody may know.
\set SHOW_CONTEXT never
\set VERBOSITY default
\pset null '(null)'
\set jwks '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]}'
\set old 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJsb2dvdXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fX0.ZY_97aKpnLTK7A9-Lk4o5o_vh6y57m65XH6JOtKSvxXurP7SFYkyMn3cz1DnM0lhbdfkyGuZuJMNTt1Qn06NAQ'
\set audience 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJsb2dvdXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoib3RoZXIiLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6ImwtMSIsInN1YiI6ImFkYSIsImV2ZW50cyI6eyJodHRwOi8vc2NoZW1hcy5vcGVuaWQubmV0L2V2ZW50L2JhY2tjaGFubmVsLWxvZ291dCI6e319fQ.FsQFZRLcWK7-LEHDJm8h1r11FvJERtlV4sQJadrFD7Sani3JvNFepZNzetD1xypxXbKFDM4IhnzuROvY8mcRCg'
\set forged 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJsb2dvdXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fX0.45yQH1bp4OF2jA9kICZa2UffRZ5JiiqRDNKQCGT1oXmnWMsqCnIw2IA1VF8C3zV1TEgnoCyttXIofW8b8nRuAg'
\set unknown_key 'eyJhbGciOiJFZERTQSIsImtpZCI6Im90aGVyIiwidHlwIjoibG9nb3V0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fX0.XjS3-3O_NvGuKf2wIVSQD4zcJ2vq6gF3PQPcOi6UB5SlE8O2RToizSTZp7Y_DAenWOTnZ-wkvmRnQNsopxmMAg'
\set unknown_issuer 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJsb2dvdXQrand0In0.eyJpc3MiOiJodHRwczovL25vYm9keS5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fX0.m0t3_F-N3SRcJoNmYL4OgVhx1wPHC4S5Q2iWs-kb7ZIPZ6-GR5Qd0DIZLbIDsLI6wdsfk3uotxkrJuKOEBdKDg'
\set untyped 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fX0.axJhTviZr2wyUGbgF1J8RL0jcPCEK5Iyz9GiBeWswjgvf_htS5oJoFzRpAwtMRyIcCJflc-nU52Il3ndQ9aSBQ'
\set nonce 'eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJsb2dvdXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiYXBwIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiJsLTEiLCJzdWIiOiJhZGEiLCJldmVudHMiOnsiaHR0cDovL3NjaGVtYXMub3BlbmlkLm5ldC9ldmVudC9iYWNrY2hhbm5lbC1sb2dvdXQiOnt9fSwibm9uY2UiOiJuIn0.Yr57ihgsCIa6HsQbrqlHORh__P3KlDZ3DgxSQsU7tw-UYBKDVGCP3bIR6wYkdceYnrXkX6OIqrTkGZvM77k4Dg'

-- Trust: not for events unless somebody says so, and what is not given stays.
select authguard.trust_issuer('https://idp.example', :'jwks', audience => '{app}');
select authguard.receive_event(:'old');
select authguard.trust_issuer('https://idp.example', :'jwks', event_audience => '{app}');
select authguard.trust_issuer('https://idp.example', :'jwks', event_emails => true);
select authguard.trust_issuer('https://idp.example', :'jwks', events => true, event_audience => '{one,two}');
select issuer, audience, emails, forgotten_until from authguard.event_issuer;
select authguard.trust_issuer('https://idp.example', :'jwks', event_emails => true);
select issuer, audience, emails from authguard.event_issuer;
select authguard.trust_issuer('https://idp.example', :'jwks', events => true, event_audience => '{}', event_emails => false);
select issuer, audience, emails from authguard.event_issuer;
select authguard.trust_issuer('https://idp.example', :'jwks', event_audience => array['app', null]);
select authguard.trust_issuer('https://idp.example', :'jwks', event_audience => '{app,""}');
select authguard.trust_issuer('https://idp.example', :'jwks', 'app', events => true);

-- Refused: the word of RFC 8935 is the detail.
select authguard.receive_event(:'old');
select authguard.receive_event(:'audience');
select authguard.receive_event(:'forged');
select authguard.receive_event(:'unknown_key');
select authguard.receive_event(:'unknown_issuer');
select authguard.receive_event(:'untyped');
select authguard.receive_event(:'nonce');
select authguard.receive_event('');
select authguard.receive_event(null);
\echo :LAST_ERROR_SQLSTATE
select auth.verify(:'old');
select count(*) from authguard.received_event;

-- Only the role that grant_receiver names delivers, and it does nothing else.
create role regress_receiver login;
create role regress_ops login;
select authguard.grant_operator('regress_ops');
\c - regress_receiver
select authguard.receive_event('x');
\c - postgres
select authguard.grant_receiver('regress_receiver');
\c - regress_receiver
select authguard.receive_event('x');
select authguard.revoke_client_by_event('c', 'i', 'e');
select authguard.block_by_event('i', 'u', now(), 'e');
select authguard.restore_by_event('i', 'u', now());
select authguard.forget_received_events(0);
select authguard.trust_events('https://idp.example', true, null, null);
select count(*) from authguard.received_event;
select count(*) from authguard.event_issuer;
select authguard.revoke_user('ada');
\c - regress_ops
select authguard.receive_event('x');
\c - postgres
select authguard.revoke_receiver('regress_receiver');
select authguard.revoke_receiver(null);
\c - regress_receiver
select authguard.receive_event('x');
\c - postgres
drop role regress_receiver;

-- A block is lifted by a later event, if no operator has made one, too.
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-01 00:00:10Z', 'disabled');
select blocked, event_at at time zone 'UTC' as event_at, reason from authguard.revocation;
-- A monitor sees that an event did it.
set timezone = 'UTC'; set datestyle = 'ISO';
select user_id, issuer, until, reason, event_at from authguard.blocked_users;
select regexp_replace(answer, 'since \S+ \S+', 'since TIME') as answer, note from authguard.explain_user('ada') where check_name = 'blocked';
select type, value >= 0 as counted, note from authguard.statistics where name = 'events_received';
reset timezone; reset datestyle;
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-01 00:00:10Z');
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-01 00:00:11Z');
select blocked, event_at, issued_before is not null as cut_off from authguard.revocation;
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-01 00:00:12Z');
-- Before the event, and after it.
\c - regress_ops
select authguard.revoke_user('ada', 'by hand', issuer => 'https://idp.example');
\c - postgres
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-01 00:00:20Z', 'disabled');
select event_at from authguard.revocation;
select authguard.restore_by_event('https://idp.example', 'ada', '2020-02-01');
\c - regress_ops
select authguard.restore_user('ada');
\c - postgres
select blocked, event_at from authguard.revocation;
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-01 00:00:20Z', 'disabled');
select event_at is not null as by_event from authguard.revocation;
\c - regress_ops
select authguard.revoke_user('ada', issuer => 'https://idp.example');
\c - postgres
select event_at is not null as by_event from authguard.revocation;
select authguard.restore_by_event('https://idp.example', 'ada', '2020-02-01');
-- An operator's block that is over is none.
truncate authguard.revocation;
insert into authguard.revocation (kind, key, issuer, blocked_until, issued_before) values ('user', 'ada', 'https://idp.example', '2020-01-01', '2019-01-01');
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-02', 'disabled');
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-03');
-- Of two events the later one counts, in whichever order they come; a sign-out leaves the block as it is.
truncate authguard.revocation;
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-30', 'purged');
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-20', 'disabled');
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-25');
select authguard.revoke_and_forget(authguard.entry('user', 'ada', 'https://idp.example', now(), 'signed out', null));
select blocked, event_at = '2020-01-30' as as_before from authguard.revocation;
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-31');
-- It lifts the block of this user at this issuer, and no other.
truncate authguard.revocation;
select authguard.block_by_event(i, u, '2020-01-01', 'disabled') from (values ('https://idp.example', 'ada'), ('https://other.example', 'ada'), ('https://idp.example', 'bob')) v (i, u);
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-02');
select issuer, key, blocked from authguard.revocation order by issuer, key;
truncate authguard.revocation;
-- One at every issuer stays.
\c - regress_ops
select authguard.revoke_user('ada');
\c - postgres
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-04', 'disabled');
select authguard.restore_by_event('https://idp.example', 'ada', '2020-01-05');
select issuer, blocked from authguard.revocation order by issuer;
truncate authguard.revocation;
-- A block that comes after a later event has let the user in again does nothing.
insert into authguard.received_event (issuer, jti, issued_at, restored, happened_at) values ('https://idp.example', 'j-1', now(), 'ada', '2020-01-10'), ('https://other.example', 'j-1', now(), 'bob', '2020-01-20');
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-09', 'disabled');
select count(*) from authguard.revocation;
select authguard.block_by_event('https://idp.example', 'ada', '2020-01-10', 'disabled');
select authguard.block_by_event('https://idp.example', 'bob', '2020-01-09', 'disabled');
truncate authguard.revocation, authguard.event, authguard.received_event;

-- A client that an event has shut out.
select authguard.revoke_client_by_event('agent', 'https://idp.example', 'disabled');
select authguard.revoke_client_by_event('agent', 'https://idp.example', 'disabled');
select kind, key, issuer, blocked, reason, keep_until from authguard.revocation;
select authguard.restore_client('agent', 'https://idp.example');
truncate authguard.revocation, authguard.event;

-- What is remembered: a token as long as it can be received and a while longer, and so many of each issuer.
insert into authguard.received_event (issuer, jti, issued_at)
select 'https://idp.example', n, now() - n * interval '1 hour' from generate_series(1, 200) n;
select forgotten from authguard.prune() where kind = 'received_event';
select count(*), max(jti::int) from authguard.received_event;
select now() - forgotten_until between interval '143 hours' and interval '145 hours' as six_days from authguard.event_issuer;
insert into authguard.received_event (issuer, jti, issued_at) values ('https://other.example', 1000, now() - interval '120 hours');
select authguard.forget_received_events(100);
select count(*), max(jti::int) from authguard.received_event group by issuer order by issuer;
delete from authguard.received_event where issuer = 'https://other.example';
select now() - forgotten_until between interval '100 hours' and interval '102 hours' as hours from authguard.event_issuer;
select authguard.forget_received_events(100);
-- An issuer that is trusted no more is forgotten with its rows of trust, but what was received stays.
select authguard.distrust_issuer('https://idp.example');
select count(*) from authguard.event_issuer;
select count(*) from authguard.received_event;
-- Once it is trusted again, it is known that older ones may have been forgotten.
select authguard.trust_issuer('https://idp.example', :'jwks', audience => '{app}', events => true);
select forgotten_until = (select min(issued_at) from authguard.received_event) as known from authguard.event_issuer;
select authguard.trust_issuer('https://idp.example', :'jwks', events => false);
select authguard.trust_issuer('https://idp.example', :'jwks', events => true);
select forgotten_until = (select min(issued_at) from authguard.received_event) as known from authguard.event_issuer;
select authguard.distrust_issuer('https://idp.example');
truncate authguard.received_event;
drop owned by regress_ops;
drop role regress_ops;
