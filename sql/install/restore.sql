-- The identity of this database. A backup that is restored, cloned or upgraded brings back sessions
-- that have ended since. It is recognised by its system identifier or OID, which is not that of the
-- row in it.

create table authguard.installation (
    system_identifier pg_catalog.int8 not null,
    database pg_catalog.oid not null,
    acknowledged_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
    acknowledged_by pg_catalog.name not null default session_user
);
comment on table authguard.installation is
    'The database that the entries were written in: one row. If it is not this database, this is '
    'a copy (see authguard.after_restore)';
comment on column authguard.installation.system_identifier is 'As in pg_control_system()';
comment on column authguard.installation.database is 'As in pg_database';
comment on column authguard.installation.acknowledged_at is
    'When the extension was created, or authguard.acknowledge_restore() was called';
comment on column authguard.installation.acknowledged_by is
    'The login role that did it';

create function authguard.note_installation() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from authguard.installation;
    insert into authguard.installation (system_identifier, database)
    select c.system_identifier, d.oid
      from pg_catalog.pg_control_system() c, pg_catalog.pg_database d
     where d.datname = pg_catalog.current_database();
end
$$;
comment on function authguard.note_installation() is
    'Notes that the entries are those of this database from now on';
select authguard.note_installation();

-- In a restored database the row of the dump is added to that of create extension: no key forbids
-- two.
select pg_catalog.pg_extension_config_dump('authguard.installation', '');
alter table authguard.installation replica identity full;

create trigger invalidate after insert or update or delete on authguard.installation
    for each row execute function authguard.invalidate('installation');
create trigger invalidate_truncate after truncate on authguard.installation
    for each statement execute function authguard.invalidate('installation');
alter table authguard.installation enable always trigger invalidate;
alter table authguard.installation enable always trigger invalidate_truncate;

create function authguard.is_copy() returns pg_catalog.bool
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_is_copy';
comment on function authguard.is_copy() is
    'True if this database was restored, cloned or upgraded, and nobody has acknowledged that. '
    'Never NULL';

create function authguard.acknowledge_restore() returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.require_primary();
    if not authguard.is_copy() then
        return false;
    end if;
    perform authguard.note_installation();
    -- Transactions of this server will have the numbers that the dump has brought.
    update authguard.event e set xid = null
     where e.xid >= pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8;
    perform authguard.record('RESTORE_ACKNOWLEDGED', null, null, 'admin', null);
    return true;
end
$$;
comment on function authguard.acknowledge_restore() is
    'Notes that somebody has dealt with the revocations that a restored, cloned or upgraded '
    'database lacks (if in doubt, call authguard.end_all_sessions() first). True if there was '
    'something to acknowledge. 25006 on a standby';

create function authguard.end_all_sessions(reason pg_catalog.text default null)
returns pg_catalog.int4
language c volatile security definer cost 1000
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'authguard_end_all_sessions';
comment on function authguard.end_all_sessions(pg_catalog.text) is
    'Ends every session, replaces the key of refresh tokens, and revokes every token issued so '
    'far, of every issuer; keys of services (tokens with neither sub nor session_id) stay. Every '
    'user may sign in again. Returns how many sessions of the local issuer ended. 22023 if the '
    'reason is too long, 25006 on a standby; 40001 at SERIALIZABLE, even if others do not touch '
    'the same rows: try again';
