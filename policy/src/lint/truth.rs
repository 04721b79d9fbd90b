//! What an expression can come to, if some of its parts are known to be NULL: the three-valued
//! logic of SQL over sets of values. Whatever is not known may come to anything, so an answer such
//! as "never true" holds for every row.

use crate::facts::Facts;
use crate::{
    ArrayOperation, BooleanTest, Case, Const, Expr, Operation, Query, SubLink, SubLinkKind,
};

/// What a value may be. A value of another type than `boolean` that is not NULL may be both true
/// and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// True if it may be true.
    pub may_be_true: bool,
    /// True if it may be false.
    pub may_be_false: bool,
    /// True if it may be NULL.
    pub may_be_null: bool,
}

impl Truth {
    /// Always true.
    pub const TRUE: Self = Self::new(true, false, false);
    /// Always false.
    pub const FALSE: Self = Self::new(false, true, false);
    /// Always NULL.
    pub const NULL: Self = Self::new(false, false, true);
    /// Never NULL.
    pub const NOT_NULL: Self = Self::new(true, true, false);
    /// Anything.
    pub const UNKNOWN: Self = Self::new(true, true, true);

    const fn new(may_be_true: bool, may_be_false: bool, may_be_null: bool) -> Self {
        Self {
            may_be_true,
            may_be_false,
            may_be_null,
        }
    }

    /// Returns true if it is true for every row.
    pub fn is_true(self) -> bool {
        self == Self::TRUE
    }

    /// Returns true if it is true for no row.
    pub fn is_never_true(self) -> bool {
        !self.may_be_true
    }

    /// Returns true if it is NULL for every row.
    pub fn is_null(self) -> bool {
        self == Self::NULL
    }

    fn or(self, other: Self) -> Self {
        Self::new(
            self.may_be_true || other.may_be_true,
            self.may_be_false || other.may_be_false,
            self.may_be_null || other.may_be_null,
        )
    }

    fn not(self) -> Self {
        Self::new(self.may_be_false, self.may_be_true, self.may_be_null)
    }

    /// The same value, if it is not NULL.
    fn without_null(self) -> Self {
        Self::new(self.may_be_true, self.may_be_false, false)
    }

    fn may_be_something(self) -> bool {
        self.may_be_true || self.may_be_false
    }

    /// A truth value that is true if `yes` can be, and false if `no` can be.
    fn either(yes: bool, no: bool) -> Self {
        Self::new(yes, no, false)
    }
}

/// Works out what expressions can come to.
pub struct Logic<'l> {
    facts: &'l Facts,
    /// Returns what is assumed of a part, if anything is.
    assumed: &'l dyn Fn(&Expr) -> Option<Truth>,
}

impl<'l> Logic<'l> {
    /// Begins with assumptions about parts of expressions, such as the readers of claims.
    pub fn new(facts: &'l Facts, assumed: &'l dyn Fn(&Expr) -> Option<Truth>) -> Self {
        Self { facts, assumed }
    }

    /// Returns what an expression can come to.
    pub fn of(&self, expr: &Expr) -> Truth {
        if let Some(truth) = (self.assumed)(expr) {
            return truth;
        }
        match expr {
            Expr::Const(constant) => of_constant(constant),
            Expr::Call(call) => self.of_call(call.function, &call.args),
            Expr::Operator(operation) => self.of_operation(operation),
            Expr::Distinct(operation) => self.of_distinct(operation),
            Expr::NullIf(operation) => match operation.args.first().map(|arg| self.of(arg)) {
                Some(Truth::NULL) => Truth::NULL,
                _ => Truth::UNKNOWN,
            },
            Expr::ArrayOperator(array) => self.of_array(array),
            Expr::And(args) => self.all(args),
            Expr::Or(args) => args
                .iter()
                .map(|arg| self.of(arg).not())
                .fold(Truth::TRUE, and)
                .not(),
            Expr::Not(arg) => self.of(arg).not(),
            Expr::IsNull(arg) => {
                let arg = self.of(arg);
                Truth::either(arg.may_be_null, arg.may_be_something())
            }
            Expr::IsNotNull(arg) => {
                let arg = self.of(arg);
                Truth::either(arg.may_be_something(), arg.may_be_null)
            }
            Expr::BooleanTest(test, arg) => of_test(*test, self.of(arg)),
            Expr::Case(case) => self.of_case(case),
            Expr::Coalesce(args) => self.of_coalesce(args),
            Expr::Greatest(args) | Expr::Least(args) => self.of_extreme(args),
            Expr::SubLink(link) => self.of_sub_link(link),
            Expr::Cast { arg, .. } | Expr::Collate(arg) | Expr::NamedArg(arg) => self.of(arg),
            Expr::Row(_) | Expr::Array(_) | Expr::SqlValue(_) => Truth::NOT_NULL,
            Expr::Subscript(arg, _) | Expr::Field(arg, _) if self.of(arg).is_null() => Truth::NULL,
            _ => Truth::UNKNOWN,
        }
    }

