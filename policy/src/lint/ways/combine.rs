//! Values and conditions put together: compared, tested, and each combination of them.

use super::{Atom, Cell, How, Term, Value, Way, always, both, bounded};

/// Returns the ways in which two values compare like this.
pub(super) fn compare(how: How, left: &[Value], right: &[Value]) -> Vec<Way> {
    let mut ways = Vec::new();
    for a in left {
        for b in right {
            let mut way = a.way.and(&b.way);
            match (how, &a.term, &b.term) {
                (_, Term::Constant(None), _) | (_, _, Term::Constant(None)) => continue,
                (How::Equal, Term::Constant(Some(a)), Term::Constant(Some(b))) => {
                    if a != b {
                        continue;
                    }
                }
                (How::NotEqual, Term::Constant(Some(a)), Term::Constant(Some(b))) => {
                    if a == b {
                        continue;
                    }
                }
                _ => way
                    .atoms
                    .push(Atom::Compare(how, a.term.clone(), b.term.clone())),
            }
            ways.push(way);
        }
    }
    bounded(ways)
}

/// Returns the ways in which a value is true, or false.
pub(super) fn is_true(values: &[Value], negated: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    for value in values {
        let mut way = value.way.clone();
        match &value.term {
            Term::Constant(None) => continue,
            Term::Constant(Some(text)) if is_truth(text) => {
                if (text == "true") == negated {
                    continue;
                }
            }
            Term::Unknown(cells) => way.atoms.push(Atom::Unknown(cells.clone())),
            term => {
                let wanted = Term::Constant(Some((!negated).to_string()));
                way.atoms
                    .push(Atom::Compare(How::Equal, term.clone(), wanted));
            }
        }
        ways.push(way);
    }
    ways
}

/// Returns true for `count(*) > 0` and the like.
pub(super) fn is_some(operator: &str, number: &str) -> bool {
    matches!((operator, number), (">" | "<>", "0") | (">=" | "=", "1"))
}

fn is_truth(text: &str) -> bool {
    text == "true" || text == "false"
}

/// Returns the ways in which a value is NULL, or is not.
pub(super) fn is_null(values: Vec<Value>, negated: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    for value in values {
        let mut way = value.way;
        match (&value.term, negated) {
            (Term::Constant(None), true) | (Term::Constant(Some(_)), false) => continue,
            (Term::Constant(_), _) => {}
            // A sub-select without a row is NULL, too.
            (_, false) if !way.reads.is_empty() => way = test_of(&[way]),
            (term, true) => way.atoms.push(Atom::IsNotNull(term.clone())),
            (term, false) => way.atoms.push(Atom::IsNull(term.clone())),
        }
        ways.push(way);
    }
    ways
}

/// A condition about all these columns that is not followed further, such as `NOT EXISTS`. What it
/// reads is not counted as read.
pub(super) fn test_of(ways: &[Way]) -> Way {
    if ways.iter().any(Way::is_unknown) {
        return Way::unknown(cells_of(ways));
    }
    Way::of(Atom::Test(cells_of(ways)))
}

pub(super) fn cells_of(ways: &[Way]) -> Vec<Cell> {
    let atoms = ways.iter().flat_map(|way| &way.atoms);
    let mut cells: Vec<Cell> = atoms.flat_map(Atom::cells).collect();
    cells.sort();
    cells.dedup();
    cells
}

/// Returns an array of values; of constants it is a constant, too.
pub(super) fn list(elements: &[Vec<Value>]) -> Vec<Value> {
    let constant = |values: &Vec<Value>| match values.as_slice() {
        [
            Value {
                term: Term::Constant(Some(text)),
                ..
            },
        ] => Some(text.clone()),
        _ => None,
    };
    let constants: Option<Vec<String>> = elements.iter().map(constant).collect();
    let rows = combined(elements).into_iter();
    rows.map(|(way, terms)| Value {
        way,
        term: match &constants {
            Some(constants) => Term::Constant(Some(constants.join(","))),
            None => Term::Of(terms),
        },
    })
    .collect()
}

/// Each combination of values.
pub(super) fn combined(args: &[Vec<Value>]) -> Vec<(Way, Vec<Term>)> {
    let mut all = vec![(Way::default(), Vec::new())];
    for values in args {
        let mut next = Vec::new();
        for (way, terms) in &all {
            for value in values {
                let mut terms = terms.clone();
                terms.push(value.term.clone());
                next.push((way.and(&value.way), terms));
            }
        }
        if next.len() > super::MAX_WAYS {
            let cells = args
                .iter()
                .flatten()
                .flat_map(|value| value.term.cells())
                .collect();
            return vec![(
                Way::unknown(cells),
                vec![Term::Unknown(Vec::new()); args.len()],
            )];
        }
        all = next;
    }
    all
}

/// All of these hold.
pub(super) fn all(parts: impl IntoIterator<Item = Vec<Way>>) -> Vec<Way> {
    parts
        .into_iter()
        .fold(always(), |all, part| both(&all, &part))
}

/// One of these holds.
pub(super) fn any(parts: impl IntoIterator<Item = Vec<Way>>) -> Vec<Way> {
    bounded(parts.into_iter().flatten().collect())
}

/// How an operator compares.
pub(super) fn how(operator: &str, negated: bool) -> How {
    match (operator, negated) {
        ("=", false) | ("<>", true) | ("@>" | "<@" | "&&" | "?" | "?|" | "?&", false) => How::Equal,
        ("=", true) | ("<>", false) => How::NotEqual,
        _ => How::Other,
    }
}
