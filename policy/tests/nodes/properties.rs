//! What must hold for any text: no panic, and the tree that was written.

use super::print::names;
use super::texts::{VERSIONS, Writer};
use authguard_policy::{Clause, Details, Expr, Node, Value, print, read_node};
use proptest::prelude::*;

/// Does all that can be done with a text.
fn use_all(text: &str) {
    let _ = Details::of(text);
    let Ok(value) = read_node(text) else {
        return;
    };
    let _ = print(&value, 16390, &names());
    let expr = Expr::of(&value);
    assert!(expr.clauses().len() >= expr.conjuncts().len().max(expr.disjuncts().len()));
    let _ = (
        expr.functions(),
        expr.operators(),
        expr.columns(),
        expr.queries(),
        expr.opaque(),
        Clause::of(&expr, "((a = 1) AND (b OR c))").leaves(),
    );
}

/// Nearly node text: pieces that matter to the reader, in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "<>",
        "\\",
        "\"",
        ":",
        " ",
        "i",
        "o",
        "b",
        "1",
        "-1",
        "256",
        "{VAR",
        "{QUERY",
        "{OPEXPR",
        ":args",
        ":varno",
        ":constvalue",
        "\u{e9}",
        "\u{0}",
        "\n",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

/// A policy as one of the versions writes it.
fn policy() -> impl Strategy<Value = String> {
    let texts: [fn(Writer) -> String; 3] =
        [Writer::owner_or_member, Writer::joined, Writer::nested];
    (VERSIONS, prop::sample::select(texts.to_vec()))
        .prop_map(|(version, text)| text(Writer(version)))
}

/// A policy in which some numbers are others: it is read, but makes no sense.
fn renumbered() -> impl Strategy<Value = String> {
    let number = prop_oneof![0..12_i64, any::<i64>(), any::<i8>().prop_map(i64::from)];
    let change = (any::<prop::sample::Index>(), number);
    (policy(), prop::collection::vec(change, 1..8)).prop_map(|(text, changes)| {
        let mut tokens: Vec<_> = text.split(' ').map(str::to_owned).collect();
        let numbers = (0..tokens.len()).filter(|place| tokens[*place].parse::<i64>().is_ok());
        let numbers: Vec<_> = numbers.collect();
        for (place, number) in changes {
            tokens[*place.get(&numbers)] = number.to_string();
        }
        tokens.join(" ")
    })
}

/// Changes a text: takes a part out, doubles it, or puts another piece in its place.
fn changed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        soup(),
        "[^\0]{0,4}",
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    let place = || any::<prop::sample::Index>();
    let change = (place(), place(), piece, any::<bool>());
    (policy(), prop::collection::vec(change, 1..4)).prop_map(|(mut text, changes)| {
        for (from, to, piece, doubled) in changes {
            let length = text.len() + 1;
            let (from, to) = (from.index(length), to.index(length));
            let (from, to) = (from.min(to), from.max(to));
            // Near enough to leave the rest of the text as it was.
            let to = to.min(from + 12);
            if let (Some(start), Some(part), Some(end)) =
                (text.get(..from), text.get(from..to), text.get(to..))
            {
                let part = if doubled { part } else { "" };
                text = format!("{start}{part}{piece}{part}{end}");
            }
        }
        text
    })
}

/// A tree of values that own their texts.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Text(String),
    Quoted(String),
    Numbers(Vec<i64>),
    Datum(Vec<u8>),
    List(Vec<Tree>),
    Node(String, Vec<(String, Tree)>),
}

/// A text as `outToken` writes it.
fn escaped(text: &str) -> String {
    let mut token = String::new();
    if let Some(first) = text.chars().next() {
        let second = text.chars().nth(1);
        let signed = ['+', '-'].contains(&first)
            && second.is_some_and(|second| second == '.' || second.is_ascii_digit());
        if ['<', '"'].contains(&first) || first.is_ascii_digit() || signed {
            token.push('\\');
        }
    }
    for character in text.chars() {
        if " \n\t(){}\\".contains(character) {
            token.push('\\');
        }
        token.push(character);
    }
    token
}

fn written(tree: &Tree) -> String {
    let all = |trees: &[Tree]| trees.iter().map(written).collect::<Vec<_>>().join(" ");
    match tree {
        Tree::Null => "<>".to_owned(),
        Tree::Text(text) => escaped(text),
        Tree::Quoted(text) => format!("\"{}\"", escaped(text)),
        Tree::Numbers(numbers) => {
            let numbers: Vec<_> = numbers.iter().map(|number| format!(" {number}")).collect();
            format!("(o{})", numbers.concat())
        }
        Tree::Datum(bytes) => {
            let numbers = bytes.iter().map(|byte| format!("{} ", byte.cast_signed()));
            format!("{} [ {}]", bytes.len(), numbers.collect::<String>())
        }
        Tree::List(trees) => format!("({})", all(trees)),
        Tree::Node(name, fields) => {
            let fields = fields
                .iter()
                .map(|(name, tree)| format!(" :{name} {}", written(tree)));
            format!("{{{name}{}}}", fields.collect::<String>())
        }
    }
}

