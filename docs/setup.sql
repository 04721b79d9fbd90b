-- The roles, the extension and the table that the pages of this folder start from. Run it as a
-- superuser, in any database and as often as you like. In psql: \i setup.sql

begin;
set local client_min_messages = warning;

do $$
declare
    role record;
begin
    for role in
        values ('anon', 'nologin'),                     -- requests without a token
               ('authenticated', 'nologin'),            -- requests with a token; policies name it
               ('authenticator', 'login noinherit'),    -- the gateway logs in, such as PostgREST
               ('app', 'login noinherit'),              -- your API and its pool log in
               ('support', 'login')                     -- operators: they revoke and restore
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = role.column1) then
            execute format('create role %I %s', role.column1, role.column2);
        end if;
    end loop;
end
$$;
-- The login roles need a password, or a line in pg_hba.conf: alter role app password '…'.
grant anon, authenticated to authenticator;
grant authenticated to app;

create extension if not exists authguard;
do $$
begin
    perform authguard.grant_signer('app');          -- sign_in, step_up, credentials_changed, …
    perform authguard.grant_client('app');          -- auth.refresh
    perform authguard.grant_operator('support');    -- revoke_*, sign_out_user, reading the state
end
$$;

create table if not exists note (
    id bigint primary key generated always as identity,
    owner uuid not null default auth.uid(),
    body text not null
);
grant select, insert, update, delete on note to authenticated;
-- Each user reads and writes their own rows, and with a revoked token none.
drop policy if exists own_notes on note;
create policy own_notes on note to authenticated using (owner = auth.uid());
do $$ begin perform authguard.guard_table('note'); end $$;

commit;
