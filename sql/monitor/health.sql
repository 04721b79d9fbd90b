-- What needs somebody: the ways around a guard that authguard.coverage() knows, and what stops or
-- is forgotten.

create function authguard.unavailable() returns pg_catalog.text
language c stable cost 100
as 'MODULE_PATHNAME', 'authguard_unavailable';
comment on function authguard.unavailable() is
    'Why every token counts as revoked here, as auth.revocation_reason() says it: replica_lag or '
    'restored. NULL if this database can decide';

create function authguard.claims_function_problem() returns pg_catalog.text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform authguard.find_claims_function(f) from authguard.claims_function f;
    return null;
exception when undefined_function or invalid_function_definition or insufficient_privilege then
    return sqlerrm;
end
$$;
comment on function authguard.claims_function_problem() is
    'Why authguard.find_claims_function refuses the function that is set. NULL if it does not, and '
    'if none is set';

create function authguard.health(
    out check_name pg_catalog.text, out level pg_catalog.text, out object pg_catalog.text,
    out detail pg_catalog.text, out hint pg_catalog.text)
returns setof pg_catalog.record
language sql stable security definer cost 10000 rows 5
set search_path = pg_catalog, pg_temp
begin atomic
    with subscribed as materialized (
        select s.oid, s.subname, s.subenabled, r.srrelid, r.srsubstate
          from pg_catalog.pg_subscription s
          join pg_catalog.pg_database d
            on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
          join pg_catalog.pg_subscription_rel r on r.srsubid = s.oid
          join authguard.members() m
            on m.class = 'pg_catalog.pg_class'::pg_catalog.regclass and m.object = r.srrelid
         -- Only the primary runs them.
         where not pg_catalog.pg_is_in_recovery()
    ),
    -- When prune last ran or, if it never has, since when there has been something.
    pruned as materialized (
        select p.is_called as ever,
               case when p.is_called then pg_catalog.to_timestamp(p.last_value)
                    else (select e.happened_at from authguard.event e order by e.id limit 1)
                    end as at
          from authguard.prune_time p
    )
    select 'subscription', 'error', pg_catalog.quote_ident(s.subname),
           case when s.subenabled
                then 'it has no worker: what its publisher revokes does not arrive'
                else 'it is disabled: what its publisher revokes does not arrive' end,
           case when s.subenabled
                then 'The server''s log says why; the page on replication of authguard says what '
                    'to do about a conflict.'
                else pg_catalog.format('If that is not meant: alter subscription %I enable',
                         s.subname) end
      from (select distinct b.oid, b.subname, b.subenabled from subscribed b) s
     where not s.subenabled
        or not exists (select from pg_catalog.pg_stat_subscription w
                        where w.subid = s.oid and w.relid is null and w.pid is not null)
    union all
    select 'subscription_table', 'warning', s.srrelid::pg_catalog.regclass::pg_catalog.text,
           pg_catalog.format('subscription %I has not copied it yet: rows of its publisher are '
               'missing', s.subname),
           'If it stays so, the server''s log says why.'
      from subscribed s
     where s.srsubstate not in ('r', 's')
    union all
    select 'prune', 'warning', 'authguard.prune()',
           case when p.ever then pg_catalog.format('it last ran at %s', p.at)
                else pg_catalog.format('it has never run, and there are events since %s', p.at) end,
           'Let a job call it once a day: select * from authguard.prune()'
      from pruned p
     where p.at < pg_catalog.clock_timestamp() - interval '7 days'
    union all
    select case when k.signs then 'signing_key' else 'secret' end, 'warning',
           pg_catalog.format('key %s of issuer %s', pg_catalog.quote_literal(k.kid),
               pg_catalog.quote_literal(k.issuer)),
           pg_catalog.format('it is %s days old', extract(day from k.age)),
           case when k.signs
                then 'select authguard.rotate_signing_key() makes another one. Tokens that this '
                    'one has signed stay good.'
                else 'Change the secret at its issuer, then register the new one with '
                    'authguard.trust_secret.' end
      from authguard.keys k
     where (k.signs or k.is_secret) and k.status <> 'revoked' and k.age > interval '365 days'
    union all
    select 'key_file', 'error', 'authguard.signing_key_file',
           'the file cannot be used: no token of the local issuer is signed or accepted',
           'The server''s log says why.'
      from authguard.key_in_file() f
     where f.kid is null
    union all
    select 'claims_function', 'error', pg_catalog.format('%I.%I', f.schema, f.name),
           p.problem || ': no token is issued',
           'Put it right, or name another one with authguard.set_claims_function.'
      from authguard.claims_function f, authguard.claims_function_problem() p (problem)
     where p.problem is not null
    union all
    select 'replica_lag', 'error', 'authguard.max_replay_lag',
           'this standby is further behind than that: every token counts as revoked here',
           'Look at pg_stat_replication on the primary; readers may ask the primary meanwhile.'
     where authguard.unavailable() = 'replica_lag'
    union all
    select c.rule, case c.level when 'info' then 'warning' else c.level end, c.object, c.problem,
           c.hint
      from authguard.coverage() c
     where c.level = 'error'
        or c.level = 'warning' and c.rule in ('attached_table', 'own_table', 'setting')
        -- A role that does not exist yet.
        or c.rule = 'setting' and c.object = 'authguard.gateway_roles'
     order by 2, 1, 3;
end;
comment on function authguard.health() is
    'Returns a row for each thing that needs somebody; no row: nothing does. level: error (access '
    'is affected now, or a client has a way around a guard) or warning. detail: what is wrong with '
    'the object; hint: what to do. check_name: subscription and subscription_table (a subscription '
    'to tables of authguard has stopped, or has not copied one), prune (not for 7 days), '
    'signing_key and secret (older than a year), key_file, claims_function, replica_lag, setting '
    '(such as a role in authguard.gateway_roles that does not exist), own_table and attached_table '
    '(their triggers, too), restored_database, and the other rules of authguard.coverage() of '
    'level error, such as rls_disabled or unguarded_table. For every few minutes: it calls '
    'authguard.coverage(). authguard.grant_monitor lets a role call it';
