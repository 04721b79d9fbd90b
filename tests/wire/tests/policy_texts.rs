//! Node texts of real servers, with the crate `policy`: whatever Postgres accepts is read, and what
//! an expression uses is found. Postgres itself knows the latter: it keeps dependencies.

use authguard_policy::{
    Clause, Column, Expr, Names, Node, Parts, QueryCommand, Row, Server, ServerError, Value, print,
    read_node,
};
use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;
use postgres::types::{ToSql, Type};
use std::collections::BTreeSet;

/// The first OID of what users make.
const FIRST_OF_USERS: u32 = 16384;

fn world(client: &mut Client) {
    let setup = include_str!("../fixtures/expressions.sql");
    client.batch_execute(setup).unwrap();
}

fn version(client: &mut Client) -> u32 {
    let number = text(client, "select current_setting('server_version_num')");
    number.unwrap().parse::<u32>().unwrap() / 10000
}

/// Makes a policy of each expression that this version has, and returns their number.
fn policies(client: &mut Client) -> usize {
    world(client);
    let version = version(client);
    let lines = include_str!("../fixtures/expressions.txt").lines();
    let expressions = lines
        .filter_map(|line| line.split_once(' '))
        .filter(|(since, _)| {
            // A comment has no version.
            since.parse().is_ok_and(|since: u32| since <= version)
        });
    let made = expressions.enumerate().map(|(number, (_, expression))| {
        let sql = format!("create policy p{number} on app.notes using ({expression})");
        let made = client.batch_execute(&sql);
        made.unwrap_or_else(|error| panic!("{error:?}: {expression}"));
    });
    made.count()
}

fn read(text: &str) -> Expr {
    let value = read_node(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Expr::of(&value)
}

/// The OIDs in a list of a row.
fn oids(list: Option<&str>) -> BTreeSet<u32> {
    let list = list.unwrap_or_default().split_whitespace();
    list.map(|oid| oid.parse().unwrap()).collect()
}

fn of_users(oids: BTreeSet<u32>) -> BTreeSet<u32> {
    oids.into_iter()
        .filter(|oid| *oid >= FIRST_OF_USERS)
        .collect()
}

const USES: &str = "
    select polqual::text, pg_get_expr(polqual, polrelid), polrelid::oid,
           string_agg(distinct refobjid::text, ' ') filter (where refclassid = 'pg_proc'::regclass),
           string_agg(distinct refobjid::text, ' ') filter (where refclassid = 'pg_operator'::regclass),
           string_agg(distinct oprcode::oid::text, ' '),
           string_agg(distinct refobjid || '.' || refobjsubid, ' ')
             filter (where refclassid = 'pg_class'::regclass and refobjsubid <> 0 and relkind <> 'c')
      from pg_policy p
      left join pg_depend d on classid = 'pg_policy'::regclass and objid = p.oid
      left join pg_operator o on o.oid = refobjid and refclassid = 'pg_operator'::regclass
      left join pg_class c on c.oid = refobjid and refclassid = 'pg_class'::regclass
     where polname ~ '^p[0-9]+$' group by p.oid order by p.oid";

#[test]
fn policies_are_read_split_into_clauses_and_printed() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    let number = policies(&mut client);
    what_a_policy_uses_is_found(&mut client, number);
    client.batch_execute("set search_path to ''").unwrap();
    each_clause_of_a_policy_has_its_own_text(&mut client, number);
    what_is_printed_makes_the_same_tree(&mut client, number);
    what_is_printed_has_the_names_of_today(&mut client, number);
}

