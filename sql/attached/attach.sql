-- Attaching and detaching tables. These functions run with the rights of the caller, who must own
-- the table and may write authguard.attached.

create function authguard.refuse_source(relation pg_catalog.regclass, reason pg_catalog.record)
returns pg_catalog.void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = reason.code,
        message = pg_catalog.format('%s %s', relation, reason.problem),
        hint = reason.hint;
end
$$;
comment on function authguard.refuse_source(pg_catalog.regclass, pg_catalog.record) is
    'Raises the error of a row of authguard.check_source or authguard.source_problem';

create function authguard.attach(
    relation pg_catalog.regclass, kind pg_catalog.text,
    parts pg_catalog.text[], names pg_catalog.name[],
    issuer pg_catalog.text, refresh_on_change pg_catalog.bool)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    class pg_catalog.pg_class;
    places pg_catalog.int2[];
    missing pg_catalog.name;
    related pg_catalog.regclass;
    existing authguard.attached;
    changes pg_catalog.text;
    updates pg_catalog.text;
begin
    perform authguard.require_primary();
    select c.* into class from pg_catalog.pg_class c where c.oid = attach.relation;
    if not found then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'a table is needed';
    end if;
    if not pg_catalog.pg_has_role(class.relowner, 'usage') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = pg_catalog.format('must be owner of %s', relation),
            hint = pg_catalog.format('Only the owner can make triggers that always fire: call '
                'this as a member of %I, or as a superuser.',
                pg_catalog.pg_get_userbyid(class.relowner));
    end if;
    if class.relkind not in ('r', 'p') then
        perform authguard.refuse_source(relation, s)
           from authguard.check_source(relation, kind, '{}', '{}') s;
    end if;
    if class.relnamespace = 'authguard'::pg_catalog.regnamespace then
        raise exception using
            errcode = 'wrong_object_type',
            message = pg_catalog.format('%s belongs to authguard', relation),
            hint = 'Sessions of the local issuer decide without being attached.';
    end if;
    perform authguard.check_entry('', issuer, null);
    -- So that its form stays as it is checked.
    execute pg_catalog.format('lock table %s in share row exclusive mode', relation);
    -- Drops the columns that were not passed.
    select pg_catalog.array_agg(p.part order by p.place),
           pg_catalog.array_agg(p.name order by p.place)
      into parts, names
      from rows from (pg_catalog.unnest(parts), pg_catalog.unnest(names))
           with ordinality p (part, name, place)
     where p.name is not null;
    select pg_catalog.array_agg(a.attnum order by p.place),
           (pg_catalog.array_agg(p.name) filter (where a.attnum is null))[1]
      into places, missing
      from pg_catalog.unnest(names) with ordinality p (name, place)
      left join pg_catalog.pg_attribute a
             on a.attrelid = attach.relation and a.attname = p.name
            and a.attnum > 0 and not a.attisdropped;
    if parts is null or parts[1] <> 'id' then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'the column of the key is needed',
            hint = 'Name it with the argument id.';
    end if;
    if missing is not null then
        raise exception using
            errcode = 'undefined_column',
            message = pg_catalog.format('column %I of %s does not exist', missing, relation),
            hint = 'Give the name as it is stored: without quotes, in upper and lower case.';
    end if;
    perform authguard.refuse_source(relation, s)
       from authguard.check_source(relation, kind, parts, places) s;
    select a.relation into related
      from authguard.attached a
     where a.relation <> attach.relation
       and (a.relation in (
                select p.relid from pg_catalog.pg_partition_ancestors(attach.relation) p)
            or a.relation in (
                select p.relid from pg_catalog.pg_partition_tree(attach.relation) p))
     order by a.relation::pg_catalog.oid limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('%s is attached, and %s has rows of it', related, relation),
            hint = 'Attach either the partitioned table or its partitions: detach the other first.';
    end if;

    select a.* into existing from authguard.attached a where a.relation = attach.relation;
    if found then
        if existing.kind = kind and existing.issuer is not distinct from issuer
           and existing.refresh_on_change = refresh_on_change
           and not exists (select from authguard.source_problem(relation, kind))
           and exists (select from authguard.declared_columns(relation) d
                        where d.parts = attach.parts and d.columns = places) then
            return false;
        end if;
    end if;
    perform authguard.detach(relation, coalesce(existing.kind, kind));

    select pg_catalog.string_agg(c.changed, ' or ' order by n.place),
           pg_catalog.string_agg(c.changed, ' or ' order by n.place)
               filter (where parts[n.place] in ('app_metadata', 'role'))
      into changes, updates
      from pg_catalog.unnest(names) with ordinality n (name, place),
           pg_catalog.format('old.%1$I is distinct from new.%1$I', n.name) c (changed);
    -- This trigger also declares the columns. It ignores updates, which may name a column and not
    -- change it.
    execute pg_catalog.format(
        'create trigger authguard_attached after insert or delete or update of %s on %s '
        'for each row execute function authguard.attached_changed(%s)',
        (select pg_catalog.string_agg(pg_catalog.quote_ident(n.name), ', ' order by n.place)
           from pg_catalog.unnest(names) with ordinality n (name, place)),
        relation,
        (select pg_catalog.string_agg(pg_catalog.quote_literal(p.part), ', ' order by p.place)
           from pg_catalog.unnest(parts) with ordinality p (part, place)));
    execute pg_catalog.format(
        'create trigger authguard_attached_change after update on %s '
        'for each row when (%s) execute function authguard.attached_changed()',
        relation, changes);
    execute pg_catalog.format(
        'create trigger authguard_attached_truncate after truncate on %s '
        'for each statement execute function authguard.attached_changed()',
        relation);
    execute pg_catalog.format(
        'alter table %s enable always trigger authguard_attached, '
        'enable always trigger authguard_attached_change, '
        'enable always trigger authguard_attached_truncate',
        relation);
    if updates is not null then
        -- It only notes the user, for the end of the commit: until then tokens are issued from the
        -- row as it was. It is not deferred, because an apply worker of logical replication could
        -- not fire it then.
        execute pg_catalog.format(
            'create trigger authguard_attached_user after update on %s '
            'for each row when (%s) execute function authguard.attached_user_changed()',
            relation, updates);
        execute pg_catalog.format(
            'alter table %s enable always trigger authguard_attached_user', relation);
    end if;
    -- Only the partitions' copies of the triggers show some problems.
    perform authguard.refuse_source(relation, s) from authguard.source_problem(relation, kind) s;
    insert into authguard.attached values (relation, kind, issuer, refresh_on_change);
    return true;
