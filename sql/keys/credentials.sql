-- Secrets and private keys live where Postgres keeps the passwords of foreign servers: in
-- pg_user_mapping, a system catalogue. As pg_authid with the roles' passwords, it is read by superusers and
-- members of pg_read_all_data; the owner of the extension sees his own in pg_user_mappings. No publication
-- contains it, and pg_dump leaves out what belongs to an extension's server.
create foreign data wrapper authguard_credentials;
comment on foreign data wrapper authguard_credentials is
    'authguard: holds the server of its credentials, and reads nothing';
create server authguard_credentials foreign data wrapper authguard_credentials;
comment on server authguard_credentials is
    'authguard: its user mapping holds secrets and private keys, in no dump and no publication';

create function authguard.keep_credential(credential pg_catalog.uuid, secret pg_catalog.bytea)
returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_keep_credential_wrapper';
comment on function authguard.keep_credential(pg_catalog.uuid, pg_catalog.bytea) is
    'Keeps a secret under a name of its own. The owner of the extension only';

create function authguard.drop_credential(credential pg_catalog.uuid) returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_drop_credential_wrapper';
comment on function authguard.drop_credential(pg_catalog.uuid) is
    'Forgets a secret; nothing where there is none. The owner of the extension only';

-- Drops the credential with its row, however that goes.
create function authguard.forget_credential() returns pg_catalog.trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    credential pg_catalog.uuid;
begin
    if tg_op = 'TRUNCATE' then
        -- One command each: all of them change the same row of the catalogue.
        for credential in select k.credential from authguard.key k where k.credential is not null loop
            perform authguard.drop_credential(credential);
        end loop;
    elsif old.credential is not null and (tg_op = 'DELETE' or new.credential is distinct from old.credential) then
        perform authguard.drop_credential(old.credential);
    end if;
    return null;
end
$$;
comment on function authguard.forget_credential() is
    'Trigger: the secret goes with its key';
create trigger forget_credential after delete or update of credential on authguard.key
    for each row execute function authguard.forget_credential();
create trigger forget_credentials before truncate on authguard.key
    for each statement execute function authguard.forget_credential();
alter table authguard.key enable always trigger forget_credential;
alter table authguard.key enable always trigger forget_credentials;
