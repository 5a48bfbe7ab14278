//! What it takes to count listens, folding included.

use std::time::Duration;

use mixtape::Stack;
use mixtape::template::Template;
use mixtape_domain::{Clock, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tests::DynamoDb;

use super::model::{Model, Scale};
use crate::Failure;
use crate::api::{Api, text};
use crate::scenario::{Scenario, TRACKS, listen};
use crate::units::Units;

/// Entries after which a ledger is folded, twice: the mean then holds whole foldings.
const RUNS: usize = 128;
/// Accounts whose listens one transaction takes.
const MOST: usize = 32;
/// Objects that folding an account's ledger and everybody's writes: a week, a month, a year and all time each, and
/// everybody's day.
pub(super) const SUMMARIES: (f64, f64) = (4.0, 5.0);
/// Entries of a ledger that are folded at once.
pub(super) const FOLDED: f64 = 64.0;

/// Every so manieth listen is to what somebody has not heard before.
const NEW_EVERY: usize = 4;
/// What DynamoDB charges for beside the bytes of an item, and of what an index holds of it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
const ITEM_OVERHEAD: f64 = 100.0;

/// What counting takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    /// Accounts whose listens are counted in one run.
    pub(super) together: usize,
    /// Of one listen.
    pub(super) units: Units,
    pub(super) calls_a_run: f64,
    /// What a listen and what is counted of it take in the tables.
    pub(super) bytes: f64,
}

/// How many accounts' listens come together in one run, with as many all day: what arrives in the batching window of
/// the template, divided among the batches that are under way at once.
pub(super) fn together(model: &Model, scale: &Scale, template: &Template) -> Result<usize, Failure> {
    let mapping =
        &template.resources.get("TallyReadsListens").ok_or("the template counts no listens")?["Properties"];
    let window = mapping["MaximumBatchingWindowInSeconds"].as_f64().unwrap_or(0.0);
    let lanes = mapping["ParallelizationFactor"].as_f64().unwrap_or(1.0);
    // Without a window a batch is what has come since the last poll, four of which are made in a second.
    let gathered = window.max(0.25);
    let requests = scale.active() * model.activity.tracks_heard / model.activity.listens_a_request as f64;
    let arriving = requests / 86_400.0 * gathered / lanes;
    Ok((arriving as usize).clamp(1, MOST))
}

/// Sends listens and lets them be counted: of so many accounts in one run, so many of each.
pub(super) async fn measure(
    api: &Api,
    stack: &Stack,
    dynamodb: &DynamoDb,
    scenario: &Scenario,
    together: usize,
    each: usize,
) -> Result<Counting, Failure> {
    let mut accounts = Vec::new();
    for number in 0..together {
        accounts.push(api.sign_up(&format!("counted{together}x{number}")).await?);
    }
    let start = Clock::system().now().minus(Duration::from_secs(86_400 * 60));
    let stored = stored(stack, dynamodb).await?;
    let mut units = Units::default();
    let mut sent = 0;
    for run in 0..RUNS {
        let mut records = Vec::new();
        for (number, (account, token)) in accounts.iter().enumerate() {
            let mut listens = Vec::new();
            for place in 0..each {
                let time = start.plus(Duration::from_secs(heard_at(run * each + place) + number as u64));
                let track = heard(run * each + place) * (number * 2 + 7) % 211 + number * 31;
                listens.push(listen(&scenario.tracks[track % TRACKS], time));
                sent += 1;
            }
            let answer = api.send(Method::POST, "/v1/listens", token, json!({ "listens": listens })).await?;
            for (result, listen) in answer["results"].as_array().ok_or("no results")?.iter().zip(&listens) {
                let at: Timestamp = text(&listen["listened_at"])?.parse()?;
                records.push(record(account, &text(&result["id"])?, at, records.len()));
            }
        }
        dynamodb.take();
        let answer = stack.invoke("tally", json!({ "Records": records })).await?;
        if answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty()) {
            return Err(format!("listens were not counted: {answer}").into());
        }
        units = units + Units::of(&dynamodb.take());
    }
    let calls_a_run = units.calls as f64 / RUNS as f64;
    let bytes = (self::stored(stack, dynamodb).await? - stored) / f64::from(sent);
    Ok(Counting { together, units: units.times(1.0 / f64::from(sent)), calls_a_run, bytes })
}

/// Which of the things that somebody hears at all the nth listen is to: a new one, or one of those before.
fn heard(place: usize) -> usize {
    let newest = place / NEW_EVERY;
    if place.is_multiple_of(NEW_EVERY) { newest } else { place * 31 % (newest + 1) }
}

/// The bytes that are paid for in the tables that listens and their counts lie in, indexes included.
async fn stored(stack: &Stack, dynamodb: &DynamoDb) -> Result<f64, Failure> {
    let prefix = &stack.app().settings.table_prefix;
    let mut bytes = 0.0;
    for table in ["listens", "insights"] {
        let table = json!({ "TableName": format!("{prefix}-{table}") });
        let answer = dynamodb.send("DescribeTable", table).await;
        let described = &answer["Table"];
        let indexes = described["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        for (part, size) in
            indexes.map(|index| (index, "IndexSizeBytes")).chain([(described, "TableSizeBytes")])
        {
            let count = part["ItemCount"].as_f64().ok_or("a table does not say how many items it has")?;
            let size = part[size].as_f64().ok_or("a table does not say how large it is")?;
            bytes += size + count * ITEM_OVERHEAD;
        }
    }
    Ok(bytes)
}

/// Seconds after the first day's evening at which the nth track of somebody is over who hears thirty each day.
fn heard_at(place: usize) -> u64 {
    (place / 30 * 86_400 + place % 30 * 210) as u64
}

/// The record of the stream that says that a listen is there.
fn record(account: &str, id: &str, at: Timestamp, number: usize) -> Value {
    let age = 9_999_999_999_999_i64 - at.millis();
    let keys = json!({ "pk": { "S": format!("ACCOUNT#{account}") }, "sk": { "S": format!("LISTEN#{age:013}#{id}") } });
    json!({
        "eventID": number.to_string(), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/mixtape-listens/stream/2026-11-21",
        "dynamodb": {
            "Keys": keys, "SequenceNumber": format!("{number:021}"), "SizeBytes": 256, "StreamViewType": "NEW_IMAGE",
        },
    })
}
