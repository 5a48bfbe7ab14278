//! Every route: how long it takes in one warm process, and what it asks of the tables.

pub(crate) mod asks;

use std::collections::HashMap;
use std::path::Path;

use mixtape::{Options, SearchWith, Stack};
use tests::DynamoDb;

use crate::Failure;
use crate::api::Api;
use crate::programs::{Server, eprintln_progress, megabytes};
use crate::report::{millis, table};
use crate::scenario::Scenario;
use crate::times::Times;
use crate::units::Units;

/// Requests before those that are timed.
const WARM_UP: usize = 3;

pub(crate) async fn run() -> Result<String, Failure> {
    let folder = tempfile::tempdir()?;
    let units = units(folder.path()).await?;
    let server = Server::start().await?;
    let api = Api::new(&server.url);
    let scenario = Scenario::prepare(&api).await?;
    scenario.settle(&api).await?;
    let before = server.resident()?;
    let mut rows = Vec::new();
    for route in asks::all(&scenario, 1) {
        eprintln_progress(route.name);
        let mut times = Times::default();
        for place in 0..WARM_UP + route.repetitions {
            let took = api.time(&route.ask(place)).await?;
            if place >= WARM_UP {
                times.add(took);
            }
        }
        let units = units.get(route.name).copied().unwrap_or_default();
        rows.push(vec![
            route.name.to_owned(),
            millis(times.median()),
            millis(times.quantile(0.99)),
            units.calls.to_string(),
            units.reads.to_string(),
            units.writes.to_string(),
            megabytes(server.resident()?),
        ]);
    }
    let columns =
        ["operation", "p50", "p99", "calls", "read units", "write units", "process resident after it"];
    Ok(format!("{}\nThe process was resident with {} before.\n", table(&columns, &rows), megabytes(before)))
}

/// What each route asks of the tables once it is warm, with nothing else running.
async fn units(folder: &Path) -> Result<HashMap<&'static str, Units>, Failure> {
    let (scenario, stack, dynamodb) = quiet(folder).await?;
    let api = Api::new(stack.url());
    let mut found = HashMap::new();
    for route in asks::all(&scenario, 0) {
        api.time(&route.ask(0)).await?;
        dynamodb.take();
        api.time(&route.ask(1)).await?;
        found.insert(route.name, Units::of(&dynamodb.take()));
    }
    stack.stop().await;
    Ok(found)
}

/// A server that holds the scenario, where nothing runs but what is asked, with its calls counted.
pub(crate) async fn quiet(folder: &Path) -> Result<(Scenario, Stack, DynamoDb), Failure> {
    let options = Options { data: Some(folder.to_owned()), ..Options::default() };
    let stack = Stack::start(options.clone()).await?;
    let scenario = Scenario::prepare(&Api::new(stack.url())).await?;
    stack.settle().await;
    stack.run_schedules().await;
    stack.settle().await;
    stack.stop().await;
    drop(stack);
    let dynamodb = DynamoDb::new(SearchWith::default());
    let options = Options { dynamodb_proxy: Some(dynamodb.proxy()), runs_events: false, ..options };
    Ok((scenario, Stack::start(options).await?, dynamodb))
}
