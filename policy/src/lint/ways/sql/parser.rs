//! The grammar of queries and expressions, as far as it is understood
//! (src/backend/parser/gram.y). Nothing is made of what is not.

use super::lexer::{Token, tokens};
use super::{From, FromKind, Select, Sql};

/// The depth of brackets and blocks that is followed.
const MAX_DEPTH: u32 = 24;

/// The length of a chain such as `a || b || c`, which is as deep as it is long.
const MAX_CHAIN: u32 = 24;

/// Words that end an expression without a comma, or cannot be an alias.
const RESERVED: &[&str] = &[
    "and",
    "as",
    "asc",
    "case",
    "cross",
    "desc",
    "else",
    "end",
    "except",
    "fetch",
    "for",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "into",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "offset",
    "on",
    "or",
    "order",
    "right",
    "select",
    "then",
    "union",
    "using",
    "when",
    "where",
    "window",
    "with",
    "loop",
    "ilike",
    "similar",
    "between",
    "collate",
    "strict",
];

/// Reads a text that is one query.
pub(in crate::lint) fn select_of(text: &str) -> Option<Select> {
    let mut parser = Parser::of(tokens(text)?);
    let select = parser.select()?;
    while parser.sign(";") {}
    parser.is_at_end().then_some(select)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    pub(super) fn of(tokens: Vec<Token>) -> Self {
        Self {
            tokens,
            at: 0,
            depth: 0,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at.checked_add(ahead)?)
    }

    pub(super) fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek(ahead);
        matches!(token, Some(Token::Word { text, quoted: false }) if text == word)
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.peek(ahead), Some(Token::Sign(text)) if text == sign)
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(0, word);
        if is {
            self.skip();
        }
        is
    }

    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let is = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.is_word(ahead, word));
        if is {
            self.at = self.at.saturating_add(words.len());
        }
        is
    }

    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(0, sign);
        if is {
            self.skip();
        }
        is
    }

    fn need(&mut self, sign: &str) -> Option<()> {
        self.sign(sign).then_some(())
    }

    /// A word that can be a name.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = match self.peek(0)? {
            Token::Word { text, quoted } if *quoted || !RESERVED.contains(&text.as_str()) => {
                text.clone()
            }
            _ => return None,
        };
        self.skip();
        Some(name)
    }

    pub(super) fn any_word(&mut self) -> Option<String> {
        let Some(Token::Word { text, .. }) = self.peek(0) else {
            return None;
        };
        let text = text.clone();
        self.skip();
        Some(text)
    }

    fn dotted(&mut self) -> Option<Vec<String>> {
        let mut name = vec![self.name()?];
        while self.sign(".") {
            if self.sign("*") {
                name.push("*".to_owned());
                break;
            }
            name.push(self.any_word()?);
        }
        Some(name)
    }

    fn list(&mut self) -> Option<Vec<Sql>> {
        let mut list = vec![self.expr()?];
        while self.sign(",") {
            list.push(self.expr()?);
        }
        Some(list)
    }

    /// Reads something one level deeper.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth = self
            .depth
            .checked_add(1)
            .filter(|depth| *depth < MAX_DEPTH)?;
        let result = read(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    // Queries.

    pub(super) fn select(&mut self) -> Option<Select> {
        self.deeper(Self::query)
    }

    /// The rest of `PERFORM`, which stands for `SELECT`.
    pub(super) fn select_after_keyword(&mut self) -> Option<Select> {
        let keyword = Token::Word {
            text: "select".to_owned(),
            quoted: false,
        };
        self.tokens.insert(self.at, keyword);
        self.select()
    }

    fn query(&mut self) -> Option<Select> {
        let mut ctes = Vec::new();
        if self.word("with") {
            loop {
                let name = self.name()?;
                if !self.word("as") {
                    return None;
                }
                let _ = self.words(&["not", "materialized"]) || self.word("materialized");
                self.need("(")?;
                ctes.push((name, self.select()?));
                self.need(")")?;
                if !self.sign(",") {
                    break;
                }
            }
        }
        let mut first = self.simple()?;
        first.ctes.extend(ctes);
        while self.word("union") {
            let _ = self.word("all") || self.word("distinct");
            let next = self.simple()?;
            first.union.push(next);
        }
        if self.word("intersect") || self.word("except") {
            self.simple()?;
            first.is_odd = true;
        }
        loop {
            if self.words(&["order", "by"]) {
                loop {
                    self.expr()?;
                    let _ = self.word("asc") || self.word("desc");
                    let _ = self.words(&["nulls", "last"]) || self.words(&["nulls", "first"]);
                    if !self.sign(",") {
                        break;
                    }
                }
            } else if self.word("limit") || self.word("offset") {
                self.expr()?;
            } else if self.word("for") {
                let _ = self.word("update") || self.word("share");
            } else if self.is_word(0, "into") {
                self.into(&mut first)?;
            } else {
                return Some(first);
            }
        }
    }

    fn simple(&mut self) -> Option<Select> {
        if self.sign("(") {
            let select = self.select()?;
            self.need(")")?;
            return Some(select);
        }
        let mut select = Select::default();
        if !self.word("select") {
            return None;
        }
        if self.word("distinct") && self.word("on") {
            self.need("(")?;
            self.list()?;
            self.need(")")?;
        }
        let is_empty = self.is_at_end()
            || ["from", "where"].iter().any(|word| self.is_word(0, word))
            || self.is_sign(0, ")");
        if !is_empty {
            self.targets(&mut select)?;
        }
        self.into(&mut select)?;
        if self.word("from") {
            loop {
                self.from(&mut select)?;
                if !self.sign(",") {
                    break;
                }
            }
        }
        if self.word("where") {
            select.condition.push(self.expr()?);
        }
        if self.words(&["group", "by"]) {
            self.list()?;
        }
        if self.word("having") {
            self.expr()?;
            select.is_odd = true;
        }
        self.into(&mut select)?;
        Some(select)
    }

    fn targets(&mut self, select: &mut Select) -> Option<()> {
        loop {
            let value = if self.sign("*") {
                Sql::Name(vec!["*".to_owned()])
            } else {
                self.expr()?
            };
            let alias = if self.word("as") {
                Some(self.any_word()?)
            } else {
                self.name()
            };
            select.targets.push((value, alias));
            if !self.sign(",") {
                return Some(());
            }
        }
    }

    fn into(&mut self, select: &mut Select) -> Option<()> {
        if self.word("into") {
            let _ = self.word("strict");
            loop {
                select.into.push(self.name()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        Some(())
    }

    fn from(&mut self, select: &mut Select) -> Option<()> {
        self.item(select)?;
        loop {
            let cross = self.words(&["cross", "join"]);
            let kind = cross
                || self.word("join")
                || self.words(&["inner", "join"])
                || self.words(&["left", "join"])
                || self.words(&["left", "outer", "join"])
                || self.words(&["right", "join"])
                || self.words(&["full", "join"]);
            if !kind {
                return Some(());
            }
            let left = select.from.len();
            self.item(select)?;
            if self.word("on") {
                let condition = self.expr()?;
                select.condition.push(condition);
            } else if self.word("using") {
                self.need("(")?;
                loop {
                    let column = self.name()?;
                    let side = |item: Option<&From>| {
                        Some(Sql::Name(vec![item?.alias.clone(), column.clone()]))
                    };
                    let a = side(select.from.get(left.checked_sub(1)?))?;
                    let b = side(select.from.get(left))?;
                    let equal = Sql::Operator("=".to_owned(), Box::new(a), Box::new(b));
                    select.condition.push(equal);
                    if !self.sign(",") {
                        break;
                    }
                }
                self.need(")")?;
            } else if !cross {
                return None;
            }
        }
    }

    fn item(&mut self, select: &mut Select) -> Option<()> {
        let _ = self.word("only") || self.word("lateral");
        let (kind, own) = if self.sign("(") {
            let query = self.select()?;
            self.need(")")?;
            (FromKind::Query(Box::new(query)), String::new())
        } else {
            let name = self.dotted()?;
            let last = name.last()?.clone();
            if self.is_sign(0, "(") {
                (FromKind::Call(self.call(name)?), last)
            } else {
                (FromKind::Table(name), last)
            }
        };
        let alias = if self.word("as") {
            Some(self.any_word()?)
        } else {
            self.name()
        };
        if alias.is_some() && self.sign("(") {
            // Names of columns are not followed.
            return None;
        }
        select.from.push(From {
            alias: alias.unwrap_or(own),
            kind,
        });
        Some(())
    }

    // Expressions, by how weakly they bind.

    pub(super) fn expr(&mut self) -> Option<Sql> {
        self.deeper(Self::or)
    }

    fn or(&mut self) -> Option<Sql> {
        let mut args = vec![self.and()?];
        while self.word("or") {
            args.push(self.and()?);
        }
        one_or(args, Sql::Or)
    }

    fn and(&mut self) -> Option<Sql> {
        let mut args = vec![self.not()?];
        while self.word("and") {
            args.push(self.not()?);
        }
        one_or(args, Sql::And)
    }

    fn not(&mut self) -> Option<Sql> {
        let mut negations = 0_usize;
        while self.word("not") {
            negations = negations.checked_add(1)?;
        }
        let arg = self.is()?;
        Some(if negations % 2 == 1 { not(arg) } else { arg })
    }

    fn is(&mut self) -> Option<Sql> {
        let mut left = self.comparison()?;
        for _ in 0..MAX_CHAIN {
            if self.word("isnull") {
                left = Sql::IsNull(Box::new(left));
            } else if self.word("notnull") {
                left = not(Sql::IsNull(Box::new(left)));
            } else if self.word("is") {
                let negated = self.word("not");
                left = if self.word("null") {
                    Sql::IsNull(Box::new(left))
                } else if self.word("true") {
                    Sql::IsTrue(Box::new(left))
                } else if self.word("false") {
                    Sql::IsTrue(Box::new(not(left)))
                } else if self.words(&["distinct", "from"]) {
                    Sql::Distinct(Box::new(left), Box::new(self.comparison()?))
                } else {
                    return None;
                };
                if negated {
                    left = not(left);
                }
            } else {
                return Some(left);
            }
        }
        None
    }

    fn comparison(&mut self) -> Option<Sql> {
        let left = self.other()?;
        for sign in ["=", "<>", "!=", "<", ">", "<=", ">="] {
            if self.sign(sign) {
                let sign = if sign == "!=" { "<>" } else { sign };
                return self.right_of(sign, left);
            }
        }
        Some(left)
    }

    /// What follows an operator: a value, `ANY (…)` or `ALL (…)`.
    fn right_of(&mut self, sign: &str, left: Sql) -> Option<Sql> {
        let any = self.word("any") || self.word("some");
        if any || self.word("all") {
            self.need("(")?;
            let right = if self.is_word(0, "select") || self.is_word(0, "with") {
                Sql::Query(Box::new(self.select()?))
            } else {
                self.expr()?
            };
            self.need(")")?;
            let kind = if any { Sql::Any } else { Sql::All };
            return Some(kind(sign.to_owned(), Box::new(left), Box::new(right)));
        }
        let right = self.other()?;
        Some(Sql::Operator(
            sign.to_owned(),
            Box::new(left),
            Box::new(right),
        ))
    }

    /// `IN`, `BETWEEN`, `LIKE` and all other operators.
    fn other(&mut self) -> Option<Sql> {
        let mut left = self.unary()?;
        for _ in 0..MAX_CHAIN {
            let negated = self.is_word(0, "not")
                && ["in", "between", "like", "ilike"]
                    .iter()
                    .any(|word| self.is_word(1, word));
            if negated {
                self.skip();
            }
            left = if self.word("in") {
                let list = self.in_list()?;
                if negated {
                    Sql::All("<>".to_owned(), Box::new(left), Box::new(list))
                } else {
                    Sql::Any("=".to_owned(), Box::new(left), Box::new(list))
                }
            } else if self.word("like") || self.word("ilike") {
                let right = self.unary()?;
                Sql::Operator("~~".to_owned(), Box::new(left), Box::new(right))
            } else if self.word("between") {
                let low = self.unary()?;
                if !self.word("and") {
                    return None;
                }
                let both = Sql::List(vec![low, self.unary()?]);
                Sql::Operator("between".to_owned(), Box::new(left), Box::new(both))
            } else if let Some(sign) = self.operator() {
                if self.is_word(0, "any") || self.is_word(0, "all") {
                    self.right_of(&sign, left)?
                } else {
                    let right = self.unary()?;
                    Sql::Operator(sign, Box::new(left), Box::new(right))
                }
            } else {
                return Some(left);
            };
        }
        None
    }

    fn operator(&mut self) -> Option<String> {
        let Some(Token::Sign(sign)) = self.peek(0) else {
            return None;
        };
        let comparison = ["=", "<>", "!=", "<", ">", "<=", ">="].contains(&sign.as_str());
        let is_operator = sign.chars().all(|c| "+-*/<>=~!@#%^&|?".contains(c));
        if comparison || !is_operator {
            return None;
        }
        let sign = sign.clone();
        self.skip();
        Some(sign)
    }

    fn in_list(&mut self) -> Option<Sql> {
        self.need("(")?;
        let list = if self.is_word(0, "select") || self.is_word(0, "with") {
            Sql::Query(Box::new(self.select()?))
        } else {
            Sql::List(self.list()?)
        };
        self.need(")")?;
        Some(list)
    }

    fn unary(&mut self) -> Option<Sql> {
        let mut is_signed = false;
        while self.sign("-") || self.sign("+") {
            is_signed = true;
        }
        let mut value = self.primary()?;
        if is_signed {
            value = Sql::Of(vec![value]);
        }
        for _ in 0..MAX_CHAIN {
            if self.sign("::") {
                let name = self.type_name()?;
                value = Sql::Cast(Box::new(value), name);
            } else if self.sign("[") {
                let mut parts = vec![value, self.expr()?];
                if self.sign(":") {
                    parts.push(self.expr()?);
                }
                self.need("]")?;
                value = Sql::Of(parts);
            } else if self.is_sign(0, ".") && matches!(value, Sql::Of(_) | Sql::List(_)) {
                self.skip();
                self.any_word()?;
                value = Sql::Of(vec![value]);
            } else if self.word("collate") {
                self.dotted()?;
            } else {
                return Some(value);
            }
        }
        None
    }

    /// A type, as `app.role`, `varchar(20)`, `timestamp with time zone`, `uuid[]`.
    pub(super) fn type_name(&mut self) -> Option<String> {
        let mut name = self.dotted()?.join(".");
        for second in ["precision", "varying"] {
            if self.word(second) {
                name = format!("{name} {second}");
            }
        }
        if self.sign("(") {
            self.list()?;
            self.need(")")?;
        }
        let _ = self.words(&["with", "time", "zone"]) || self.words(&["without", "time", "zone"]);
        while self.sign("[") {
            self.need("]")?;
            name.push_str("[]");
        }
        Some(name)
    }

    fn primary(&mut self) -> Option<Sql> {
        match self.peek(0)?.clone() {
            Token::Text(text) | Token::Number(text) => {
                self.skip();
                Some(Sql::Constant(text))
            }
            Token::Parameter(number) => {
                self.skip();
                Some(Sql::Parameter(number))
            }
            Token::Sign(sign) if sign == "(" => {
                self.skip();
                self.bracket()
            }
            Token::Sign(_) => None,
            Token::Word { quoted: true, .. } => self.named(),
            Token::Word { text, .. } => match text.as_str() {
                "true" | "false" => {
                    self.skip();
                    Some(Sql::Constant(text))
                }
                "null" => {
                    self.skip();
                    Some(Sql::Null)
                }
                "case" => {
                    self.skip();
                    self.case()
                }
                "exists" if self.is_sign(1, "(") => {
                    self.skip();
                    self.skip();
                    let query = self.select()?;
                    self.need(")")?;
                    Some(Sql::Exists(Box::new(query)))
                }
                "array" if self.is_sign(1, "(") => {
                    self.skip();
                    self.skip();
                    let query = self.select()?;
                    self.need(")")?;
                    Some(Sql::Query(Box::new(query)))
                }
                "array" if self.is_sign(1, "[") => {
                    self.skip();
                    self.skip();
                    let list = if self.is_sign(0, "]") {
                        Vec::new()
                    } else {
                        self.list()?
                    };
                    self.need("]")?;
                    Some(Sql::List(list))
                }
                "cast" if self.is_sign(1, "(") => {
                    self.skip();
                    self.skip();
                    let value = self.expr()?;
                    if !self.word("as") {
                        return None;
                    }
                    let name = self.type_name()?;
                    self.need(")")?;
                    Some(Sql::Cast(Box::new(value), name))
                }
                "current_user" | "session_user" | "current_role" | "user" | "current_date"
                | "current_timestamp" | "localtimestamp" => {
                    self.skip();
                    Some(Sql::Call(vec![text], Vec::new()))
                }
                _ => self.named(),
            },
        }
    }

    fn bracket(&mut self) -> Option<Sql> {
        if self.is_word(0, "select") || self.is_word(0, "with") {
            let query = self.select()?;
            self.need(")")?;
            return Some(Sql::Query(Box::new(query)));
        }
        let list = self.list()?;
        self.need(")")?;
        one_or(list, Sql::List)
    }

    fn named(&mut self) -> Option<Sql> {
        let name = self.dotted()?;
        if self.is_sign(0, "(") {
            return self.call(name);
        }
        // A type before a text: `uuid '…'`, `interval '1 day'`.
        if let Some(Token::Text(text)) = self.peek(0) {
            let constant = Sql::Constant(text.clone());
            self.skip();
            return Some(Sql::Cast(Box::new(constant), name.join(".")));
        }
        Some(Sql::Name(name))
    }

    fn call(&mut self, name: Vec<String>) -> Option<Sql> {
        self.need("(")?;
        let mut args = Vec::new();
        let _ = self.word("distinct");
        if self.sign("*") {
            self.need(")")?;
            return Some(Sql::Call(name, args));
        }
        while !self.sign(")") {
            // `name => value` is not followed, since it may change the order.
            if matches!(self.peek(1), Some(Token::Sign(sign)) if sign == "=>" || sign == ":=") {
                return None;
            }
            args.push(self.expr()?);
            // `extract(epoch from x)`, `substring(x from 1)`, `agg(x order by y)`
            if !self.sign(",") && !self.is_sign(0, ")") {
                return None;
            }
        }
        if self.word("filter") || self.word("over") || self.word("within") {
            return None;
        }
        Some(Sql::Call(name, args))
    }

    fn case(&mut self) -> Option<Sql> {
        let value = if self.is_word(0, "when") {
            None
        } else {
            Some(self.expr()?)
        };
        let mut whens = Vec::new();
        while self.word("when") {
            let condition = self.expr()?;
            let condition = match &value {
                Some(value) => {
                    Sql::Operator("=".to_owned(), Box::new(value.clone()), Box::new(condition))
                }
                None => condition,
            };
            if !self.word("then") {
                return None;
            }
            whens.push((condition, self.expr()?));
        }
        let otherwise = if self.word("else") {
            Some(Box::new(self.expr()?))
        } else {
            None
        };
        self.word("end").then_some(Sql::Case(whens, otherwise))
    }
}

fn not(expr: Sql) -> Sql {
    Sql::Not(Box::new(expr))
}

fn one_or(mut list: Vec<Sql>, many: fn(Vec<Sql>) -> Sql) -> Option<Sql> {
    if list.len() == 1 {
        list.pop()
    } else {
        Some(many(list))
    }
}
