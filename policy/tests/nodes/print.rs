//! SQL texts of trees. That Postgres makes the same trees of them, the wire test `policy_texts`
//! shows.

use super::texts::{VERSIONS, Writer, entry_number, from};
use authguard_policy::{ByteOrder, MAX_DEPTH, Name, Names, TypeName, print, read_node};

/// The policy's table of the texts.
const NOTES: u32 = 16390;

fn name(schema: &str, name: &str) -> Name {
    Name {
        schema: schema.to_owned(),
        name: name.to_owned(),
    }
}

fn type_name(name: Name, kind: char, length: i16, alignment: u8) -> TypeName {
    TypeName {
        name,
        kind,
        element: 0,
        relation: 0,
        length,
        alignment,
    }
}

/// The names of all that the texts use.
pub fn names() -> Names {
    let mut names = Names::default();
    names.functions.insert(16500, name("auth", "uid"));
    names.functions.insert(77, name("app", "rows"));
    names.operators.insert(2972, name("pg_catalog", "="));
    names.operators.insert(16777, name("ext", "="));
    for (oid, table) in [
        (NOTES, "notes"),
        (16400, "members"),
        (101, "a"),
        (102, "b \"c\""),
        (103, "c"),
    ] {
        names.relations.insert(oid, name("app", table));
        for (attno, column) in (1..).zip(["id", "owner", "team", "x", "id", "y", "name"]) {
            names.columns.insert((oid, attno), column.to_owned());
        }
    }
    let base: [(u32, &str, i16, u8); 20] = [
        (16, "bool", 1, 1),
        (17, "bytea", -1, 4),
        (20, "int8", 8, 8),
        (21, "int2", 2, 2),
        (23, "int4", 4, 4),
        (25, "text", -1, 4),
        (700, "float4", 4, 4),
        (701, "float8", 8, 8),
        (869, "inet", -1, 4),
        (1043, "varchar", -1, 4),
        (1082, "date", 4, 4),
        (1083, "time", 8, 8),
        (1114, "timestamp", 8, 8),
        (1184, "timestamptz", 8, 8),
        (1186, "interval", 16, 8),
        (1266, "timetz", 12, 8),
        (1560, "bit", -1, 4),
        (1700, "numeric", -1, 4),
        (2950, "uuid", 16, 1),
        (3802, "jsonb", -1, 4),
    ];
    for (oid, type_oid, length, alignment) in base {
        let known = type_name(name("pg_catalog", type_oid), 'b', length, alignment);
        names.types.insert(oid, known);
    }
    let array = |element, called: &str| TypeName {
        element,
        ..type_name(name("pg_catalog", called), 'b', -1, 4)
    };
    names.types.insert(1007, array(23, "_int4"));
    names.types.insert(1009, array(25, "_text"));
    let range = TypeName {
        kind: 'r',
        ..array(23, "int4range")
    };
    names.types.insert(3904, range);
    let mood = type_name(name("app", "mood"), 'e', 4, 4);
    names.types.insert(16600, mood);
    names.labels.insert(16601, "it's".to_owned());
    names
}

fn printed(text: &str) -> Result<String, String> {
    let value = read_node(text).unwrap();
    print(&value, NOTES, &names()).map_err(|error| error.to_string())
}

/// A text without the quotes that no name here needs.
fn plain(text: &str) -> String {
    printed(text)
        .unwrap()
        .replace("\"pg_catalog\".", "")
        .replace("\"app\".", "app.")
        .replace('"', "")
}

#[test]
fn a_policy_is_printed_with_the_schema_of_each_name() {
    for w in VERSIONS.map(Writer) {
        let sql = printed(&w.owner_or_member()).unwrap();
        assert_eq!(
            sql,
            r#"(("notes"."owner" OPERATOR("pg_catalog".=) "auth"."uid"()) OR (EXISTS (SELECT true AS "?column?" FROM "app"."members" WHERE (("members"."owner" OPERATOR("pg_catalog".=) "auth"."uid"()) AND ("members"."id" OPERATOR("pg_catalog".=) "notes"."team")))))"#
        );
    }
}

