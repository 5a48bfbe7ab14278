//! The search benchmark.
//!
//! All engines get the same rows and the same questions in the same run. A question is answered rightly when a track of
//! the title and artist that it was made from is among the first ten.

mod fts5;
mod ours;
mod plain;
mod questions;
pub(crate) mod reader;
mod rows;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use questions::{Class, Question};

/// Results of a question that are looked at.
const TOP: usize = 10;

/// How one engine did on one class of questions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Score {
    median_us: u128,
    percentile_99_us: u128,
    /// The share of questions that were answered rightly; none where a question means no track in particular.
    recall: Option<f64>,
    questions: usize,
}

/// What one engine took.
#[derive(Debug)]
struct Engine {
    name: &'static str,
    build: Duration,
    bytes: u64,
    scores: BTreeMap<Class, Score>,
}

pub(crate) async fn run(catalogue: &Path, batches: usize, is_alone: bool) -> Result<(), Box<dyn Error>> {
    let rows = rows::read(catalogue)?;
    let questions = questions::ask(&rows);
    println!("{} tracks, {} questions\n", rows.len(), questions.len());
    let mut engines = vec![ours::run(&rows, &questions, batches).await?];
    if !is_alone {
        let folder = tempfile::tempdir()?;
        engines.push(fts5::run(&rows, &questions, folder.path())?);
        engines.push(plain::run(&rows, &questions, folder.path())?);
    }
    print(&engines, rows.len());
    Ok(())
}

fn print(engines: &[Engine], rows: usize) {
    println!("\n| engine | build | bytes a track | questions | p50 | p99 | recall@10 |");
    println!("| --- | ---: | ---: | --- | ---: | ---: | ---: |");
    for engine in engines {
        for (class, score) in &engine.scores {
            let recall = score.recall.map_or_else(|| "–".to_owned(), |recall| format!("{recall:.3}"));
            println!(
                "| {} | {:.1} s | {:.1} | {} | {:.2} ms | {:.2} ms | {recall} |",
                engine.name,
                engine.build.as_secs_f64(),
                engine.bytes as f64 / rows as f64,
                class.name(),
                score.median_us as f64 / 1000.0,
                score.percentile_99_us as f64 / 1000.0,
            );
        }
    }
}

/// Asks everything, one question after the other, and times the answers. Answers are numbers of rows.
fn measure<E>(
    questions: &[Question],
    mut ask: impl FnMut(&Question) -> Result<Vec<usize>, E>,
) -> Result<BTreeMap<Class, Score>, E> {
    let mut answers: BTreeMap<Class, Vec<(Duration, Option<bool>)>> = BTreeMap::new();
    // Twice, and the second time counts: what the page cache does for the first is not the engine's.
    for is_counted in [false, true] {
        for question in questions {
            let began = Instant::now();
            let found = ask(question)?;
            let took = began.elapsed();
            let is_right = || found.iter().take(TOP).any(|row| question.right.contains(row));
            let is_right = (!question.right.is_empty()).then(is_right);
            if is_counted {
                answers.entry(question.class).or_default().push((took, is_right));
            }
        }
    }
    Ok(answers.into_iter().map(|(class, answers)| (class, score(answers))).collect())
}

fn score(mut answers: Vec<(Duration, Option<bool>)>) -> Score {
    answers.sort();
    let percentile = |percent: usize| answers[(answers.len() - 1) * percent / 100].0.as_micros();
    let judged: Vec<bool> = answers.iter().filter_map(|(_, is_right)| *is_right).collect();
    let right = judged.iter().filter(|is_right| **is_right).count();
    Score {
        median_us: percentile(50),
        percentile_99_us: percentile(99),
        recall: (!judged.is_empty()).then(|| right as f64 / judged.len() as f64),
        questions: answers.len(),
    }
}
