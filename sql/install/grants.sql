-- Schema auth is for everyone (adopt.sql). In schema authguard no role has any right until the
-- owner of the extension grants access with one of the grant_* functions. What these grant,
-- revoke_* take back, and coverage() knows, is in one list.

create function authguard.refresh_function() returns pg_catalog.regprocedure
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select 'auth.refresh(text)'::pg_catalog.regprocedure;
end;
comment on function authguard.refresh_function() is
    'The function auth.refresh(text), wherever it is: an adopted schema may be renamed';

create function authguard.introspect_function() returns pg_catalog.regprocedure
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select 'auth.introspect(text)'::pg_catalog.regprocedure;
end;
comment on function authguard.introspect_function() is
    'The function auth.introspect(text), wherever it is: an adopted schema may be renamed';

create function authguard.door_objects(
    out door pg_catalog.text, out class pg_catalog.regclass, out object pg_catalog.oid,
    out privilege pg_catalog.text, out is_key pg_catalog.bool)
returns setof pg_catalog.record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    operator_functions constant pg_catalog.regprocedure[] := array[
        'authguard.revoke_token(text, text, text, timestamptz)',
        'authguard.revoke_session(uuid, text, text, timestamptz)',
        'authguard.revoke_session(text, text, text, timestamptz)',
        'authguard.revoke_client(text, text, text, text)',
        'authguard.restore_client(text, text, text, boolean)',
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
        'authguard.revoke(text, text)',
        'authguard.events_after(pg_snapshot)',
        'authguard.coverage()',
        'authguard.source_problem(regclass, text)',
        'authguard.own_table_problems()',
        'authguard.setting_problems()',
        'authguard.is_copy()',
        'authguard.extension_grants()',
        'authguard.door_objects()',
        'authguard.refresh_function()',
        'authguard.introspect_function()',
        'authguard.public_functions()',
        'authguard.members()',
        'authguard.gateways()'
    ];
    operator_tables constant pg_catalog.regclass[] := array[
        'authguard.revocation', 'authguard.issuer', 'authguard.session', 'authguard.event',
        'authguard.attached'
    ];
    -- Whoever reads a view calls its functions. An operator may do all that a monitor may: only the
    -- key tells the two apart.
    monitor_key constant pg_catalog.regprocedure := 'authguard.estimated_rows(regclass)';
    monitor_functions constant pg_catalog.regprocedure[] := array[
        'authguard.health()',
        'authguard.explain_user(text)',
        'authguard.explain_user(uuid)',
        'authguard.explain_user(int8)',
        'authguard.collect_statistics()',
        'authguard.blocks(boolean, timestamptz)',
        'authguard.is_cut_off(uuid, text, text, timestamptz, timestamptz)',
        'authguard.is_shut_out(text)',
        'authguard.session_end(timestamptz, timestamptz, timestamptz)',
        'authguard.own_issuer()',
        'authguard.key_in_file()'
    ];
    monitor_views constant pg_catalog.regclass[] := array[
        'authguard.blocked_users', 'authguard.live_sessions', 'authguard.recent_events',
        'authguard.keys', 'authguard.statistics'
    ];
    signer_functions constant pg_catalog.regprocedure[] := array[
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
    ];
    client_functions constant pg_catalog.regprocedure[] := array[authguard.refresh_function()];
    receiver_functions constant pg_catalog.regprocedure[] := array[
        'authguard.receive_event(text)'
    ];
    introspection_functions constant pg_catalog.regprocedure[] := array[
        authguard.introspect_function(),
        'authguard.revoke(text, text)'
    ];
    -- The owner may grant these by hand to roles that own tables.
    guard_functions constant pg_catalog.regprocedure[] := array[
        'authguard.guard_table(regclass, text, name[])',
        'authguard.unguard_table(regclass)',
        'authguard.guard_schema(name, text, name[])'
    ];
    -- The same for roles that write policies. No grant_* function gives these, so each is a key.
    author_functions constant pg_catalog.regprocedure[] := array[
        'authguard.lint(name[], text[])',
        'authguard.lint_tap()',
        'authguard.lint_sarif(jsonb)',
        'authguard.explain_access(regclass, text, jsonb, jsonb, name, jsonb)',
        'authguard.can(text, regclass, jsonb, jsonb, name, jsonb)',
        'authguard.tap_line(boolean, text, text)',
        'authguard.assert_access(text, text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.assert_visible(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_hidden(regclass, jsonb, jsonb, name, text)',
        'authguard.assert_can(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_cannot(text, regclass, jsonb, jsonb, name, jsonb, text)',
        'authguard.assert_denied(text, regclass, jsonb, jsonb, name, jsonb, name, text)',
        'authguard.policies_svg(name)',
        'authguard.access_matrix(jsonb, regclass[])',
        'authguard.access_snapshot(jsonb, regclass[])',
        'authguard.access_diff(jsonb, jsonb)',
        'authguard.policy_coverage_start(name[])',
        'authguard.policy_coverage()',
        'authguard.policy_coverage_percent()',
        'authguard.policy_mutants(name)'
    ];
    author_tables constant pg_catalog.regclass[] := array['authguard.accepted_finding'];
