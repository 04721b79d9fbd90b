//! The fields of a node; an error if a field is missing or is something else.

use std::str::FromStr;

use super::{NotPrinted, Printed};
use crate::node::{Node, Value};

/// How a cast or call was written (`CoercionForm`).
pub(super) mod form {
    pub(in crate::print) const CALL: u32 = 0;
    pub(in crate::print) const IMPLICIT: u32 = 2;
    pub(in crate::print) const SQL: u32 = 3;
}

impl<'t> Node<'t> {
    pub(super) fn field<T: FromStr>(&self, name: &str) -> Result<T, NotPrinted> {
        self.number(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, NotPrinted> {
        self.bool(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn field_text(&self, name: &str) -> Printed {
        self.text(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn value(&self, name: &str) -> Result<&Value<'t>, NotPrinted> {
        let value = self.get(name).filter(|value| **value != Value::Null);
        value.ok_or_else(|| self.lacks(name))
    }

    pub(super) fn node(&self, name: &str) -> Result<&Node<'t>, NotPrinted> {
        let node = self.get(name).and_then(Value::as_node);
        node.ok_or_else(|| self.lacks(name))
    }

    pub(super) fn items(&self, name: &str) -> Result<&[Value<'_>], NotPrinted> {
        self.list(name).ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, name: &str) -> NotPrinted {
        NotPrinted::new(format!("{} without {name}", self.name))
    }

    /// Returns the two arguments of an operator.
    pub(super) fn both(&self, name: &str) -> Result<[&Value<'_>; 2], NotPrinted> {
        match self.items(name)? {
            [left, right] => Ok([left, right]),
            _ => Err(self.lacks(name)),
        }
    }
}
