-- Partitioned tables as sources: the row decides, in whichever partition it is.
\set VERBOSITY default
\set SHOW_CONTEXT never
create role part_idp; create role part_ops;
select authguard.grant_operator('part_ops');
create function pg_temp.judge(sub text) returns text language plpgsql as $$
begin
    perform set_config('request.jwt.claims', jsonb_build_object('sub', sub, 'exp', 4102444800)::text, false);
    return coalesce(auth.revocation_reason(), 'live');
end $$;
create function pg_temp.after(change text, sub text) returns text language plpgsql as $$
begin
    execute change;
    return pg_temp.judge(sub);
end $$;

create function pg_temp.dropped(change text) returns bool language plpgsql as $$
begin
    execute change;
    return true;
end $$;

-- What cannot be a source: each with what to do about it.
create table by_region (id bigint not null, region text not null, primary key (id, region)) partition by list (region);
create table by_region_1 partition of by_region (unique (id)) default;
create table by_nothing (id bigint not null) partition by hash (id);
create table not_everywhere (id bigint not null) partition by hash (id);
create table not_everywhere_1 partition of not_everywhere for values with (modulus 1, remainder 0);
create unique index on only not_everywhere (id);
create table nullable (id bigint unique) partition by hash (id);
create table other_class (id text not null) partition by hash (id);
create unique index on other_class (id text_pattern_ops);
create table other_order (id text primary key) partition by range (id text_pattern_ops);
create table other_order_below (id text primary key) partition by hash (id);
create table other_order_below_1 partition of other_order_below for values with (modulus 1, remainder 0) partition by list (id text_pattern_ops);
create table twice (id bigint primary key) partition by hash (id, id);
create table subdivided (id bigint primary key) partition by range (id);
create table subdivided_1 partition of subdivided for values from (0) to (10) partition by hash (id);
create unlogged table subdivided_1_1 partition of subdivided_1 for values with (modulus 1, remainder 0);
create foreign data wrapper part_wrapper;
create server part_server foreign data wrapper part_wrapper;
create table far (id bigint not null) partition by range (id);
create foreign table far_1 partition of far for values from (0) to (10) server part_server;
create unique index on far (id);
create unique index on only far (id);
select authguard.attach_users('by_region');
select authguard.attach_users('by_nothing');
select authguard.attach_users('not_everywhere');
select authguard.attach_users('nullable');
select authguard.attach_users('other_class');
select authguard.attach_users('other_order');
select authguard.attach_users('other_order_below');
select authguard.attach_users('twice');
select authguard.attach_users('subdivided');
select authguard.attach_users('far');
select authguard.attach_users('subdivided', id => 'Id');
select authguard.attach_users('subdivided', id => null);
select count(*) as attached from authguard.attached;
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;
drop table by_region, by_nothing, not_everywhere, nullable, other_class, other_order, other_order_below, twice, subdivided, far;
drop server part_server; drop foreign data wrapper part_wrapper;

-- Partitions whose columns lie otherwise, one level and two deep, and of another owner.
create table users (id bigint primary key, banned_until timestamptz, gone boolean not null default false, meta jsonb, role text)
    partition by range (id);
create table users_1 (dropped int, role text, meta jsonb, also_dropped int, gone boolean not null default false,
                      banned_until timestamptz, id bigint not null);
