//! Real names, typed as people type them: how many are found, by class of query, compared with what was reached before.
//!
//! `cargo test -p tests real_names -- --nocapture` prints the table. After a change that makes search better,
//! `cargo test -p tests record_levels -- --ignored --nocapture` writes the new levels to `tests/relevance/levels.json`
//! and lists every query that did not go well. Queries by hand stand in `tests/relevance/queries.tsv`.

mod catalogue;
mod judged;
mod levels;
mod measure;
mod report;
mod rules;

use tests::World;

use super::{add, settle};
use catalogue::Catalogue;
use judged::Case;
use measure::Outcome;

/// The index that comes with the project, and the other backend, as levels name them.
const EMBEDDED: &str = "embedded";
const CLOUDSEARCH: &str = "cloudsearch";
/// Queries of all classes that the report names.
const WORST: usize = 3;

/// The catalogue and all that is asked of it, whatever the backend.
struct Suite {
    catalogue: Catalogue,
    cases: Vec<Case>,
}

impl Suite {
    /// `None`, with a message, where the catalogue is missing.
    fn load() -> Option<Self> {
        let catalogue = Catalogue::read(&tests::catalogue()?);
        let by_rule = rules::cases(&catalogue);
        let cases = by_rule.into_iter().chain(by_hand()).collect();
        Some(Self { catalogue, cases })
    }

    /// Fills an empty world with the catalogue and asks everything.
    async fn ask(&self, world: &World) -> Vec<Outcome<'_>> {
        let owner = world.sign_up("ada").await;
        add(&owner, self.catalogue.rows.clone()).await;
        settle(world).await;
        measure::ask(&world.anonymous(), &self.cases).await
    }

    /// Fails when this backend finds less than is recorded for it or promised.
    async fn check(&self, world: &World, backend: &str) {
        let outcomes = self.ask(world).await;
        print(backend, &outcomes, WORST);
        let shortfalls = levels::shortfalls(backend, &outcomes);
        assert!(shortfalls.is_empty(), "search is worse than it must be\n{}", shortfalls.concat());
    }

    /// Records what this backend finds.
    async fn record(&self, world: &World, backend: &str) {
        let outcomes = self.ask(world).await;
        print(backend, &outcomes, usize::MAX);
        levels::record(backend, &outcomes);
    }
}

fn by_hand() -> Vec<Case> {
    judged::parse(include_str!("../../../relevance/queries.tsv"))
}

#[expect(clippy::print_stdout, reason = "the table is what a run by hand is for")]
fn print(backend: &str, outcomes: &[Outcome<'_>], most: usize) {
    let (table, latencies) = (report::table(outcomes), report::latencies(outcomes));
    let worst = report::worst(outcomes.iter(), most);
    println!("\n{backend}: {latencies}\n\n{table}\nThe worst:\n{worst}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn real_names_are_found_as_people_type_them() {
    let Some(suite) = Suite::load() else { return };
    suite.check(&World::start().await, EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn real_names_are_found_with_cloudsearch() {
    let Some(suite) = Suite::load() else { return };
    suite.check(&World::with_cloudsearch().await.0, CLOUDSEARCH).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "rewrites tests/relevance/levels.json: cargo test -p tests record_levels -- --ignored --nocapture"]
async fn record_levels() {
    let Some(suite) = Suite::load() else { return };
    suite.record(&World::start().await, EMBEDDED).await;
    suite.record(&World::with_cloudsearch().await.0, CLOUDSEARCH).await;
}

#[test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
fn what_queries_by_hand_want_is_there() {
    let Some(path) = tests::catalogue() else { return };
    let things = Catalogue::read(&path).things;
    for case in by_hand() {
        let is_there = things.iter().any(|thing| case.wanted.is_thing(thing));
        assert!(is_there, "{:?} wants {}, which is not in the catalogue", case.query, case.wanted);
    }
}