begin
    return query
        select f.door, 'pg_catalog.pg_proc'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'EXECUTE', u.place = 1 or f.door = 'author'
          from (values ('operator', operator_functions || monitor_functions),
                       ('monitor', monitor_key || monitor_functions),
                       ('signer', signer_functions),
                       ('client', client_functions), ('receiver', receiver_functions),
                       ('introspection', introspection_functions), ('guard', guard_functions),
                       ('author', author_functions)
               ) f (door, functions),
               pg_catalog.unnest(f.functions) with ordinality u (object, place)
        union all
        select r.door, 'pg_catalog.pg_class'::pg_catalog.regclass, u.object::pg_catalog.oid,
               'SELECT', false
          from (values ('operator', operator_tables || monitor_views), ('monitor', monitor_views),
                       ('author', author_tables)
               ) r (door, relations),
               pg_catalog.unnest(r.relations) u (object)
        union all
        select u.door, 'pg_catalog.pg_namespace'::pg_catalog.regclass,
               'authguard'::pg_catalog.regnamespace::pg_catalog.oid, 'USAGE', false
          from pg_catalog.unnest(
                   array['operator', 'monitor', 'signer', 'receiver', 'introspection', 'guard',
                         'author']) u (door);
end
$$;
comment on function authguard.door_objects() is
    'What each grant_* function grants, and for doors guard and author what may be granted by '
    'hand: an object of a catalogue (class) and a privilege. is_key: a role that has this '
    'privilege has the others with good reason';

create function authguard.members(
    out class pg_catalog.regclass, out object pg_catalog.oid)
returns setof pg_catalog.record
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select d.classid, d.objid
      from pg_catalog.pg_depend d
      join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'authguard'
      left join pg_catalog.pg_proc p
             on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.objid
     where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e'
       -- The readers of an adopted schema are its owner's, who decides about their privileges.
       and (p.oid is null
            or p.pronamespace <> 'auth'::pg_catalog.regnamespace
            or p.proname not in ('jwt', 'uid', 'role', 'email')
            or exists (
                select from pg_catalog.pg_depend n
                 where n.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                   and n.objid = p.pronamespace
                   and n.refclassid = d.refclassid and n.refobjid = d.refobjid
                   and n.deptype = 'e'));
end;
comment on function authguard.members() is
    'The objects of the extension, as in pg_depend, but for the readers of an adopted schema';

create function authguard.public_functions() returns setof pg_catalog.regprocedure
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select p.oid
      from authguard.members() m
      join pg_catalog.pg_proc p
        on m.class = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = m.object
     where case when p.pronamespace <> 'authguard'::pg_catalog.regnamespace
                then p.oid not in (authguard.refresh_function(), authguard.introspect_function())
                else p.proname = any (array[
                    -- When a new partition gets its copy of a trigger, Postgres asks this of the
                    -- role that adds it, which may only own the table. Whoever wants to name the
                    -- functions in another trigger needs usage of the schema.
                    'attached_changed', 'attached_user_changed',
                    -- Functions of schema auth call them as the client.
                    'jwt', 'role',
                    -- guard_table and act_as call them as whoever may call these.
                    'guard_expression', 'has_guard', 'note_bypass', 'add_guard',
                    'require_transaction_block', 'refusal'
                ]::pg_catalog.name[]) end;
end;
comment on function authguard.public_functions() is
    'The functions that everybody may call, if the schema is open to them: those of schema auth '
    'but auth.refresh and auth.introspect, and those of schema authguard that others call as their '
    'caller';

create function authguard.extension_grants(
    out target pg_catalog.text, out privilege pg_catalog.text, out grantee pg_catalog.text,
    out is_due pg_catalog.bool)
