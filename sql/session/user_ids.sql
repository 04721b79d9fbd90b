-- Users whose ids are of type uuid or bigint, taken as they are. Plain SQL that calls the function
-- for text, which has the rules: whoever calls one of these may execute that, too.

create function authguard.sign_in(
    user_id pg_catalog.uuid, claims pg_catalog.jsonb default '{}',
    method pg_catalog.text default 'password', aal pg_catalog.text default 'aal1',
    user_agent pg_catalog.text default null, ip pg_catalog.inet default null,
    tag pg_catalog.text default null)
returns authguard.issued
language sql volatile
begin atomic
    select authguard.sign_in(user_id::pg_catalog.text, claims, method, aal, user_agent, ip, tag);
end;
comment on function authguard.sign_in(
    pg_catalog.uuid, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text,
    pg_catalog.inet, pg_catalog.text) is
    'As authguard.sign_in for a user_id of type text';

create function authguard.sign_in(
    user_id pg_catalog.int8, claims pg_catalog.jsonb default '{}',
    method pg_catalog.text default 'password', aal pg_catalog.text default 'aal1',
    user_agent pg_catalog.text default null, ip pg_catalog.inet default null,
    tag pg_catalog.text default null)
returns authguard.issued
language sql volatile
begin atomic
    select authguard.sign_in(user_id::pg_catalog.text, claims, method, aal, user_agent, ip, tag);
end;
comment on function authguard.sign_in(
    pg_catalog.int8, pg_catalog.jsonb, pg_catalog.text, pg_catalog.text, pg_catalog.text,
    pg_catalog.inet, pg_catalog.text) is
    'As authguard.sign_in for a user_id of type text';

create function authguard.step_up(
    user_id pg_catalog.uuid, session_id pg_catalog.uuid, method pg_catalog.text,
    aal pg_catalog.text)
returns authguard.issued
language sql volatile
begin atomic
    select authguard.step_up(user_id::pg_catalog.text, session_id, method, aal);
