//! Every operation: how long a warm function takes for it, what that needs in memory, and what it asks of the tables.

pub(crate) mod asks;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use mixtape::template::Template;
use mixtape::{Options, SearchWith, Stack};
use serde_json::Value;
use tests::{DynamoDb, Function, Program};

use crate::Failure;
use crate::api::Api;
use crate::programs::{build, eprintln_progress, megabytes, memory, stores_of};
use crate::report::{millis, table};
use crate::scenario::Scenario;
use crate::times::Times;
use crate::units::Units;
use asks::Route;

/// Requests before those that are timed.
const WARM_UP: usize = 3;
/// Each time, 64 MiB would have to be sent before it.
const NOT_MEASURED: &str = "POST /v1/uploads/{id}/complete";

pub(crate) async fn run() -> Result<String, Failure> {
    let folder = build()?;
    let units = units().await?;
    let data = tempfile::tempdir()?;
    let (scenario, stack) = quiet(Options::default(), data.path()).await?;
    let api = Api::new(stack.url());
    let template = Template::load(&BTreeMap::new())?;
    let routes = asks::all(&scenario);
    all_are_there(&routes)?;
    let mut rows = Vec::new();
    for route in routes {
        eprintln_progress(route.name);
        let name = function_of(&template, route.name)?;
        let program = Program::new(folder.join(name), name, stores_of(&stack)?);
        let Measured { times, resident, line } = measure(&route, &program, &api).await?;
        let units = units.get(route.name).copied().unwrap_or_default();
        rows.push(vec![
            route.name.to_owned(),
            name.to_owned(),
            millis(times.median()),
            millis(times.quantile(0.99)),
            units.calls.to_string(),
            units.reads.to_string(),
            units.writes.to_string(),
            megabytes(resident),
            line.to_string(),
        ]);
    }
    stack.stop().await;
    let columns = [
        "operation",
        "function",
        "p50",
        "p99",
        "calls",
        "read units",
        "write units",
        "resident",
        "logged bytes",
    ];
    Ok(table(&columns, &rows))
}

/// What was measured of a route.
struct Measured {
    times: Times,
    /// Of the process in the end, in bytes.
    resident: u64,
    /// What a request logs, in bytes.
    line: usize,
}

/// Lets a process of its own answer one route.
async fn measure(route: &Route, program: &Program, api: &Api) -> Result<Measured, Failure> {
    let scratch = tempfile::tempdir()?;
    let mut function = Function::start(program, scratch.path()).await;
    let mut times = Times::default();
    for place in 0..WARM_UP + route.repetitions {
        let ask = route.ask(place, &before(route, place, api).await?);
        let invocation = function.invoke(ask.event()).await;
        let answer = invocation.result.map_err(|why| format!("{}: {why}", route.name))?;
        // Addresses of sounds and pictures are answered by redirection.
        if !answer["statusCode"].as_u64().is_some_and(|status| (200..400).contains(&status)) {
            return Err(format!("{}: {answer}", route.name).into());
        }
        if place >= WARM_UP {
            times.add(invocation.took);
        }
    }
    let (resident, _) = memory(function.process())?;
    let (log, _, _) = function.end().await;
    Ok(Measured { times, resident, line: log.len() / (WARM_UP + route.repetitions) })
}

/// Asks what must be asked before; answers the answer.
async fn before(route: &Route, place: usize, api: &Api) -> Result<Value, Failure> {
    let Some(before) = route.before(place) else { return Ok(Value::Null) };
    let (_, answer) = api.ask(&before).await?;
    Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
}

/// The function that answers a route, by the route's name.
pub(crate) fn function_of<'a>(template: &'a Template, name: &str) -> Result<&'a str, Failure> {
    let path = name.split([' ', ',']).nth(1).unwrap_or(name);
    let found = template.routes.iter().find(|deployed| deployed.path == path);
    Ok(&found.ok_or_else(|| format!("the template has no route {path}"))?.function)
}

fn all_are_there(routes: &[Route]) -> Result<(), Failure> {
    let document: Value = serde_json::from_str(&mixtape::openapi::document()?)?;
    let mut wanted = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        let methods = operations.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
        wanted.extend(methods.map(|method| format!("{method} {path}")));
    }
    let measured = routes.iter().map(|route| route.operation().to_owned());
    let measured: BTreeSet<String> = measured.chain([NOT_MEASURED.to_owned()]).collect();
    let differ: Vec<&String> = wanted.symmetric_difference(&measured).collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("not measured, or not there: {differ:?}").into()) }
}

/// What each route asks of the tables once it is warm, with nothing else running.
async fn units() -> Result<HashMap<&'static str, Units>, Failure> {
    let folder = tempfile::tempdir()?;
    let (scenario, stack, dynamodb) = counted(folder.path()).await?;
    let api = Api::new(stack.url());
    let mut found = HashMap::new();
    for route in asks::all(&scenario) {
        found.insert(route.name, ask_counted(&route, &api, &dynamodb).await?[1]);
    }
    stack.stop().await;
    Ok(found)
}

/// What a route asks of the tables the first time and the second.
pub(crate) async fn ask_counted(
    route: &Route,
    api: &Api,
    dynamodb: &DynamoDb,
) -> Result<[Units; 2], Failure> {
    let mut units = [Units::default(); 2];
    for (place, units) in units.iter_mut().enumerate() {
        let ask = route.ask(place, &before(route, place, api).await?);
        dynamodb.take();
        api.time(&ask).await?;
        *units = Units::of(&dynamodb.take());
    }
    Ok(units)
}

/// A server as [`quiet`] with its calls counted.
pub(crate) async fn counted(folder: &Path) -> Result<(Scenario, Stack, DynamoDb), Failure> {
    let dynamodb = DynamoDb::new(SearchWith::default());
    let options = Options { dynamodb_proxy: Some(dynamodb.proxy()), ..Options::default() };
    let (scenario, stack) = quiet(options, folder).await?;
    Ok((scenario, stack, dynamodb))
}

/// A server that holds the scenario, where nothing runs but what is asked.
async fn quiet(options: Options, folder: &Path) -> Result<(Scenario, Stack), Failure> {
    let data = Some(folder.to_owned());
    let stack = Stack::start(Options { data: data.clone(), ..Options::default() }).await?;
    let api = Api::new(stack.url());
    let mut scenario = Scenario::prepare(&api).await?;
    scenario.appoint(&api, &stack).await?;
    stack.settle().await;
    stack.run_schedules().await;
    stack.settle().await;
    stack.stop().await;
    drop(stack);
    let stack = Stack::start(Options { data, runs_events: false, ..options }).await?;
    Ok((scenario, stack))
}