fn what_a_policy_uses_is_found(client: &mut Client, number: usize) {
    let rows = client.query(USES, &[]).unwrap();
    assert!(rows.len() == number && number > 100, "{number}");
    for row in rows {
        let expr = read(row.get(0));
        let sql: &str = row.get(1);
        assert_eq!(expr.opaque(), [""; 0], "{sql}");

        let [functions, operators, theirs] = [3, 4, 5].map(|column| oids(row.get(column)));
        assert_eq!(of_users(expr.operators()), operators, "{sql}");
        let found = of_users(expr.functions());
        assert!(functions.is_subset(&found), "{functions:?} {found:?} {sql}");
        let both = functions.union(&theirs).copied().collect();
        assert!(found.is_subset(&both), "{found:?} {both:?} {sql}");

        let own: u32 = row.get(2);
        let columns = expr.columns().into_iter().map(|column| match column {
            Column::Own { varno: 1, attno } => (own, attno),
            Column::Relation { relation, attno } => (relation, attno),
            other => panic!("{other:?}: {sql}"),
        });
        // A whole row depends on the table alone.
        let columns = columns.filter(|(_, attno)| *attno != 0);
        let columns = columns.map(|(relation, attno)| format!("{relation}.{attno}"));
        let columns: BTreeSet<_> = columns.collect();
        let used = row.get::<_, Option<&str>>(6).unwrap_or_default();
        let used: BTreeSet<_> = used.split_whitespace().map(str::to_owned).collect();
        match sql.contains("j.*::record") {
            // The whole row of a join has columns of all its tables. Postgres keeps none of them.
            true => assert!(used.is_subset(&columns) && columns.len() > used.len()),
            false => assert_eq!(columns, used, "{sql}"),
        }
    }
}

/// What else is kept as a node text, with what it is of, and with the functions that Postgres knows
/// to be used, where that is simple to say.
const OTHER_TEXTS: &str = "
    with used as (
      select classid, objid, string_agg(distinct refobjid::text, ' ') functions from pg_depend
       where refclassid = 'pg_proc'::regclass and refobjid <> objid group by 1, 2)
    select ev_action::text, 'rule ' || rulename || ' of ' || ev_class::regclass, functions
      from pg_rewrite r left join used on classid = 'pg_rewrite'::regclass and objid = r.oid
    union all select prosqlbody::text, 'function ' || oid::regprocedure, functions
      from pg_proc p left join used on classid = 'pg_proc'::regclass and objid = p.oid
    union all select t, of, null from (
    select ev_qual::text, 'rule ' || rulename from pg_rewrite
    union all select proargdefaults::text, 'function ' || oid::regprocedure from pg_proc
    union all select adbin::text, 'default of ' || adrelid::regclass from pg_attrdef
    union all select indexprs::text, 'index ' || indexrelid::regclass from pg_index
    union all select indpred::text, 'index ' || indexrelid::regclass from pg_index
    union all select conbin::text, 'constraint ' || conname from pg_constraint
    union all select tgqual::text, 'trigger ' || tgname from pg_trigger
    union all select typdefaultbin::text, 'type ' || oid::regtype from pg_type
    union all select relpartbound::text, 'partition ' || oid::regclass from pg_class
    union all select partexprs::text, 'partitioned ' || partrelid::regclass from pg_partitioned_table
    union all select stxexprs::text, 'statistics ' || stxname from pg_statistic_ext) x (t, of)";

/// What stays opaque: the bounds of partitions, which are no expressions, and rules that do nothing
/// or no more than NOTIFY.
const OPAQUE: [(&str, &str); 2] = [("partition ", "PARTITIONBOUNDSPEC"), ("rule ", "QUERY")];

