-- Secrets and private keys, where Postgres keeps the passwords of foreign servers: in the system
-- catalogue pg_user_mapping. As with pg_authid, which has the passwords of roles, superusers and
-- members of pg_read_all_data can read it. The owner of the extension sees its own mapping in
-- pg_user_mappings. No publication contains it, and pg_dump leaves out the mappings of an
-- extension's server.
create foreign data wrapper authguard_credentials;
comment on foreign data wrapper authguard_credentials is
    'authguard: holds the server of its credentials, and reads no data';
create server authguard_credentials foreign data wrapper authguard_credentials;
comment on server authguard_credentials is
    'authguard: its user mapping holds secrets and private keys, which are in no dump and no '
    'publication';

create function authguard.keep_credential(credential pg_catalog.uuid, secret pg_catalog.bytea)
returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_keep_credential';
comment on function authguard.keep_credential(pg_catalog.uuid, pg_catalog.bytea) is
    'Keeps a secret under a name of its own. Only the owner of the extension may call it. NULL '
    'for NULL';

create function authguard.drop_credential(credential pg_catalog.uuid) returns pg_catalog.void
language c volatile strict cost 1000
as 'MODULE_PATHNAME', 'authguard_drop_credential';
comment on function authguard.drop_credential(pg_catalog.uuid) is
    'Forgets a secret, if there is one of that name. Only the owner of the extension may call it. '
    'NULL for NULL';

-- Drops the credential together with its row, by whatever command.
create function authguard.forget_credential() returns pg_catalog.trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    credential pg_catalog.uuid;
begin
    if tg_op = 'TRUNCATE' then
        -- One command for each: they all change the same row of the catalogue.
        for credential in
            select k.credential from authguard.key k where k.credential is not null
        loop
            perform authguard.drop_credential(credential);
        end loop;
    elsif old.credential is not null
          and (tg_op = 'DELETE' or new.credential is distinct from old.credential) then
        perform authguard.drop_credential(old.credential);
    end if;
    return null;
end
$$;
comment on function authguard.forget_credential() is
    'Trigger: forgets the secret of a key that goes';
create trigger forget_credential after delete or update of credential on authguard.key
    for each row execute function authguard.forget_credential();
create trigger forget_credentials before truncate on authguard.key
    for each statement execute function authguard.forget_credential();
alter table authguard.key enable always trigger forget_credential;
alter table authguard.key enable always trigger forget_credentials;