returns setof pg_catalog.record
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    with members as materialized (select m.class, m.object as oid from authguard.members() m),
    acls as (
        select m.*, p.proowner as owner, 'function ' || p.oid::pg_catalog.regprocedure as target,
               coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) as acl
          from members m join pg_catalog.pg_proc p on p.oid = m.oid
         where m.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
        union all
        select m.*, c.relowner,
               case c.relkind when 'S' then 'sequence ' else 'table ' end
               || c.oid::pg_catalog.regclass, c.relacl
          from members m join pg_catalog.pg_class c on c.oid = m.oid
         where m.class = 'pg_catalog.pg_class'::pg_catalog.regclass
        union all
        select m.*, c.relowner, 'table ' || c.oid::pg_catalog.regclass, t.attacl
          from members m
          join pg_catalog.pg_class c on c.oid = m.oid
          join pg_catalog.pg_attribute t on t.attrelid = c.oid
         where m.class = 'pg_catalog.pg_class'::pg_catalog.regclass
        union all
        -- Types that are made with create type, and those of the rows of tables.
        select m.class, t.oid, t.typowner, 'type ' || t.oid::pg_catalog.regtype, t.typacl
          from members m
          join pg_catalog.pg_type t on t.oid = m.oid
            and m.class = 'pg_catalog.pg_type'::pg_catalog.regclass
            or t.typrelid = m.oid and m.class = 'pg_catalog.pg_class'::pg_catalog.regclass
        union all
        select m.*, n.nspowner, 'schema ' || n.oid::pg_catalog.regnamespace, n.nspacl
          from members m join pg_catalog.pg_namespace n on n.oid = m.oid
         where m.class = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        union all
        select m.*, f.srvowner, 'foreign server ' || pg_catalog.quote_ident(f.srvname), f.srvacl
          from members m join pg_catalog.pg_foreign_server f on f.oid = m.oid
         where m.class = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
        union all
        select m.*, f.fdwowner,
               'foreign data wrapper ' || pg_catalog.quote_ident(f.fdwname), f.fdwacl
          from members m join pg_catalog.pg_foreign_data_wrapper f on f.oid = m.oid
         where m.class = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
    ),
    grants as materialized (
        select a.class, a.oid, a.target, x.privilege_type as privilege, x.grantee
          from acls a, pg_catalog.aclexplode(a.acl) x
         where x.grantee <> a.owner
    ),
    doors as materialized (select * from authguard.door_objects()),
    open as materialized (select f.oid from authguard.public_functions() f (oid))
    select g.target, g.privilege,
           case g.grantee when 0 then 'public'
                else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end,
           case
               when g.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    and g.oid in (select o.oid from open o) then true
               when g.grantee = 0
               then g.target like 'type %'
                    or g.oid = 'auth'::pg_catalog.regnamespace and g.privilege = 'USAGE'
               else exists (
                   select from doors d
                     join doors k on k.door = d.door and k.is_key
                     join grants h on h.class = k.class and h.oid = k.object
                                  and h.privilege = k.privilege and h.grantee = g.grantee
                    where d.class = g.class and d.object = g.oid and d.privilege = g.privilege)
           end
      from grants g;
end;
comment on function authguard.extension_grants() is
    'The privileges that others than its owner have on an object of the extension. target: the '
    'object, as grant names it. is_due: true if every role is to have it, or if a grant_* function '
    'gives it';

create function authguard.close_grants(keep_doors pg_catalog.bool) returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    command pg_catalog.text;
begin
    for command in
        select pg_catalog.format('revoke %s on %s from %s',
                   pg_catalog.string_agg(distinct g.privilege, ', '), g.target, g.grantee)
          from authguard.extension_grants() g
         where not (g.is_due and (keep_doors or g.grantee = 'public'))
         group by g.target, g.grantee
    loop
        execute command;
    end loop;
    for command in
        select pg_catalog.format('grant execute on function %s to public', f.signature)
          from authguard.public_functions() f (signature)
        union all
        select pg_catalog.format('grant usage on schema %s to public',
                   'auth'::pg_catalog.regnamespace)
          from authguard.members() m
         where m.class = 'pg_catalog.pg_namespace'::pg_catalog.regclass
           and m.object = 'auth'::pg_catalog.regnamespace
    loop
        execute command;
    end loop;
    -- A backend remembers that its library can serve this version until it learns of a change of
    -- this table. The option is not set, so nothing else changes.
    alter table authguard.revocation reset (toast_tuple_target);
end
$$;
comment on function authguard.close_grants(pg_catalog.bool) is
    'The last statement of every script: takes away what new objects got by alter default '
    'privileges, so that only the owner has rights, and whoever the owner gave them, and makes '
    'every backend look at the version again. keep_doors: true in the script of an update, false '
    'in that of the installation';

create function authguard.change_access(
    role pg_catalog.name, door pg_catalog.text, command pg_catalog.text)
returns pg_catalog.void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    entry pg_catalog.record;
    others pg_catalog.text[] := '{}';
