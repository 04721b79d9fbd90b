//! Functions of SQL/XML.

use super::scope::Scope;
use super::{NotPrinted, Printed, Printer, quoted};
use crate::node::{Node, Value};

impl Printer<'_> {
    pub(super) fn xml(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let args = self.exprs(node.items("args")?, scopes)?;
        let named = self.exprs(node.items("named_args")?, scopes)?;
        let names = node.items("arg_names")?.iter().filter_map(Value::as_text);
        let named = named.iter().zip(names);
        let named = named.map(|(value, name)| Ok(format!("{value} AS {}", xml_name(&name)?)));
        let named = named.collect::<Result<Vec<_>, NotPrinted>>()?.join(", ");
        let name = || xml_name(&node.field_text("name")?);
        let option = || match node.field::<u32>("xmloption") {
            Ok(0) => Ok("DOCUMENT"),
            Ok(1) => Ok("CONTENT"),
            _ => Err(NotPrinted::new("an option of XML")),
        };
        Ok(match (node.field::<u32>("op")?, &args[..]) {
            (0, args) => format!("XMLCONCAT({})", args.join(", ")),
            (1, args) => {
                let attributes = (!named.is_empty()).then(|| format!("XMLATTRIBUTES({named})"));
                let name = format!("NAME {}", name()?);
                let parts: Vec<_> = [name]
                    .into_iter()
                    .chain(attributes)
                    .chain(args.iter().cloned())
                    .collect();
                format!("XMLELEMENT({})", parts.join(", "))
            }
            (2, []) => format!("XMLFOREST({named})"),
            (3, [text, keep]) => {
                let keep = match keep.as_str() {
                    "true" => " PRESERVE WHITESPACE",
                    _ => " STRIP WHITESPACE",
                };
                format!("XMLPARSE({} {text}{keep})", option()?)
            }
            (4, []) => format!("XMLPI(NAME {})", name()?),
            (4, [content]) => format!("XMLPI(NAME {}, {content})", name()?),
            (5, [xml, version, standalone]) => {
                let is_null = node
                    .items("args")?
                    .get(1)
                    .and_then(Value::as_node)
                    .and_then(|node| node.bool("constisnull"));
                let version = match is_null {
                    Some(true) => "NO VALUE",
                    _ => version,
                };
                let standalone = match standalone.as_str() {
                    "0" => ", STANDALONE YES",
                    "1" => ", STANDALONE NO",
                    "2" => ", STANDALONE NO VALUE",
                    _ => "",
                };
                format!("XMLROOT({xml}, VERSION {version}{standalone})")
            }
            (6, [xml]) => {
                let name = self.type_name(node.field("type")?, node.field("typmod")?)?;
                let indent = if node.bool("indent") == Some(true) {
                    " INDENT"
                } else {
                    ""
                };
                format!("XMLSERIALIZE({} {xml} AS {name}{indent})", option()?)
            }
            (7, [xml]) => format!("({xml} IS DOCUMENT)"),
            _ => return Err(NotPrinted::new("XMLEXPR")),
        })
    }
}

/// Returns a name of XML, if Postgres has escaped none of its characters.
fn xml_name(name: &str) -> Printed {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match starts
        && name.chars().all(is_plain)
        && !name.to_ascii_lowercase().contains("_x")
        && !name.to_ascii_lowercase().starts_with("xml")
    {
        true => Ok(quoted(name)),
        false => Err(NotPrinted::new(format!("the name {name} in XML"))),
    }
}
