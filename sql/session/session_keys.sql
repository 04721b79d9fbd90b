-- The keys that tokens of sessions are signed with.

create function authguard.can_sign() returns pg_catalog.bool
language c stable cost 100
as 'MODULE_PATHNAME', 'authguard_can_sign';
comment on function authguard.can_sign() is
    'True if there is a key to sign access tokens with. A restore brings back the row of a key, '
    'and not the private key';

create function authguard.make_refresh_key() returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_make_refresh_key';
comment on function authguard.make_refresh_key() is
    'Makes the key of refresh tokens, if there is none';

create function authguard.replace_refresh_key() returns pg_catalog.void
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_replace_refresh_key';
comment on function authguard.replace_refresh_key() is
    'Makes another key of refresh tokens: every earlier token is invalid';

create function authguard.ensure_session_keys() returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    begin
        perform authguard.begin_key_change();
    exception when lock_not_available then
        return false;
    end;
    if not authguard.can_sign() then
        perform authguard.rotate_signing_key();
    end if;
    perform authguard.make_refresh_key();
    return true;
end
$$;
comment on function authguard.ensure_session_keys() is
    'Makes the keys of access and refresh tokens that are missing: at the first sign-in, and after '
    'a restore. Never for a client: its transaction may stay open, and others would wait. False if '
    'another transaction changes keys for too long. 25006 on a standby';
