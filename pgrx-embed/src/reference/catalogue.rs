//! The functions, tables and views, from the catalogues.

use super::words::{marked, paragraphs};
use super::{Entries, Entry};
use crate::error::Result;
use postgres::{Client, Row};

/// Functions that a role may call because `coverage()`, `health()`, the views and the assertions
/// call them with its rights.
const PARTS: [&str; 16] = [
    "authguard.door_objects",
    "authguard.extension_grants",
    "authguard.gateways",
    "authguard.introspect_function",
    "authguard.members",
    "authguard.public_functions",
    "authguard.refresh_function",
    "authguard.collect_statistics",
    "authguard.blocks",
    "authguard.is_cut_off",
    "authguard.is_shut_out",
    "authguard.session_end",
    "authguard.key_in_file",
    "authguard.estimated_rows",
    "authguard.assert_access",
    "authguard.tap_line",
];

/// Every function of the extension. Of several with one name, the one that the comments of the
/// others name comes first, and internal ones come last.
const FUNCTIONS: &str = "
select n.nspname || '.' || p.proname as name,
       array(select coalesce(a.name, '')
               from unnest(p.proargnames) with ordinality a (name, place)
              where coalesce(p.proargmodes[place], 'i') in ('i', 'b', 'v')
              order by place) as names,
       array(select concat_ws(' ', case when p.proargmodes[place] = 'v' then 'variadic' end,
                        nullif(p.proargnames[place], ''), format_type(a.type, null),
                        'default ' || pg_get_function_arg_default(p.oid, place::int))
               from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                    with ordinality a (type, place)
              where coalesce(p.proargmodes[place], 'i') in ('i', 'b', 'v')
              order by place) as arguments,
       array(select a.name || ' ' || format_type(a.type, null)
               from unnest(p.proallargtypes, p.proargnames) with ordinality a (type, name, place)
              where p.proargmodes[place] in ('o', 't', 'b')
              order by place)
       || array(select c.attname || ' ' || format_type(c.atttypid, null)
                  from pg_type t join pg_attribute c on c.attrelid = t.typrelid
                 where t.oid = p.prorettype and c.attnum > 0 and not c.attisdropped
                 order by c.attnum) as columns,
       format_type(p.prorettype, null) as result, p.proretset as is_set,
       array(select distinct d.door from authguard.door_objects() d
              where d.class = 'pg_proc'::regclass and d.object = p.oid order by 1) as doors,
       n.nspname = 'auth' and exists (
           select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            where a.grantee = 0) as is_open,
       n.nspname = 'auth' as is_of_clients,
       coalesce(obj_description(p.oid, 'pg_proc'), '') as comment
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'authguard'
 order by obj_description(p.oid, 'pg_proc') like 'As %',
       not exists (select from authguard.door_objects() d
                    where d.class = 'pg_proc'::regclass and d.object = p.oid),
       p.oid";

/// Every table and view of the extension, with a row for each column.
const TABLES: &str = "
select n.nspname || '.' || c.relname as name, c.relkind in ('v', 'm') as is_view,
       coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
       array(select distinct o.door from authguard.door_objects() o
              where o.class = 'pg_class'::regclass and o.object = c.oid order by 1) as doors,
       a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
       coalesce(col_description(c.oid, a.attnum), '') as about
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'authguard'
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p', 'v', 'm')
 order by c.oid, a.attnum";

/// What the catalogues say of each function.
pub fn functions(client: &mut Client) -> Result<Entries> {
    let mut entries = Entries::new();
    let rows = client.query(FUNCTIONS, &[])?;
    for (at, row) in rows.iter().enumerate() {
        let name: String = row.get("name");
        if entries.contains_key(&name) {
            continue;
        }
        let has_caller =
            |row: &Row| row.get("is_of_clients") || !row.get::<_, Vec<String>>("doors").is_empty();
        let is_internal = |other: &Row| has_caller(row) && !has_caller(other);
        let same = |other: &&Row| other.get::<_, String>("name") == name && !is_internal(other);
        let others: Vec<&Row> = rows[at + 1..].iter().filter(same).collect();
        let doors: Vec<String> = row.get("doors");
        let is_public =
            row.get("is_of_clients") || !doors.is_empty() && !PARTS.contains(&name.as_str());
        let text = function(row, &others);
        entries.insert(name, Entry { text, is_public });
    }
    Ok(entries)
}

