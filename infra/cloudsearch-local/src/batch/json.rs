//! `[{"type": "add", "id": "…", "fields": {…}}, {"type": "delete", "id": "…"}]`

use serde_json::{Map, Value};

use super::{BatchError, Operation};
use crate::model::Source;

/// The operations of a batch; whether they fit the domain is not looked at.
pub(super) fn operations(text: &str) -> Result<Vec<Operation>, BatchError> {
    let batch: Value = serde_json::from_str(text)
        .map_err(|error| BatchError(format!("the batch cannot be read as JSON: {error}")))?;
    let Value::Array(operations) = batch else {
        return Err(BatchError("the batch must be a JSON array of operations".to_owned()));
    };
    let numbered = (1..).zip(operations);
    let read = |(number, value): (usize, Value)| {
        operation(value)
            .map_err(|message| BatchError(format!("{message} (near operation with index {number})")))
    };
    numbered.map(read).collect()
}

fn operation(value: Value) -> Result<Operation, String> {
    let Value::Object(mut members) = value else { return Err("an operation must be an object".to_owned()) };
    let kind = take_text(&mut members, "type")?;
    let id = take_text(&mut members, "id")?;
    let fields = members.remove("fields");
    // Documents of the API of 2011 have these.
    members.remove("version");
    members.remove("lang");
    if let Some(name) = members.keys().next() {
        return Err(format!("an operation has no \"{}\"", name.escape_debug()));
    }
    match (kind.as_str(), fields) {
        ("add", Some(Value::Object(fields))) => Ok(Operation { id, fields: Some(source(fields)?) }),
        ("add", _) => Err(format!("the document {id} must have \"fields\", an object")),
        ("delete", None) => Ok(Operation { id, fields: None }),
        ("delete", Some(_)) => Err("a delete operation has no \"fields\"".to_owned()),
        _ => Err("\"type\" must be \"add\" or \"delete\"".to_owned()),
    }
}

fn take_text(members: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("\"{name}\" must be a string")),
        None => Err(format!("an operation must have \"{name}\"")),
    }
}

fn source(fields: Map<String, Value>) -> Result<Source, String> {
    let mut source = Source::new();
    for (name, value) in fields {
        let texts = match value {
            Value::Array(values) => values.into_iter().map(|value| text(&name, value)).collect(),
            value => text(&name, value).map(|text| vec![text]),
        };
        source.insert(name, texts?);
    }
    Ok(source)
}

fn text(name: &str, value: Value) -> Result<String, String> {
    let refused = match value {
        Value::String(text) => return Ok(text),
        Value::Number(number) => return Ok(number.to_string()),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Array(_) => "an array in an array",
        Value::Object(_) => "an object",
    };
    Err(format!("Field \"{}\" must not be {refused}", name.escape_debug()))
}