end
$$;
comment on function authguard.attach(
    pg_catalog.regclass, pg_catalog.text, pg_catalog.text[], pg_catalog.name[], pg_catalog.text,
    pg_catalog.bool) is
    'Makes a table, whose named columns have these meanings (parts), a source of the decision. '
    'False if it is one already. Errors as for authguard.attach_users';

create function authguard.declared_columns(
    relation pg_catalog.regclass, out parts pg_catalog.text[], out columns pg_catalog.int2[])
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    -- Each argument ends in a zero byte.
    select pg_catalog.string_to_array(
               pg_catalog.rtrim(pg_catalog.encode(t.tgargs, 'escape'), e'\\000'), e'\\000'),
           -- Counted from 1: an int2vector begins at 0, and then it equals no array.
           (t.tgattr::pg_catalog.int2[])[:]
      from pg_catalog.pg_trigger t
     where t.tgrelid = relation and t.tgname = 'authguard_attached';
end;
comment on function authguard.declared_columns(pg_catalog.regclass) is
    'The columns of an attached table, and the meaning of each, as its trigger authguard_attached '
    'declares them. NULL for a table without it';

create function authguard.detach(relation pg_catalog.regclass, kind pg_catalog.text)
returns pg_catalog.bool
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    name pg_catalog.text;
    was_attached pg_catalog.bool;
