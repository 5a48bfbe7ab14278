//! Event filter patterns, as far as they are used: equality and prefixes.

use serde_json::Value;

/// A pattern of `FilterCriteria`.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Every field matches.
    Fields(Vec<(String, Node)>),
    /// Any of the tests holds.
    Any(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Value),
    Prefix(String),
}

impl Filter {
    /// Reads the JSON of a pattern.
    ///
    /// # Errors
    /// The text is not JSON, or uses a comparison that is not known here.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let json: Value =
            serde_json::from_str(pattern).map_err(|error| format!("a filter is not JSON: {error}"))?;
        if !json.is_object() {
            return Err("a filter is not an object".into());
        }
        Node::parse(&json).map(Self)
    }

    /// Whether the record passes.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.matches(record)
    }
}

impl Node {
    fn parse(json: &Value) -> Result<Self, String> {
        match json {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| Ok((name.clone(), Self::parse(field)?)));
                fields.collect::<Result<_, String>>().map(Self::Fields)
            }
            Value::Array(tests) => {
                tests.iter().map(Test::parse).collect::<Result<_, String>>().map(Self::Any)
            }
            other => Err(format!("a filter must be made of objects and lists, and not {other}")),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Fields(fields) => fields.iter().all(|(name, node)| node.matches(&value[name])),
            Self::Any(tests) => tests.iter().any(|test| test.holds(value)),
        }
    }
}

impl Test {
    fn parse(json: &Value) -> Result<Self, String> {
        let Value::Object(comparison) = json else { return Ok(Self::Equals(json.clone())) };
        let prefix = comparison.get("prefix").and_then(Value::as_str);
        match prefix {
            Some(prefix) if comparison.len() == 1 => Ok(Self::Prefix(prefix.to_owned())),
            _ => Err(format!("the comparison {json} is not known here")),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Equals(expected) => value == expected,
            Self::Prefix(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_pass_by_event_name_and_key_prefix() {
        let filter = Filter::parse(
            r##"{"eventName":["MODIFY","REMOVE"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"TRACK#"}]}}}}"##,
        )
        .unwrap();
        for (event, pk, passes) in [
            ("REMOVE", "TRACK#1", true),
            ("MODIFY", "TRACK#", true),
            ("INSERT", "TRACK#1", false),
            ("REMOVE", "ARTIST#1", false),
        ] {
            let record = json!({ "eventName": event, "dynamodb": { "Keys": { "pk": { "S": pk } } } });
            assert_eq!(filter.matches(&record), passes, "{record}");
        }
        assert!(!filter.matches(&json!({ "eventName": "REMOVE" })));
    }

    #[test]
    fn a_comparison_that_is_not_known_is_refused() {
        for pattern in
            ["", "[]", "{\"a\":\"b\"}", "{\"a\":[{\"anything-but\":[\"b\"]}]}", "{\"a\":[{\"exists\":true}]}"]
        {
            assert!(Filter::parse(pattern).is_err(), "{pattern}");
        }
    }
}