/// A constant of so many bytes.
fn constant(type_id: u32, by_value: bool, bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    if by_value {
        bytes.resize(8, 0);
    }
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    format!(
        "{{CONST :consttype {type_id} :consttypmod -1 :constcollid 0 :constlen 1 :constbyval {by_value} \
         :constisnull false :location 1 :constvalue {} [ {} ]}}",
        bytes.len(),
        numbers.join(" ")
    )
}

fn varlena(type_id: u32, bytes: &[u8]) -> String {
    let header = u32::try_from((bytes.len() + 4) << 2).unwrap().to_le_bytes();
    constant(type_id, false, &[&header[..], bytes].concat())
}

#[test]
fn constants_are_literals_of_their_type() {
    let day = 86_400_000_000_i64;
    let interval = |time: i64, days: i32, months: i32| {
        let bytes = [
            &time.to_le_bytes()[..],
            &days.to_le_bytes(),
            &months.to_le_bytes(),
        ]
        .concat();
        constant(1186, false, &bytes)
    };
    let int4 = |number: i32| constant(23, true, &number.to_le_bytes());
    let at = |micros: i64| constant(1114, true, &micros.to_le_bytes());
    for (node, sql) in [
        (constant(16, true, &[1]), "true"),
        (constant(16, true, &[0]), "false"),
        (int4(5), "5"),
        (int4(-5), "'-5'::int4"),
        (int4(i32::MIN), "'-2147483648'::int4"),
        (
            constant(20, true, &i64::MIN.to_le_bytes()),
            "'-9223372036854775808'::int8",
        ),
        (constant(21, true, &7_i16.to_le_bytes()), "'7'::int2"),
        (
            constant(700, true, &0.1_f32.to_le_bytes()),
            "'1e-1'::float4",
        ),
        (
            constant(701, true, &f64::NEG_INFINITY.to_le_bytes()),
            "'-Infinity'::float8",
        ),
        (
            constant(701, true, &f64::MAX.to_le_bytes()),
            "'1.7976931348623157e308'::float8",
        ),
        (varlena(25, b"it's"), "'it''s'::text"),
        (varlena(25, br"a\b"), r"E'a\\b'::text"),
        (varlena(25, "é".as_bytes()), "'é'::text"),
        (varlena(17, &[0, 255]), r"E'\\x00ff'::bytea"),
        (
            constant(2950, false, &(0..16).collect::<Vec<_>>()),
            "'00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid",
        ),
        (
            constant(1082, true, &0_i32.to_le_bytes()),
            "'2000-01-01'::date",
        ),
        (
            constant(1082, true, &59_i32.to_le_bytes()),
            "'2000-02-29'::date",
        ),
        (
            constant(1082, true, &60_i32.to_le_bytes()),
            "'2000-03-01'::date",
        ),
        (
            constant(1082, true, &(-1_i32).to_le_bytes()),
            "'1999-12-31'::date",
        ),
        (
            constant(1082, true, &8825_i32.to_le_bytes()),
            "'2024-02-29'::date",
        ),
        (
            constant(1082, true, &(-36_465_i32).to_le_bytes()),
            "'1900-03-01'::date",
        ),
        (
            constant(1082, true, &(-730_119_i32).to_le_bytes()),
            "'0001-01-01'::date",
        ),
        (
            constant(1082, true, &(-730_120_i32).to_le_bytes()),
            "'0001-12-31 BC'::date",
        ),
        (
            constant(1082, true, &(-730_426_i32).to_le_bytes()),
            "'0001-02-29 BC'::date",
        ),
        (
            constant(1082, true, &(-2_451_545_i32).to_le_bytes()),
            "'4714-11-24 BC'::date",
        ),
        (
            constant(1082, true, &i32::MIN.to_le_bytes()),
            "'-infinity'::date",
        ),
        (at(-1), "'1999-12-31 23:59:59.999999'::timestamp"),
        (
            at(day * 366 + 3_600_000_000),
            "'2001-01-01 01:00:00'::timestamp",
        ),
        (at(i64::MAX), "'infinity'::timestamp"),
        (
            constant(1184, true, &0_i64.to_le_bytes()),
            "'2000-01-01 00:00:00+00'::timestamptz",
        ),
        (constant(1083, true, &day.to_le_bytes()), "'24:00:00'::time"),
        (
            constant(
                1266,
                false,
                &[&1_i64.to_le_bytes()[..], &(-7200_i32).to_le_bytes()].concat(),
            ),
            "'00:00:00.000001+02:00:00'::timetz",
        ),
        (
            interval(-1_500_000, 2, -14),
            "'-14 mons +2 days -00:00:01.500000'::interval",
        ),
        (
            interval(i64::MAX, i32::MAX, i32::MAX),
            "'infinity'::interval",
        ),
        // -12.50: two digits after the point, weight 0, digits 12 and 5000.
        (
            varlena(1700, &[0x00, 0xa1, 12, 0, 136, 19]),
            "'-12.50'::numeric",
        ),
        (varlena(1700, &[0x00, 0x80]), "'0'::numeric"),
        // 0.00012: weight -1, digits 1 and 2000.
        (
            varlena(1700, &[0xff, 0x82, 1, 0, 208, 7]),
            "'0.00012'::numeric",
        ),
        // The long form: 10,000 with weight 1.
        (varlena(1700, &[0x00, 0x00, 1, 0, 1, 0]), "'10000'::numeric"),
        (varlena(1700, &[0x00, 0xc0]), "'NaN'::numeric"),
        (varlena(1560, &[3, 0, 0, 0, 0b1010_0000]), "'101'::bit"),
        (varlena(869, &[2, 8, 10, 0, 0, 0]), "'10.0.0.0/8'::inet"),
        // As Postgres writes it.
        (
            varlena(
                3802,
                &[
                    2, 0, 0, 32, 1, 0, 0, 128, 2, 0, 0, 0, 31, 0, 0, 80, 12, 0, 0, 16, 97, 98, 99,
                    0, 4, 0, 0, 64, 8, 0, 0, 144, 0, 0, 0, 64, 0, 0, 0, 48, 2, 0, 0, 0, 32, 0, 0,
                    0, 0, 128, 1, 0, 120, 34, 0, 0, 40, 0, 0, 0, 0, 161, 2, 0, 136, 19,
                ],
            ),
            r#"E'{"a": [1, null, true, "x\\""], "bc": -2.50}'::jsonb"#,
        ),
        // {1,NULL}, and the same from 0 on.
        (
            varlena(
                1007,
                &[
                    &words(&[1, 32, 23, 2, 1])[..],
                    &[1, 0, 0, 0, 0, 0, 0, 0],
                    &words(&[1]),
                ]
                .concat(),
            ),
            "'{\"1\",NULL}'::_int4",
        ),
        (
            varlena(1007, &words(&[1, 0, 23, 2, 0, 7, 8])),
            "'[0:1]={\"7\",\"8\"}'::_int4",
        ),
        (
            varlena(1007, &words(&[2, 0, 23, 1, 2, 1, 1, 7, 8])),
            "'{{\"7\",\"8\"}}'::_int4",
        ),
        (varlena(1007, &words(&[0, 0, 23])), "'{}'::_int4"),
        (
            varlena(
                1009,
                &[&words(&[1, 0, 25, 1, 1, 28])[..], b"a\"\\"].concat(),
            ),
            "E'{\"a\\\\\"\\\\\\\\\"}'::_text",
        ),
        (
            varlena(3904, &[&words(&[3904, 1])[..], &[0x02 | 0x10]].concat()),
            "'[\"1\",)'::int4range",
        ),
        (
            varlena(3904, &[&words(&[3904])[..], &[1]].concat()),
            "'empty'::int4range",
        ),
        (
            constant(16600, true, &16601_u32.to_le_bytes()),
            "'it''s'::app.mood",
        ),
        (Writer(18).null(), "NULL::text"),
    ] {
        let text = printed(&node).map(|text| {
            let text = text
                .replace("\"pg_catalog\".", "")
                .replace("\"app\".", "app.");
            match text.rsplit_once("::") {
                Some((value, type_name)) => format!("{value}::{}", type_name.replace('"', "")),
                None => text,
            }
        });
        assert_eq!(text.as_deref(), Ok(sql), "{node}");
    }
}

