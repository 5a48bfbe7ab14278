//! The program `mixtape-cloudsearch`: the command line, and what it prints.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudsearch::Client;
use clap::Parser;

use crate::plan::Plan;
use crate::set_up::set_up;

/// Set up an Amazon CloudSearch domain for Mixtape. It can be run again: what is as it should be stays untouched.
#[derive(Debug, Parser)]
#[command(name = "mixtape-cloudsearch", version)]
struct Cli {
    /// The domain's name; it is created if there is none
    #[arg(long, value_name = "NAME", value_parser = domain_name)]
    domain: String,
    /// The AWS region; the one of the environment or the profile otherwise
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Another address of the configuration API than AWS's
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Who may search, suggest and upload: the ARN of a role or an account; can be repeated. Without it the access
    /// policy stays as it is
    #[arg(long = "allow", value_name = "ARN", value_parser = arn)]
    principals: Vec<String>,
    /// Only name the changes
    #[arg(long)]
    dry_run: bool,
    /// How many seconds the changes may take to be in effect; a new domain takes about ten minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// The names that CreateDomain takes.
fn domain_name(text: &str) -> Result<String, String> {
    let is_known = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_valid = (3..=28).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(is_known);
    if is_valid {
        return Ok(text.to_owned());
    }
    Err("must be 3 to 28 small letters, digits and hyphens, and start with a letter".to_owned())
}

fn arn(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit());
    let is_arn = text.starts_with("arn:aws") && text.contains(":iam::");
    if is_account || is_arn {
        return Ok(text.to_owned());
    }
    Err("must be the ARN of a role, a user or an account, or an account's 12 digits".to_owned())
}

/// The program `mixtape-cloudsearch`.
pub fn main() -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(Cli::parse())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("mixtape-cloudsearch: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = cli.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = cli.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let client = Client::new(&loader.load().await);
    let plan = Plan {
        domain: cli.domain,
        principals: cli.principals,
        is_dry_run: cli.dry_run,
        timeout: Duration::from_secs(cli.timeout),
    };
    let report = set_up(&client, &plan, say).await?;
    if report.changes.is_empty() {
        say("nothing to change");
    }
    if let Some(endpoints) = report.endpoints {
        say(&format!("search endpoint    {}\ndocument endpoint  {}", endpoints.search, endpoints.document));
    }
    Ok(())
}

/// Prints a line to standard output.
#[expect(clippy::print_stdout, reason = "this is what the program was asked for")]
fn say(text: &str) {
    println!("{text}");
}

/// Prints a line to standard error.
#[expect(clippy::print_stderr, reason = "this is what the program was asked for")]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn names_and_principals_are_what_aws_takes() {
        for (name, is_valid) in
            [("music", true), ("my-music-2", true), ("ab", false), ("Music", false), ("1music", false)]
        {
            assert_eq!(domain_name(name).is_ok(), is_valid, "{name}");
        }
        for (principal, is_valid) in [
            ("arn:aws:iam::123456789012:role/mixtape-search", true),
            ("123456789012", true),
            ("*", false),
            ("mixtape-search", false),
        ] {
            assert_eq!(arn(principal).is_ok(), is_valid, "{principal}");
        }
    }
}