alter table users_1 drop column dropped, drop column also_dropped;
alter table users attach partition users_1 for values from (0) to (10);
create table users_2 partition of users for values from (10) to (20) partition by list (id);
create table users_2_rest partition of users_2 default;
create table users_2_10 (banned_until timestamptz, role text, meta jsonb, gone boolean not null default false, id bigint not null);
alter table users_2 attach partition users_2_10 for values in (10);
insert into users (id) values (1), (2), (10), (11);
alter table users owner to part_idp; alter table users_1 owner to part_idp;
grant usage, create on schema public to part_idp;
select authguard.attach_users('users', banned_until => 'banned_until', deleted_at => 'gone', app_metadata => 'meta', role => 'role') as attached;
select authguard.attach_users('users', banned_until => 'banned_until', deleted_at => 'gone', app_metadata => 'meta', role => 'role') as again;
select problem from authguard.source_problem('users', 'users');
-- A partition that comes later gets them, too. Its owner can make it, but no trigger of that kind.
set role part_idp;
create table users_3 partition of users for values from (20) to (30);
create table pg_temp.own (id bigint);
create trigger own after insert on pg_temp.own for each row execute function authguard.attached_changed();
reset role;
drop table pg_temp.own;
select tgrelid::regclass::text as relation, tgname, tgenabled, tgattr
  from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384 order by tgrelid::regclass::text, tgname;
select sub, pg_temp.judge(sub) from unnest(array['1', '2', '10', '11', '12', '20', '-1', 'x']) sub;

-- What the row says.
select id, pg_temp.after(format('update users set banned_until = ''infinity'' where id = %s', id), id) as banned,
       pg_temp.after(format('update users set banned_until = null, gone = true where id = %s', id), id) as deleted,
       pg_temp.after(format('update users set gone = false, meta = ''{"access_revoked": 1}'' where id = %s', id), id) as flagged,
       pg_temp.after(format('update users set meta = null where id = %s', id), id) as back,
       pg_temp.after(format('delete from users where id = %s', id), id) as gone,
       pg_temp.after(format('insert into users (id) values (%s)', id), id) as returned
  from unnest(array['1', '10', '11', '20']) id;
-- Written to the partition itself.
select pg_temp.after('update users_2_10 set gone = true', '10') as deleted, pg_temp.after('update users_2_10 set gone = false', '10') as back;
-- A row that takes another key moves to another partition.
select pg_temp.after('update users set id = 12 where id = 1', '1') as moved, pg_temp.judge('12') as there,
       pg_temp.after('update users set id = 1 where id = 12', '12') as moved_back, pg_temp.judge('1') as there;

-- In one's own transaction.
begin;
select pg_temp.judge('1');
truncate users_1;
select auth.revocation_reason() as own_truncate;
rollback;
select auth.revocation_reason() as rolled_back;
begin;
alter table users detach partition users_1;
select auth.revocation_reason() as own_detach;
rollback;
select auth.revocation_reason() as rolled_back;
begin;
truncate users;
select auth.revocation_reason() as own_truncate;
rollback;
select auth.revocation_reason() as rolled_back;

-- Rows come and go with their partitions.
select pg_temp.judge('10');
alter table users_2 detach partition users_2_10;
select auth.revocation_reason() as detached;
alter table users_2 attach partition users_2_10 for values in (10);
select auth.revocation_reason() as attached;
alter table users detach partition users_2;
select auth.revocation_reason() as detached, (select count(*) from pg_trigger where tgrelid = 'users_2_10'::regclass) as triggers;
alter table users attach partition users_2 for values from (10) to (20);
select auth.revocation_reason() as attached;
select pg_temp.judge('1');
drop table users_1;
select auth.revocation_reason() as dropped;
create table users_1 partition of users for values from (0) to (10);
insert into users (id) values (1);
select auth.revocation_reason() as back;
vacuum full users_1;
reindex table users_1;
select auth.revocation_reason() as rebuilt;

-- Renamed and moved, it goes on.
alter table users rename column id to key;
alter table users_1 rename to users_first;
create schema part_elsewhere;
alter table users_first set schema part_elsewhere;
update users set gone = true where key = 1;
select auth.revocation_reason() as renamed;
update users set gone = false where key = 1;
select auth.revocation_reason() as renamed;
alter table users rename column key to id;