/// The tree that a value is. Texts are told from other tokens by their quotes alone.
fn tree(value: &Value<'_>) -> Tree {
    let text = || value.as_text().unwrap().into_owned();
    match value {
        Value::Null => Tree::Null,
        Value::Token(token) if token.starts_with('"') => Tree::Quoted(text()),
        Value::Token(_) => Tree::Text(text()),
        Value::Numbers(numbers) => Tree::Numbers(numbers.clone()),
        Value::Datum(bytes) => Tree::Datum(bytes.clone()),
        Value::List(values) => Tree::List(values.iter().map(tree).collect()),
        Value::Node(Node { name, fields }) => {
            let fields = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), tree(value)));
            Tree::Node((*name).to_owned(), fields.collect())
        }
    }
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let text = prop_oneof!["[^\0]{1,6}", "[-+<:\\[\"\\\\ (){}0-9a-z.]{1,6}"];
    let quoted = prop_oneof![Just(String::new()), text.clone()];
    let leaf = prop_oneof![
        Just(Tree::Null),
        text.prop_map(Tree::Text),
        prop::collection::vec(any::<i64>(), 0..4).prop_map(Tree::Numbers),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Tree::Datum),
    ];
    // Postgres quotes every text in a list.
    let names = prop::collection::vec(quoted.prop_map(Tree::Quoted), 0..4).prop_map(Tree::List);
    prop_oneof![leaf, names].prop_recursive(6, 64, 5, |inner| {
        let node = |tree: Tree| match tree {
            Tree::Text(_) | Tree::Datum(_) => Tree::Null,
            tree => tree,
        };
        let fields = prop::collection::vec(("[a-z_]{1,8}", inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner.prop_map(node), 0..5).prop_map(Tree::List),
            ("[A-Z]{1,8}", fields).prop_map(|(name, fields)| Tree::Node(name, fields)),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        use_all(&text);
    }

    #[test]
    fn no_text_of_tokens_panics(text in soup()) {
        use_all(&text);
    }

    #[test]
    fn no_change_of_a_policy_panics(text in changed()) {
        use_all(&text);
    }

    #[test]
    fn no_number_in_a_policy_panics(text in renumbered()) {
        use_all(&text);
    }

    #[test]
    fn a_part_of_a_policy_is_no_policy(text in policy(), end: prop::sample::Index) {
        let part = text.get(..end.index(text.len()));
        prop_assert!(part.is_none_or(|part| read_node(part).is_err()));
    }

    #[test]
    fn a_tree_is_read_as_it_was_written(tree_written in any_tree()) {
        let text = written(&tree_written);
        let value = read_node(&text);
        prop_assert!(value.is_ok(), "{text}: {value:?}");
        let tree_read = tree(&value.unwrap());
        prop_assert_eq!(written(&tree_read), text.clone());
        prop_assert_eq!(format!("{tree_read:?}"), format!("{tree_written:?}"));
    }
}

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        // Constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What a server that lies may write instead of a token.
const LIES: [&str; 16] = [
    "0",
    "-1",
    "3",
    "32768",
    "4294967295",
    "18446744073709551616",
    "<>",
    "true",
    "\"\"",
    "\u{e9}\u{1f512}",
    "\\",
    "{",
    "}",
    "(",
    ")",
    "2147483647 [ 255 255 255 127 ]",
];

#[test]
fn no_lie_in_a_real_text_panics() {
    let texts: Vec<Vec<&str>> = include_str!("real.txt")
        .lines()
        .filter(|text| text.len() < 3000)
        .map(|text| text.split(' ').collect())
        .collect();
    let mut numbers = Numbers(1);
    for _ in 0..3000 {
        let mut tokens = texts[numbers.below(texts.len())].clone();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(tokens.len());
            match numbers.below(8) {
                0 => tokens.truncate(at.max(1)),
                1 => drop(tokens.remove(at)),
                2 => tokens.insert(at, tokens[numbers.below(tokens.len())]),
                _ => tokens[at] = LIES[numbers.below(LIES.len())],
            }
            if tokens.is_empty() {
                break;
            }
        }
        use_all(&tokens.join(" "));
    }
}
