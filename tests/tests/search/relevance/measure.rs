//! Asks the queries, and counts how many were answered well.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::Value;
use tests::Client;

use super::super::encoded;
use super::judged::{Case, Class, Wanted};

/// Results that are looked at.
pub(super) const PAGE: usize = 10;
/// Queries that are under way at once.
const CONCURRENCY: usize = 4;
/// Divisible by 1 to 10, so that reciprocal ranks add up without rounding.
const ONE: u64 = 2520;
const MILLE: u64 = 1000;

/// What became of one query.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) case: &'a Case,
    /// The place of the first right answer, 1 to [`PAGE`].
    pub(super) rank: Option<usize>,
    /// What came first, if anything was found.
    pub(super) first: Option<String>,
    pub(super) took: Duration,
}

/// How well a class was answered, in thousandths, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Score {
    /// Queries.
    pub(super) asked: usize,
    /// The share whose first answer is right.
    pub(super) recall_at_1: u64,
    /// The share with a right answer among the first ten.
    pub(super) recall_at_10: u64,
    /// Mean reciprocal rank: 1 for a right answer in the first place, 1/2 in the second, 0 beyond the tenth.
    pub(super) mrr: u64,
}

impl Score {
    /// The score of some outcomes; `None` of none.
    pub(super) fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome<'a>>) -> Option<Self> {
        let (mut asked, mut first, mut found, mut reciprocal) = (0, 0, 0, 0);
        for outcome in outcomes {
            asked += 1;
            first += u64::from(outcome.rank == Some(1));
            found += u64::from(outcome.rank.is_some());
            reciprocal += outcome.rank.map_or(0, |rank| ONE / rank as u64);
        }
        (asked > 0).then(|| Self {
            asked: usize::try_from(asked).unwrap(),
            recall_at_1: first * MILLE / asked,
            recall_at_10: found * MILLE / asked,
            mrr: reciprocal * MILLE / (asked * ONE),
        })
    }

    /// The score of each class that was asked, in the order of [`Class::ALL`].
    pub(super) fn by_class(outcomes: &[Outcome<'_>]) -> Vec<(Class, Self)> {
        let of = |class| Self::of(outcomes.iter().filter(|outcome| outcome.case.class == class));
        Class::ALL.into_iter().filter_map(|class| Some((class, of(class)?))).collect()
    }
}

/// Asks all queries of a catalogue that is in the index.
pub(super) async fn ask<'a>(client: &Client, cases: &'a [Case]) -> Vec<Outcome<'a>> {
    stream::iter(cases).map(|case| ask_one(client, case)).buffered(CONCURRENCY).collect().await
}

async fn ask_one<'a>(client: &Client, case: &'a Case) -> Outcome<'a> {
    let kind = case.wanted.kind.as_str();
    let limit = PAGE.to_string();
    let parameters = encoded(&[("q", &case.query), ("types", kind), ("limit", &limit)]);
    let began = Instant::now();
    let answer = client.get(&format!("/v1/search?{parameters}")).await.expect(200);
    let took = began.elapsed();
    let items = answer[format!("{kind}s")]["items"].as_array().unwrap();
    let rank = rank(items, &case.wanted);
    Outcome { case, rank, first: items.first().map(describe), took }
}

fn rank(items: &[Value], wanted: &Wanted) -> Option<usize> {
    items.iter().position(|item| wanted.is(item)).map(|place| place + 1)
}

/// A found item for whoever reads the report.
fn describe(item: &Value) -> String {
    let text = |field: &str| item[field].as_str();
    let name = text("title").or(text("name")).unwrap_or_default();
    match text("artist").or(text("album_artist")) {
        Some(artist) => format!("{name} / {artist}"),
        None => name.to_owned(),
    }
}
