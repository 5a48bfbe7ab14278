//! What people read: a table of all classes, and the queries that went worst.

use std::cmp::Reverse;
use std::fmt::Write;
use std::time::Duration;

use super::levels::written;
use super::measure::{Outcome, PAGE, Score};

/// A markdown table with a line for each class and one for all queries together.
pub(super) fn table(outcomes: &[Outcome<'_>]) -> String {
    let mut table = String::from(
        "| class | queries | recall@1 | recall@10 | MRR |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    let classes = Score::by_class(outcomes).into_iter().map(|(class, score)| (class.as_str(), score));
    for (name, score) in classes.chain(Score::of(outcomes.iter()).map(|all| ("all", all))) {
        let [first, tenth, mrr] = [score.recall_at_1, score.recall_at_10, score.mrr].map(written);
        writeln!(table, "| {name} | {} | {first:.3} | {tenth:.3} | {mrr:.3} |", score.asked).unwrap();
    }
    table
}

/// The median and the 99th percentile of how long the answers took.
pub(super) fn latencies(outcomes: &[Outcome<'_>]) -> String {
    let mut latencies: Vec<Duration> = outcomes.iter().map(|outcome| outcome.took).collect();
    latencies.sort();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
    format!("median {:?}, 99th percentile {:?}, unoptimised", at(50), at(99))
}

/// The queries whose right answer came last or not at all, worst first: at most so many, none that went well.
pub(super) fn worst<'a>(outcomes: impl Iterator<Item = &'a Outcome<'a>>, most: usize) -> String {
    let place = |outcome: &Outcome<'_>| outcome.rank.unwrap_or(PAGE + 1);
    let mut missed: Vec<&Outcome<'_>> = outcomes.filter(|outcome| outcome.rank != Some(1)).collect();
    missed.sort_by_key(|outcome| Reverse(place(outcome)));
    missed.iter().take(most).map(|outcome| line(outcome)).collect()
}

fn line(outcome: &Outcome<'_>) -> String {
    let Outcome { case, rank, first, .. } = outcome;
    let place = rank.map_or_else(|| "not found".to_owned(), |rank| format!("found in place {rank}"));
    let instead = first.as_deref().unwrap_or("nothing");
    format!(
        "- {}: {:?} ({}) wants {}: {place}, first came {instead}\n",
        case.class.as_str(),
        case.query,
        case.wanted.kind.as_str(),
        case.wanted,
    )
}
