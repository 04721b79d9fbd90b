//! Expressions that Postgres accepts in a policy of `app.notes` (fixtures/expressions.sql), each with
//! the first version that has it.

pub const EXPRESSIONS: &[(u32, &str)] = &[
    // Columns, constants and readers.
    (14, "true"),
    (14, "null"),
    (14, "public"),
    (14, "active"),
    (14, "owner = uid()"),
    (14, "owner = (select uid())"),
    (14, r#""odd Name" = -5"#),
    (14, "notes is not null"),
    (14, "notes.* = row(notes.*)::notes"),
    (14, "note_pair(notes) is null"),
    (14, "(note_pair(notes)).a = 1"),
    (14, "tableoid = 'app.notes'::regclass"),
    (14, "ctid = '(0,1)' and xmin::text = '1'"),
    (
        14,
        "current_user = 'ada' or session_user = user or current_role = body or current_catalog = body or current_schema = body",
    ),
    (16, "system_user is null"),
    (
        14,
        "day = current_date and at < localtime and local < localtimestamp(3) and created < current_timestamp(0) and current_time(2) is not null",
    ),
    (
        14,
        "current_setting('request.jwt.claims', true)::jsonb ->> 'sub' = owner::text",
    ),
    (
        14,
        "current_setting('app.tenant') = body and now() > created",
    ),
    // Constants of each type.
    (14, r#"body = 'it''s \ a "text" ($1) {é}'"#),
    (14, "body = '' or body = ' ' or body = '<>'"),
    (
        14,
        "id = 9223372036854775807 or id = -9223372036854775807 or team_id = -2147483648",
    ),
    (
        14,
        "price = 12.50 or price = 0 or price = -0.00012 or price = 'NaN' or price = 123456789012345678901234567890.1",
    ),
    (
        14,
        "price = 1e20 or price = 10000 or price = 10000.0001 or price = 1000000000000 or price = 0.10",
    ),
    (14, "price = 'Infinity'"),
    (
        14,
        "ratio = 1.5::float8 or ratio = 'NaN' or ratio = '-Infinity' or ratio = 1e300 or ratio = 0.1::float4 or ratio = '-0'",
    ),
    (
        14,
        "created > '2024-02-29 12:34:56.789+02' or created = 'infinity' or created = '-infinity'",
    ),
    (
        14,
        "created = '0044-03-15 10:00:00 BC' or local = '1999-12-31 23:59:59.999999' or local = '12024-01-01'",
    ),
    (
        14,
        "day = '2024-02-29' or day = 'infinity' or day = '0044-03-15 BC' or day = '1969-07-20'",
    ),
    (
        14,
        "due > '1 year 2 mons -3 days 04:05:06.7' or due = interval '90' minute or due = interval(2) '1.236 s'",
    ),
    (14, "at = '23:59:59.5' or '12:00+02'::timetz is null"),
    (14, "owner = '00000000-0000-4000-8000-0000000000ff'"),
    (
        14,
        r#"meta = '{"a": [1, -2.50, "x\"y", null, true, {"b": {}}, []], "é": "\u0001"}' or meta = '"s"' or meta = '1' or meta = 'null'"#,
    ),
    (14, r#"raw::text = '{"a":1}'::json::text"#),
    (14, "mood = 'sad' or mood = 'it''s \"fine\"'"),
    (14, "who = 'a@b' or active = 't'"),
    (
        14,
        "tags = '{a,\"b,c\",NULL,\"\"}' or tags = '{}' or ints = '{{1,2},{3,NULL}}' or ints = '[0:1]={1,2}'",
    ),
    (
        14,
        "'{sad}'::mood[] @> array[mood] or '{1.5,NaN}'::numeric[] @> array[price] or '{t,f}'::bool[] is null",
    ),
    (
        14,
        "code = 'ab' or code = 'abc'::char(3) or title = 'abc'::varchar(2)",
    ),
    (14, "data = '\\x00ff'"),
    (14, "'x'::\"char\" = 'y' or 'ada'::name = current_user"),
    (
        14,
        "0::oid = 'pg_catalog.now'::regproc or 'pg_catalog.text'::regtype is null",
    ),
    (14, "addr <<= '10.0.0.0/8'"),
    (14, "bits = B'101'"),
    (14, "span @> 5 or span = '[1,5)'"),
    (14, "'(1,2)'::point is null"),
    (14, "doc::text = '<a/>'"),
    (14, "p = '(1,a)'::pair"),
    // Operators.
    (
        14,
        "not public and (body is null or body is distinct from 'x') and body is not distinct from title",
    ),
    (
        14,
        "(public is true) or public is not true or public is false or public is not false or public is unknown or public is not unknown",
    ),
    (
        14,
        "body === 'x' and !!! body = 'x' and body operator(app.===) title",
    ),
    (
        14,
        "team_id between 1 and 3 and team_id not between symmetric 5 and 4",
    ),
    (
        14,
        "team_id in (1, 2, 3) and title in ('a', 'b') and body not in ('a', title)",
    ),
    (
        14,
        "mood in ('sad') and id in (1, 2, team_id) and owner = any ('{}'::uuid[]) and team_id <> all (ints)",
    ),
    (
        14,
        "'a' = any (tags) and tags && array['x', 'y'] and tags <@ array[body, title] and array[]::text[] = tags",
    ),
    (
        14,
        "array[[1, 2], [3, 4]] = grid and array[ints, grid] is not null and array[1, 2.5] is null and array[1, 2]::bigint[] is null",
    ),
    (
        14,
        "ints[1] = 2 and grid[1][2] = 3 and ints[1:2] = ints[:2] and ints[2:] = ints[:] and (array[1, 2])[team_id] = 1",
    ),
    (
        14,
        "meta['a']['b'] = '1' and meta -> 'a' ->> 0 = 'x' and meta #>> '{a,b}' = 'x' and meta ? 'a' and meta ?| array['a']",
    ),
    (
        14,
        r#"meta @? '$.a[*] ? (@ > 1)' and meta @@ 'strict $.b == "x"'"#,
    ),
    (
        14,
        "body like 'a%' and body not ilike '%b' and body ~ '^a' and body similar to 'a|b' and body like 'a!%' escape '!' and body ^@ 'a'",
    ),
    (
        14,
        "(team_id, body) = (1, 'x') and row(team_id, body) <> row(2, 'y') and (id, body) < (5, 'z') and row(id) >= row(1)",
    ),
    (
        14,
        "(p, team_id) is null and row(1, null) is not null and p is distinct from null and not ((p, 1) is distinct from (p, 2))",
    ),
    (
        14,
        "body collate \"C\" < 'x' and (body || title) collate \"POSIX\" = 'a'",
    ),
    (
        14,
        "(created at time zone 'UTC')::date = day and local at time zone due is not null and timezone('UTC', created) = local",
    ),
    (17, "created at local = local"),
    (14, "(created, created + due) overlaps (local, due)"),
    (
        14,
        "id::text = body and body::bigint = id and id::int = team_id and team_id = id and body::varchar(5)::text = body and price::int = 1",
    ),
    (
        14,
        "body::mood = 'sad' and mood::text = body and title::email = who and who || 'x' = body and body::truth and public::truth and team_id::mood = mood",
    ),
    (
        14,
        "tags::varchar(3)[]::text[] = tags::name[]::text[] and ints::text[] = tags and ints::bigint[] is null and tags::mood[] is null and tags::email[] is null",
    ),
    (
        14,
        "text(title) = body and int8(team_id) = id and \"varchar\"(title, 3, true) = 'a' and price::numeric(4, 1) = 1 and price::numeric(5) = 1 and bits::bit(2) = B'10'",
    ),
    (
        14,
        "local::timestamp(2) = created::timestamptz(0) and due::interval day to second(3) = due and due::interval month = due and at::time(1) = at",
    ),
    (
        14,
        "(title || 1) = 'x' and body || 'a' = 'b' and tags || 'x'::text = tags and meta || '{}' = meta",
    ),
    (
        14,
        "coalesce(team_id, 1) = 1 and nullif(body, '') is null and greatest(team_id, id, 3) > least(1, 2.5) and coalesce(title, body) = 'a'",
    ),
    (
        14,
        "case when public then true when body = 'x' then team_id = 1 else false end",
    ),
    (
        14,
        "case mood when 'sad' then 1 else 2 end = 1 and case body when 'a' then true end and case team_id when 1.5 then 'a' when id then body end = 'a'",
    ),
    (
        14,
        "(p).a = 1 and ((p).b || 'x') = body and pairs[1] = p and (pairs[1]).b = 'x' and row(1, 'a')::pair = p and row(1, body) = p",
    ),
    // Functions.
    (
        14,
        "is_member(team_id) and label(body) = label('x') and label(title) = 'x' and app.shaky() = 1 and random() > 0.5",
    ),
    (
        14,
        "named(1) = 1 and named(b => 3, a => 1) = 1 and named(1, c => body) = 1 and named(a := 2) = 2",
    ),
    (
        14,
        "many('a', 'b') and many(body) and many(variadic tags) and num_nonnulls(body, title) = 1 and concat(variadic tags) = 'x' and format('%s', variadic array[body]) = 'a'",
    ),
    (
        14,
        "extract(year from created) = 2024 and extract('epoch' from due) > 1 and date_part('day', created) = 1 and overlay(body placing 'x' from 2 for 3) = 'a' and overlay(body placing 'x' from 2) = 'a'",
    ),
    (
        14,
        "position('a' in body) = 1 and substring(body from 1 for 2) = 'a' and substring(body from 2) = 'a' and substring(body for 2) = 'a' and substring(body from '^a') = 'a' and substr(body, 2) = 'x' and substring(body, 2, 3) = 'x'",
    ),
    (
        14,
        "trim(body) = 'a' and trim(leading 'x' from body) = 'a' and trim(trailing from body) = 'a' and trim(both 'x' from body) = 'a' and btrim(body, 'x') = 'a' and substring(body similar 'a#\"b#\"c' escape '#') = 'b'",
    ),
    (
        14,
        "normalize(body) = body and normalize(body, nfkc) = body and body is normalized and body is not nfd normalized and collation for (body) is not null",
    ),
    (
        14,
        "lower(body) = 'x' and upper(span) = 5 and jsonb_build_object('a', team_id, 'b', body) = meta and to_jsonb(notes) ? 'id' and row_to_json(notes) is not null and make_interval(days => 2) = due",
    ),
    // Sub-selects.
    (
        14,
        "exists (select 1 from members m where m.team_id = notes.team_id and m.user_id = uid())",
    ),
    (
        14,
        "not exists (select from members where team_id = notes.team_id) or exists (select * from only teams)",
    ),
    (
        14,
        "team_id in (select team_id from members where user_id = (select uid())) and team_id not in (select id from teams) and team_id = any (select id from teams)",
    ),
    (
        14,
        "(team_id, owner) in (select team_id, user_id from members) and (team_id, body) <> all (select id, name from teams) and id > all (select id from teams) and title = some (select name from teams)",
    ),
    (
        14,
        "(select count(*) from members) > 1 and (select role from members where user_id = owner limit 1) = 'a' and (select max(since) from members) > created",
    ),
    (
        14,
        "(team_id, body) = (select id, name from teams) and (team_id, body) < (select id, name from teams) and row(team_id, body) <> (select id, name from teams)",
    ),
    (
        14,
        "array(select name from teams order by id desc nulls last, name using <) @> tags and team_id = (select id from teams order by name collate \"C\", 1 desc offset 1 rows fetch first 2 rows only)",
    ),
    (
        14,
        "exists (select distinct name from teams) and exists (select distinct on (name, id) name from teams order by name, id) and exists (select all name from teams order by id fetch first 3 rows with ties)",
    ),
    (
        14,
        "exists (select * from teams t join members m on m.team_id = t.id where m.user_id = owner) and exists (select t.name from teams t left join members m on m.team_id = t.id)",
    ),
    (
        14,
        "exists (select team_id, m.role, o.role from members m join members o using (team_id, user_id) where team_id = notes.team_id and m.role = o.role)",
    ),
    (
        14,
        "exists (select team_id from members m full join members o using (team_id) where team_id = 1) and exists (select j.team_id from members m join members o using (team_id) as j where j.team_id > 0)",
    ),
    (
        14,
        "exists (select * from members natural join members o) and exists (select j.a from (teams t cross join members m) as j (a, b, c, d, e) where j.e = owner)",
    ),
    (
        14,
        "exists (select j from (members m left join teams t on t.id = m.team_id) as j where j is not null)",
    ),
    (
        14,
        "exists (select 1 from (teams t right join members m on t.id = m.team_id) left join (teams u join members n on u.id = n.team_id) on n.user_id = m.user_id where u.name = t.name)",
    ),
    (
        14,
        "exists (select 1 from teams, members where teams.id = members.team_id) and exists (select 1 from teams t, lateral (select * from members m where m.team_id = t.id) s where s.role = body)",
    ),
    (
        14,
        "exists (select x.a from (select id a, name from teams) x where x.a = team_id) and exists (select a.b from (select 1) a (b) where a.b = team_id) and exists (select x from (select 1, 2) x)",
    ),
    (
        14,
        "exists (select 1 from several(team_id) s where s = 1) and exists (select s.n from several(1) with ordinality s (v, n)) and exists (select * from rows_of(1) r where r.y = body)",
    ),
    (
        14,
        "exists (select * from any_rows() as r (a int, b text) where r.b = body) and exists (select * from rows from (several(1), rows_of(2)) with ordinality as r (a, b, c, d)) and exists (select * from rows from (any_rows() as (a int, b varchar(3)), several(1)) as t)",
    ),
    (
        14,
        "exists (select 1 from unnest(tags) t where t = 'a') and exists (select 1 from unnest(tags, ints) as u (t, i) where u.i = 1) and exists (select e ->> 'x' from jsonb_array_elements(meta) e) and exists (select generate_series(1, team_id))",
    ),
    (
        14,
        "exists (values (1, 'a'), (team_id, body)) and team_id in (values (1), (2)) and exists (select 1 from (values (1, 'a'), (2, body)) v (n, t) where v.n = team_id)",
    ),
    (
        14,
        "team_id in (select id from teams union select team_id from members) and team_id in (select id from teams union all select 1 except select 2 intersect all select 3 order by 1 limit 2)",
    ),
    (
        14,
        "exists ((select name from teams order by 1 limit 1) union (select role from members) except all (values ('a')))",
    ),
    (
        14,
        "exists (with mine as (select team_id from members where user_id = owner), more as materialized (select * from mine) select 1 from more m join mine n on n.team_id = m.team_id where m.team_id = notes.team_id)",
    ),
    (
        14,
        "exists (with recursive up (id, parent) as (select id, parent from teams where id = team_id union all select t.id, t.parent from teams t join up on up.parent = t.id) select 1 from up where id = 1)",
    ),
    (
        14,
        "exists (with recursive up as (select id, parent from teams union select t.id, t.parent from teams t, up where up.parent = t.id) search depth first by id set ord cycle id set looped to 'y' default 'n' using path select 1 from up where looped = 'n')",
    ),
    (
        14,
        "exists (with a as not materialized (with b as (select 1 x) select * from b) select 1 from a where exists (select 1 from a c where c.x = a.x and c.x = team_id))",
    ),
    (
        14,
        "(select sum(team_id) filter (where role = 'x') from members group by user_id having count(distinct role) > 1 order by sum(team_id) limit 1) = 1",
    ),
    (
        14,
        "exists (select role, count(*) from members group by role having label(role) = 'x') and exists (select upper(name), count(*) from teams group by 1 order by 2) and exists (select label(name) from teams group by label(name) having label(name) = 'x')",
    ),
    (
        14,
        "exists (select role, user_id, grouping(role, user_id) from members group by grouping sets ((role), (user_id), ())) and exists (select role from members group by rollup (role, user_id)) and exists (select team_id from members group by distinct cube (role, team_id), rollup (team_id)) and exists (select count(*) from members group by ())",
    ),
    (
        14,
        "(select string_agg(distinct role, ',' order by role) from members) = 'a' and (select array_agg(role order by since desc, user_id) from members) = tags and (select count(distinct (role, user_id)) from members) = 1",
    ),
    (
        14,
        "(select percentile_cont(0.5) within group (order by team_id desc) from members) = 1 and (select mode() within group (order by role) from members) = 'x' and (select rank(1) within group (order by team_id) from members) = 1 and (select percentile_disc(array[0.1, 0.2]) within group (order by team_id) from members) is null",
    ),
    (
        14,
        "(select every_one(id > 1) from teams) and (select bool_and(true) from teams) and exists (select any_rows from (select every_one(public) any_rows from notes n) s where any_rows)",
    ),
    (
        14,
        "exists (select row_number() over (partition by role order by since desc nulls first) from members) and exists (select sum(team_id) over w, count(*) over (w order by since) from members window w as (partition by user_id))",
    ),
    (
        14,
        "exists (select sum(team_id) filter (where role = 'a') over (order by since range between '1 day'::interval preceding and current row exclude ties), lag(role, 2, 'x') over (order by since rows between 1 preceding and 2 following), count(*) over (order by role groups between unbounded preceding and current row) from members)",
    ),
    (
        14,
        "exists (select name from teams order by (id, name)::text) and (select p from notes n order by p using #< limit 1) is null and exists (select p from notes n order by pairs using <)",
    ),
    (
        14,
        "exists (select 1 from members for update) and exists (select 1 from members m, teams t for no key update of m nowait for share of t skip locked)",
    ),
    (
        14,
        "exists (select 1 from members tablesample bernoulli (10) where role = 'a') and exists (select 1 from teams t tablesample system (label('5')::real) repeatable (7))",
    ),
    (
        14,
        "exists (select 1 from xmltable(xmlnamespaces('http://a' as x), '/r/x:c' passing doc columns n for ordinality, a int path '@a' not null, b text default label('z')) t where t.b = body)",
    ),
    (
        14,
        "exists (select (select max(m.team_id) from teams) from members m where (select m.role) = body) and exists (select 1 from teams t where exists (select 1 from members where team_id = t.id and exists (select 1 where t.name = notes.body and user_id = notes.owner)))",
    ),
    (
        14,
        "exists (select note_pair(n), (note_pair(n)).b, n from notes n where n.id = notes.id and n is not null)",
    ),
    (
        14,
        "exists (select 1 from teams notes_1, notes where notes.id = 1) and exists (select 1 from teams as notes where notes.id = 2)",
    ),
    (
        14,
        "exists (select \"odd Name\" as \"A \"\"b\", 1 as \"?column?\", 2 as \"select\" from notes as \"N x\" where \"N x\".\"odd Name\" = 1)",
    ),
    (
        14,
        "(select (select id from teams limit 1) + 1) = 2 and exists (select from teams limit all) and exists (select 1 limit (select 2) offset team_id)",
    ),
    // XML.
    (
        14,
        "xmlexists('/a' passing doc) and doc is document and doc is not document and xmlconcat(doc, doc) is not null",
    ),
    (
        14,
        "xmlelement(name a, xmlattributes(label(body) as b, team_id), doc, 'x') is not null and xmlforest(body as a, team_id) is not null and xmlpi(name php, body) is not null and xmlroot(doc, version '1.0', standalone yes) is not null and xmlroot(doc, version no value) is not null",
    ),
    (
        14,
        "xmlparse(content body) is not null and xmlparse(document body preserve whitespace) is not null and xmlserialize(content doc as text) = body",
    ),
    (16, "xmlserialize(document doc as varchar indent) = body"),
    // SQL/JSON.
    (
        16,
        "body is json and body is json object with unique keys and body is not json array and raw is json scalar",
    ),
    (
        16,
        "json_object('a': team_id, 'b': label(body) absent on null) is not null and json_array(1, body null on null returning jsonb) = meta and json_array(select id from teams) is not null and json_object(returning text) = body",
    ),
    (
        16,
        "(select json_arrayagg(role order by role) from members) is not null and (select json_objectagg(role : team_id absent on null with unique keys returning jsonb) from members) = meta",
    ),
    (
        17,
        "json_exists(meta, '$.a ? (@ > $x)' passing team_id as x) and json_value(meta, '$.a' returning int default 5 on empty error on error) = 1 and json_query(meta, '$.a' with wrapper) is not null and json_query(meta, '$.b' returning text omit quotes) = body",
    ),
    (
        17,
        "json(body) is not null and json_scalar(team_id) is not null and json_serialize(raw returning text) = body and json(body with unique keys) is not null",
    ),
    (
        17,
        "exists (select 1 from json_table(meta, '$[*]' as r passing label(body) as x columns (n for ordinality, a int path '$.a' default 1 on empty, b bool exists path '$.b', nested path '$.c[*]' as c columns (d text path '$'))) j where j.d = body)",
    ),
    (18, "casefold(body) = 'x' and uuidv7() <> owner"),
];
