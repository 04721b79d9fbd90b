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

create function authguard.ensure_session_keys() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.begin_key_change();
    if not authguard.can_sign() then
        perform authguard.rotate_signing_key();
    end if;
    perform authguard.make_refresh_key();
end
$$;
comment on function authguard.ensure_session_keys() is
    'Makes the keys of access and refresh tokens that are missing: at the first sign-in, after a '
    'restore, and after authguard.revoke_key. 25006 on a standby';
