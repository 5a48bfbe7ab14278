//! Benchmarks that a reader can repeat, with their results as tables in Markdown.

#![expect(clippy::print_stdout, reason = "the tables are what the program is for")]

mod all;
mod api;
mod cold;
mod cost;
mod listens;
mod load;
mod programs;
mod report;
mod routes;
mod scenario;
mod search;
mod sizes;
mod times;
mod units;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use mixtape::template::Template;

use clap::{Parser, Subcommand};

type Failure = Box<dyn Error>;

#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Take the functions and the local stack as they were built last
    #[arg(long, global = true)]
    no_build: bool,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Everything below but search and listens, which need a catalogue and hours; writes the file if one is named
    All { file: Option<PathBuf> },
    /// Cold starts, memory and warm answers of each function, beside hello worlds in Rust, Python and Node
    Cold {
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
        repetitions: u16,
        /// Only these functions, separated by commas
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
    },
    /// The zip file of each function
    Sizes {
        /// Only these functions, separated by commas
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Each route: its time, calls and capacity units
    Routes,
    /// What a month costs
    Cost {
        /// Accounts whose listens are counted together, instead of those that the template's batching window gathers
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=32))]
        together: Option<u16>,
    },
    /// More and more requests a second, until the server does not keep up
    Load {
        /// Requests a second of the first step; each next one has a quarter more
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        first: u32,
        /// How long a step takes
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// The same rate for long, to see whether memory grows
    Soak {
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
        /// Requests a second
        #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
        rate: u32,
    },
    /// Search: size, building, latency, recall, publication and memory, beside SQLite's FTS5 and plain Tantivy
    #[command(subcommand)]
    Search(Search),
    /// Listens: taking them in, counting them, reading insights, and a recount of everything
    Listens {
        /// How many, in all
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..))]
        listens: u32,
        /// Accounts that they are spread over
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
        accounts: u32,
    },
}

#[derive(Debug, Subcommand)]
enum Search {
    /// Everything, for the tracks of a `.jsonl` catalogue
    Run {
        catalogue: PathBuf,
        /// Batches of 100 changes that are published after the build
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
        batches: u32,
        /// Only the project's own index
        #[arg(long)]
        alone: bool,
    },
    /// What `run` starts to measure the reading side in a process of its own
    #[command(hide = true)]
    Reader { questions: PathBuf, stores: PathBuf },
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments = Arguments::parse();
    if arguments.no_build {
        programs::take_what_is_built();
    }
    match arguments.bench {
        Bench::All { file } => runtime.block_on(all::run(file.as_deref())),
        Bench::Cold { repetitions, only } => {
            let names = if only.is_empty() { functions()? } else { only };
            show(runtime.block_on(cold::run(&names, repetitions.into())))
        }
        Bench::Sizes { only } => {
            let names = if only.is_empty() { functions()? } else { only };
            show(sizes::run(&names))
        }
        Bench::Routes => show(runtime.block_on(routes::run())),
        Bench::Cost { together } => show(runtime.block_on(cost::run(together.map(usize::from)))),
        Bench::Load { first, seconds } => show(runtime.block_on(load::run(first, seconds))),
        Bench::Soak { minutes, rate } => show(runtime.block_on(load::soak::run(minutes, rate))),
        Bench::Search(Search::Run { catalogue, batches, alone }) => {
            runtime.block_on(search::run(&catalogue, batches as usize, alone))
        }
        Bench::Listens { listens, accounts } => {
            runtime.block_on(listens::run(listens as usize, accounts as usize))
        }
        Bench::Search(Search::Reader { questions, stores }) => {
            runtime.block_on(search::reader::run(&questions, &stores))
        }
    }
}

/// Prints a result under the machine that it was measured on.
fn show(result: Result<String, Failure>) -> Result<(), Failure> {
    let text = result?;
    println!("{}\n\n{text}", report::machine());
    Ok(())
}

/// The functions of the template, in the order of their names.
fn functions() -> Result<Vec<String>, Failure> {
    let template = Template::load(&BTreeMap::new())?;
    let mut names: Vec<String> = template.functions.into_iter().map(|function| function.name).collect();
    names.sort();
    Ok(names)
}