-- What breaks it shuts everybody out, what breaks a partition whom it has or would have, and is said.
create view part_coverage as select guarded, problem, hint from authguard.coverage() where kind = 'attached table';
create function pg_temp.broken(change text) returns setof text language plpgsql as $$
begin
    begin
        execute change;
        return query select format('1 %s, 10 %s, 30 %s: ', pg_temp.judge('1'), pg_temp.judge('10'), pg_temp.judge('30')) || coalesce(problem || ' -> ' || hint, 'nothing') from part_coverage;
        raise exception 'back';
    exception when raise_exception then null;
    end;
end $$;
select pg_temp.broken('select');
select pg_temp.broken('drop trigger authguard_attached on users');
select pg_temp.broken('drop trigger authguard_attached on users_2_10');
select pg_temp.broken('alter table users drop constraint users_pkey');
select pg_temp.broken('alter table users_2_10 set unlogged');
select pg_temp.broken('create unlogged table users_4 partition of users for values from (30) to (40)');
select pg_temp.broken('alter table users drop column meta cascade');
-- Triggers that do not fire make it slow, not wrong.
select pg_temp.broken('alter table users_2_10 disable trigger authguard_attached_change');
select pg_temp.broken('alter table part_elsewhere.users_first disable trigger all; update users set gone = true where id = 1');
select pg_temp.broken('alter table part_elsewhere.users_first enable trigger authguard_attached');
alter table part_elsewhere.users_first disable trigger all;
select authguard.attach_users('users', banned_until => 'banned_until', deleted_at => 'gone', app_metadata => 'meta', role => 'role') as mended;
select * from part_coverage;

-- Of a table and its partitions one is attached.
select authguard.attach_users('users_3');
select authguard.attach_users('users_2');
select authguard.detach_users('users_3') as is_none;
create table users_5 (like users including all);
select authguard.attach_users('users_5', issuer => 'another');
alter table users attach partition users_5 for values from (40) to (50);
create table family (like users including all) partition by range (id);
alter table family attach partition users_5 for values from (40) to (50);
select authguard.attach_users('family');
select authguard.detach_users('users_5');
drop table family;

-- Changes of what tokens say are told of users in partitions.
select authguard.attach_users('users', app_metadata => 'meta', role => 'role', refresh_on_change => true) as otherwise;
delete from authguard.event;
update users set role = 'editor' where id in (1, 11);
update users set meta = '{"org": 2}' where id = 10;
update users set gone = gone;
select name, user_id, actor from authguard.event order by user_id;
select kind, key, issuer, reason from authguard.revocation where kind = 'claims' order by key;
select pg_temp.judge('1') as changed, pg_temp.judge('20') as unchanged;
delete from authguard.revocation; delete from authguard.event;
select authguard.detach_users('users') as detached;
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;

-- Every key is looked for where Postgres keeps it, whatever its type and the way of partitioning.
create function pg_temp.found(source regclass) returns text language plpgsql as $$
declare
    key text;
    n int := 0;
    live int := 0;
    gone int := 0;
begin
    perform authguard.attach_users(source);
    for key in execute format('select id::text from %s order by 1', source) loop
        n := n + 1;
        live := live + (pg_temp.judge(key) = 'live')::int;
        if n % 10 = 0 then
            execute format('delete from %s where id::text = $1', source) using key;
            gone := gone + (pg_temp.judge(key) = 'user_deleted')::int;
        end if;
    end loop;
    perform authguard.detach_users(source);
    return format('%s of %s, and %s deleted', live, n, gone);
end $$;
create function pg_temp.filled(type text, way text, bounds text[], keys text) returns text language plpgsql as $$
declare
    bound text;
begin
    execute format('create table filled (id %s primary key) partition by %s (id)', type, way);
    foreach bound in array bounds loop
        execute format('create table %I partition of filled %s', 'filled ' || md5(bound), bound);
    end loop;
    execute format('insert into filled select distinct (%s)::%s from generate_series(-250, 249) g', keys, type);
    return (select format('%s in %s partitions', pg_temp.found('filled'), count(distinct f.tableoid)) from filled f);
