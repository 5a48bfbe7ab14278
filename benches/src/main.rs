//! Benchmarks that a reader can repeat, with their results as tables in Markdown.

#![expect(clippy::print_stdout, reason = "the tables are what the program is for")]

mod listens;
mod search;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about)]
enum Bench {
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

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match Bench::parse() {
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