    fn all(&self, args: &[Expr]) -> Truth {
        args.iter().map(|arg| self.of(arg)).fold(Truth::TRUE, and)
    }

    fn of_call(&self, function: u32, args: &[Expr]) -> Truth {
        let function = self.facts.functions.get(&function);
        let is_strict = function.is_some_and(|f| f.strict && !f.returns_set);
        if is_strict && args.iter().any(|arg| self.of(arg).is_null()) {
            Truth::NULL
        } else {
            Truth::UNKNOWN
        }
    }

    fn of_operation(&self, operation: &Operation) -> Truth {
        let called = self.of_call(self.function(operation), &operation.args);
        match operation.args.as_slice() {
            [Expr::Const(left), Expr::Const(right)]
                if !called.is_null() && (left == right || is_plain(left, right)) =>
            {
                match self.operator(operation) {
                    Some("=") if left == right => Truth::TRUE,
                    Some("<>") if left == right => Truth::FALSE,
                    Some("=") => Truth::FALSE,
                    Some("<>") => Truth::TRUE,
                    _ => called,
                }
            }
            _ => called,
        }
    }

    fn function(&self, operation: &Operation) -> u32 {
        let operator = self.facts.operators.get(&operation.operator);
        operator.map_or(operation.function, |operator| operator.function)
    }

    /// The name of an operator of Postgres's own.
    fn operator(&self, operation: &Operation) -> Option<&str> {
        let operator = self.facts.operators.get(&operation.operator)?;
        let is_own = self.facts.is_system(operator.schema);
        is_own.then_some(operator.name.as_str())
    }

    fn of_distinct(&self, operation: &Operation) -> Truth {
        let mut args = operation.args.iter().map(|arg| self.of(arg));
        match (args.next(), args.next()) {
            (Some(Truth::NULL), Some(other)) | (Some(other), Some(Truth::NULL)) => {
                Truth::either(other.may_be_something(), other.may_be_null)
            }
            _ => Truth::NOT_NULL,
        }
    }

    /// An array without elements makes `ANY` false and `ALL` true, whatever the value is.
    fn of_array(&self, array: &ArrayOperation) -> Truth {
        let mut args = array.operation.args.iter().map(|arg| self.of(arg));
        let (value, list) = (args.next(), args.next());
        if list == Some(Truth::NULL) {
            Truth::NULL
        } else if value == Some(Truth::NULL) {
            let empty = if array.any { Truth::FALSE } else { Truth::TRUE };
            Truth::NULL.or(empty)
        } else {
            Truth::UNKNOWN
        }
    }

    fn of_case(&self, case: &Case) -> Truth {
        let mut truth: Option<Truth> = None;
        let mut add = |result: Truth| truth = Some(truth.map_or(result, |t| t.or(result)));
        for (when, then) in &case.whens {
            let when = match case.arg {
                None => self.of(when),
                Some(_) => Truth::UNKNOWN,
            };
            if when.may_be_true {
                add(self.of(then));
            }
            if when.is_true() {
                return truth.unwrap_or(Truth::UNKNOWN);
            }
        }
        let otherwise = case.otherwise.as_deref();
        add(otherwise.map_or(Truth::NULL, |expr| self.of(expr)));
        truth.unwrap_or(Truth::UNKNOWN)
    }

    fn of_coalesce(&self, args: &[Expr]) -> Truth {
        let mut truth = Truth::NULL;
        for arg in args {
            let arg = self.of(arg);
            truth = truth.without_null().or(arg);
            if !arg.may_be_null {
                break;
            }
        }
        truth
    }

