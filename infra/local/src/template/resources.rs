//! Turns the resolved resources into what the local stack runs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::intrinsic::{local_name, wrong};
use super::{
    Cors, CorsRule, Filter, Function, ObjectEvents, Route, Schedule, StreamMapping, Template, TemplateError,
};

/// Resources without a local counterpart: permissions, logs, and what watches.
const IGNORED: [&str; 8] = [
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
];

pub(super) fn read(globals: &Value, resources: BTreeMap<String, Value>) -> Result<Template, TemplateError> {
    let mut template = Template {
        functions: Vec::new(),
        routes: Vec::new(),
        cors: Cors {
            allow_origins: Vec::new(),
            allow_methods: Vec::new(),
            allow_headers: Vec::new(),
            expose_headers: Vec::new(),
            max_age: 0,
        },
        schedules: Vec::new(),
        mappings: Vec::new(),
        tables: Vec::new(),
        buckets: Vec::new(),
        bucket_cors: Vec::new(),
        object_events: Vec::new(),
        resources: BTreeMap::new(),
    };
    for (logical_id, resource) in &resources {
        let properties = &resource["Properties"];
        match resource["Type"].as_str().unwrap_or_default() {
            "AWS::Serverless::Function" => function(&mut template, globals, logical_id, properties)?,
            "AWS::Serverless::HttpApi" => {
                template.cors = typed(logical_id, &properties["CorsConfiguration"])?;
            }
            "AWS::DynamoDB::Table" => template.tables.push(table(properties)),
            "AWS::S3::Bucket" => bucket(&mut template, logical_id, properties)?,
            "AWS::Lambda::EventSourceMapping" => {}
            other if IGNORED.contains(&other) => {}
            other => return Err(wrong(format!("{logical_id}: {other} has no local counterpart"))),
        }
    }
    for (logical_id, resource) in &resources {
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" {
            let mapping = stream_mapping(&template, &resources, logical_id, &resource["Properties"])?;
            template.mappings.push(mapping);
        }
    }
    template.resources = resources;
    Ok(template)
}

fn bucket(template: &mut Template, logical_id: &str, properties: &Value) -> Result<(), TemplateError> {
    template.buckets.push(local_name(logical_id));
    let rules = &properties["CorsConfiguration"]["CorsRules"];
    if !rules.is_null() {
        template.bucket_cors.extend(typed::<Vec<CorsRule>>(logical_id, rules)?);
    }
    if template.bucket_cors.iter().any(|rule| rule.allowed_headers != ["*"]) {
        return Err(wrong(format!("{logical_id}: a CORS rule must allow all headers")));
    }
    Ok(())
}

fn typed<T: for<'de> Deserialize<'de>>(logical_id: &str, value: &Value) -> Result<T, TemplateError> {
    T::deserialize(value).map_err(|error| wrong(format!("{logical_id}: {error}")))
}

fn function(
    template: &mut Template,
    globals: &Value,
    logical_id: &str,
    properties: &Value,
) -> Result<(), TemplateError> {
    let name = properties["CodeUri"].as_str().and_then(|uri| uri.trim_end_matches('/').rsplit('/').next());
    let name = name.ok_or_else(|| wrong(format!("{logical_id} has no CodeUri")))?.to_owned();
    let mut environment = HashMap::new();
    for variables in [&globals["Environment"]["Variables"], &properties["Environment"]["Variables"]] {
        for (variable, value) in variables.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            environment.insert(variable.clone(), text);
        }
    }
    let timeout = properties["Timeout"].as_u64().or_else(|| globals["Timeout"].as_u64()).unwrap_or(3);
    let timeout = Duration::from_secs(timeout);
    for (event_id, event) in properties["Events"].as_object().into_iter().flatten() {
        let retries = &properties["EventInvokeConfig"]["MaximumRetryAttempts"];
        let properties = &event["Properties"];
        match event["Type"].as_str().unwrap_or_default() {
            "HttpApi" if properties["Method"] == "ANY" => {
                let path = properties["Path"].as_str().unwrap_or_default().to_owned();
                template.routes.push(Route { path, function: name.clone() });
            }
            "ScheduleV2" => template.schedules.push(schedule(event_id, &name, properties)?),
            "EventBridgeRule" => {
                let filter = Filter::parse(&properties["Pattern"].to_string());
                let filter = filter.map_err(|error| wrong(format!("{logical_id}.{event_id}: {error}")))?;
                // Lambda's own, of asynchronous invocations: at most two.
                let max_retries =
                    retries.as_u64().and_then(|retries| u32::try_from(retries).ok()).unwrap_or(2);
                let function = name.clone();
                template.object_events.push(ObjectEvents { function, timeout, filter, max_retries });
            }
            other => return Err(wrong(format!("{logical_id}.{event_id}: {other} has no local counterpart"))),
        }
    }
    template.functions.push(Function { logical_id: logical_id.to_owned(), name, environment, timeout });
    Ok(())
}