begin
    perform authguard.require_primary();
    delete from authguard.attached a
     where a.relation = detach.relation and a.kind = detach.kind;
    was_attached := found;
    if exists (select from authguard.attached a where a.relation = detach.relation) then
        return false;
    end if;
    -- None if the table is gone. They are left over if a restore had them and not the row.
    for name in
        select t.tgname from pg_catalog.pg_trigger t
         where t.tgrelid = relation and pg_catalog.starts_with(t.tgname, 'authguard_attached')
           and not t.tgisinternal
           -- Not those of a partitioned table above it.
           and t.tgparentid = 0
    loop
        execute pg_catalog.format('drop trigger %I on %s', name, relation);
    end loop;
    return was_attached;
end
$$;
comment on function authguard.detach(pg_catalog.regclass, pg_catalog.text) is
    'Makes a table no source any more, and drops its triggers. False if it is no source of that '
    'kind. 25006 on a standby';

create function authguard.attach_users(
    users pg_catalog.regclass,
    id pg_catalog.name default 'id',
    banned_until pg_catalog.name default null,
    deleted_at pg_catalog.name default null,
    app_metadata pg_catalog.name default null,
    issuer pg_catalog.text default null,
    refresh_on_change pg_catalog.bool default false,
    role pg_catalog.name default null
) returns pg_catalog.bool
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.attach(users, 'users',
        array['id', 'banned_until', 'deleted_at', 'app_metadata', 'role'],
        array[id, banned_until, deleted_at, app_metadata, role],
        issuer, coalesce(refresh_on_change, false));
end;
comment on function authguard.attach_users(
    pg_catalog.regclass, pg_catalog.name, pg_catalog.name, pg_catalog.name, pg_catalog.name,
    pg_catalog.text, pg_catalog.bool, pg_catalog.name) is
    'Makes a table of users a source of the decision: a token is revoked if its sub is no id in '
    'it, or if the row is deleted, banned now or flagged access_revoked. issuer NULL: tokens of '
    'every issuer. refresh_on_change: a change of app_metadata or role makes earlier tokens '
    'stale. True if something changed. 42501 unless the caller owns the table; 42703 if a column '
    'does not exist; 22004 without a table or its id; 22023 if the issuer is too long; 42809 for a '
    'table of authguard; 55000 if a table above or below it is attached; the error of '
    'authguard.check_source if it cannot be a source; 25006 on a standby';

create function authguard.attach_sessions(
    sessions pg_catalog.regclass,
    id pg_catalog.name default 'id',
    user_id pg_catalog.name default 'user_id',
    not_after pg_catalog.name default null,
    issuer pg_catalog.text default null
) returns pg_catalog.bool
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.attach(sessions, 'sessions', array['id', 'user_id', 'not_after'],
        array[id, user_id, not_after], issuer, false);
end;
comment on function authguard.attach_sessions(
    pg_catalog.regclass, pg_catalog.name, pg_catalog.name, pg_catalog.name, pg_catalog.text) is
    'Makes a table of sessions a source of the decision: a token is revoked if its session '
    '(auth.sid()) is no id in it, which may be a uuid or a text, or if the row is past not_after. '
    'user_id: the user that a session belongs to, for authguard.sign_out_user. issuer NULL: tokens '
    'of every issuer but the local one. True if something changed. Errors as for '
    'authguard.attach_users';

create function authguard.detach_users(users pg_catalog.regclass) returns pg_catalog.bool
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.detach(users, 'users');
end;
comment on function authguard.detach_users(pg_catalog.regclass) is
    'Undoes authguard.attach_users. If the table was dropped, give its number, which coverage() '
    'names. True if something changed. 25006 on a standby';

create function authguard.detach_sessions(sessions pg_catalog.regclass) returns pg_catalog.bool
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select authguard.detach(sessions, 'sessions');
end;
comment on function authguard.detach_sessions(pg_catalog.regclass) is
    'Undoes authguard.attach_sessions. If the table was dropped, give its number, which '
    'coverage() names. True if something changed. 25006 on a standby';
