//! The policies of template.yaml.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use mixtape::SearchWith;
use mixtape::template::Template;
use serde_json::Value;

use super::{Access, record};

/// One action on one resource that a function may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub function: String,
    /// For example `s3:GetObject`.
    pub action: String,
    /// By its name in the template: `TracksTable/index/title`, `Bucket/audio/*`.
    pub resource: String,
    /// The partition keys that it is restricted to, for example `IMAGE#*`.
    pub partition: Option<String>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.function, self.action, self.resource)?;
        self.partition.as_ref().map_or(Ok(()), |partition| write!(f, " of {partition}"))
    }
}

/// The grants of every function.
#[derive(Debug)]
pub struct Policies {
    by_function: HashMap<String, Vec<Held>>,
    /// The template's names of tables and buckets by their own.
    logical_ids: HashMap<String, String>,
}

#[derive(Debug)]
struct Held {
    grant: Grant,
    is_called: AtomicBool,
}

impl Policies {
    /// The policies as they are deployed with the embedded search index, or with a CloudSearch domain `mixtape`.
    ///
    /// # Panics
    /// The template cannot be read, or has a policy that is not understood here.
    pub fn get(search: SearchWith) -> &'static Self {
        static EMBEDDED: OnceLock<Policies> = OnceLock::new();
        static CLOUDSEARCH: OnceLock<Policies> = OnceLock::new();
        match search {
            SearchWith::Template => EMBEDDED.get_or_init(|| Self::load(&[])),
            SearchWith::CloudSearch => CLOUDSEARCH.get_or_init(|| {
                Self::load(&[("SearchBackend", "cloudsearch"), ("CloudSearchDomain", "mixtape")])
            }),
        }
    }

    fn load(parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let template = Template::load(&parameters.collect()).expect("the template can be read");
        let mut by_function = HashMap::new();
        for function in &template.functions {
            let policies = &template.resources[&function.logical_id]["Properties"]["Policies"];
            let documents =
                policies.as_array().into_iter().flatten().map(|policy| document(&template, policy));
            let statements = documents.flat_map(|document| list(&document["Statement"]));
            let grants: BTreeSet<Grant> =
                statements.flat_map(|statement| grants(&function.name, &statement)).collect();
            let held = grants.into_iter().map(|grant| Held { grant, is_called: AtomicBool::new(false) });
            by_function.insert(function.name.clone(), held.collect());
        }
        Self { by_function, logical_ids: logical_ids(&template) }
    }

    /// Everything that is granted.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.by_function.values().flatten().map(|held| &held.grant)
    }

    /// Whether this caller may do this, which is put on record. Whoever is no function may do anything.
    pub(crate) fn permits(&self, caller: &str, access: &Access) -> bool {
        let Some(held) = self.by_function.get(caller) else { return true };
        let resource = self.logical(&access.resource);
        let mut is_permitted = false;
        for held in held.iter().filter(|held| held.grant.covers(access, &resource)) {
            is_permitted = true;
            if !held.is_called.swap(true, Ordering::Relaxed) {
                record::called(&held.grant);
            }
        }
        if !is_permitted {
            let partition = access.partition.clone();
            let denied =
                Grant { function: caller.into(), action: access.action.clone(), resource, partition };
            println!("template.yaml does not allow this: {denied}");
            record::denied(&denied);
        }
        is_permitted
    }

    /// The resource by its name in the template.
    fn logical(&self, resource: &str) -> String {
        let (name, rest) = resource.split_at(resource.find('/').unwrap_or(resource.len()));
        self.logical_ids.get(name).map_or_else(|| resource.to_owned(), |id| format!("{id}{rest}"))
    }
}

impl Grant {
    fn covers(&self, access: &Access, resource: &str) -> bool {
        self.action == access.action
            && is_like(&self.resource, resource)
            && self.partition.as_ref().is_none_or(|pattern| {
                access.partition.as_ref().is_some_and(|partition| is_like(pattern, partition))
            })
    }
}

fn is_like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |prefix| text.starts_with(prefix))
}

/// A policy document, looked up when the policy is a reference to a managed one.
fn document<'a>(template: &'a Template, policy: &'a Value) -> &'a Value {
    let Some(name) = policy.as_str() else { return policy };
    let is_meant = |logical_id: &&String| name.ends_with(&format!("-{}", logical_id.to_lowercase()));
    let logical_id = template.resources.keys().find(is_meant).expect("a policy refers to a resource");
    &template.resources[logical_id]["Properties"]["PolicyDocument"]
}

/// Every pairing of what a statement lists.
fn grants(function: &str, statement: &Value) -> Vec<Grant> {
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    let partitions = match statement["Condition"].as_object() {
        None => vec![None],
        Some(conditions) => {
            conditions.iter().flat_map(|(operator, keys)| partitions(operator, keys)).collect()
        }
    };
    let mut grants = Vec::new();
    for action in texts(&statement["Action"]) {
        for arn in texts(&statement["Resource"]) {
            for partition in &partitions {
                let (function, action) = (function.to_owned(), action.clone());
                grants.push(Grant {
                    function,
                    action,
                    resource: resource(&arn),
                    partition: partition.clone(),
                });
            }
        }
    }
    grants
}

fn partitions(operator: &str, keys: &Value) -> Vec<Option<String>> {
    let patterns = texts(&keys["dynamodb:LeadingKeys"]);
    match operator {
        "ForAllValues:StringEquals" => assert!(patterns.iter().all(|pattern| !pattern.contains('*'))),
        "ForAllValues:StringLike" => patterns.iter().for_each(|pattern| check_pattern(pattern)),
        other => panic!("the operator {other} is not known here"),
    }
    assert!(keys.as_object().is_some_and(|keys| keys.len() == 1) && !patterns.is_empty(), "{keys}");
    patterns.into_iter().map(Some).collect()
}

/// `TracksTable.Arn/index/title` and the like, and whole ARNs of what is no resource of the template.
fn resource(arn: &str) -> String {
    if let Some((_, name)) = arn.strip_prefix("arn:").and_then(|rest| rest.rsplit_once(':')) {
        return name.to_owned();
    }
    let (logical_id, rest) = arn.split_once('.').expect("a resource is an attribute of one of ours");
    let resource = match rest.strip_prefix("Arn") {
        Some(path) => format!("{logical_id}{path}"),
        None => format!("{logical_id}/{}", rest.trim_end_matches("Arn").to_lowercase()),
    };
    check_pattern(&resource);
    resource
}

fn check_pattern(pattern: &str) {
    let fixed = pattern.strip_suffix('*').unwrap_or(pattern);
    assert!(!fixed.contains(['*', '?', '$']), "{pattern}: only a star at the end is known here");
}

fn logical_ids(template: &Template) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for (logical_id, resource) in &template.resources {
        match resource["Type"].as_str() {
            Some("AWS::DynamoDB::Table") => {
                let name = resource["Properties"]["TableName"].as_str().expect("tables have names");
                found.insert(name.to_owned(), logical_id.clone());
            }
            Some("AWS::S3::Bucket") => {
                let [name] = template.buckets.as_slice() else { panic!("there is one bucket") };
                found.insert(name.clone(), logical_id.clone());
            }
            _ => {}
        }
    }
    found
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        single => vec![single.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}
