//! Updates of single attributes, as actions of a transaction. Every attribute goes by a placeholder, because DynamoDB
//! reserves several hundred words.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, TransactWriteItem, Update};

use crate::table::{self, Item, Table};

/// A change of one item that exists.
#[derive(Debug, Clone)]
pub(super) struct Change {
    key: Item,
    set: Vec<String>,
    add: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// A change of the item with this key. It must exist.
    pub(super) fn of(key: Item) -> Self {
        Self {
            key,
            set: Vec::new(),
            add: Vec::new(),
            conditions: vec!["attribute_exists(pk)".to_owned()],
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Gives the attribute this value.
    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = self.placeholders(name, value);
        self.set.push(format!("{name} = {value}"));
        self
    }

    /// Adds to the number in the attribute.
    pub(super) fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = self.placeholders(name, value);
        self.add.push(format!("{name} {value}"));
        self
    }

    /// Only while the attribute stands in this relation (`=`, `<`) to the value.
    pub(super) fn only_if(mut self, name: &str, relation: &str, value: AttributeValue) -> Self {
        let (name, value) = self.placeholders(name, value);
        self.conditions.push(format!("{name} {relation} {value}"));
        self
    }

    fn placeholders(&mut self, name: &str, value: AttributeValue) -> (String, String) {
        let place = self.values.len();
        let placeholders = (format!("#n{place}"), format!(":v{place}"));
        self.names.insert(placeholders.0.clone(), name.to_owned());
        self.values.insert(placeholders.1.clone(), value);
        placeholders
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }

    /// The change as an update.
    pub(super) fn update(self, table: &Table) -> TransactWriteItem {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &self.set) + &clause("ADD", &self.add);
        let update = Update::builder()
            .table_name(table.name())
            .set_key(Some(self.key.clone()))
            .update_expression(expression.trim_end())
            .condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        table::update(update.build().expect("table, key and expression are set"))
    }

    /// The conditions alone.
    pub(super) fn check(self, table: &Table) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(table.name())
            .set_key(Some(self.key.clone()))
            .condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        table::check(check.build().expect("table, key and condition are set"))
    }

    /// The item's deletion under the conditions.
    pub(super) fn delete(self, table: &Table) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(table.name())
            .set_key(Some(self.key.clone()))
            .condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        table::delete(delete.build().expect("table and key are set"))
    }
}

/// The item's deletion, whether it is there or not.
pub(super) fn delete_any(table: &Table, key: Item) -> TransactWriteItem {
    let delete = Delete::builder().table_name(table.name()).set_key(Some(key));
    table::delete(delete.build().expect("table and key are set"))
}

/// A put of an item that must not exist yet.
pub(super) fn put_new(table: &Table, item: Item) -> TransactWriteItem {
    let mut put = table.put(item);
    put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
    table::put(put)
}