#[test]
fn views_bodies_defaults_and_indexes_are_read() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    world(&mut client);
    let version = version(&mut client);
    client
        .batch_execute(include_str!("../fixtures/node_texts.sql"))
        .unwrap();
    if version >= 15 {
        client
            .batch_execute(
                "create function merge_it() returns void language sql begin atomic
                   merge into teams t using members m on m.team_id = t.id and label(m.role) = 'x'
                   when matched and is_member(t.id) then update set name = label(t.name)
                   when not matched then insert (id, name) values (m.team_id, label('y')); end",
            )
            .unwrap();
    }
    let rows = client
        .query(
            &format!("select * from ({OTHER_TEXTS}) as x (t) where t <> '<>' and t <> ''"),
            &[],
        )
        .unwrap();
    assert!(rows.len() > 200, "{}", rows.len());
    let known = rows.iter().filter(|row| !oids(row.get(2)).is_empty());
    assert!(known.count() >= 6);
    let mut found = BTreeSet::new();
    for row in rows {
        let (text, of): (&str, &str) = (row.get(0), row.get(1));
        let value = read_node(text).unwrap_or_else(|error| panic!("{of}: {error}"));
        let exprs = Expr::each_of(&value);
        assert!(!exprs.is_empty(), "{of}");
        let functions: BTreeSet<_> = exprs.iter().flat_map(Expr::functions).collect();
        // A function of the extension may name another one in a constant, which calls nothing.
        let used = oids(row.get(2));
        assert!(
            used.is_subset(&functions) || of.contains("authguard."),
            "{of}: {functions:?}"
        );
        for expr in &exprs {
            let opaque = expr.opaque();
            let is_listed = |name: &&str| {
                OPAQUE
                    .iter()
                    .any(|(of_kind, o)| of.starts_with(of_kind) && o == name)
            };
            assert!(opaque.iter().all(is_listed), "{of}: {opaque:?}");
            found.extend(expr.queries().iter().map(|query| query.command as u8));
        }
    }
    let mut commands = vec![
        QueryCommand::Select,
        QueryCommand::Update,
        QueryCommand::Insert,
        QueryCommand::Delete,
    ];
    if version >= 15 {
        commands.push(QueryCommand::Merge);
    }
    found.remove(&(QueryCommand::Unknown as u8));
    assert_eq!(found, commands.into_iter().map(|c| c as u8).collect());
}

/// Postgres prints the values of CYCLE in a way that it cannot read itself.
const NOT_READ_BY_POSTGRES: &str = "SET looped TO 'y'::text";

/// The expression of a policy made of a text, if Postgres accepts it.
fn policy_of(client: &mut Client, sql: &str) -> Option<Expr> {
    let made = client.batch_execute(&format!("create policy again on app.notes using ({sql})"));
    made.ok()?;
    let polqual = "select polqual::text from pg_policy where polname = 'again'";
    let expr = read(&text(client, polqual).unwrap());
    client
        .batch_execute("drop policy again on app.notes")
        .unwrap();
    Some(expr)
}

fn each_clause_of_a_policy_has_its_own_text(client: &mut Client, number: usize) {
    let rows = client.query(USES, &[]).unwrap();
    let mut leaves = 0;
    for row in &rows {
        let expr = read(row.get(0));
        let sql: &str = row.get(1);
        let clause = Clause::of(&expr, sql);
        leaves += clause.leaves().len();
        for leaf in clause.leaves() {
            let is_whole = !matches!(leaf.expr, Expr::And(_) | Expr::Or(_) | Expr::Not(_));
            assert!(
                is_whole && leaf.parts == Parts::Leaf,
                "{} of {sql}",
                leaf.sql
            );
            // The text of the clause makes an expression that uses the same.
            let again = policy_of(client, leaf.sql);
            let Some(again) = again else {
                assert!(leaf.sql.contains(NOT_READ_BY_POSTGRES), "{}", leaf.sql);
                continue;
            };
            assert_eq!(again.columns(), leaf.expr.columns(), "{}", leaf.sql);
            assert_eq!(again.functions(), leaf.expr.functions(), "{}", leaf.sql);
        }
    }
    assert!(
        rows.len() == number && leaves > 2 * number,
        "{leaves} of {number}"
    );
}

/// What a tree has of the way in which a text was written: places, the names of the operators of
/// sub-selects, `NATURAL`, and the names that columns had then.
const OF_THE_TEXT: [&str; 8] = [
    "eref",
    "location",
    "list_start",
    "list_end",
    "stmt_location",
    "stmt_len",
    "operName",
    "isNatural",
];

/// Writes a tree without what is of its text.
fn normal(value: &Value<'_>) -> String {
    match value {
        Value::Node(Node { name, fields }) => {
            let fields = fields
                .iter()
                .filter(|(name, _)| !OF_THE_TEXT.contains(name));
            let fields = fields.map(|(name, value)| format!(" :{name} {}", normal(value)));
            format!("{{{name}{}}}", fields.collect::<String>())
        }
        Value::List(values) => {
            let values: Vec<_> = values.iter().map(normal).collect();
            format!("({})", values.join(" "))
        }
        other => format!("{other:?}"),
    }
}

/// A connection as a server.
struct Connection<'c>(&'c mut Client);

