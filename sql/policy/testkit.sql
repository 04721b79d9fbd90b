-- For tests of policies: acting as somebody until the end of the transaction.

create function authguard.require_transaction_block() returns pg_catalog.void
language c stable cost 1
as 'MODULE_PATHNAME', 'authguard_require_transaction_block';
comment on function authguard.require_transaction_block() is
    'Raises 25P01 outside a transaction block, where a local setting ends with its statement, and '
    '55000 if the connection has logged in by token, whose claims no setting changes';

-- By OID, as in a policy: whoever owns an adopted schema auth may put another one in its place.
create function authguard.refusal() returns pg_catalog.text
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select w.hint from auth.whoami() w where w.status = 'refused';
end;
comment on function authguard.refusal() is
    'Why the claims are refused, as auth.whoami() says it. NULL if they are not';

create function authguard.act_as(role pg_catalog.name, claims pg_catalog.jsonb)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    reason pg_catalog.text;
begin
    perform authguard.require_transaction_block();
    if role is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'role must not be null',
            hint = 'Without a role the next statements would run as the session''s own.';
    end if;
    perform pg_catalog.set_config('role', 'none', true);
    perform pg_catalog.set_config(
        'request.jwt.claims', coalesce(claims::pg_catalog.text, ''), true);
    reason := authguard.refusal();
    if claims is not null and reason is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'these claims are refused',
            detail = reason;
    end if;
    -- The role must be able to call authguard.act_reset(). Tests roll back, and these grants with
    -- them.
    if not pg_catalog.has_schema_privilege(role, 'authguard', 'usage') then
        execute pg_catalog.format('grant usage on schema authguard to %I', role);
    end if;
    if not pg_catalog.has_function_privilege(role, 'authguard.act_reset()', 'execute') then
        execute pg_catalog.format('grant execute on function authguard.act_reset(), '
            'authguard.act_as(name, jsonb), authguard.act_as_user(text, jsonb), '
            'authguard.act_as_user(uuid, jsonb), authguard.act_as_user(int8, jsonb) to %I', role);
    end if;
    perform pg_catalog.set_config('role', role, true);
end
$$;
comment on function authguard.act_as(pg_catalog.name, pg_catalog.jsonb) is
    'For tests: sets the role and the claims (NULL: none) as a gateway does, until the end of the '
    'transaction, which should be rolled back. 22004 if the role is NULL; 22023 if the claims are '
    'refused; 25P01 outside a transaction block; 55000 if the connection has logged in by token';

create function authguard.act_as_user(user_id pg_catalog.text, claims pg_catalog.jsonb default '{}')
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.act_as(
        coalesce(claims ->> 'role', 'authenticated'),
        pg_catalog.jsonb_build_object(
            'sub', user_id,
            'role', 'authenticated',
            'iat', pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp())),
            'exp', pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp())) + 3600
        ) || coalesce(claims, '{}'));
end
$$;
comment on function authguard.act_as_user(pg_catalog.text, pg_catalog.jsonb) is
    'For tests: calls act_as for a user with role authenticated and a token that lives an hour. '
    'claims are added to those, or replace them. Errors as for authguard.act_as';

create function authguard.act_reset() returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.require_transaction_block();
    perform pg_catalog.set_config('request.jwt.claims', '', true);
    perform pg_catalog.set_config('role', 'none', true);
end
$$;
comment on function authguard.act_reset() is
    'For tests: removes the claims and sets the session''s own role again. 25P01 outside a '
    'transaction block';
