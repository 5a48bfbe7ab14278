//! Batches of documents: read from JSON or XML, and checked as a whole before anything is done.

mod json;
mod xml;

use std::collections::BTreeMap;

use crate::generation::Change;
use crate::model::{Config, Field, Source};
use crate::value::is_allowed;

/// Most bytes of a batch.
pub(crate) const MAX_BATCH_BYTES: usize = 5 << 20;
/// Most bytes of a document.
const MAX_DOCUMENT_BYTES: usize = 1 << 20;
/// Most characters of a document's id.
const MAX_ID_CHARS: usize = 128;

/// What is wrong with a batch, in words for whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BatchError(String);

/// The language of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Json,
    Xml,
}

/// A batch that can be applied to the domain that it was checked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Batch {
    /// What becomes of each document; the last operation on it counts.
    pub(crate) changes: BTreeMap<String, Change>,
    /// Operations in the batch.
    pub(crate) adds: usize,
    pub(crate) deletes: usize,
}

/// An operation as it is written in the batch.
struct Operation {
    id: String,
    /// `None` is a deletion.
    fields: Option<Source>,
}

impl Batch {
    /// Reads a batch for a domain whose documents may hold the fields of `active`, or of `wanted` which will be
    /// indexed later.
    ///
    /// # Errors
    /// Something in the batch is wrong; it says which operation.
    pub(crate) fn parse(
        language: Language,
        text: &str,
        active: &Config,
        wanted: &Config,
    ) -> Result<Self, BatchError> {
        let operations = match language {
            Language::Json => json::operations(text)?,
            Language::Xml => xml::operations(text)?,
        };
        if operations.is_empty() {
            return Err(BatchError("the batch must hold at least one operation".to_owned()));
        }
        let mut batch = Self { changes: BTreeMap::new(), adds: 0, deletes: 0 };
        for (number, operation) in (1..).zip(operations) {
            let at = |message: String| {
                let id = &operation.id;
                BatchError(format!("{message} (near operation with index {number}; document_id {id})"))
            };
            check_id(&operation.id).map_err(at)?;
            let change = match operation.fields {
                None => {
                    batch.deletes += 1;
                    Change::Delete
                }
                Some(fields) => {
                    check_document(&fields, active, wanted).map_err(at)?;
                    batch.adds += 1;
                    Change::Add(fields)
                }
            };
            batch.changes.insert(operation.id, change);
        }
        Ok(batch)
    }
}

fn check_id(id: &str) -> Result<(), String> {
    let length = id.chars().count();
    if length == 0 || length > MAX_ID_CHARS {
        return Err(format!("a document id must be 1 to {MAX_ID_CHARS} characters long"));
    }
    let is_of_ids = |character: char| character.is_alphanumeric() || "_-=#;:/?@&".contains(character);
    match id.chars().find(|character| !is_of_ids(*character) || !is_allowed(*character)) {
        Some(character) => Err(format!("a document id must not contain {character:?}")),
        None => Ok(()),
    }
}

fn check_document(fields: &Source, active: &Config, wanted: &Config) -> Result<(), String> {
    if fields.is_empty() {
        return Err("a document must have at least one field".to_owned());
    }
    let sizes = fields.iter().map(|(name, texts)| name.len() + texts.iter().map(String::len).sum::<usize>());
    if sizes.sum::<usize>() > MAX_DOCUMENT_BYTES {
        return Err(format!("a document must not be larger than {MAX_DOCUMENT_BYTES} bytes"));
    }
    for (name, texts) in fields {
        check_name(name)?;
        let field = active.fields.get(name).or_else(|| wanted.fields.get(name));
        let field = field.ok_or_else(|| format!("Unknown field \"{name}\""))?;
        check_values(field, texts)?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let is_of_names = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if starts_well && name.len() <= 64 && name.chars().all(is_of_names) {
        return Ok(());
    }
    Err(format!("Invalid field name \"{}\"", name.escape_debug()))
}

fn check_values(field: &Field, texts: &[String]) -> Result<(), String> {
    let name = &field.name;
    if texts.len() > 1 && !field.is_array {
        return Err(format!("Field \"{name}\" must have array type to have multiple values"));
    }
    for text in texts {
        if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
            return Err(format!(
                "Field \"{name}\" holds the invalid character {:#06x}",
                u32::from(character)
            ));
        }
        if field.kind.parse(text).is_none() {
            let shown: String = text.chars().take(100).collect();
            return Err(format!("Value \"{shown}\" of field \"{name}\" is no {}", field.kind.as_str()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
