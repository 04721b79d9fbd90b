-- The library writes jsonb itself: on every version it is what Postgres makes of the same text.
create function pg_temp.is_same(claims text) returns boolean language plpgsql as $$
declare
    other jsonb := claims::jsonb;
    member record;
begin
    perform set_config('request.jwt.claims', claims, true);
    for member in select * from jsonb_each(other) loop
        if auth.jwt() -> member.key is distinct from member.value then
            return false;
        end if;
    end loop;
    return auth.jwt() = other and auth.jwt()::text = other::text and pg_column_size(auth.jwt()) = pg_column_size(other);
end $$;

-- Numbers of every form.
select count(*), bool_and(pg_temp.is_same(format('{"n":%s%s%s%s}', sign, whole, fraction, exponent)))
  from unnest(array['', '-']) sign, unnest(array['0', '7', '10000', '123456789', '9223372036854775807']) whole,
       unnest(array['', '.0', '.50', '.00001', '.123456789012345678901']) fraction,
       unnest(array['', 'e0', 'E+5', 'e-7', 'e99', 'e-99', 'e288', 'e-280']) exponent
 where whole <> '0' or length(exponent) < 3;

-- Objects and arrays of every length, with strings and escapes of every length.
select count(*), bool_and(pg_temp.is_same(format('{"o":{%s},"a":[%s],"s":"%s",%1$s,"e":{},"":[]}', members, elements, text)))
  from (select string_agg(format('"k%s":%s', i, i), ', ') as members,
               string_agg(format('{"":[null, true,%s.5]}', i), ',') as elements,
               repeat('\u00e9 \"\n\ud83d\ude00', length) as text
          from generate_series(1, 100) length join generate_series(1, 100) i on i <= length
         group by length) payload;