impl Server for Connection<'_> {
    fn query(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Vec<Row>, ServerError> {
        let types = vec![Type::TEXT; parameters.len()];
        let statement = self.0.prepare_typed(sql, &types).unwrap();
        let parameters: Vec<_> = parameters
            .iter()
            .map(|p| p as &(dyn ToSql + Sync))
            .collect();
        let rows = self.0.query(&statement, &parameters).unwrap();
        let row = |row: &postgres::Row| (0..row.len()).map(|column| row.get(column)).collect();
        Ok(rows.iter().map(row).collect())
    }

    fn begin(&mut self) -> Result<(), ServerError> {
        self.0.batch_execute("savepoint s").unwrap();
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), ServerError> {
        self.0.batch_execute("rollback to s; release s").unwrap();
        Ok(())
    }
}

/// Prints each policy, gives the text back to Postgres and compares the trees. Returns what has no
/// text, and the number of those that have one.
fn print_all(client: &mut Client) -> (BTreeSet<String>, usize) {
    let rows = client.query(USES, &[]).unwrap();
    let table: u32 = rows[0].get(2);
    let name = text(client, &format!("select {table}::regclass::text")).unwrap();
    let trees: Vec<_> = rows
        .iter()
        .map(|row| read_node(row.get(0)).unwrap())
        .collect();
    let asked: Vec<_> = trees.iter().collect();
    let names = Names::ask(&mut Connection(client), &asked, table).unwrap();
    let mut missing = BTreeSet::new();
    let mut printed = 0;
    for tree in &trees {
        let sql = match print(tree, table, &names) {
            Ok(sql) => sql,
            Err(error) => {
                missing.insert(error.to_string().replace("no SQL text for ", ""));
                continue;
            }
        };
        let made = client.batch_execute(&format!("create policy again on {name} using ({sql})"));
        made.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        let again = "select polqual::text from pg_policy where polname = 'again'";
        let again = text(client, again).unwrap();
        assert_eq!(normal(tree), normal(&read_node(&again).unwrap()), "{sql}");
        client
            .batch_execute(&format!("drop policy again on {name}"))
            .unwrap();
        printed += 1;
    }
    (missing, printed)
}

/// What has no text: nodes, and constants of types that keep more than a value.
const NOT_PRINTED: [&str; 6] = [
    "JSONISPREDICATE",
    "JSONCONSTRUCTOREXPR",
    "JSONEXPR",
    "a constant of type \"pg_catalog\".\"jsonpath\"",
    "a constant of type \"app\".\"pair\"",
    "a table of kind 4",
];

fn what_is_printed_makes_the_same_tree(client: &mut Client, number: usize) {
    let (missing, printed) = print_all(client);
    let unknown = missing
        .iter()
        .find(|what| !NOT_PRINTED.contains(&what.as_str()));
    assert_eq!(unknown, None);
    assert!(printed + 10 > number, "{printed} of {number}");
}

fn what_is_printed_has_the_names_of_today(client: &mut Client, number: usize) {
    // The old names are those of other columns and tables now.
    for (table, first, second) in [
        ("notes", "body", "title"),
        ("notes", "owner", "created"),
        ("teams", "id", "name"),
        ("members", "team_id", "role"),
        ("members", "user_id", "since"),
    ] {
        for (from, to) in [(first, "x"), (second, first), ("x", second)] {
            let rename = format!("alter table app.{table} rename {from} to {to}");
            client.batch_execute(&rename).unwrap();
        }
    }
    client
        .batch_execute(
            "alter table app.notes rename to pages; create table app.notes (owner uuid, body text);
             alter function app.uid() rename to own_id; alter type app.mood rename to feeling;
             alter type app.feeling rename value 'sad' to 'blue'; alter schema app rename to \"the App\";
             create schema app",
        )
        .unwrap();
    let (missing, printed) = print_all(client);
    let known = |what: &&String| NOT_PRINTED.contains(&what.as_str()) || what.contains("the App");
    let unknown: Vec<_> = missing.iter().filter(|what| !known(what)).collect();
    assert_eq!(unknown, ["USING of a column that is renamed"]);
    assert!(printed + 20 > number, "{printed} of {number}");
}
