//! Real names, typed as people type them: how many are found, by class of query, compared with what was reached before.
//!
//! `cargo test -p tests -- --nocapture real_names` prints the table. After a change that makes search better,
//! `cargo test -p tests -- --ignored record_levels` writes the new levels to `tests/relevance/levels.json`. Queries by
//! hand stand in `tests/relevance/queries.tsv`, rules in [`rules`].

mod catalogue;
mod judged;
mod levels;
mod measure;
mod report;
mod rules;

use tests::{Client, World, catalogue as catalogue_file};

use super::{add, settle};
use catalogue::Catalogue;
use judged::Case;
use measure::Outcome;

/// The index that comes with the project.
const EMBEDDED: &str = "embedded";
/// Queries of all classes that the report names.
const WORST: usize = 3;

/// Puts the catalogue into a world; answers somebody who may search it.
async fn filled(world: &World, catalogue: &Catalogue) -> Client {
    let owner = world.sign_up("ada").await;
    add(&owner, catalogue.rows.clone()).await;
    settle(world).await;
    world.anonymous()
}

/// The queries of the rules and those by hand.
fn cases(catalogue: &Catalogue) -> Vec<Case> {
    let by_hand = judged::parse(include_str!("../../../relevance/queries.tsv"));
    rules::cases(catalogue).into_iter().chain(by_hand).collect()
}

fn describe(backend: &str, outcomes: &[Outcome<'_>]) -> String {
    let (table, latencies) = (report::table(outcomes), report::latencies(outcomes));
    let worst = report::worst(outcomes.iter(), WORST);
    format!("\n{backend}: {latencies}\n\n{table}\nThe worst:\n{worst}")
}

#[tokio::test(flavor = "multi_thread")]
async fn real_names_are_found_as_people_type_them() {
    let Some(path) = catalogue_file() else { return };
    let catalogue = Catalogue::read(&path);
    let cases = cases(&catalogue);
    let world = World::start().await;
    let outcomes = measure::ask(&filled(&world, &catalogue).await, &cases).await;
    println!("{}", describe(EMBEDDED, &outcomes));
    let shortfalls = levels::shortfalls(EMBEDDED, &outcomes);
    assert!(shortfalls.is_empty(), "search is worse than it must be\n{}", shortfalls.concat());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "rewrites tests/relevance/levels.json: cargo test -p tests -- --ignored record_levels"]
async fn record_levels() {
    let Some(path) = catalogue_file() else { return };
    let catalogue = Catalogue::read(&path);
    let cases = cases(&catalogue);
    let world = World::start().await;
    let outcomes = measure::ask(&filled(&world, &catalogue).await, &cases).await;
    levels::record(EMBEDDED, &outcomes);
    println!("{}", describe(EMBEDDED, &outcomes));
    println!("All that did not come first:\n{}", report::worst(outcomes.iter(), usize::MAX));
}

