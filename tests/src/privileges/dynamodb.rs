//! Which permissions a request to DynamoDB takes.

use serde_json::Value;

use super::Access;

/// What a request does: IAM looks at each action of a transaction and at each table of a batch.
pub(crate) fn accesses(operation: &str, request: &Value) -> Vec<Access> {
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let actions = items(&request["TransactItems"]).filter_map(Value::as_object).flatten();
            let read = |(kind, action): (&String, &Value)| {
                let verb =
                    if kind == "ConditionCheck" { "ConditionCheckItem" } else { &format!("{kind}Item") };
                access(verb, &action["TableName"], key(action))
            };
            actions.map(read).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let mut found = Vec::new();
            for (table, wanted) in request["RequestItems"].as_object().into_iter().flatten() {
                let table = Value::from(table.as_str());
                found.extend(items(&wanted["Keys"]).map(|key| access(operation, &table, key)));
                for write in items(wanted) {
                    let put = &write["PutRequest"]["Item"];
                    let key = if put.is_null() { &write["DeleteRequest"]["Key"] } else { put };
                    found.push(access(operation, &table, key));
                }
            }
            found
        }
        "Query" => {
            let mut query = access(operation, &request["TableName"], &Value::Null);
            if let Some(index) = request["IndexName"].as_str() {
                query.resource = format!("{}/index/{index}", query.resource);
            }
            query.partition = request["ExpressionAttributeValues"][":pk"]["S"].as_str().map(str::to_owned);
            vec![query]
        }
        _ => vec![access(operation, &request["TableName"], key(request))],
    }
}

fn access(verb: &str, table: &Value, key: &Value) -> Access {
    Access {
        action: format!("dynamodb:{verb}"),
        resource: table.as_str().unwrap_or_default().to_owned(),
        partition: key["pk"]["S"].as_str().map(str::to_owned),
    }
}

fn key(action: &Value) -> &Value {
    if action["Key"].is_null() { &action["Item"] } else { &action["Key"] }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
