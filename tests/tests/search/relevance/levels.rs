//! What was reached before, and what must be reached: levels that a change may raise and not lower.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::judged::Class;
use super::measure::{Outcome, Score};
use super::report;

/// Queries that a message about a class names.
const WORST: usize = 3;

/// What the API promises, as recall@10 in thousandths. Below 1000, because a rule makes a query now and then that a
/// reader would not blame anybody for: the typing error meets a word that is as near, or the name is a common one.
fn promised(class: Class) -> Option<u64> {
    match class {
        // Somebody who knows the name finds the thing; everything else is worth little without that.
        Class::Exact | Class::Prefix => Some(990),
        // One error in a word of four letters or more is found, wherever it is.
        Class::OneTypo | Class::ShortTypo | Class::Swapped => Some(970),
        // Two errors are found in long words, but come so near to others that not all can be on the first page.
        Class::TwoTypos => Some(850),
        // These do not matter at all; what is left is other names that are spelled alike without them.
        Class::Accents | Class::Case | Class::Punctuation | Class::Joined => Some(980),
        _ => None,
    }
}

/// A share in thousandths as files and tables write it.
pub(super) fn written(thousandths: u64) -> f64 {
    thousandths as f64 / 1000.0
}

/// Where levels are recorded: for each backend and class `recall_at_1`, `recall_at_10` and `mrr`.
fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("relevance/levels.json")
}

fn recorded() -> Value {
    serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap()
}

fn measures(score: &Score) -> [(&'static str, u64); 3] {
    [("recall_at_1", score.recall_at_1), ("recall_at_10", score.recall_at_10), ("mrr", score.mrr)]
}

/// Replaces what is recorded of a backend.
pub(super) fn record(backend: &str, outcomes: &[Outcome<'_>]) {
    let mut levels = recorded();
    levels[backend] = Score::by_class(outcomes)
        .iter()
        .map(|(class, score)| {
            let measured = measures(score).map(|(name, share)| (name.to_owned(), json!(written(share))));
            (class.as_str().to_owned(), Value::from_iter(measured))
        })
        .collect();
    std::fs::write(path(), format!("{levels:#}\n")).unwrap();
}

/// What is worse than recorded or promised, with the queries that went worst; empty when nothing is.
///
/// Results that match equally well come in the order of their ids, which are other ones in each run. So one query of a
/// class may lose its first place; none may leave the page.
pub(super) fn shortfalls(backend: &str, outcomes: &[Outcome<'_>]) -> Vec<String> {
    let recorded = &recorded()[backend];
    let scores = Score::by_class(outcomes);
    let mut shortfalls = stale(recorded, &scores);
    for (class, score) in &scores {
        let name = class.as_str();
        let mut lacking = Vec::new();
        for (measure, share) in measures(score) {
            let level = recorded[name][measure].as_f64();
            let slack = if measure == "recall_at_10" { 0 } else { 1000_u64.div_ceil(score.asked as u64) };
            if level.is_none_or(|level| written(share + slack) < level) {
                let before = level.map_or_else(|| "nothing".to_owned(), |level| format!("{level:.3}"));
                lacking.push(format!("{measure} is {:.3}, recorded {before}", written(share)));
            }
        }
        if let Some(least) = promised(*class).filter(|least| score.recall_at_10 < *least) {
            lacking.push(format!(
                "recall_at_10 is {:.3}, promised {:.3}",
                written(score.recall_at_10),
                written(least)
            ));
        }
        if !lacking.is_empty() {
            let of_class = outcomes.iter().filter(|outcome| outcome.case.class == *class);
            let worst = report::worst(of_class, WORST);
            shortfalls.push(format!("{backend}, class {name}: {}\n{worst}", lacking.join("; ")));
        }
    }
    shortfalls
}

/// Classes that are recorded and were not asked.
fn stale(recorded: &Value, scores: &[(Class, Score)]) -> Vec<String> {
    let is_asked = |name: &String| scores.iter().any(|(class, _)| class.as_str() == name);
    let names = recorded.as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .filter(|name| !is_asked(name))
        .map(|name| format!("class {name} is recorded, and nothing asks it\n"))
        .collect()
}