fn function(row: &Row, others: &[&Row]) -> String {
    let name: String = row.get("name");
    let result: String = row.get("result");
    let columns: Vec<String> = row.get("columns");
    let returns = match (columns.is_empty(), row.get("is_set")) {
        (true, false) => short(&result),
        (true, true) => format!("setof {}", short(&result)),
        (false, true) => "rows".to_owned(),
        (false, false) => "one row".to_owned(),
    };
    let arguments: Vec<String> = row.get("arguments");
    let arguments: Vec<String> = arguments.iter().map(|of| short(of)).collect();
    let one_line = format!("{name}({}) returns {returns}", arguments.join(", "));
    let signature = match one_line.len() {
        ..=100 => one_line,
        _ => format!(
            "{name}(\n    {}\n) returns {returns}",
            arguments.join(",\n    ")
        ),
    };
    let mut text = format!("```text\n{signature}\n```\n\n");
    if !columns.is_empty() {
        let columns: Vec<String> = columns
            .iter()
            .map(|of| format!("`{}`", short(of)))
            .collect();
        text += &format!("Columns: {}.\n\n", columns.join(", "));
    }
    text += &paragraphs(row.get("comment"));
    if let Some(sentence) = other_types(row, others) {
        text += &format!("\n{sentence}\n");
    }
    text + &format!("\nWho may call it: {}.\n", callers(row))
}

/// The other types that an argument may have, if there are several functions with one name.
fn other_types(row: &Row, others: &[&Row]) -> Option<String> {
    let (names, arguments): (Vec<String>, Vec<String>) = (row.get("names"), row.get("arguments"));
    let other_arguments: Vec<Vec<String>> = others.iter().map(|of| of.get("arguments")).collect();
    let place = (0..arguments.len()).find(|&at| {
        other_arguments
            .iter()
            .any(|of| of.get(at) != arguments.get(at))
    })?;
    let type_of = |of: &[String]| Some(short(of.get(place)?.split(' ').nth(1)?));
    let mut types = Vec::new();
    for other in other_arguments.iter().filter_map(|of| type_of(of)) {
        if Some(&other) != type_of(&arguments).as_ref() && !types.contains(&other) {
            types.push(other);
        }
    }
    let types: Vec<String> = types.iter().map(|of| format!("`{of}`")).collect();
    Some(format!(
        "`{}` may also be of type {}.",
        names[place],
        types.join(" or ")
    ))
}

fn callers(row: &Row) -> String {
    match row.get("is_open") {
        true => "everybody".to_owned(),
        false => of_doors(row),
    }
}

/// Who has been let in by the doors of a function or table.
fn of_doors(row: &Row) -> String {
    let doors: Vec<String> = row.get("doors");
    let grants: Vec<String> = doors
        .iter()
        .map(|door| match door.as_str() {
            "guard" => {
                "roles that own the table and that the owner has granted it by hand".to_owned()
            }
            door => format!("roles given to `authguard.grant_{door}`"),
        })
        .collect();
    [vec!["the owner of the extension".to_owned()], grants]
        .concat()
        .join(", and ")
}

/// What the catalogues say of each table and view.
pub fn tables(client: &mut Client) -> Result<Entries> {
    let mut entries = Entries::new();
    for row in client.query(TABLES, &[])? {
        let entry = entries.entry(row.get("name")).or_insert_with(|| {
            let doors: Vec<String> = row.get("doors");
            Entry {
                text: format!(
                    "{}\nWho may read it: {}.\n\n| column | type | |\n|---|---|---|\n",
                    paragraphs(row.get("comment")),
                    of_doors(&row)
                ),
                is_public: row.get("is_view") || !doors.is_empty(),
            }
        });
        let (column, kind, about): (String, String, String) =
            (row.get("column"), row.get("type"), row.get("about"));
        let about = marked(&about).replace('|', "\\|");
        entry.text += &format!("| `{column}` | {} | {about} |\n", short(&kind));
    }
    Ok(entries)
}

/// A type or an argument as people write it.
fn short(text: &str) -> String {
    let text = text.replace("timestamp with time zone", "timestamptz");
    let Some((before, default)) = text.split_once(" default ") else {
        return text;
    };
    let value = default.split("::").next().unwrap_or_default();
    format!("{before} default {}", value.replace("NULL", "null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_defaults_are_short() {
        assert_eq!(short("at timestamp with time zone"), "at timestamptz");
        assert_eq!(short("a text default NULL::text"), "a text default null");
        assert_eq!(
            short("r name[] default '{public}'::name[]"),
            "r name[] default '{public}'"
        );
    }
}