begin
    if role is null then
        raise exception using
            errcode = 'null_value_not_allowed', message = 'role must not be null';
    end if;
    if command like 'revoke%' then
        -- What another grant_* function has granted stays.
        select coalesce(pg_catalog.array_agg(k.door), '{}') into others
          from authguard.door_objects() k
          join pg_catalog.pg_proc p on p.oid = k.object,
               pg_catalog.aclexplode(p.proacl) a
         where k.is_key and k.door <> change_access.door
           and a.grantee = (select r.oid from pg_catalog.pg_roles r
                             where r.rolname = change_access.role);
    end if;
    -- Postgres would take it for everybody.
    if role = 'public' and command like 'grant%' then
        raise exception using
            errcode = 'undefined_object',
            message = 'public is no role',
            hint = 'Name each role that is to have access.';
    end if;
    for entry in
        select o.privilege,
               case o.class::pg_catalog.oid
                   when 'pg_catalog.pg_proc'::pg_catalog.regclass
                   then 'function ' || o.object::pg_catalog.regprocedure
                   when 'pg_catalog.pg_class'::pg_catalog.regclass
                   then 'table ' || o.object::pg_catalog.regclass
                   else 'schema ' || o.object::pg_catalog.regnamespace
               end as target
          from authguard.door_objects() o
         where o.door = change_access.door
           and not exists (
               select from authguard.door_objects() s
                where s.door = any (others) and s.class = o.class and s.object = o.object
                  and s.privilege = o.privilege)
    loop
        execute pg_catalog.format(command, entry.privilege, entry.target, role);
    end loop;
end
$$;
comment on function authguard.change_access(
    pg_catalog.name, pg_catalog.text, pg_catalog.text) is
    'Grants a role what a door gives, or revokes it. door: as in authguard.door_objects(). '
    'command: how, as a format of privilege, object and role. 22004 if the role is NULL, 42704 if '
    'it does not exist';

create function authguard.grant_operator(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'operator', 'grant %s on %s to %I');
end;
comment on function authguard.grant_operator(pg_catalog.name) is
    'Lets a role revoke, restore, sign users out, prune, and read the state. 22004 if the role is '
    'NULL, 42704 if it does not exist';

create function authguard.grant_monitor(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'monitor', 'grant %s on %s to %I');
end;
comment on function authguard.grant_monitor(pg_catalog.name) is
    'Lets a role watch, and change nothing: the views authguard.blocked_users, live_sessions, '
    'recent_events, keys and statistics, and the functions health and explain_user. 22004 if the '
    'role is NULL, 42704 if it does not exist';

create function authguard.grant_signer(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'signer', 'grant %s on %s to %I');
end;
comment on function authguard.grant_signer(pg_catalog.name) is
    'Lets a role sign users in, step them up, and report new proofs, new credentials and events. '
    '22004 if the role is NULL, 42704 if it does not exist';

create function authguard.grant_client(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'client', 'grant %s on %s to %I');
end;
comment on function authguard.grant_client(pg_catalog.name) is
    'Lets a role refresh tokens. Only for roles whose transactions end users cannot roll back: a '
    'refresh that is rolled back has handed out its tokens, and the ending of a stolen session is '
    'undone. 22004 if the role is NULL, 42704 if it does not exist';

create function authguard.grant_receiver(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'receiver', 'grant %s on %s to %I');
end;
comment on function authguard.grant_receiver(pg_catalog.name) is
    'Lets a role deliver events of identity providers to authguard.receive_event, and nothing '
    'else. 22004 if the role is NULL, 42704 if it does not exist';

create function authguard.grant_introspection(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'introspection', 'grant %s on %s to %I');
end;
comment on function authguard.grant_introspection(pg_catalog.name) is
    'Lets a role ask about the tokens that it holds, and revoke them: auth.introspect and '
    'authguard.revoke. 22004 if the role is NULL, 42704 if it does not exist';

create function authguard.revoke_operator(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'operator', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_operator(pg_catalog.name) is
    'Takes back what authguard.grant_operator has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_monitor(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'monitor', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_monitor(pg_catalog.name) is
    'Takes back what authguard.grant_monitor has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_signer(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'signer', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_signer(pg_catalog.name) is
    'Takes back what authguard.grant_signer has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_client_role(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'client', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_client_role(pg_catalog.name) is
    'Takes back what authguard.grant_client has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_receiver(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'receiver', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_receiver(pg_catalog.name) is
    'Takes back what authguard.grant_receiver has granted to a role. 22004 if the role is NULL, '
    '42704 if it does not exist';

create function authguard.revoke_introspection(role pg_catalog.name) returns pg_catalog.void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.change_access(role, 'introspection', 'revoke %s on %s from %I');
end;
comment on function authguard.revoke_introspection(pg_catalog.name) is
    'Takes back what authguard.grant_introspection has granted to a role. 22004 if the role is '
    'NULL, 42704 if it does not exist';
