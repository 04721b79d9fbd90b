-- The claims that the application adds to a session's tokens: those passed at sign-in, and a
-- function that makes them anew whenever a token is issued.

create function authguard.check_claims(claims pg_catalog.jsonb) returns pg_catalog.void
language c stable cost 10
as 'MODULE_PATHNAME', 'authguard_check_claims';
comment on function authguard.check_claims(pg_catalog.jsonb) is
    'Raises 22023 if claims are no JSON object, or include a claim that authguard sets';

-- By name, because a dump or pg_upgrade changes OIDs. With its owner, so that whoever drops the
-- function and makes another of that name gains nothing.
create table authguard.claims_function (
    schema pg_catalog.name not null,
    name pg_catalog.name not null,
    owner pg_catalog.name not null,
    is_set pg_catalog.bool primary key default true,

    constraint claims_function_is_one check (is_set)
);
comment on table authguard.claims_function is
    'At most one row: the function that authguard.set_claims_function named';
comment on column authguard.claims_function.schema is
    'The schema of the function';
comment on column authguard.claims_function.name is
    'The name of the function; it takes (text, uuid, jsonb)';
comment on column authguard.claims_function.owner is
    'The role that set it, which must own it at every run';
comment on column authguard.claims_function.is_set is
    'Always true: the key that keeps the table to one row';
select pg_catalog.pg_extension_config_dump('authguard.claims_function', '');
create trigger invalidate after insert or update or delete on authguard.claims_function
    for each row execute function authguard.invalidate('key_channel');
create trigger invalidate_truncate after truncate on authguard.claims_function
    for each statement execute function authguard.invalidate('key_channel');
alter table authguard.claims_function enable always trigger invalidate;
alter table authguard.claims_function enable always trigger invalidate_truncate;

create function authguard.refuse_claims_function(signature pg_catalog.text)
returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'invalid_function_definition',
        message = pg_catalog.format('%s is no claims function', signature),
        hint = 'It takes (user_id text, session_id uuid, claims jsonb) and returns jsonb.';
end
$$;
comment on function authguard.refuse_claims_function(pg_catalog.text) is
    'Raises 42P13: a function with that signature is no claims function';

create function authguard.find_claims_function(named authguard.claims_function)
returns pg_catalog.oid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    signature pg_catalog.text := pg_catalog.format(
        '%I.%I(text, uuid, jsonb)', named.schema, named.name);
    candidate record;
begin
    select p.oid, p.prokind, p.proretset, p.prorettype,
           pg_catalog.pg_get_userbyid(p.proowner) as owner
      into candidate
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = named.schema and p.proname = named.name
       and p.pronargs = 3 and p.proargtypes[0] = 'text'::pg_catalog.regtype
       and p.proargtypes[1] = 'uuid'::pg_catalog.regtype
       and p.proargtypes[2] = 'jsonb'::pg_catalog.regtype;
    if not found then
        raise exception using
            errcode = 'undefined_function',
            message = pg_catalog.format('there is no claims function %s', signature),
            hint = 'No token is issued until authguard.set_claims_function names one that exists, '
                'or NULL.';
    end if;
    if candidate.prokind <> 'f' or candidate.proretset
       or candidate.prorettype <> 'jsonb'::pg_catalog.regtype then
        perform authguard.refuse_claims_function(signature);
    end if;
    if candidate.owner is distinct from named.owner then
        raise exception using
            errcode = 'insufficient_privilege',
            message = pg_catalog.format('claims function %s must be owned by %I, who set it',
                signature, named.owner),
            hint = 'No token is issued with a function of another role: alter its owner back, or '
                'set a function that you own.';
    end if;
    return candidate.oid;
end
$$;
comment on function authguard.find_claims_function(authguard.claims_function) is
    'Returns the function of that name. 42883 if it is gone, 42P13 if it is no claims function, '
    '42501 if another role owns it';

create function authguard.set_claims_function(function pg_catalog.regprocedure)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    named authguard.claims_function;
begin
    perform authguard.require_primary();
    if function is null then
        delete from authguard.claims_function;
        return;
    end if;
    if not exists (select from pg_catalog.pg_proc p where p.oid = function
                     and pg_catalog.oidvectortypes(p.proargtypes) = 'text, uuid, jsonb') then
        perform authguard.refuse_claims_function(function::pg_catalog.text);
    end if;
    select n.nspname, p.proname, current_user, true into named
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where p.oid = function;
    perform authguard.find_claims_function(named);
    insert into authguard.claims_function select named.*
    on conflict (is_set) do update
        set schema = excluded.schema, name = excluded.name, owner = excluded.owner;
end
$$;
comment on function authguard.set_claims_function(pg_catalog.regprocedure) is
    'Names a function (user_id text, session_id uuid, claims jsonb) returns jsonb that makes the '
    'claims of every token of a session: it gets those of the sign-in and returns those of the '
    'token. NULL: none. The caller must own it, also at every run. It runs as its owner in a '
    'security-restricted operation. An error in it refuses the token and changes nothing. Errors '
    'as for authguard.find_claims_function; 25006 on a standby';

create function authguard.run_claims_function(
    function pg_catalog.oid, owner pg_catalog.name,
    user_id pg_catalog.text, session_id pg_catalog.uuid, claims pg_catalog.jsonb)
returns pg_catalog.jsonb
language c volatile cost 1000
as 'MODULE_PATHNAME', 'authguard_run_claims_function';
comment on function authguard.run_claims_function(
    pg_catalog.oid, pg_catalog.name, pg_catalog.text, pg_catalog.uuid, pg_catalog.jsonb) is
    'Returns the answer of a function that find_claims_function has found. It runs as its owner, '
    'in a security-restricted operation, with search_path pg_catalog. 42501 if another role owns '
    'it now, even if the snapshot of the transaction does not show it';

create function authguard.fresh_claims(
    user_id pg_catalog.text, session_id pg_catalog.uuid, claims pg_catalog.jsonb)
returns pg_catalog.jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    named authguard.claims_function;
    fresh pg_catalog.jsonb;
begin
    select f.* into named from authguard.claims_function f;
    if not found then
        return claims;
    end if;
    fresh := authguard.run_claims_function(
        authguard.find_claims_function(named), named.owner, user_id, session_id, claims);
    if fresh is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = pg_catalog.format('claims function %I.%I has returned NULL',
                named.schema, named.name),
            hint = 'It must return the claims of the token as a JSON object. If it changes '
                'nothing, it returns those that it was given.';
    end if;
    perform authguard.check_claims(fresh);
    return fresh;
end
$$;
comment on function authguard.fresh_claims(pg_catalog.text, pg_catalog.uuid, pg_catalog.jsonb) is
    'Returns the claims of the next token of a session (user_id in canonical form): as they are, '
    'or as the claims function makes them. 22004 if that returns NULL, 22023 if the claims are '
    'not allowed; other errors as for authguard.find_claims_function';
