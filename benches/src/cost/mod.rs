//! What a month costs: measured units, times what a listener does (`prices.yaml`), times prices.

mod bill;
mod listens;
mod model;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mixtape::template::Template;

use crate::Failure;
use crate::api::Api;
use crate::programs::{eprintln_progress, workspace};
use crate::report::table;
use crate::routes::{ask_counted, asks, counted};
use crate::units::Units;
use bill::{Bill, Usage};
use model::{Model, Scale};

pub(crate) async fn run(together: Option<usize>) -> Result<String, Failure> {
    let text = std::fs::read_to_string(workspace().join("benches/prices.yaml"))?;
    let model: Model = serde_yaml_ng::from_str(&text)?;
    let template = Template::load(&BTreeMap::new())?;
    let folder = tempfile::tempdir()?;
    eprintln_progress("cost: filling a server");
    let (scenario, stack, dynamodb) = counted(folder.path()).await?;
    let api = Api::new(stack.url());
    let routes = asks::all(&scenario);
    let mut asked = BTreeMap::new();
    let sends =
        if model.activity.listens_a_request == 1 { "POST /v1/listens" } else { "POST /v1/listens, 10" };
    let names = model.activity.requests.iter().map(|request| request.route.as_str());
    for name in names.chain([sends]) {
        let route = routes.iter().find(|route| route.name == name);
        let route = route.ok_or_else(|| format!("prices.yaml names {name}, which is not measured"))?;
        let [first, second] = ask_counted(route, &api, &dynamodb).await?;
        // What is in a cache the second time has changed by the time somebody asks again.
        asked.insert(name.to_owned(), if first.reads > second.reads { first } else { second });
    }
    let mut counted = BTreeMap::new();
    let gathered = |scale: &Scale| match together {
        Some(together) => Ok(together),
        None => listens::together(&model, scale, &template),
    };
    for scale in &model.scales {
        let together = gathered(scale)?;
        if let Entry::Vacant(place) = counted.entry(together) {
            eprintln_progress(&format!("cost: counting listens, those of {together} accounts at once"));
            let each = model.activity.listens_a_request;
            place.insert(listens::measure(&api, &stack, &dynamodb, &scenario, together, each).await?);
        }
    }
    stack.stop().await;

    let mut bills = Vec::new();
    for scale in &model.scales {
        let together = gathered(scale)?;
        bills.push((
            scale,
            Bill::new(&model, Usage::new(&model, scale, &template, &asked, &counted[&together])?)?,
        ));
    }
    let mut report = String::from("### What was measured\n\n");
    let row = |(name, units): (&String, &Units)| {
        vec![name.clone(), units.calls.to_string(), units.reads.to_string(), units.writes.to_string()]
    };
    report += &table(
        &["request", "calls", "read units", "write units"],
        &asked.iter().map(row).collect::<Vec<_>>(),
    );
    report += "\nCounting, with everything that folding the ledgers takes, per listen:\n\n";
    let row = |(together, counting): (&usize, &listens::Counting)| {
        vec![
            together.to_string(),
            format!("{:.2}", counting.units.reads),
            format!("{:.2}", counting.units.writes),
            format!("{:.1}", counting.calls_a_run),
            format!("{:.0}", counting.bytes),
        ]
    };
    let rows: Vec<Vec<String>> = counted.iter().map(row).collect();
    report += &table(
        &["accounts that are counted together", "read units", "write units", "calls a run", "bytes kept"],
        &rows,
    );
    report += &bill::tables(&model, &bills);
    Ok(report)
}

/// Megabytes of memory of a function.
fn memory(template: &Template, function: &str) -> Result<f64, Failure> {
    let found = template.function(function).ok_or_else(|| format!("the template has no {function}"))?;
    let properties = &template.resources[&found.logical_id]["Properties"];
    // The default of the template's Globals.
    Ok(properties["MemorySize"].as_f64().unwrap_or(256.0))
}

/// Days of a month.
const DAYS: f64 = 365.25 / 12.0;

impl Scale {
    /// Listens of a month.
    fn listens(&self, model: &Model) -> f64 {
        self.active() * model.activity.tracks_heard * DAYS
    }

    /// Those who listen on a day.
    fn active(&self) -> f64 {
        self.listeners * self.active
    }
}
