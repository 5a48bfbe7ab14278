//! Writes the update and condition expressions of a playlist's own item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Update};

use crate::table::{Item, Table, number};

/// A change of an item that exists, with the conditions on which it is made.
#[derive(Debug, Clone)]
pub(super) struct Change {
    sets: Vec<String>,
    adds: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    pub(super) fn new() -> Self {
        Self {
            sets: Vec::new(),
            adds: Vec::new(),
            removes: Vec::new(),
            conditions: vec!["attribute_exists(pk)".to_owned()],
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (path, value) = (self.path(name), self.value("set", name, value));
        self.sets.push(format!("{path} = {value}"));
        self
    }

    pub(super) fn add(mut self, name: &str, value: i64) -> Self {
        if value != 0 {
            let (path, value) = (self.path(name), self.value("add", name, number(value)));
            self.adds.push(format!("{path} {value}"));
        }
        self
    }

    pub(super) fn remove(mut self, name: &str) -> Self {
        let path = self.path(name);
        self.removes.push(path);
        self
    }

    /// Only if the attribute compares so with the value: `=`, `<`, `<=`.
    pub(super) fn only_if(mut self, name: &str, comparison: &str, value: AttributeValue) -> Self {
        let (path, value) = (self.path(name), self.value("if", name, value));
        self.conditions.push(format!("{path} {comparison} {value}"));
        self
    }

    /// Only if the attribute holds fewer members or characters than this.
    pub(super) fn only_if_smaller(mut self, name: &str, size: usize) -> Self {
        let (path, value) = (self.path(name), self.value("size", name, number(size)));
        self.conditions.push(format!("size({path}) < {value}"));
        self
    }

    pub(super) fn only_if_present(mut self, name: &str) -> Self {
        let path = self.path(name);
        self.conditions.push(format!("attribute_exists({path})"));
        self
    }

    pub(super) fn only_if_absent(mut self, name: &str) -> Self {
        let path = self.path(name);
        self.conditions.push(format!("attribute_not_exists({path})"));
        self
    }

    /// A path such as `collaborators.01J…`, each part under an alias: many words are reserved.
    fn path(&mut self, name: &str) -> String {
        let mut aliases = Vec::new();
        for part in name.split('.') {
            let alias = format!("#{part}");
            self.names.insert(alias.clone(), part.to_owned());
            aliases.push(alias);
        }
        aliases.join(".")
    }

    fn value(&mut self, role: &str, name: &str, value: AttributeValue) -> String {
        let alias = format!(":{role}_{}", name.replace('.', "_"));
        self.values.insert(alias.clone(), value);
        alias
    }

    /// The change as an action of a transaction.
    pub(super) fn update(self, table: &Table, key: Item) -> Update {
        let clauses = [("SET", self.sets), ("ADD", self.adds), ("REMOVE", self.removes)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let expression: Vec<String> =
            clauses.map(|(word, parts)| format!("{word} {}", parts.join(", "))).collect();
        Update::builder()
            .table_name(table.name())
            .set_key(Some(key))
            .update_expression(expression.join(" "))
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values).filter(|values| !values.is_empty()))
            .build()
            .expect("table, key and expression are set")
    }

    /// The conditions alone, for the removal of the item.
    pub(super) fn delete(self, table: &Table, key: Item) -> Delete {
        Delete::builder()
            .table_name(table.name())
            .set_key(Some(key))
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values).filter(|values| !values.is_empty()))
            .build()
            .expect("table and key are set")
    }
}
