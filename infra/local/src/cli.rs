//! The program `mixtape`: the command line, and what it prints.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

use crate::{DeadLetters, SearchWith, demo, openapi, operator, run};

/// Mixtape, a music backend that a person owns, on this machine.
#[derive(Debug, Parser)]
#[command(name = "mixtape", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole backend (what happens without a command, too)
    Run(RunArgs),
    /// Make an account an admin
    Admin {
        username: String,
        /// Make it an ordinary account again
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Rebuild the search index from the tables
    Reindex(FolderArgs),
    /// Look for sound and pictures that belong to nothing, and for what has lost them
    Sweep {
        /// Delete what belongs to nothing and is older than a day
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// List what event functions gave up on
    DeadLetters {
        /// Deliver it once more, and forget what is handled now
        #[arg(long)]
        redrive: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Send audio files, playlists or a catalogue to a server that runs already, here or elsewhere
    Import(ImportArgs),
    /// Let several accounts hear the tracks of the catalogue over a year, to try insights with
    DemoListens(DemoArgs),
    /// Print the OpenAPI document, or write it to a file
    Openapi { file: Option<PathBuf> },
}

#[derive(Debug, Clone, Args)]
struct FolderArgs {
    /// The folder that everything is kept in
    #[arg(long, value_name = "DIR", default_value = ".mixtape")]
    data: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Where the API answers; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,
    /// Where the object store answers, to which players and uploads are sent: an address of this machine that they
    /// reach; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = reachable)]
    pub(crate) objects: SocketAddr,
    /// The folder that everything is kept in
    #[arg(long, value_name = "DIR", default_value = ".mixtape")]
    pub(crate) data: PathBuf,
    /// Keep nothing
    #[arg(long, conflicts_with = "data")]
    pub(crate) ephemeral: bool,
    /// Import a folder of audio files and playlists, an audio file or a catalogue (.jsonl), then go on
    #[arg(long, value_name = "PATH")]
    pub(crate) import: Option<PathBuf>,
    /// What answers searches: embedded is the index in the bucket, cloudsearch an endpoint that is compatible with
    /// Amazon CloudSearch
    #[arg(long, value_name = "BACKEND", value_enum, default_value_t = SearchArg::Embedded)]
    pub(crate) search: SearchArg,
    /// How long one shuffle of the home page lasts, for example 10s, 5m or 3h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) shuffle_every: Option<Duration>,
    /// A parameter of template.yaml, for example Registration=closed; can be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Write the environment with which a function that runs by itself reaches the stores of this server
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// What is logged, as level or target=level. The embedded DynamoDB warns of every condition that does not hold
    #[arg(long, value_name = "FILTER", default_value = "warn,dynoxide=off,mixtape::=info")]
    log: String,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ImportArgs {
    /// A folder of audio files and playlists, an audio file or a catalogue (.jsonl)
    pub(crate) path: PathBuf,
    /// The server's address, for example https://music.example.org
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) api: Option<String>,
    /// The API key of the account that the tracks shall belong to. Other users of this machine can read it in the list
    /// of processes
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    pub(crate) key: Option<String>,
    /// A file with the API key
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// The folder that everything is kept in; a server may be running on it
    #[arg(long, value_name = "DIR", default_value = ".mixtape")]
    pub(crate) data: PathBuf,
    /// Another server's address, for example https://music.example.org
    #[arg(long, value_name = "URL", value_parser = address, conflicts_with = "data")]
    pub(crate) api: Option<String>,
    /// How many accounts listen: demo-1, demo-2 and so on; 1 to 50
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(demo::ACCOUNTS))]
    pub(crate) accounts: u32,
    /// On how many days before today; 1 to 3650
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = value_parser!(u32).range(demo::DAYS))]
    pub(crate) days: u32,
    /// How many listens they have together; 1 to 1000000
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = value_parser!(u32).range(demo::LISTENS))]
    pub(crate) listens: u32,
    /// What decides who hears what; the same gives the same listens on the same day
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SearchArg {
    Embedded,
    #[value(name = "cloudsearch")]
    CloudSearch,
}

impl From<SearchArg> for SearchWith {
    fn from(search: SearchArg) -> Self {
        match search {
            SearchArg::Embedded => Self::Template,
            SearchArg::CloudSearch => Self::CloudSearch,
        }
    }
}

/// Reads `10s`, `5m` or `3h`: 1 second to 1 day.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration from 1s to 24h, such as 10s, 5m or 3h");
    let split = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds)).ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds))
}