end;
comment on function authguard.step_up(
    pg_catalog.uuid, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'As authguard.step_up for a user_id of type text';

create function authguard.step_up(
    user_id pg_catalog.int8, session_id pg_catalog.uuid, method pg_catalog.text,
    aal pg_catalog.text)
returns authguard.issued
language sql volatile
begin atomic
    select authguard.step_up(user_id::pg_catalog.text, session_id, method, aal);
end;
comment on function authguard.step_up(
    pg_catalog.int8, pg_catalog.uuid, pg_catalog.text, pg_catalog.text) is
    'As authguard.step_up for a user_id of type text';

create function authguard.reauthenticated(
    user_id pg_catalog.uuid, session_id pg_catalog.uuid, method pg_catalog.text)
returns pg_catalog.void
language sql volatile
begin atomic
    select authguard.reauthenticated(user_id::pg_catalog.text, session_id, method);
end;
comment on function authguard.reauthenticated(pg_catalog.uuid, pg_catalog.uuid, pg_catalog.text) is
    'As authguard.reauthenticated for a user_id of type text';

create function authguard.reauthenticated(
    user_id pg_catalog.int8, session_id pg_catalog.uuid, method pg_catalog.text)
returns pg_catalog.void
language sql volatile
begin atomic
    select authguard.reauthenticated(user_id::pg_catalog.text, session_id, method);
end;
comment on function authguard.reauthenticated(pg_catalog.int8, pg_catalog.uuid, pg_catalog.text) is
    'As authguard.reauthenticated for a user_id of type text';

create function authguard.sign_out_user(
    user_id pg_catalog.uuid, scope pg_catalog.text default 'global')
returns pg_catalog.int4
language sql volatile
begin atomic
    select authguard.sign_out_user(user_id::pg_catalog.text, scope);
end;
comment on function authguard.sign_out_user(pg_catalog.uuid, pg_catalog.text) is
    'As authguard.sign_out_user for a user_id of type text';

create function authguard.sign_out_user(
    user_id pg_catalog.int8, scope pg_catalog.text default 'global')
returns pg_catalog.int4
language sql volatile
begin atomic
    select authguard.sign_out_user(user_id::pg_catalog.text, scope);
end;
comment on function authguard.sign_out_user(pg_catalog.int8, pg_catalog.text) is
    'As authguard.sign_out_user for a user_id of type text';

create function authguard.credentials_changed(
    user_id pg_catalog.uuid, keep_session pg_catalog.uuid default null)
returns pg_catalog.int4
language sql volatile
begin atomic
    select authguard.credentials_changed(user_id::pg_catalog.text, keep_session);
end;
comment on function authguard.credentials_changed(pg_catalog.uuid, pg_catalog.uuid) is
    'As authguard.credentials_changed for a user_id of type text';

create function authguard.credentials_changed(
    user_id pg_catalog.int8, keep_session pg_catalog.uuid default null)
returns pg_catalog.int4
language sql volatile
begin atomic
    select authguard.credentials_changed(user_id::pg_catalog.text, keep_session);
end;
comment on function authguard.credentials_changed(pg_catalog.int8, pg_catalog.uuid) is
    'As authguard.credentials_changed for a user_id of type text';

create function authguard.record_event(
    name pg_catalog.text, user_id pg_catalog.uuid, session_id pg_catalog.uuid default null,
    reason pg_catalog.text default null)
returns pg_catalog.int8
language sql volatile
begin atomic
    select authguard.record_event(name, user_id::pg_catalog.text, session_id, reason);
end;
comment on function authguard.record_event(
    pg_catalog.text, pg_catalog.uuid, pg_catalog.uuid, pg_catalog.text) is
    'As authguard.record_event for a user_id of type text';

create function authguard.record_event(
    name pg_catalog.text, user_id pg_catalog.int8, session_id pg_catalog.uuid default null,
    reason pg_catalog.text default null)
returns pg_catalog.int8
language sql volatile
begin atomic
    select authguard.record_event(name, user_id::pg_catalog.text, session_id, reason);
end;
comment on function authguard.record_event(
    pg_catalog.text, pg_catalog.int8, pg_catalog.uuid, pg_catalog.text) is
    'As authguard.record_event for a user_id of type text';

create function authguard.revoke_user(
    user_id pg_catalog.uuid, reason pg_catalog.text default null,
    until pg_catalog.timestamptz default null, issuer pg_catalog.text default null)
returns pg_catalog.bool
language sql volatile
begin atomic
    select authguard.revoke_user(user_id::pg_catalog.text, reason, until, issuer);
end;
comment on function authguard.revoke_user(
    pg_catalog.uuid, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text) is
    'As authguard.revoke_user for a user_id of type text';

create function authguard.revoke_user(
    user_id pg_catalog.int8, reason pg_catalog.text default null,
    until pg_catalog.timestamptz default null, issuer pg_catalog.text default null)
returns pg_catalog.bool
language sql volatile
begin atomic
    select authguard.revoke_user(user_id::pg_catalog.text, reason, until, issuer);
end;
comment on function authguard.revoke_user(
    pg_catalog.int8, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.text) is
    'As authguard.revoke_user for a user_id of type text';

create function authguard.restore_user(
    user_id pg_catalog.uuid, issuer pg_catalog.text default null,
    revive_tokens pg_catalog.bool default false)
returns pg_catalog.bool
language sql volatile
begin atomic
    select authguard.restore_user(user_id::pg_catalog.text, issuer, revive_tokens);
end;
comment on function authguard.restore_user(pg_catalog.uuid, pg_catalog.text, pg_catalog.bool) is
    'As authguard.restore_user for a user_id of type text';

create function authguard.restore_user(
    user_id pg_catalog.int8, issuer pg_catalog.text default null,
    revive_tokens pg_catalog.bool default false)
returns pg_catalog.bool
language sql volatile
begin atomic
    select authguard.restore_user(user_id::pg_catalog.text, issuer, revive_tokens);
end;
comment on function authguard.restore_user(pg_catalog.int8, pg_catalog.text, pg_catalog.bool) is
    'As authguard.restore_user for a user_id of type text';

create function authguard.act_as_user(user_id pg_catalog.uuid, claims pg_catalog.jsonb default '{}')
returns pg_catalog.void
language sql volatile
begin atomic
    select authguard.act_as_user(user_id::pg_catalog.text, claims);
end;
comment on function authguard.act_as_user(pg_catalog.uuid, pg_catalog.jsonb) is
    'As authguard.act_as_user for a user_id of type text';

create function authguard.act_as_user(user_id pg_catalog.int8, claims pg_catalog.jsonb default '{}')
returns pg_catalog.void
language sql volatile
begin atomic
    select authguard.act_as_user(user_id::pg_catalog.text, claims);
end;
comment on function authguard.act_as_user(pg_catalog.int8, pg_catalog.jsonb) is
    'As authguard.act_as_user for a user_id of type text';
