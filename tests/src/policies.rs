//! What template.yaml allows each function to do with DynamoDB.
//!
//! The embedded DynamoDB checks no permissions, so the proxy in front of it does: a function of the local stack signs
//! with its own name as access key, and a call that its policies do not allow is denied as on AWS.

use std::collections::{BTreeMap, HashMap};

use mixtape::template::Template;
use serde_json::Value;

/// One thing that a call does, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// For example `GetItem`.
    pub action: String,
    /// The table's whole name.
    pub table: String,
    pub index: Option<String>,
    /// The value of the partition key.
    pub partition: Option<String>,
}

/// The statements of every function.
#[derive(Debug)]
pub(crate) struct Policies {
    by_function: HashMap<String, Vec<Statement>>,
}

#[derive(Debug)]
struct Statement {
    actions: Vec<String>,
    /// Tables, and indexes as `table/index/name`.
    resources: Vec<String>,
    /// Patterns of partition keys; any when absent.
    partitions: Option<Vec<String>>,
}

impl Policies {
    pub(crate) fn load() -> Self {
        let template = Template::load(&BTreeMap::new()).expect("the template can be read");
        let mut by_function = HashMap::new();
        for function in &template.functions {
            let policies = &template.resources[&function.logical_id]["Properties"]["Policies"];
            let documents =
                policies.as_array().into_iter().flatten().map(|policy| managed(&template, policy));
            let statements = documents.flat_map(|document| list(&document["Statement"]));
            let statements = statements.map(|statement| Statement::read(&template, &statement)).collect();
            by_function.insert(function.name.clone(), statements);
        }
        Self { by_function }
    }

    /// Whether this caller is a function that may not do this. Whoever is no function may do anything.
    pub(crate) fn deny(&self, caller: &str, access: &Access) -> bool {
        let statements = self.by_function.get(caller);
        statements.is_some_and(|statements| !statements.iter().any(|statement| statement.allows(access)))
    }
}

/// A policy document, looked up when the policy is a reference to a managed one.
fn managed<'a>(template: &'a Template, policy: &'a Value) -> &'a Value {
    let Some(name) = policy.as_str() else { return policy };
    let is_meant = |logical_id: &&String| name.ends_with(&format!("-{}", logical_id.to_lowercase()));
    let logical_id = template.resources.keys().find(is_meant).expect("a policy refers to a resource");
    &template.resources[logical_id]["Properties"]["PolicyDocument"]
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        single => vec![single.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

impl Statement {
    fn read(template: &Template, statement: &Value) -> Self {
        let actions = texts(&statement["Action"]);
        let resource = |arn: String| {
            let (logical_id, rest) = arn.split_once('.').expect("a resource is an attribute of one of ours");
            let table =
                template.resources[logical_id]["Properties"]["TableName"].as_str().unwrap_or_default();
            format!("{table}{}", rest.strip_prefix("Arn").unwrap_or_default())
        };
        let condition = statement["Condition"].as_object().into_iter().flatten();
        let partitions = condition
            .inspect(|(operator, _)| {
                let known = ["ForAllValues:StringEquals", "ForAllValues:StringLike"];
                assert!(known.contains(&operator.as_str()), "{operator} is not known here");
            })
            .flat_map(|(_, keys)| texts(&keys["dynamodb:LeadingKeys"]))
            .collect::<Vec<_>>();
        Self {
            actions: actions
                .iter()
                .filter_map(|action| action.strip_prefix("dynamodb:"))
                .map(str::to_owned)
                .collect(),
            resources: texts(&statement["Resource"]).into_iter().map(resource).collect(),
            partitions: (!partitions.is_empty()).then_some(partitions),
        }
    }

    fn allows(&self, access: &Access) -> bool {
        let resource = match &access.index {
            Some(index) => format!("{}/index/{index}", access.table),
            None => access.table.clone(),
        };
        let is_partition = |pattern: &String| match (pattern.strip_suffix('*'), &access.partition) {
            (_, None) => false,
            (Some(prefix), Some(partition)) => partition.starts_with(prefix),
            (None, Some(partition)) => partition == pattern,
        };
        self.actions.contains(&access.action)
            && self.resources.contains(&resource)
            && self.partitions.as_ref().is_none_or(|patterns| patterns.iter().any(is_partition))
    }
}

/// What a request to DynamoDB does.
pub(crate) fn accesses(operation: &str, request: &Value) -> Vec<Access> {
    let access = |action: &str, table: &Value, partition: &Value| Access {
        action: action.to_owned(),
        table: table.as_str().unwrap_or_default().to_owned(),
        index: None,
        partition: partition["pk"]["S"].as_str().map(str::to_owned),
    };
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let actions = list(&request["TransactItems"]).into_iter();
            let actions = actions.flat_map(|item| item.as_object().cloned().unwrap_or_default());
            let read = |(kind, action): (String, Value)| {
                let verb = if kind == "ConditionCheck" {
                    "ConditionCheckItem".into()
                } else {
                    format!("{kind}Item")
                };
                let key = if action["Key"].is_null() { &action["Item"] } else { &action["Key"] };
                access(&verb, &action["TableName"], key)
            };
            actions.map(read).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let mut found = Vec::new();
            for (table, items) in request["RequestItems"].as_object().into_iter().flatten() {
                let table = Value::from(table.as_str());
                for key in list(&items["Keys"]) {
                    found.push(access(operation, &table, &key));
                }
                for write in items.as_array().into_iter().flatten() {
                    let put = &write["PutRequest"]["Item"];
                    let key = if put.is_null() { &write["DeleteRequest"]["Key"] } else { put };
                    found.push(access(operation, &table, key));
                }
            }
            found
        }
        "Query" => {
            let partition = request["ExpressionAttributeValues"][":pk"]["S"].as_str();
            vec![Access {
                index: request["IndexName"].as_str().map(str::to_owned),
                partition: partition.map(str::to_owned),
                ..access(operation, &request["TableName"], &Value::Null)
            }]
        }
        _ => {
            let key = if request["Key"].is_null() { &request["Item"] } else { &request["Key"] };
            vec![access(operation, &request["TableName"], key)]
        }
    }
}
