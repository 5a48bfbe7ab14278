//! The intrinsic functions of CloudFormation, resolved with the parameters' defaults.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use super::TemplateError;

/// What `!Ref AWS::StackName` is on one machine.
pub const STACK_NAME: &str = "mixtape";
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// What references resolve to: parameters, mappings, conditions and the names of resources.
pub(super) struct Scope {
    parameters: BTreeMap<String, Value>,
    mappings: Yaml,
    conditions: Yaml,
    resources: Vec<String>,
}

impl Scope {
    /// The scope of a template whose parameters have their defaults, apart from `overrides`.
    pub(super) fn new(template: &Yaml, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut parameters = BTreeMap::new();
        for (name, declared) in entries(&template["Parameters"]) {
            let default = &declared["Default"];
            let chosen = overrides.get(&name).cloned().or_else(|| scalar(default));
            let chosen = chosen.ok_or_else(|| wrong(format!("the parameter {name} has no default")))?;
            check_allowed(&name, &chosen, &declared)?;
            let value = match declared["Type"].as_str() {
                Some("CommaDelimitedList") => {
                    chosen.split(',').map(|item| Value::from(item.trim())).collect()
                }
                Some("Number") => chosen.parse::<u64>().map(Value::from).map_err(|_| {
                    wrong(format!("the parameter {name} must be a number and not {chosen:?}"))
                })?,
                _ => Value::from(chosen),
            };
            parameters.insert(name, value);
        }
        if let Some(unknown) = overrides.keys().find(|name| !parameters.contains_key(*name)) {
            return Err(wrong(format!("there is no parameter {unknown}")));
        }
        Ok(Self {
            parameters,
            mappings: template["Mappings"].clone(),
            conditions: template["Conditions"].clone(),
            resources: entries(&template["Resources"]).map(|(name, _)| name).collect(),
        })
    }

    /// The value without intrinsic functions; `None` for `!Ref AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Yaml) -> Result<Option<Value>, TemplateError> {
        Ok(Some(match value {
            Yaml::Null => Value::Null,
            Yaml::Bool(truth) => Value::from(*truth),
            Yaml::Number(number) => serde_json::to_value(number).map_err(|error| wrong(error.to_string()))?,
            Yaml::String(text) => Value::from(text.as_str()),
            Yaml::Sequence(items) => Value::Array(self.all(items)?),
            Yaml::Mapping(fields) => {
                let mut resolved = Map::new();
                for (name, field) in fields {
                    let name = scalar(name).ok_or_else(|| wrong("a field's name is not text"))?;
                    if let Some(field) = self.resolve(field)? {
                        resolved.insert(name, field);
                    }
                }
                Value::Object(resolved)
            }
            Yaml::Tagged(tagged) => return self.call(&tagged.tag.to_string(), &tagged.value),
        }))
    }

    fn all(&self, items: &[Yaml]) -> Result<Vec<Value>, TemplateError> {
        items.iter().filter_map(|item| self.resolve(item).transpose()).collect()
    }

    fn call(&self, function: &str, argument: &Yaml) -> Result<Option<Value>, TemplateError> {
        match function {
            "!Ref" => self.reference(&text(argument)?),
            "!GetAtt" => Ok(Some(Value::from(text(argument)?))),
            "!Sub" => self.substitute(&text(argument)?).map(Some),
            "!FindInMap" => self.find_in_map(argument).map(Some),
            "!If" => {
                let [condition, then, otherwise] = arguments(argument)?;
                let branch = if self.holds(&self.conditions[text(condition)?])? { then } else { otherwise };
                self.resolve(branch)
            }
            other => Err(wrong(format!("{other} is not known here"))),
        }
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        let pseudo = match name {
            "AWS::StackName" => Some(STACK_NAME.to_owned()),
            "AWS::Region" => Some(REGION.to_owned()),
            "AWS::AccountId" => Some(ACCOUNT.to_owned()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            _ => None,
        };
        let resource = || self.resources.iter().any(|resource| resource == name).then(|| local_name(name));
        let value = pseudo
            .map(Value::from)
            .or_else(|| self.parameters.get(name).cloned())
            .or_else(|| resource().map(Value::from));
        value.map(Some).ok_or_else(|| wrong(format!("!Ref {name} refers to nothing")))
    }

    fn substitute(&self, pattern: &str) -> Result<Value, TemplateError> {
        let mut resolved = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| wrong(format!("!Sub {pattern} is not closed")))?;
            resolved.push_str(before);
            if name.contains('.') {
                resolved.push_str(name);
            } else {
                match self.reference(name)? {
                    Some(Value::String(value)) => resolved.push_str(&value),
                    Some(Value::Number(value)) => resolved.push_str(&value.to_string()),
                    _ => {}
                }
            }
            rest = after;
        }
        resolved.push_str(rest);
        Ok(Value::from(resolved))
    }

    fn find_in_map(&self, argument: &Yaml) -> Result<Value, TemplateError> {
        let [map, first, second] = arguments(argument)?;
        let (map, first, second) = (self.text(map)?, self.text(first)?, self.text(second)?);
        let found = scalar(&self.mappings[map.as_str()][first.as_str()][second.as_str()]);
        found.map(Value::from).ok_or_else(|| wrong(format!("the mapping {map} has no {first}.{second}")))
    }

    fn holds(&self, condition: &Yaml) -> Result<bool, TemplateError> {
        let Yaml::Tagged(tagged) = condition else { return Err(wrong("a condition is not a function")) };
        match tagged.tag.to_string().as_str() {
            "!Equals" => {
                let [left, right] = arguments(&tagged.value)?;
                Ok(self.text(left)? == self.text(right)?)
            }
            "!Not" => {
                let [inner] = arguments(&tagged.value)?;
                Ok(!self.holds(inner)?)
            }
            other => Err(wrong(format!("{other} is not known in a condition"))),
        }
    }

    fn text(&self, value: &Yaml) -> Result<String, TemplateError> {
        match self.resolve(value)? {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(wrong("a text is expected")),
        }
    }
}

/// The name that a resource without one of its own gets.
pub(super) fn local_name(logical_id: &str) -> String {
    format!("{STACK_NAME}-{}", logical_id.to_lowercase())
}

fn check_allowed(name: &str, value: &str, declared: &Yaml) -> Result<(), TemplateError> {
    let allowed: Vec<String> =
        declared["AllowedValues"].as_sequence().into_iter().flatten().filter_map(scalar).collect();
    if allowed.is_empty() || allowed.iter().any(|choice| choice == value) {
        return Ok(());
    }
    Err(wrong(format!("{name} must be one of {}", allowed.join(", "))))
}

fn arguments<const N: usize>(value: &Yaml) -> Result<&[Yaml; N], TemplateError> {
    let items = value.as_sequence().and_then(|items| items.as_slice().try_into().ok());
    items.ok_or_else(|| wrong(format!("a function takes {N} arguments")))
}

fn text(value: &Yaml) -> Result<String, TemplateError> {
    scalar(value).ok_or_else(|| wrong("a text is expected"))
}

pub(super) fn entries(mapping: &Yaml) -> impl Iterator<Item = (String, Yaml)> {
    let entries = mapping.as_mapping().cloned().unwrap_or_default();
    entries.into_iter().filter_map(|(name, value)| Some((scalar(&name)?, value)))
}

fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

pub(super) fn wrong(what: impl Into<String>) -> TemplateError {
    TemplateError(what.into())
}