    fn of_extreme(&self, args: &[Expr]) -> Truth {
        // Each is worked out once: two calls for each level would be many for all.
        let args: Vec<_> = args.iter().map(|arg| self.of(arg)).collect();
        if args.iter().all(|arg| arg.is_null()) {
            Truth::NULL
        } else if args.iter().any(|arg| !arg.may_be_null) {
            Truth::NOT_NULL
        } else {
            Truth::UNKNOWN
        }
    }

    fn of_sub_link(&self, link: &SubLink) -> Truth {
        if link.kind == SubLinkKind::Value
            && let Some(value) = only_value(&link.query)
        {
            return self.of(value);
        }
        let is_empty = self.is_empty(&link.query);
        match link.kind {
            SubLinkKind::Exists | SubLinkKind::Any if is_empty => Truth::FALSE,
            SubLinkKind::All if is_empty => Truth::TRUE,
            SubLinkKind::Value | SubLinkKind::RowCompare if is_empty => Truth::NULL,
            SubLinkKind::Exists | SubLinkKind::Array => Truth::NOT_NULL,
            _ => Truth::UNKNOWN,
        }
    }

    /// Returns true if a query has no row. An aggregate makes one of none.
    fn is_empty(&self, query: &Query) -> bool {
        let has_aggregate = || {
            let targets = query.targets.iter().map(|target| &target.expr);
            targets
                .chain(&query.having)
                .any(|expr| contains(expr, &|e| matches!(e, Expr::Aggregate(_))))
        };
        let condition = query.condition.as_ref();
        !query.is_set_operation
            && query.opaque.is_empty()
            && condition.is_some_and(|condition| self.of(condition).is_never_true())
            && query.having.is_none()
            && !has_aggregate()
    }
}

/// Returns the value of a query such as `(select auth.uid())`.
pub fn only_value(query: &Query) -> Option<&Expr> {
    let is_plain = query.from.is_empty()
        && query.range_table.is_empty()
        && query.condition.is_none()
        && query.having.is_none()
        && query.limit.is_none()
        && query.offset.is_none()
        && !query.is_set_operation
        && query.opaque.is_empty();
    match query.targets.as_slice() {
        [target] if is_plain => Some(&target.expr),
        _ => None,
    }
}

/// Returns true if an expression or a part of it, in sub-selects too, is of this kind.
pub fn contains(expr: &Expr, of_kind: &dyn Fn(&Expr) -> bool) -> bool {
    expr.parts().any(of_kind)
}

fn and(left: Truth, right: Truth) -> Truth {
    let (mut holds, mut fails) = (false, false);
    // NULL, if no side is false and one is NULL.
    let left_may = left.may_be_true || left.may_be_null;
    let right_may = right.may_be_true || right.may_be_null;
    let is_null = left_may && right_may && (left.may_be_null || right.may_be_null);
    holds |= left.may_be_true && right.may_be_true;
    fails |= left.may_be_false || right.may_be_false;
    Truth::new(holds, fails, is_null)
}

/// Returns true if two constants are equal only if their bytes are: whole numbers and truth values
/// (src/include/catalog/pg_type.dat).
fn is_plain(left: &Const, right: &Const) -> bool {
    left.type_id == right.type_id && [16, 20, 21, 23].contains(&left.type_id)
}

fn of_constant(constant: &Const) -> Truth {
    match (constant.is_null(), constant.as_bool()) {
        (true, _) => Truth::NULL,
        (false, Some(true)) => Truth::TRUE,
        (false, Some(false)) => Truth::FALSE,
        (false, None) => Truth::NOT_NULL,
    }
}

fn of_test(test: BooleanTest, arg: Truth) -> Truth {
    let Truth {
        may_be_true: yes,
        may_be_false: no,
        may_be_null: null,
    } = arg;
    match test {
        BooleanTest::True => Truth::either(yes, no || null),
        BooleanTest::NotTrue => Truth::either(no || null, yes),
        BooleanTest::False => Truth::either(no, yes || null),
        BooleanTest::NotFalse => Truth::either(yes || null, no),
        BooleanTest::Unknown => Truth::either(null, yes || no),
        BooleanTest::NotUnknown => Truth::either(yes || no, null),
    }
}
