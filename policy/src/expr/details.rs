//! What a node text says beyond what rules see: names of arguments, collations, frames of windows,
//! kinds of set operations, and whatever a later version of Postgres adds.

use crate::facts::Facts;
use crate::node::{Node, Value, read_node};

/// Fields that [`Expr`](crate::Expr) has, the objects by their names.
pub(crate) const SEEN: &[&str] = &[
    "aggfnoid",
    "consttype",
    "constvalue",
    "cycle_mark_neop",
    "endInRangeFunc",
    "eqop",
    "funcid",
    "inh",
    "opno",
    "opnos",
    "relid",
    "sortop",
    "startInRangeFunc",
    "tsmhandler",
    "winfnoid",
];

/// Fields that change no answer by themselves. A field that is not here counts.
pub(crate) const IGNORED: &[&str] = &[
    // How the text was written: places in it, and names that nothing looks up again.
    "aliasname",
    "coerceformat",
    "coercionformat",
    "convertformat",
    "copiedOrder",
    "eref",
    "funcformat",
    "isNatural",
    "join_using_alias",
    "list_end",
    "list_start",
    "location",
    "operName",
    "refname",
    "relabelformat",
    "row_format",
    "stmt_len",
    "stmt_location",
    "usingClause",
    "varattnosyn",
    "varnosyn",
    // What follows from functions, operators and columns: types, collations and their like.
    "aggargtypes",
    "aggcollid",
    "aggtranstype",
    "aggtype",
    "array_collid",
    "casecollid",
    "casetype",
    "cmptype",
    "coalescecollid",
    "coalescetype",
    "colCollations",
    "colTypes",
    "colTypmods",
    "colcollations",
    "collation",
    "constbyval",
    "constcollid",
    "constlen",
    "consttypmod",
    "ctecolcollations",
    "ctecolnames",
    "ctecoltypes",
    "ctecoltypmods",
    "cycle_mark_collation",
    "cycle_mark_type",
    "cycle_mark_typmod",
    "element_typeid",
    "funccolcollations",
    "funccollid",
    "funccolcount",
    "funcresulttype",
    "funcretset",
    "hashable",
    "hashfuncid",
    "inRangeColl",
    "inputcollid",
    "inputcollids",
    "minmaxcollid",
    "minmaxtype",
    "negfuncid",
    "opcollid",
    "opfamilies",
    "opfuncid",
    "opresulttype",
    "opretset",
    "paramcollid",
    "paramtype",
    "paramtypmod",
    "rctype",
    "refcollid",
    "refcontainertype",
    "refelemtype",
    "refrestype",
    "resultcollid",
    "reverse_sort",
    "typeId",
    "varcollid",
    "vartype",
    "vartypmod",
    "winagg",
    "wincollid",
    "wintype",
    // What follows from other parts of a query: flags, counts, and columns behind columns.
    "agglevelsup",
    "aggno",
    "aggsplit",
    "aggtransno",
    "canSetTag",
    "constraintDeps",
    "cterefcount",
    "funcparams",
    "groupexprs",
    "hasAggs",
    "hasForUpdate",
    "hasGroupRTE",
    "hasModifyingCTE",
    "hasRecursive",
    "hasRowSecurity",
    "hasSubLinks",
    "hasTargetSRFs",
    "hasWindowFuncs",
    "inFromCl",
    "joinaliasvars",
    "joinleftcols",
    "joinmergedcols",
    "joinrightcols",
    "querySource",
    "resno",
    "resorigcol",
    "resorigtbl",
    "varnullingrels",
    // Privileges and locks, which are asked for when the query runs.
    "checkAsUser",
    "extraUpdatedCols",
    "insertedCols",
    "perminfoindex",
    "relkind",
    "rellockmode",
    "requiredPerms",
    "rteperminfos",
    "selectedCols",
    "updatedCols",
];

/// Fields that name types.
const TYPES: &[&str] = &[
    "array_typeid",
    "coltypes",
    "funccoltypes",
    "resulttype",
    "row_typeid",
    "typid",
];

/// The field that names a collation.
const COLLATION: &str = "collOid";

/// What a node text says beyond what rules see.
///
/// Everything is in it that is not known to change nothing, so a fingerprint that has the details
/// changes with each change of a policy that can change an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    text: String,
    /// The objects in it, each with its place in the text.
    objects: Vec<(usize, Object)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Type(u32),
    Collation(u32),
}

impl Details {
    /// Returns the details of a text; the text itself if it cannot be read.
    pub fn of(text: &str) -> Self {
        match read_node(text) {
            Ok(value) => Self::of_value(&value),
            Err(_) => Self {
                text: text.to_owned(),
                objects: Vec::new(),
            },
        }
    }

    /// Returns the details of a tree.
    pub(crate) fn of_value(value: &Value<'_>) -> Self {
        let mut details = Self::default();
        details.value("", value);
        details
    }

    /// Returns them as a text that has names in the place of OIDs.
    pub(crate) fn named(&self, facts: &Facts) -> String {
        let mut named = String::new();
        let mut from = 0;
        for (at, object) in &self.objects {
            named.push_str(self.text.get(from..*at).unwrap_or_default());
            from = *at;
            let name = match object {
                Object::Type(oid) => facts.type_name(*oid),
                Object::Collation(oid) => facts.collation_name(*oid),
            };
            named.push_str(&format!(" {name:?}"));
        }
        named.push_str(self.text.get(from..).unwrap_or_default());
        named
    }

    fn word(&mut self, word: &str) {
        self.text.push(' ');
        self.text.push_str(word);
    }

    fn object(&mut self, object: Object) {
        self.objects.push((self.text.len(), object));
    }

    /// Adds a value. Returns false if it says nothing: fields that only some versions have are like
    /// that in texts that all versions can write.
    fn value(&mut self, field: &str, value: &Value<'_>) -> bool {
        let none = if field.contains("typmod") { "-1" } else { "0" };
        match value {
            Value::Null => return false,
            Value::Token(token) if *token == none || *token == "false" => return false,
            Value::Token(token) => match token.parse() {
                Ok(oid) if field == COLLATION => self.object(Object::Collation(oid)),
                Ok(oid) if TYPES.contains(&field) => self.object(Object::Type(oid)),
                _ => self.word(token),
            },
            Value::Numbers(numbers) if numbers.is_empty() => return false,
            Value::Numbers(numbers) => {
                for number in numbers {
                    match u32::try_from(*number) {
                        Ok(oid) if TYPES.contains(&field) => self.object(Object::Type(oid)),
                        _ => self.word(&number.to_string()),
                    }
                }
            }
            Value::Datum(bytes) => {
                for byte in bytes {
                    self.word(&byte.to_string());
                }
            }
            Value::List(values) => {
                self.word("(");
                for value in values {
                    if !self.value(field, value) {
                        self.word("-");
                    }
                }
                self.word(")");
            }
            Value::Node(node) => self.node(node),
        }
        true
    }

    /// Adds the fields of a node, in the order of their names: versions differ in their order.
    fn node(&mut self, node: &Node<'_>) {
        let counts = |field: &str| !IGNORED.contains(&field) && !SEEN.contains(&field);
        let mut fields: Vec<_> = node
            .fields
            .iter()
            .filter(|(name, _)| counts(name))
            .collect();
        fields.sort_by_key(|(name, _)| *name);
        self.word("{");
        for (name, value) in fields {
            let before = self.text.len();
            self.word(name);
            if !self.value(name, value) {
                self.text.truncate(before);
            }
        }
        self.word("}");
    }
}
