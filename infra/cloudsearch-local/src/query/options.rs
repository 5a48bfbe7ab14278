//! `q.options`: which fields are searched, and what the simple language may do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::QueryError;
use crate::loose_json;

/// How terms are combined that have no operator between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DefaultOperator {
    #[default]
    And,
    Or,
}

/// The options of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) default_operator: DefaultOperator,
    /// The fields that are searched by default and their weights; none are all text fields.
    pub(crate) fields: Vec<(String, f32)>,
    /// The operators that the simple language does without.
    disabled: BTreeSet<String>,
}

const OPERATORS: [&str; 10] =
    ["and", "escape", "fuzzy", "near", "not", "or", "phrase", "precedence", "prefix", "whitespace"];

impl Options {
    /// Reads the options.
    ///
    /// # Errors
    /// They are no object, or an option is unknown or has a wrong value.
    pub(crate) fn parse(text: &str) -> Result<Self, QueryError> {
        let wrong = |what: &str| QueryError(format!("Invalid value for q.options: {what}"));
        let Some(Value::Object(members)) = loose_json::parse(text) else {
            return Err(wrong("it must be a JSON object"));
        };
        let mut options = Self::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("defaultOperator", Value::String(operator)) => {
                    options.default_operator = match operator.to_ascii_lowercase().as_str() {
                        "and" => DefaultOperator::And,
                        "or" => DefaultOperator::Or,
                        _ => return Err(wrong("defaultOperator must be 'and' or 'or'")),
                    }
                }
                ("fields", Value::Array(fields)) => {
                    let weighted = fields.iter().map(|field| field.as_str().and_then(weighted));
                    let weighted = weighted.collect::<Option<Vec<(String, f32)>>>();
                    options.fields =
                        weighted.ok_or_else(|| wrong("fields must be like ['title^5','description']"))?;
                }
                ("operators", Value::Array(operators)) => {
                    for operator in operators {
                        let known = operator.as_str().filter(|name| OPERATORS.contains(name));
                        let known = known.ok_or_else(|| wrong("operators holds an unknown operator"))?;
                        options.disabled.insert(known.to_owned());
                    }
                }
                _ => return Err(wrong(&format!("'{name}' is unknown or of the wrong type"))),
            }
        }
        Ok(options)
    }

    /// Whether the simple language has an operator.
    pub(super) fn has(&self, operator: &str) -> bool {
        !self.disabled.contains(operator)
    }
}

/// `title^5`: a field's name and its weight.
fn weighted(text: &str) -> Option<(String, f32)> {
    let Some((name, weight)) = text.split_once('^') else { return Some((text.trim().to_owned(), 1.0)) };
    let weight = weight.trim().parse::<f32>().ok().filter(|weight| weight.is_finite() && *weight > 0.0)?;
    Some((name.trim().to_owned(), weight))
}