fn schedule(event_id: &str, function: &str, properties: &Value) -> Result<Schedule, TemplateError> {
    let expression = properties["ScheduleExpression"].as_str().unwrap_or_default();
    let every = rate(expression)
        .ok_or_else(|| wrong(format!("{event_id}: the schedule {expression:?} is not a rate(…)")))?;
    let max_retries = properties["RetryPolicy"]["MaximumRetryAttempts"].as_u64();
    Ok(Schedule {
        function: function.to_owned(),
        every,
        input: properties["Input"].as_str().unwrap_or("{}").to_owned(),
        max_retries: max_retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(185),
    })
}

/// Reads `rate(3 hours)`.
fn rate(expression: &str) -> Option<Duration> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

/// The part of a table's properties that CreateTable and UpdateTimeToLive take, which have the same form there.
fn table(properties: &Value) -> Value {
    let kept = [
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "TimeToLiveSpecification",
    ];
    let mut table = serde_json::Map::new();
    for name in kept {
        if let Some(property) = properties.get(name) {
            table.insert(name.to_owned(), property.clone());
        }
    }
    if let Some(view) = properties["StreamSpecification"]["StreamViewType"].as_str() {
        let stream = json!({ "StreamEnabled": true, "StreamViewType": view });
        table.insert("StreamSpecification".to_owned(), stream);
    }
    Value::Object(table)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MappingProperties {
    function_name: String,
    event_source_arn: String,
    starting_position: String,
    batch_size: usize,
    #[expect(
        dead_code,
        reason = "locally a batch is what gathers while the one before is handled: an event is handled at once"
    )]
    maximum_batching_window_in_seconds: Option<u32>,
    #[expect(dead_code, reason = "locally one batch of a stream comes after the other")]
    parallelization_factor: Option<u32>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    function_response_types: Vec<String>,
    maximum_retry_attempts: u32,
    filter_criteria: Option<FilterCriteria>,
    destination_config: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterCriteria {
    filters: Vec<FilterPattern>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterPattern {
    pattern: String,
}

fn stream_mapping(
    template: &Template,
    resources: &BTreeMap<String, Value>,
    logical_id: &str,
    properties: &Value,
) -> Result<StreamMapping, TemplateError> {
    let mapping: MappingProperties = typed(logical_id, properties)?;
    let must = |holds: bool, what: &str| {
        if holds { Ok(()) } else { Err(wrong(format!("{logical_id}: {what}"))) }
    };
    must(mapping.starting_position == "TRIM_HORIZON", "StartingPosition must be TRIM_HORIZON")?;
    must(
        mapping.function_response_types == ["ReportBatchItemFailures"],
        "FunctionResponseTypes must be ReportBatchItemFailures",
    )?;
    must(mapping.destination_config["OnFailure"].is_object(), "there must be an OnFailure destination")?;
    let table_id = mapping.event_source_arn.strip_suffix(".StreamArn");
    let table =
        table_id.and_then(|id| resources.get(id)).and_then(|table| table["Properties"]["TableName"].as_str());
    let table = table.ok_or_else(|| wrong(format!("{logical_id} does not read a table's stream")))?;
    let is_fed = |function: &&Function| mapping.function_name == local_name(&function.logical_id);
    let function = template.functions.iter().find(is_fed);
    let function = function.ok_or_else(|| wrong(format!("{logical_id} feeds no function")))?;
    let mut filters = Vec::new();
    for filter in mapping.filter_criteria.into_iter().flat_map(|criteria| criteria.filters) {
        filters
            .push(Filter::parse(&filter.pattern).map_err(|error| wrong(format!("{logical_id}: {error}")))?);
    }
    Ok(StreamMapping {
        logical_id: logical_id.to_owned(),
        table: table.to_owned(),
        function: function.name.clone(),
        batch_size: mapping.batch_size,
        bisects: mapping.bisect_batch_on_function_error,
        max_retries: mapping.maximum_retry_attempts,
        filters,
    })
}