end $$;
select type, way, pg_temp.filled(type, way, bounds, keys) as found, pg_temp.dropped('drop table filled') as dropped
  from (values ('bigint', 'hash', array['for values with (modulus 2, remainder 0)', 'for values with (modulus 4, remainder 1)', 'for values with (modulus 4, remainder 3)'], 'g'),
               ('bigint', 'range', array['for values from (minvalue) to (-200)', 'for values from (-200) to (0)', 'for values from (0) to (1)', 'default'], 'g'),
               ('bigint', 'list', array['for values in (-250, 7, 249)', 'for values in (0)', 'default'], 'g'),
               ('uuid', 'hash', array['for values with (modulus 3, remainder 0)', 'for values with (modulus 3, remainder 1)', 'for values with (modulus 3, remainder 2)'], 'md5(g::text)'),
               ('uuid', 'range', array[$$for values from (minvalue) to ('80000000-0000-0000-0000-000000000000')$$, $$for values from ('80000000-0000-0000-0000-000000000000') to (maxvalue)$$], 'md5(g::text)'),
               ('varchar(40)', 'hash', array['for values with (modulus 2, remainder 0)', 'for values with (modulus 2, remainder 1)'], $$'Ada' || g$$),
               ('text', 'range', array[$$for values from (minvalue) to ('b')$$, $$for values from ('b') to ('m')$$, 'default'], $$chr(ascii('a') - 32 * abs(g % 2) + abs(g) % 26) || g$$),
               ('text collate "C"', 'range', array[$$for values from (minvalue) to ('M')$$, $$for values from ('M') to ('b')$$, 'default'], $$chr(ascii('a') - 32 * abs(g % 2) + abs(g) % 26) || g$$),
               ('text', 'list', array[$$for values in ('Ada1', 'Ada-1')$$, 'default'], $$'Ada' || g$$)) v (type, way, bounds, keys);

-- Sessions.
create table sessions (id uuid primary key, user_id bigint not null, not_after timestamptz) partition by hash (id);
create table sessions_0 partition of sessions for values with (modulus 2, remainder 0);
create table sessions_1 (not_after timestamptz, user_id bigint not null, id uuid not null);
alter table sessions attach partition sessions_1 for values with (modulus 2, remainder 1);
insert into sessions select ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a' || g)::uuid, 7 from generate_series(10, 19) g;
insert into sessions select ('b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a' || g)::uuid, 8 from generate_series(10, 19) g;
select count(*) > 0 as some, count(*) < 10 as not_all from sessions_1 where user_id = 7;
select authguard.attach_sessions('sessions', not_after => 'not_after') as attached;
create function pg_temp.live_sessions() returns text language plpgsql as $$
declare
    live text[] := '{}';
    session record;
begin
    for session in select s.id, s.user_id from sessions s order by s.id loop
        perform set_config('request.jwt.claims', jsonb_build_object('session_id', session.id, 'exp', 4102444800)::text, false);
        if not auth.is_revoked() then
            live := live || session.user_id::text;
        end if;
    end loop;
    return (select string_agg(format('%s: %s', u, n), ', ' order by u) from (select u, count(*) n from unnest(live) u group by u) c);
end $$;
select pg_temp.live_sessions();
select authguard.sign_out_user('7') as ended;
select pg_temp.live_sessions();
update sessions set not_after = '2001-01-01' where id::text like 'b%15';
select pg_temp.live_sessions();
delete from authguard.revocation; delete from authguard.event;
select pg_temp.live_sessions();

-- Leaving: nothing of ours stays.
begin;
select count(*) as left_behind from authguard.release() object where object like '%authguard%';
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;
rollback;
select authguard.detach_sessions('sessions');
select count(*) as attached from authguard.attached;
select count(*) as triggers from pg_trigger where tgname like 'authguard%' and tgrelid >= 16384;
reset request.jwt.claims;
drop view part_coverage;
drop table users, sessions;
drop schema part_elsewhere;
drop owned by part_idp, part_ops;
drop role part_idp, part_ops;
