-- Schema auth is for everyone (adopt.sql). In schema authguard no role has any right until the
-- owner of the extension grants access with one of three functions: grant_operator, grant_signer,
-- grant_client.

revoke all on schema authguard from public;
revoke all on all tables in schema authguard from public;
revoke all on all functions in schema authguard from public;
-- When a new partition gets its copy of a trigger, Postgres asks this of the role that adds it,
-- which may only own the table. Whoever wants to name the functions in another trigger needs usage
-- of the schema.
grant execute on function authguard.attached_changed(), authguard.attached_user_changed()
    to public;

create function authguard.grant_access(
    role pg_catalog.name, functions pg_catalog.regprocedure[], tables pg_catalog.regclass[])
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    object pg_catalog.text;
begin
    execute pg_catalog.format('grant usage on schema authguard to %I', role);
    foreach object in array functions::pg_catalog.text[] loop
        execute pg_catalog.format('grant execute on function %s to %I', object, role);
    end loop;
    foreach object in array tables::pg_catalog.text[] loop
        execute pg_catalog.format('grant select on table %s to %I', object, role);
    end loop;
end
$$;
comment on function authguard.grant_access(
    pg_catalog.name, pg_catalog.regprocedure[], pg_catalog.regclass[]) is
    'Grants a role the use of schema authguard, the execution of these functions, and the reading '
    'of these tables';

create function authguard.grant_operator(role pg_catalog.name) returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.grant_access(role, array[
        'authguard.revoke_token(text, text, text, timestamptz)',
        'authguard.revoke_session(uuid, text, text, timestamptz)',
        'authguard.revoke_user(text, text, timestamptz, text)',
        'authguard.revoke_user(uuid, text, timestamptz, text)',
        'authguard.revoke_user(int8, text, timestamptz, text)',
        'authguard.restore_user(text, text, boolean)',
        'authguard.restore_user(uuid, text, boolean)',
        'authguard.restore_user(int8, text, boolean)',
        'authguard.revoke_issued_before(timestamptz, text, text, boolean)',
        'authguard.restore_issuer(text)',
        'authguard.prune(interval, interval)',
        'authguard.sign_out_user(text, text)',
        'authguard.sign_out_user(uuid, text)',
        'authguard.sign_out_user(int8, text)',
        'authguard.end_all_sessions(text)',
        'authguard.events_after(pg_snapshot)',
        'authguard.coverage()',
        'authguard.source_problem(regclass, text)',
        'authguard.own_table_problems()',
        'authguard.setting_problems()',
        'authguard.is_copy()'
    ]::pg_catalog.regprocedure[], array[
        'authguard.revocation', 'authguard.issuer', 'authguard.session', 'authguard.event',
        'authguard.attached'
    ]::pg_catalog.regclass[]);
end
$$;
comment on function authguard.grant_operator(pg_catalog.name) is
    'Lets a role revoke, restore, sign users out, prune, and read the state';

create function authguard.grant_signer(role pg_catalog.name) returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.grant_access(role, array[
        'authguard.sign_in(text, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(uuid, jsonb, text, text, text, inet, text)',
        'authguard.sign_in(int8, jsonb, text, text, text, inet, text)',
        'authguard.step_up(text, uuid, text, text)',
        'authguard.step_up(uuid, uuid, text, text)',
        'authguard.step_up(int8, uuid, text, text)',
        'authguard.reauthenticated(text, uuid, text)',
        'authguard.reauthenticated(uuid, uuid, text)',
        'authguard.reauthenticated(int8, uuid, text)',
        'authguard.credentials_changed(text, uuid)',
        'authguard.credentials_changed(uuid, uuid)',
        'authguard.credentials_changed(int8, uuid)',
        'authguard.record_event(text, text, uuid, text)',
        'authguard.record_event(text, uuid, uuid, text)',
        'authguard.record_event(text, int8, uuid, text)'
    ]::pg_catalog.regprocedure[], '{}');
end
$$;
comment on function authguard.grant_signer(pg_catalog.name) is
    'Lets a role sign users in, step them up, and report new proofs, new credentials and events';

create function authguard.grant_client(role pg_catalog.name) returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    execute pg_catalog.format('grant execute on function auth.refresh(text) to %I', role);
end
$$;
comment on function authguard.grant_client(pg_catalog.name) is
    'Lets a role refresh tokens. Only for roles whose transactions end users cannot roll back: a '
    'refresh that is rolled back has handed out its tokens, and the ending of a stolen session is '
    'undone';

revoke all on function auth.refresh(pg_catalog.text) from public;
revoke all on function authguard.grant_access(
    pg_catalog.name, pg_catalog.regprocedure[], pg_catalog.regclass[]) from public;
revoke all on function authguard.grant_operator(pg_catalog.name) from public;
revoke all on function authguard.grant_signer(pg_catalog.name) from public;
revoke all on function authguard.grant_client(pg_catalog.name) from public;
