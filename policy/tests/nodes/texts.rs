//! Node texts as Postgres 14 to 18 write them.
//!
//! No server wrote these. They follow the fields of `primnodes.h` and `parsenodes.h` of each
//! version and what `outfuncs.c` makes of them.

/// The versions of Postgres whose texts are made here.
pub const VERSIONS: std::ops::RangeInclusive<u32> = 14..=18;

/// The writer of one version.
#[derive(Clone, Copy)]
pub struct Writer(pub u32);

impl Writer {
    /// The name of a node that had a shorter one in Postgres 14.
    fn name(self, name: &'static str) -> &'static str {
        match (self.0, name) {
            (14, "CASEWHEN") => "WHEN",
            (14, "RANGETBLENTRY") => "RTE",
            (
                14,
                "CASEEXPR" | "COALESCEEXPR" | "ROWEXPR" | "ARRAYEXPR" | "MINMAXEXPR"
                | "ROWCOMPAREEXPR" | "COLLATEEXPR",
            ) => name.strip_suffix("EXPR").unwrap(),
            _ => name,
        }
    }

    fn since(self, version: u32, field: &'static str) -> &'static str {
        if self.0 >= version { field } else { "" }
    }

    pub fn var(self, varno: u32, attno: i16, levels_up: u32) -> String {
        let nulling = self.since(16, " :varnullingrels (b)");
        let returning = self.since(18, " :varreturningtype 0");
        format!(
            "{{VAR :varno {varno} :varattno {attno} :vartype 2950 :vartypmod -1 :varcollid 0\
             {nulling} :varlevelsup {levels_up}{returning} :varnosyn {varno} \
             :varattnosyn {attno} :location 24}}"
        )
    }

    /// A text.
    pub fn text(self, value: &str) -> String {
        let length = value.len() + 4;
        let bytes: Vec<_> = value.bytes().map(|byte| byte.to_string()).collect();
        format!(
            "{{CONST :consttype 25 :consttypmod -1 :constcollid 100 :constlen -1 :constbyval false \
             :constisnull false :location 9 :constvalue {length} [ {} 0 0 0 {} ]}}",
            length << 2,
            bytes.join(" ")
        )
    }

    pub fn null(self) -> String {
        "{CONST :consttype 25 :consttypmod -1 :constcollid 100 :constlen -1 :constbyval false \
         :constisnull true :location 9 :constvalue <>}"
            .to_owned()
    }

    pub fn truth(self, value: bool) -> String {
        format!(
            "{{CONST :consttype 16 :consttypmod -1 :constcollid 0 :constlen 1 :constbyval true \
             :constisnull false :location 9 :constvalue 1 [ {} 0 0 0 0 0 0 0 ]}}",
            u8::from(value)
        )
    }

    pub fn call(self, function: u32, args: &[String]) -> String {
        format!(
            "{{FUNCEXPR :funcid {function} :funcresulttype 2950 :funcretset false \
             :funcvariadic false :funcformat 0 :funccollid 0 :inputcollid 0 :args {} \
             :location 33}}",
            list(args)
        )
    }

    /// An operator, or what has its fields under another name.
    pub fn operator(self, node: &str, operator: u32, function: u32, args: &[String]) -> String {
        format!(
            "{{{node} :opno {operator} :opfuncid {function} :opresulttype 16 :opretset false \
             :opcollid 0 :inputcollid 0 :args {} :location 31}}",
            list(args)
        )
    }

    pub fn equal(self, left: String, right: String) -> String {
        self.operator("OPEXPR", 2972, 2956, &[left, right])
    }

    pub fn any(self, left: String, right: String) -> String {
        let negated = self.since(15, " :negfuncid 0");
        format!(
            "{{SCALARARRAYOPEXPR :opno 2972 :opfuncid 2956 :hashfuncid 0{negated} :useOr true \
             :inputcollid 0 :args {} :location 31}}",
            list(&[left, right])
        )
    }

    pub fn boolean(self, word: &str, args: &[String]) -> String {
        format!(
            "{{BOOLEXPR :boolop {word} :args {} :location 40}}",
            list(args)
        )
    }

    /// A node of which only a few fields matter.
    pub fn node(self, name: &'static str, fields: &str) -> String {
        format!("{{{} {fields} :location -1}}", self.name(name))
    }

    pub fn sub_link(self, kind: u32, test: &str, query: &str) -> String {
        let operator = if test == "<>" { "<>" } else { "(\"=\")" };
        format!(
            "{{SUBLINK :subLinkType {kind} :subLinkId 0 :testexpr {test} :operName {operator} \
             :subselect {query} :location 5}}"
        )
    }

    pub fn target(self, expr: &str) -> String {
        format!(
            "{{TARGETENTRY :expr {expr} :resno 1 :resname ?column? :ressortgroupref 0 \
             :resorigtbl 0 :resorigcol 0 :resjunk false}}"
        )
    }

    /// An entry of a range table: the number of its kind, and the fields that only this kind has.
    pub fn entry(self, alias: &str, kind: u32, fields: &str) -> String {
        let name = self.name("RANGETBLENTRY");
        let rights = match self.0 {
            14 | 15 => {
                " :requiredPerms 2 :checkAsUser 0 :selectedCols (b 8) :insertedCols (b) \
                 :updatedCols (b) :extraUpdatedCols (b)"
            }
            _ => "",
        };
        let children = if self.0 < 17 || kind != 0 {
            " :inh true"
        } else {
            ""
        };
        format!(
            "{{{name} :alias <> :eref {{ALIAS :aliasname {alias} :colnames (\"id\" \"a\\ b\")}} \
             :rtekind {kind} {fields} :lateral false{children} :inFromCl true{rights} \
             :securityQuals <>}}"
        )
    }

    pub fn table(self, alias: &str, relation: u32) -> String {
        let fields = match self.0 {
            14 | 15 => ":relkind r :rellockmode 1 :tablesample <>",
            16 => ":relkind r :rellockmode 1 :tablesample <> :perminfoindex 1",
            _ => ":inh true :relkind r :rellockmode 1 :perminfoindex 1 :tablesample <>",
        };
        self.entry(alias, 0, &format!(":relid {relation} {fields}"))
    }

    /// A query; `others` are fields that replace the usual ones.
    pub fn query(self, tables: &[String], tree: &str, target: &str, others: &[&str]) -> String {
        let group_entry = self.since(18, " :hasGroupRTE false");
        let permissions = self.since(16, " :rteperminfos <>");
        let merge = self.since(15, " :mergeActionList <>");
        let usual = [
            ":commandType 1",
            ":cteList <>",
            ":groupingSets <>",
            ":havingQual <>",
            ":windowClause <>",
            ":limitOffset <>",
            ":limitCount <>",
            ":rowMarks <>",
            ":setOperations <>",
        ];
        let fields = usual.map(|field| {
            let name = field.split(' ').next().unwrap();
            let other = others
                .iter()
                .find(|other| other.split(' ').next() == Some(name));
            *other.unwrap_or(&field)
        });
        let [
            command,
            ctes,
            sets,
            having,
            windows,
            offset,
            limit,
            marks,
            operations,
        ] = fields;
        format!(
            "{{QUERY {command} :querySource 0 :canSetTag true :utilityStmt <> :resultRelation 0 \
             :hasAggs false :hasWindowFuncs false :hasTargetSRFs false :hasSubLinks false \
             :hasDistinctOn false :hasRecursive false :hasModifyingCTE false :hasForUpdate false \
             :hasRowSecurity false{group_entry} :isReturn false {ctes} :rtable {}{permissions} \
             :jointree {tree}{merge} :targetList {} :override 0 :onConflict <> :returningList <> \
             :groupClause <> :groupDistinct false {sets} {having} {windows} :distinctClause <> \
             :sortClause <> {offset} {limit} :limitOption 0 {marks} {operations} \
             :constraintDeps <> :withCheckOptions <> :stmt_location -1 :stmt_len -1}}",
            list(tables),
            list(&[self.target(target)]),
        )
    }

    /// `owner = auth.uid() or exists (select 1 from members m where m.user_id = auth.uid() and
    /// m.team_id = notes.team_id)`, where the function is 16500 and the table 16400.
    pub fn owner_or_member(self) -> String {
        let uid = || self.call(16500, &[]);
        let condition = self.boolean(
            "and",
            &[
                self.equal(self.var(1, 2, 0), uid()),
                self.equal(self.var(1, 1, 0), self.var(1, 3, 1)),
            ],
        );
        let query = self.query(
            &[self.table("m", 16400)],
            &from(&[entry_number(1)], &condition),
            &self.truth(true),
            &[],
        );
        let owner = self.equal(self.var(1, 2, 0), uid());
        self.boolean("or", &[owner, self.sub_link(0, "<>", &query)])
    }

    /// `(select id from a left join b using (id) left join c on …)`, in which `id` stands for
    /// columns of both tables.
    pub fn joined(self) -> String {
        let args = format!(":args ({} {})", self.var(1, 1, 0), self.var(2, 5, 0));
        let merged = self.node("COALESCEEXPR", &args);
        let join = |columns: &[String]| {
            let fields = format!(
                ":jointype 1 :joinmergedcols 1 :joinaliasvars {} :joinleftcols (i 1) \
                 :joinrightcols (i 1) :join_using_alias <>",
                list(columns)
            );
            self.entry("unnamed_join", 2, &fields)
        };
        let tables = [
            self.table("a", 101),
            self.table("b", 102),
            join(&[merged, self.var(1, 7, 0)]),
            self.table("c", 103),
            join(&[self.var(3, 1, 0), self.var(4, 2, 0)]),
        ];
        let node = |left: &str, right, condition: &str, entry| {
            format!(
                "{{JOINEXPR :jointype 1 :isNatural false :larg {left} :rarg {} :usingClause <> \
                 :join_using_alias <> :quals {condition} :alias <> :rtindex {entry}}}",
                entry_number(right)
            )
        };
        let using = self.equal(self.var(1, 1, 0), self.var(2, 5, 0));
        let on = self.equal(self.var(4, 1, 0), self.var(3, 1, 0));
        let inner = node(&entry_number(1), 2, &using, 3);
        let tree = from(&[node(&inner, 4, &on, 5)], "<>");
        self.sub_link(
            4,
            "<>",
            &self.query(&tables, &tree, &self.var(5, 1, 0), &[]),
        )
    }

    /// `a in (with … select … from a query of with, a query, a function, values)`.
    pub fn nested(self) -> String {
        let inner = |relation, column: String| {
            let tree = from(&[entry_number(1)], "<>");
            self.query(&[self.table("t", relation)], &tree, &column, &[])
        };
        let cte = format!(
            ":cteList ({{COMMONTABLEEXPR :ctename mine :aliascolnames <> :ctematerialized 0 \
             :ctequery {} :search_clause <> :cycle_clause <> :location 3 :cterecursive false}})",
            inner(101, self.var(1, 1, 2))
        );
        let subquery = inner(102, self.var(1, 4, 0));
        let call = self.call(77, &[self.var(2, 1, 0)]);
        let call = format!("{{RANGETBLFUNCTION :funcexpr {call} :funccolcount 1}}");
        let row = format!("({} {})", self.var(1, 9, 1), self.truth(true));
        let tables = [
            self.entry(
                "mine",
                6,
                ":ctename mine :ctelevelsup 0 :self_reference false",
            ),
            self.entry(
                "s",
                1,
                &format!(":subquery {subquery} :security_barrier false"),
            ),
            self.entry(
                "f",
                3,
                &format!(":functions ({call}) :funcordinality false"),
            ),
            self.entry("v", 5, &format!(":values_lists ({row})")),
        ];
        let items = [1, 2, 3, 4].map(entry_number);
        let condition = self.equal(self.var(1, 1, 0), self.var(4, 1, 0));
        let limit = ":limitCount {PARAM :paramkind 0 :paramid 1 :paramtype 20}";
        let tree = from(&items, &condition);
        let query = self.query(&tables, &tree, &self.var(2, 1, 0), &[&cte, limit]);
        let param = "{PARAM :paramkind 2 :paramid 1 :paramtype 25}";
        let test = self.equal(self.var(1, 2, 0), param.into());
        self.sub_link(2, &test, &query)
    }
}

pub fn list(values: &[String]) -> String {
    match values {
        [] => "<>".to_owned(),
        values => format!("({})", values.join(" ")),
    }
}

pub fn entry_number(number: u32) -> String {
    format!("{{RANGETBLREF :rtindex {number}}}")
}

pub fn from(items: &[String], condition: &str) -> String {
    format!("{{FROMEXPR :fromlist {} :quals {condition}}}", list(items))
}