/// Numbers of four bytes, as the server keeps them.
fn words(numbers: &[i32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

#[test]
fn a_server_with_the_other_order_of_bytes_writes_the_same_values() {
    let mut names = names();
    names.byte_order = ByteOrder::Big;
    let short = |type_id, bytes: &[u8]| {
        // The value is the end of a whole Datum.
        let datum = [&[0; 8][bytes.len()..], bytes].concat();
        constant(type_id, true, &datum)
    };
    let long = |type_id, bytes: &[u8]| {
        let header = u32::try_from(bytes.len() + 4).unwrap().to_be_bytes();
        constant(type_id, false, &[&header[..], bytes].concat())
    };
    let words = |numbers: &[i32]| -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect()
    };
    for (node, text) in [
        (short(16, &[1]), "true"),
        (short(23, &5_i32.to_be_bytes()), "5"),
        (short(20, &5_i64.to_be_bytes()), "'5'::int8"),
        (short(701, &1.5_f64.to_be_bytes()), "'1.5e0'::float8"),
        (short(1082, &366_i32.to_be_bytes()), "'2001-01-01'::date"),
        (short(16600, &16601_i32.to_be_bytes()), "'it''s'::app.mood"),
        (long(25, b"ab"), "'ab'::text"),
        // A short header.
        (constant(25, false, b"\x83ab"), "'ab'::text"),
        (
            long(1700, &[0x81, 0x00, 0, 12, 0x13, 0x88]),
            "'12.50'::numeric",
        ),
        (long(1560, &[0, 0, 0, 3, 0xa0]), "'101'::bit"),
        (
            long(3802, &[0x50, 0, 0, 1, 0, 0, 0, 1, b'a']),
            "'\"a\"'::jsonb",
        ),
        (
            long(1007, &words(&[1, 0, 23, 2, 1, 7, 8])),
            "'{\"7\",\"8\"}'::_int4",
        ),
        (
            long(3904, &[&words(&[3904, 1, 5])[..], &[2]].concat()),
            "'[\"1\",\"5\")'::int4range",
        ),
        (
            constant(
                1186,
                false,
                &[&1_000_000_i64.to_be_bytes()[..], &words(&[2, 3])].concat(),
            ),
            "'+3 mons +2 days +00:00:01'::interval",
        ),
    ] {
        let printed = print(&read_node(&node).unwrap(), NOTES, &names).unwrap();
        let plain = printed
            .replace("\"pg_catalog\".", "")
            .replace("\"app\".\"mood\"", "app.mood");
        let (value, type_name) = plain.rsplit_once("::").unwrap_or((&plain, ""));
        let plain = match type_name {
            "" => value.to_owned(),
            name => format!("{value}::{}", name.replace('"', "")),
        };
        assert_eq!(plain, text, "{node}");
    }
}

#[test]
fn a_constant_that_is_cut_or_unknown_has_no_text() {
    for node in [
        varlena(1700, &[0x00]),
        varlena(1700, &[0x00, 0xe0]),
        varlena(1007, &words(&[1, 0, 23])),
        varlena(1007, &words(&[1, 0, 25, 1, 1, 7])),
        varlena(1007, &words(&[1, 0, 23, i32::MAX, 1, 7])),
        varlena(1007, &words(&[1, -1, 23, 1, 1, 7])),
        varlena(1007, &words(&[7, 0, 23])),
        varlena(3802, &[255, 255, 255, 0x2f]),
        varlena(3802, &[1, 0, 0, 0x40, 9, 0, 0, 0x50, 0]),
        varlena(3904, &words(&[3905, 1])),
        varlena(869, &[2, 8, 10]),
        varlena(1560, &[9, 0, 0, 0, 1]),
        varlena(25, &[255]),
        constant(25, false, &[20, 0, 0, 0]),
        constant(2950, false, &[1]),
        constant(1186, false, &[1]),
        constant(16600, true, &[1]),
        constant(4072, false, &[1]),
    ] {
        assert!(printed(&node).is_err(), "{node}");
    }
}

#[test]
fn what_could_mean_something_else_has_no_text() {
    let w = Writer(18);
    let query = |tables: &[String], column: String| {
        w.sub_link(
            4,
            "<>",
            &w.query(tables, &from(&[entry_number(1)], "<>"), &column, &[]),
        )
    };
    let aliased = |alias: &str, relation| {
        let alias = format!(":alias {{ALIAS :aliasname {alias} :colnames <>}} :eref");
        w.table("t", relation).replace(":alias <> :eref", &alias)
    };
    // A table of the same name further inside hides the policy's own.
    let notes = aliased("notes", 16400);
    assert_eq!(
        plain(&query(std::slice::from_ref(&notes), w.var(1, 2, 1))),
        "(SELECT app.notes.owner AS ?column? FROM app.members AS notes)"
    );
    let itself = w.table("notes", NOTES);
    let grouped = w.entry("group", 9, &format!(":groupexprs ({})", w.var(2, 1, 0)));
    let limit = format!(":limitCount {}", w.truth(true));
    let limited = w.query(&[], &from(&[], "<>"), &w.truth(true), &[&limit]);
    for (text, what) in [
        (query(&[itself], w.var(1, 2, 1)), "a hidden table"),
        (query(&[notes], w.var(1, 2, 2)), "a column of no query"),
        (
            query(&[aliased("m", 16400)], w.var(2, 2, 0)),
            "a table that is not there",
        ),
        (
            query(&[aliased("m", 999)], w.var(1, 2, 0)),
            "column 2 of relation 999",
        ),
        (w.var(2, 1, 0), "a row beside that of the table"),
        (w.call(1, &[]), "function 1"),
        (
            w.operator("NULLIFEXPR", 16777, 1, &[w.var(1, 1, 0), w.var(1, 2, 0)]),
            "NULLIFEXPR by OPERATOR(\"ext\".=)",
        ),
        (
            w.operator("DISTINCTEXPR", 16777, 1, &[w.var(1, 1, 0), w.var(1, 2, 0)]),
            "DISTINCTEXPR by OPERATOR(\"ext\".=)",
        ),
        (w.node("NEWEXPR", ":args <>"), "NEWEXPR"),
        (
            "{VAR :varno 1 :varattno 1}".to_owned(),
            "VAR without varlevelsup",
        ),
        ("(i 1)".to_owned(), "a list"),
        (
            query(&[aliased("m", 16400), grouped], w.var(2, 1, 0)),
            "a grouped column behind itself",
        ),
        // Numbers that a later version may give a meaning.
        (w.node("MINMAXEXPR", ":op 2 :args <>"), "MINMAXEXPR"),
        (
            w.sub_link(
                4,
                "<>",
                &limited.replace(":limitOption 0", ":limitOption 2"),
            ),
            "LIMIT of another kind",
        ),
    ] {
        assert_eq!(
            printed(&text),
            Err(format!("no SQL text for {what}")),
            "{text}"
        );
    }
}

#[test]
fn the_deepest_tree_is_printed() {
    let depth = (MAX_DEPTH - 1) / 2;
    let not = "{BOOLEXPR :boolop not :args (".repeat(depth) + &Writer(18).truth(true);
    let text = printed(&(not + &")}".repeat(depth))).unwrap();
    assert_eq!(text.matches("NOT").count(), depth);

    let w = Writer(18);
    let query = |inner: &str| w.sub_link(4, "<>", &w.query(&[], &from(&[], "<>"), inner, &[]));
    let depth = MAX_DEPTH / 4 - 1;
    let text = (0..depth).fold(w.truth(true), |inner, _| query(&inner));
    assert_eq!(printed(&text).unwrap().matches("SELECT").count(), depth);
}
