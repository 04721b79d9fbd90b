//! Expressions, as made from the texts of every version, and the walks through them.

use std::collections::BTreeSet;

use super::texts::{VERSIONS, Writer, entry_number, from};
use authguard_policy::{
    BooleanTest, Call, CastKind, Column, Const, Details, Expr, FromItem, MAX_DEPTH, Operation,
    Param, QueryCommand, RangeKind, RowComparison, SubLink, SubLinkKind, Var, read_node,
};

const UID: u32 = 16500;

fn read(text: &str) -> Expr {
    Expr::of(&read_node(text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The expression that the texts of all versions make. Their details are the same, too.
fn same(text: impl Fn(Writer) -> String) -> Expr {
    let texts = VERSIONS.map(|version| text(Writer(version)));
    let mut both = texts.map(|text| (read(&text), Details::of(&text)));
    let first = both.next().unwrap();
    both.for_each(|other| assert_eq!(other, first));
    first.0
}

fn var(attno: i16) -> Expr {
    Expr::Var(Var {
        varno: 1,
        attno,
        levels_up: 0,
    })
}

fn uid() -> Expr {
    Expr::Call(Call {
        function: UID,
        args: vec![],
    })
}

fn equal(args: Vec<Expr>) -> Operation {
    Operation {
        operator: 2972,
        function: 2956,
        args,
    }
}

fn sub_link(expr: &Expr) -> &SubLink {
    match expr {
        Expr::SubLink(link) => link,
        other => panic!("{other:?}"),
    }
}

fn own(attno: i16) -> Column {
    Column::Own { varno: 1, attno }
}

fn column(relation: u32, attno: i16) -> Column {
    Column::Relation { relation, attno }
}

fn opaque(names: &[&str], expr: &Expr) {
    assert_eq!(expr.opaque(), names, "{expr:?}");
}

#[test]
fn each_version_makes_the_same_of_a_node() {
    let text = |value: &str| {
        let mut bytes = vec![u8::try_from((value.len() + 4) << 2).unwrap(), 0, 0, 0];
        bytes.extend(value.bytes());
        Expr::Const(Const {
            type_id: 25,
            bytes: Some(bytes),
        })
    };
    let null = Expr::Const(Const {
        type_id: 25,
        bytes: None,
    });
    let boxed = || Box::new(var(2));
    let both = || vec![var(2), uid()];
    type Text = fn(Writer, &str, &str) -> String;
    let cases: [(Text, Expr); 24] = [
        (|w, _, _| w.text("chat"), text("chat")),
        (|w, _, _| w.null(), null),
        (
            |_, a, b| format!("{{OPEXPR :opno 2972 :opfuncid 2956 :args ({a} {b})}}"),
            Expr::Operator(equal(both())),
        ),
        (
            |w, a, b| w.operator("DISTINCTEXPR", 2972, 2956, &[a.into(), b.into()]),
            Expr::Distinct(equal(both())),
        ),
        (
            |w, a, b| w.operator("NULLIFEXPR", 2972, 2956, &[a.into(), b.into()]),
            Expr::NullIf(equal(both())),
        ),
        (|w, a, _| w.boolean("not", &[a.into()]), Expr::Not(boxed())),
        (
            |w, a, b| w.boolean("and", &[a.into(), b.into()]),
            Expr::And(both()),
        ),
        (
            |w, a, b| w.boolean("or", &[a.into(), b.into()]),
            Expr::Or(both()),
        ),
        (
            |w, a, _| {
                w.node(
                    "NULLTEST",
                    &format!(":arg {a} :nulltesttype 0 :argisrow false"),
                )
            },
            Expr::IsNull(boxed()),
        ),
        (
            |w, a, _| {
                w.node(
                    "NULLTEST",
                    &format!(":arg {a} :nulltesttype 1 :argisrow false"),
                )
            },
            Expr::IsNotNull(boxed()),
        ),
        (
            |w, a, _| w.node("BOOLEANTEST", &format!(":arg {a} :booltesttype 1")),
            Expr::BooleanTest(BooleanTest::NotTrue, boxed()),
        ),
        (
            |w, a, b| w.node("COALESCEEXPR", &format!(":coalescetype 25 :args ({a} {b})")),
            Expr::Coalesce(both()),
        ),
        (
            |w, a, b| {
                w.node(
                    "MINMAXEXPR",
                    &format!(":minmaxtype 25 :op 0 :args ({a} {b})"),
                )
            },
            Expr::Greatest(both()),
        ),
        (
            |w, a, b| {
                w.node(
                    "MINMAXEXPR",
                    &format!(":minmaxtype 25 :op 1 :args ({a} {b})"),
                )
            },
            Expr::Least(both()),
        ),
        (
            |w, a, b| {
                w.node(
                    "ROWEXPR",
                    &format!(":args ({a} {b}) :row_typeid 2249 :row_format 0"),
                )
            },
            Expr::Row(both()),
        ),
        (
            |w, a, b| {
                w.node(
                    "ARRAYEXPR",
                    &format!(":array_typeid 1009 :elements ({a} {b})"),
                )
            },
            Expr::Array(both()),
        ),
        (
            |w, a, _| w.node("COLLATEEXPR", &format!(":arg {a} :collOid 950")),
            Expr::Collate(boxed()),
        ),
        (
            |w, a, _| {
                w.node(
                    "FIELDSELECT",
                    &format!(":arg {a} :fieldnum 2 :resulttype 25"),
                )
            },
            Expr::Field(boxed(), 2),
        ),
        (
            |w, a, _| w.node("NAMEDARGEXPR", &format!(":arg {a} :name x :argnumber 0")),
            Expr::NamedArg(boxed()),
        ),
        (
            |w, a, b| {
                w.node("SUBSCRIPTINGREF", &format!(
            ":refcontainertype 1009 :refupperindexpr ({b}) :reflowerindexpr (<>) :refexpr {a} \
             :refassgnexpr <>"))
            },
            Expr::Subscript(boxed(), vec![uid()]),
        ),
        (
            |w, _, _| w.node("SQLVALUEFUNCTION", ":op 10 :type 19 :typmod -1"),
            Expr::SqlValue(10),
        ),
        (
            |w, _, _| w.node("CURRENTOFEXPR", ":cvarno 1 :cursor_name c :cursor_param 0"),
            Expr::CurrentOf,
        ),
        (
            |w, _, _| w.node("PARAM", ":paramkind 2 :paramid 1 :paramtype 25"),
            Expr::Param(Param {
                kind: 2,
                id: 1,
                type_id: 25,
            }),
        ),
        (
            |w, a, b| {
                w.node(
                    "ROWCOMPAREEXPR",
                    &format!(
                        ":rctype 1 :opnos (o 664) :opfamilies (o 1994) :inputcollids (o 100) \
             :largs ({a}) :rargs ({b})"
                    ),
                )
            },
            Expr::RowCompare(RowComparison {
                operators: vec![664],
                left: vec![var(2)],
                right: vec![uid()],
            }),
        ),
    ];
    for (text, expected) in cases {
        let expr = same(|w| text(w, &w.var(1, 2, 0), &w.call(UID, &[])));
        assert_eq!(expr, expected);
        opaque(&[], &expr);
    }
}

#[test]
fn each_cast_says_how_and_to_what() {
    for (node, expected) in [
        ("RELABELTYPE", CastKind::Relabel),
        ("COERCEVIAIO", CastKind::InputOutput),
        ("ARRAYCOERCEEXPR", CastKind::Array),
        ("CONVERTROWTYPEEXPR", CastKind::Row),
        ("COERCETODOMAIN", CastKind::Domain),
    ] {
        let arg = |w: Writer| w.call(UID, &[]);
        let element = |w: Writer| w.call(1, &["{CASETESTEXPR :typeId 25}".to_owned()]);
        let element = |w| match expected {
            CastKind::Array => format!(":elemexpr {}", element(w)),
            _ => String::new(),
        };
        let text = |w| format!("{{{node} :arg {} {} :resulttype 25}}", arg(w), element(w));
        let expr = same(text);
        let Expr::Cast {
            kind,
            type_id,
            arg,
            element,
        } = &expr
        else {
            panic!("{expr:?}");
        };
        assert_eq!((*kind, *type_id, &**arg), (expected, 25, &uid()));
        assert_eq!(element.is_some(), expected == CastKind::Array);
        opaque(&[], &expr);
    }
}

#[test]
fn a_case_has_its_conditions_and_results() {
    let expr = same(|w| {
        let condition = w.equal("{CASETESTEXPR :typeId 25}".into(), w.text("a"));
        let when = w.node(
            "CASEWHEN",
            &format!(":expr {condition} :result {}", w.truth(true)),
        );
        let fields = format!(":casetype 16 :arg {} :args ({when})", w.var(1, 2, 0));
        w.node("CASEEXPR", &format!("{fields} :defresult {}", w.null()))
    });
    let Expr::Case(case) = &expr else {
        panic!("{expr:?}");
    };
    assert_eq!(case.arg.as_deref(), Some(&var(2)));
    let [(Expr::Operator(condition), Expr::Const(result))] = &case.whens[..] else {
        panic!("{case:?}");
    };
    assert_eq!(condition.args[0], Expr::CaseTest);
    assert_eq!((result.type_id, result.bytes.as_ref().unwrap()[0]), (16, 1));
    assert!(case.otherwise.is_some());
    assert_eq!(expr.columns(), BTreeSet::from([own(2)]));
}

#[test]
fn an_array_operator_is_any_or_all() {
    let expr = same(|w| w.any(w.var(1, 2, 0), w.call(UID, &[])));
    let all = read(
        &Writer(18)
            .any("<>".into(), "<>".into())
            .replace("useOr true", "useOr false"),
    );
    let (Expr::ArrayOperator(any), Expr::ArrayOperator(all)) = (&expr, &all) else {
        panic!("{expr:?}");
    };
    assert!(any.any && !all.any);
    assert_eq!(any.operation, equal(vec![var(2), uid()]));
}

#[test]
fn a_policy_by_owner_or_membership_is_read_in_every_version() {
    let expr = same(Writer::owner_or_member);
    let [owner, member] = expr.disjuncts()[..] else {
        panic!("{expr:?}");
    };
    assert_eq!(owner, &Expr::Operator(equal(vec![var(2), uid()])));
    let link = sub_link(member);
    assert_eq!((link.kind, &link.test), (SubLinkKind::Exists, &None));
    let [entry] = &link.query.range_table[..] else {
        panic!("{link:?}");
    };
    assert_eq!(entry.alias, "m");
    let kind = RangeKind::Relation {
        relation: 16400,
        with_children: true,
    };
    assert_eq!(entry.kind, kind);
    assert_eq!(link.query.from, [FromItem::Entry(1)]);
    assert_eq!(link.query.targets[0].name.as_deref(), Some("?column?"));
    assert_eq!(link.query.condition.as_ref().unwrap().conjuncts().len(), 2);

    assert_eq!(expr.functions(), BTreeSet::from([2956, UID]));
    let columns = [own(2), own(3), column(16400, 1), column(16400, 2)];
    assert_eq!(expr.columns(), BTreeSet::from(columns));
    assert_eq!(expr.queries(), [&*link.query]);
    opaque(&[], &expr);
}

#[test]
fn clauses_are_split_at_and_and_or_but_not_below_not() {
    let expr = same(|w| {
        let [a, b, c, d] = [1, 2, 3, 4].map(|attno| w.var(1, attno, 0));
        let inner = w.boolean("or", &[a, w.boolean("and", &[b, c])]);
        let not = w.boolean("not", &[w.boolean("or", &[d.clone(), d])]);
        w.boolean("and", &[inner, not])
    });
    let [inner, not] = expr.conjuncts()[..] else {
        panic!("{expr:?}");
    };
    assert_eq!(inner.disjuncts().len(), 2);
    assert_eq!(expr.disjuncts(), [&expr]);
    assert_eq!(expr.clauses(), [&var(1), &var(2), &var(3), not]);
}

#[test]
fn a_column_of_a_join_is_that_behind_it() {
    let expr = same(Writer::joined);
    let columns = [column(101, 1), column(102, 5), column(103, 1)];
    assert_eq!(expr.columns(), BTreeSet::from(columns));
    let [
        FromItem::Join {
            kind: 1,
            entry: 5,
            left,
            ..
        },
    ] = &sub_link(&expr).query.from[..]
    else {
        panic!("{expr:?}");
    };
    assert!(matches!(**left, FromItem::Join { entry: 3, .. }));
    opaque(&[], &expr);
}

#[test]
fn with_subqueries_functions_and_values_are_walked_through() {
    let expr = same(Writer::nested);
    // The query of WITH reads a column of the policy's table two levels further out.
    let columns = [own(1), own(2), own(9), column(102, 4)];
    assert_eq!(expr.columns(), BTreeSet::from(columns));
    assert_eq!(expr.functions(), BTreeSet::from([77, 2956]));
    let query = &*sub_link(&expr).query;
    assert_eq!(expr.queries()[0], query);
    assert_eq!(expr.queries().len(), 3);
    assert_eq!(query.ctes[0].name, "mine");
    assert!(query.limit.is_some() && query.offset.is_none());
    opaque(&[], &expr);
}

#[test]
fn grouping_and_aggregates_are_walked_through() {
    for w in VERSIONS.map(Writer) {
        let aggregate = format!(
            "{{AGGREF :aggfnoid 2803 :aggtype 20 :aggdirectargs ({}) :args ({}) :aggorder <> \
             :aggdistinct <> :aggfilter {} :aggstar false}}",
            w.truth(true),
            w.target(&w.var(1, 3, 0)),
            w.var(1, 4, 0)
        );
        // From 18 on the columns that a query groups by are those of an entry of its own.
        let (tables, key) = match w.0 {
            18.. => {
                let group = w.entry("group", 9, &format!(":groupexprs ({})", w.var(1, 2, 0)));
                (vec![w.table("t", 101), group], w.var(2, 1, 0))
            }
            _ => (vec![w.table("t", 101)], w.var(1, 2, 0)),
        };
        let having = format!(":havingQual {}", w.equal(aggregate, key.clone()));
        let tree = from(&[entry_number(1)], "<>");
        let window = format!(
            "{{WINDOWFUNC :winfnoid 3100 :wintype 20 :args ({key}) :aggfilter <> :winref 1}}"
        );
        let text = w.sub_link(6, "<>", &w.query(&tables, &tree, &window, &[&having]));
        let expr = read(&text);
        assert_eq!(expr.functions(), BTreeSet::from([2803, 2956, 3100]));
        let columns = [2, 3, 4].map(|attno| column(101, attno));
        assert_eq!(expr.columns(), BTreeSet::from(columns));
        opaque(&[], &expr);
    }
}

#[test]
fn what_is_not_known_is_opaque_and_counted() {
    let w = Writer(18);
    let unknown = || "{NEWEXPR :op 0 :args <>}".to_owned();
    let query = |tables: &[String], others: &[&str]| {
        let tree = from(&[entry_number(1)], &unknown());
        let query = w.query(tables, &tree, &w.var(1, 1, 0), others);
        read(&w.sub_link(0, "<>", &query))
    };
    let table = || w.table("t", 101);
    for (expr, names) in [
        (read(&unknown()), &["NEWEXPR"][..]),
        (
            read(&w.boolean("and", &[unknown(), unknown()])),
            &["NEWEXPR", "NEWEXPR"],
        ),
        (read("<>"), &["<>"]),
        (read("(i 1)"), &["()"]),
        (query(&[table()], &[]), &["NEWEXPR"]),
        // A column of something that is not known is not known either.
        (
            query(&[w.entry("x", 10, "")], &[]),
            &["RTEKIND 10", "VAR", "NEWEXPR"],
        ),
        (
            query(&[table()], &[":commandType 6"]),
            &["QUERY", "NEWEXPR"],
        ),
        // Parts of what has no value that a rule could work out.
        (read("{XMLEXPR :op 0 :args ({NEWEXPR})}"), &["NEWEXPR"]),
        (
            read(
                "{JSONEXPR :returning {JSONRETURNING :typid 25} :on_empty {JSONBEHAVIOR :expr {NEWEXPR}}}",
            ),
            &["NEWEXPR"],
        ),
        (
            query(&[table()], &[":rowMarks ({NEWMARK})"]),
            &["NEWEXPR", "NEWMARK"],
        ),
    ] {
        let mut found = expr.opaque();
        let mut names = names.to_vec();
        found.sort_unstable();
        names.sort_unstable();
        assert_eq!(found, names, "{expr:?}");
    }
}

#[test]
fn what_has_no_value_for_rules_has_its_parts() {
    let w = Writer(18);
    let call = |function: u32, attno| w.call(function, &[w.var(1, attno, 0)]);
    let expr = read(&format!(
        "{{XMLEXPR :op 2 :named_args ({}) :arg_names (\"a\") :args ({{JSONISPREDICATE :expr {}}})}}",
        call(1, 2),
        call(2, 3)
    ));
    assert_eq!(expr.functions(), BTreeSet::from([1, 2]));
    assert_eq!(expr.columns(), BTreeSet::from([own(2), own(3)]));

    let sampled = w.table("t", 101).replace(
        ":tablesample <>",
        &format!(
            ":tablesample {{TABLESAMPLECLAUSE :tsmhandler 3 :args ({}) :repeatable <>}}",
            w.call(4, &[w.var(1, 9, 1)])
        ),
    );
    let sort = "{SORTGROUPCLAUSE :tleSortGroupRef 1 :eqop 501 :sortop 502 :nulls_first false}";
    let windows = format!(
        ":windowClause ({{WINDOWCLAUSE :partitionClause ({}) :orderClause <> :startOffset {} \
         :endOffset <> :startInRangeFunc 6 :endInRangeFunc 0}})",
        sort.replace("501", "503"),
        w.call(5, &[])
    );
    let cycle = format!(
        ":cteList ({{COMMONTABLEEXPR :ctename c :ctequery {} :cycle_clause {{CTECYCLECLAUSE \
         :cycle_mark_value {} :cycle_mark_neop 504}}}})",
        w.query(&[w.table("u", 102)], &from(&[], "<>"), &w.var(1, 1, 0), &[]),
        w.call(7, &[])
    );
    let table_function = w.entry(
        "x",
        4,
        &format!(
            ":tablefunc {{TABLEFUNC :docexpr {} :coltypes (o 25)}}",
            w.call(8, &[])
        ),
    );
    let query = w.query(
        &[sampled, table_function],
        &from(&[entry_number(1)], "<>"),
        &w.var(1, 1, 0),
        &[
            &windows,
            &cycle,
            ":groupingSets ({GROUPINGSET :kind 1 :content (i 1)})",
            &format!(":setOperations {{SETOPERATIONSTMT :op 1 :larg {{RANGETBLREF :rtindex 1}} :groupClauses ({sort})}}"),
            ":rowMarks ({ROWMARKCLAUSE :rti 1 :strength 4})",
        ],
    );
    let expr = read(&w.sub_link(0, "<>", &query));
    opaque(&[], &expr);
    assert_eq!(expr.functions(), (3..=8).collect());
    assert_eq!(expr.operators(), (501..=504).collect());
    let columns = [own(9), column(101, 1), column(102, 1)];
    assert_eq!(expr.columns(), BTreeSet::from(columns));
}

#[test]
fn the_operators_of_rows_and_sorting_are_found() {
    let w = Writer(18);
    let expr = read(&w.node(
        "ROWCOMPAREEXPR",
        &format!(
            ":rctype 1 :opnos (o 664 665) :largs ({}) :rargs ({})",
            w.equal(
                w.var(1, 1, 0),
                w.any(w.var(1, 2, 0), w.var(1, 3, 0)).replace("2972", "7")
            ),
            w.operator("DISTINCTEXPR", 8, 9, &[]),
        ),
    ));
    assert_eq!(expr.operators(), BTreeSet::from([7, 8, 664, 665, 2972]));
    let sort = |operator| format!("{{SORTGROUPCLAUSE :eqop {operator} :sortop 0}}");
    let expr = read(&format!(
        "{{AGGREF :aggfnoid 1 :aggdirectargs <> :args <> :aggorder ({}) :aggdistinct ({}) :aggfilter <>}}",
        sort(11),
        sort(12)
    ));
    assert_eq!(expr.operators(), BTreeSet::from([11, 12]));
}

#[test]
fn queries_of_views_and_bodies_and_keys_of_indexes_are_read() {
    for w in VERSIONS.map(Writer) {
        let query = |command: u32| {
            let command = format!(":commandType {command}");
            let tree = from(&[entry_number(1)], "<>");
            w.query(&[w.table("t", 101)], &tree, &w.var(1, 2, 0), &[&command])
        };
        let each = |text: &str| Expr::each_of(&read_node(text).unwrap());
        let body = each(&format!("(({} {} {}))", query(1), query(2), query(5)));
        let commands: Vec<_> = body
            .iter()
            .map(|expr| sub_link(expr).query.command)
            .collect();
        let last = if w.0 == 14 {
            QueryCommand::Unknown
        } else {
            QueryCommand::Merge
        };
        assert_eq!(commands, [QueryCommand::Select, QueryCommand::Update, last]);
        assert_eq!(body[0].columns(), BTreeSet::from([column(101, 2)]));
        let keys = each(&format!("({} {})", w.call(1, &[]), w.call(2, &[])));
        assert_eq!(
            keys.iter().flat_map(Expr::functions).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(each(&w.call(1, &[])).len(), 1);
        assert_eq!(each("<>"), []);
    }
}

#[test]
fn a_node_that_lacks_a_field_or_has_another_is_opaque() {
    for (text, name) in [
        ("{VAR :varno 1 :varattno 2}", "VAR"),
        ("{VAR :varno 0 :varattno 2 :varlevelsup 0}", "VAR"),
        ("{VAR :varno 1 :varattno 40000 :varlevelsup 0}", "VAR"),
        (
            "{CONST :consttype 25 :constisnull false :constvalue <>}",
            "CONST",
        ),
        (
            "{CONST :consttype 25 :constisnull true :constvalue 0 [ ]}",
            "CONST",
        ),
        ("{FUNCEXPR :funcid a :args <>}", "FUNCEXPR"),
        ("{OPEXPR :opno 1 :args <>}", "OPEXPR"),
        ("{BOOLEXPR :boolop xor :args <>}", "BOOLEXPR"),
        ("{BOOLEXPR :boolop not :args <>}", "BOOLEXPR"),
        ("{NULLTEST :arg <> :nulltesttype 0}", "NULLTEST"),
        ("{NULLTEST :arg {CASETESTEXPR} :nulltesttype 2}", "NULLTEST"),
        (
            "{BOOLEANTEST :arg {CASETESTEXPR} :booltesttype 6}",
            "BOOLEANTEST",
        ),
        (
            "{CASEEXPR :arg <> :args ({CASETESTEXPR}) :defresult <>}",
            "CASEEXPR",
        ),
        ("{MINMAXEXPR :op 2 :args <>}", "MINMAXEXPR"),
        (
            "{ROWCOMPAREEXPR :opnos (o -1) :largs <> :rargs <>}",
            "ROWCOMPAREEXPR",
        ),
        (
            "{SUBLINK :subLinkType 0 :testexpr <> :subselect {ALIAS}}",
            "SUBLINK",
        ),
        (
            "{SUBLINK :subLinkType 5 :testexpr <> :subselect {QUERY}}",
            "SUBLINK",
        ),
        (
            "{ARRAYCOERCEEXPR :arg {CASETESTEXPR} :resulttype 25}",
            "ARRAYCOERCEEXPR",
        ),
    ] {
        assert_eq!(read(text), Expr::Opaque(name.to_owned()), "{text}");
    }
}

#[test]
fn a_column_of_nothing_is_unresolved() {
    let w = Writer(18);
    let unresolved = |tables: &[String], column: String| {
        let query = w.query(tables, &from(&[], "<>"), &column, &[]);
        let columns = read(&w.sub_link(4, "<>", &query)).columns();
        columns.contains(&Column::Unresolved)
    };
    let table = || w.table("t", 101);
    let join = |column: &str| w.entry("j", 2, &format!(":joinaliasvars ({column})"));
    assert!(!unresolved(&[table()], w.var(1, 1, 0)));
    assert!(!unresolved(&[table()], w.var(1, 1, 1)));
    assert!(unresolved(&[table()], w.var(1, 1, 2)));
    assert!(unresolved(&[table()], w.var(1, 1, u32::MAX)));
    assert!(unresolved(&[table()], w.var(2, 1, 0)));
    assert!(unresolved(&[w.entry("x", 8, "")], w.var(1, 1, 0)));
    assert!(!unresolved(
        &[table(), join(&w.var(1, 1, 0))],
        w.var(2, 0, 0)
    ));
    assert!(unresolved(
        &[table(), join(&w.var(1, 1, 0))],
        w.var(2, 2, 0)
    ));
    assert!(unresolved(
        &[table(), join(&w.var(1, 1, 0))],
        w.var(2, -1, 0)
    ));
    // What is behind a join comes before it. A join behind itself has no columns to show.
    let behind = |entry| join(&w.var(entry, 1, 0));
    assert!(!unresolved(
        &[table(), behind(1), behind(2)],
        w.var(3, 1, 0)
    ));
    assert!(unresolved(&[behind(1)], w.var(1, 1, 0)));
    assert!(!unresolved(&[behind(2), table()], w.var(1, 1, 0)));
    assert!(unresolved(&[behind(2), behind(1), table()], w.var(1, 1, 0)));
    assert!(unresolved(&[behind(3), table(), behind(1)], w.var(1, 1, 0)));
    let sub_select = |entry| {
        let inner = w.query(
            &[join(&w.var(entry, 1, 1))],
            &from(&[], "<>"),
            &w.var(1, 1, 0),
            &[],
        );
        join(&w.sub_link(4, "<>", &inner))
    };
    assert!(!unresolved(&[table(), sub_select(1)], w.var(2, 1, 0)));
    assert!(unresolved(&[table(), sub_select(2)], w.var(2, 1, 0)));
    let query = w.query(&[behind(1)], &from(&[], "<>"), &w.var(1, 1, 0), &[]);
    opaque(&["VAR"], &read(&w.sub_link(4, "<>", &query)));
}

#[test]
fn joins_behind_joins_cost_no_more_than_their_number() {
    let w = Writer(18);
    let doubled = |entry: u32| {
        let below = w.var(entry - 1, 1, 0);
        w.entry(
            "j",
            2,
            &format!(":joinaliasvars ({})", w.call(1, &[below.clone(), below])),
        )
    };
    let mut tables = vec![w.table("t", 101)];
    tables.extend((2..1000).map(doubled));
    let query = w.query(&tables, &from(&[], "<>"), &w.var(999, 1, 0), &[]);
    let columns = read(&w.sub_link(4, "<>", &query)).columns();
    assert_eq!(columns, BTreeSet::from([column(101, 1)]));
}

/// The threads of tests have 2 MiB of stack, as much as Postgres lets a query use by default.
#[test]
fn the_deepest_expression_fits_the_stack() {
    let nested = |open: &str, close: &str, depth| {
        read(&format!(
            "{}{{CASETESTEXPR}}{}",
            open.repeat(depth),
            close.repeat(depth)
        ))
    };
    let cast = nested("{RELABELTYPE :resulttype 25 :arg ", "}", MAX_DEPTH - 1);
    opaque(&[], &cast);
    let element = "{ARRAYCOERCEEXPR :resulttype 25 :arg {CASETESTEXPR} :elemexpr ";
    opaque(&[], &nested(element, "}", MAX_DEPTH - 1));
    let not = nested("{BOOLEXPR :boolop not :args (", ")}", (MAX_DEPTH - 1) / 2);
    opaque(&[], &not);
    assert_eq!(not, not.clone());
    assert!(format!("{cast:?}").len() > MAX_DEPTH);

    let query = |inner: &str| {
        let w = Writer(18);
        w.sub_link(
            4,
            "<>",
            &w.query(&[w.table("t", 1)], &from(&[], "<>"), inner, &[]),
        )
    };
    // A sub-select takes four: its own, and those of its query, its target list and its target.
    let depth = MAX_DEPTH / 4 - 1;
    let text = (0..depth).fold(Writer(18).var(1, 1, 0), |inner, _| query(&inner));
    assert_eq!(read(&text).queries().len(), depth);
}