/// The address of a server, without a slash at the end.
fn address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".into());
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err("must be an address alone, without a user, ? or #".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Reads an address that can stand in an URL.
fn reachable(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "must be IP:PORT".to_owned())?;
    if address.ip().is_unspecified() {
        return Err("name one address of this machine, which others can be sent to".into());
    }
    Ok(address)
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The program `mixtape`.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Run(cli.run));
    let filter = match &command {
        Command::Run(args) => args.log.clone(),
        _ => "error".to_owned(),
    };
    let outcome = log_to_stderr(&filter).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(execute(command));
        // Nothing that still runs may hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("mixtape: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(filter: &str) -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| format!("--log {filter:?} is not a filter: {error}"))?;
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .with_target(false)
        .init();
    Ok(())
}

async fn execute(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Run(args) => run::run(args).await,
        Command::Admin { username, revoke, folder } => {
            say(&operator::admin(&folder.data, &username, !revoke).await?);
            Ok(())
        }
        Command::Reindex(folder) => {
            say(&operator::reindex(&folder.data).await?);
            Ok(())
        }
        Command::Sweep { repair, folder } => {
            say(&operator::sweep(&folder.data, repair).await?);
            Ok(())
        }
        Command::DeadLetters { redrive: true, folder } => {
            say(&operator::redrive(&folder.data).await?);
            Ok(())
        }
        Command::DeadLetters { redrive: false, folder } => list_dead_letters(&folder.data),
        Command::Import(args) => run::import(args).await,
        Command::DemoListens(args) => run::demo_listens(args).await,
        Command::Openapi { file } => openapi::write(file.as_deref()),
    }
}

fn list_dead_letters(data: &Path) -> Result<(), Box<dyn Error>> {
    operator::must_exist(data)?;
    let letters = DeadLetters::open(data)?.list()?;
    if letters.is_empty() {
        say("There are no dead letters.");
    }
    for letter in letters {
        let context = &letter.request_context;
        say(&format!(
            "{}  {}  {} attempts  {}\n    {}",
            letter.timestamp,
            context.function_name,
            context.approximate_invoke_count,
            letter.error,
            letter.file.display()
        ));
    }
    Ok(())
}

/// Prints a line to standard output.
#[expect(clippy::print_stdout, reason = "this is what the program was asked for")]
pub(crate) fn say(text: &str) {
    println!("{}", harmless(text));
}

/// Prints a line to standard error.
#[expect(clippy::print_stderr, reason = "this is what the program was asked for")]
pub(crate) fn complain(text: &str) {
    eprintln!("{}", harmless(text));
}

/// The text without what a terminal would take for commands: names of files can hold anything.
fn harmless(text: &str) -> String {
    text.replace(|one: char| one.is_control() && !matches!(one, '\n' | '\t'), "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_has_no_slash_at_its_end() {
        for (text, expected) in [
            ("https://music.example.org", "https://music.example.org"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("https://x.example.org/prod/", "https://x.example.org/prod"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(expected), "{text}");
        }
        let bad = [
            "",
            "music.example.org",
            "localhost:3000",
            "ftp://x",
            "http://a:b@x",
            "http://x/?a",
            "http://x/#a",
        ];
        for text in bad {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_demo_has_limits_and_one_server() {
        let parse = |more: &[&str]| {
            Cli::try_parse_from(["mixtape", "demo-listens"].iter().chain(more)).map(|cli| cli.command)
        };
        let Ok(Some(Command::DemoListens(args))) = parse(&[]) else { panic!("a demo needs no arguments") };
        assert_eq!((args.accounts, args.days, args.listens, args.seed), (5, 365, 20_000, 1));
        for good in
            [["--accounts", "50"], ["--days", "3650"], ["--listens", "1000000"], ["--api", "http://x"]]
        {
            assert!(parse(&good).is_ok(), "{good:?}");
        }
        for bad in [
            ["--accounts", "0"],
            ["--accounts", "51"],
            ["--days", "0"],
            ["--days", "3651"],
            ["--listens", "0"],
            ["--listens", "1000001"],
            ["--seed", "-1"],
            ["--api", "x"],
        ] {
            assert!(parse(&bad).is_err(), "{bad:?}");
        }
        assert!(parse(&["--data", "x", "--api", "http://x"]).is_err());
    }

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, seconds) in [("10s", 10), ("5m", 300), ("3h", 10_800), ("24h", 86_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "3", "h", "0s", "25h", "3 h", "1d", "-1s", "99999999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
