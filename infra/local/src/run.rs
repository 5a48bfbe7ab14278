//! `mixtape run`: the stack in the foreground, until Ctrl-C or SIGTERM; and the commands that are clients of the API,
//! which can be interrupted in the same way.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mixtape_settings::Registration;

use crate::cli::{DemoArgs, ImportArgs, RunArgs, complain, say};
use crate::control::Control;
use crate::demo::{DemoListens, DemoOutcome};
use crate::import::{Credentials, Import, ImportError, Outcome};
use crate::operator::Server;
use crate::{Options, Stack, backend, operator};

const INTERRUPTED: &str = "Interrupted. What was imported stays; the same command goes on from there.";

fn stopped(error: &ImportError) -> String {
    format!("The import stopped: {error}. What was imported stays; the same command goes on from there.")
}

/// Imports into a server that runs already.
pub(crate) async fn import(args: ImportArgs) -> Result<(), Box<dyn Error>> {
    let url = args.api.ok_or(
        "no server is named: say --api URL with --key-file FILE, or let one run here that imports at its start with \
         `mixtape --import PATH`",
    )?;
    let key = match (args.key, args.key_file) {
        (Some(key), _) => key,
        (None, Some(file)) => std::fs::read_to_string(&file)
            .map_err(|error| format!("the key file {} cannot be read: {error}", file.display()))?,
        (None, None) => {
            return Err(
                "no key is given: say --key-file FILE or --key KEY; POST /v1/me/keys makes one".into()
            );
        }
    };
    let key = key.trim().to_owned();
    if key.is_empty() || !key.chars().all(|character| character.is_ascii_graphic()) {
        return Err("the key is not one: it must be a single word".into());
    }
    let import = Import::open(&args.path)?;
    let mut signals = Signals::new()?;
    let outcome = tokio::select! {
        outcome = import.run(&url, Credentials::Key(key)) => outcome.map_err(|error| stopped(&error))?,
        () = signals.next() => return Err(INTERRUPTED.into()),
    };
    say(&outcome.to_string());
    Ok(())
}

/// Makes a listening history with a server that runs already, or with one for the time being.
pub(crate) async fn demo_listens(args: DemoArgs) -> Result<(), Box<dyn Error>> {
    let DemoArgs { data, api, accounts, days, listens, seed } = args;
    let demo = DemoListens { accounts, days, listens, seed };
    let mut signals = Signals::new()?;
    if let Some(url) = api {
        let credentials = credentials_of(&url);
        let outcome = listen(&demo, &url, &credentials, &mut signals).await?;
        say(&format!("{outcome}\n\n{}", look(&outcome, &url, &credentials)));
        return Ok(());
    }
    let server = Server::reach(&data).await?;
    let (url, stays) = (server.url(), server.stays());
    let credentials = data.join("demo-credentials.json");
    let outcome = listen(&demo, &url, &credentials, &mut signals).await;
    tokio::select! {
        () = server.leave() => {}
        () = signals.next() => {}
    }
    let outcome = outcome?;
    let url = if stays { url } else { "http://127.0.0.1:3000".into() };
    say(&format!("{outcome}\n\n{}", look(&outcome, &url, &credentials)));
    if !stays {
        say(&format!("\nThat is where `mixtape --data {}` answers.", data.display()));
    }
    Ok(())
}

async fn listen(
    demo: &DemoListens,
    url: &str,
    credentials: &Path,
    signals: &mut Signals,
) -> Result<DemoOutcome, Box<dyn Error>> {
    tokio::select! {
        outcome = demo.run(url, credentials) => Ok(outcome?),
        () = signals.next() => {
            Err("Interrupted. What was sent stays; the same command goes on from there today.".into())
        }
    }
}

/// Where the passwords for another server are kept: in this folder, apart from those for others.
fn credentials_of(url: &str) -> PathBuf {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let host = host.replace(|one: char| !one.is_ascii_alphanumeric() && one != '.', "-");
    PathBuf::from(format!("demo-credentials-{host}.json"))
}

/// Where what was made can be looked at.
fn look(outcome: &DemoOutcome, url: &str, credentials: &Path) -> String {
    let first = outcome.accounts.first().map(|account| account.username.as_str()).unwrap_or_default();
    let private = match outcome.accounts.as_slice() {
        [_, .., last] => format!(" The insights of all accounts but `{}` are public.", last.username),
        _ => String::new(),
    };
    format!(
        "Look at it:\n  curl '{url}/v1/insights/global/top/tracks?period=month'\n\nSign in as `{first}` with POST \
         {url}/v1/sessions; its password is in {}.{private}",
        credentials.display()
    )
}

pub(crate) async fn run(args: RunArgs) -> Result<(), Box<dyn Error>> {
    let import = args.import.as_deref().map(Import::open).transpose()?;
    let mut signals = Signals::new()?;
    let is_new = !args.data.exists();
    let options = Options {
        listen: args.listen,
        objects: args.objects,
        data: (!args.ephemeral).then(|| args.data.clone()),
        parameters: args.parameters.iter().cloned().collect(),
        search: args.search.into(),
        shuffle_every: args.shuffle_every,
        ..Options::default()
    };
    let stack = Arc::new(Stack::start(options).await?);
    let control =
        if args.ephemeral { None } else { Some(Control::start(&args.data, Arc::clone(&stack)).await?) };
    if let Some(file) = &args.env_file {
        let written = crate::files::replace(file, stack.environment().as_bytes()).await;
        written.map_err(|error| format!("the file {} cannot be written: {error}", file.display()))?;
    }
    announce(&args, &stack);
    if !args.ephemeral {
        follow_backend(&args, &stack, is_new).await?;
    }

    let mut is_stopping = false;
    if let Some(import) = import {
        let credentials = (!args.ephemeral).then(|| args.data.join("import-credentials.json"));
        let url = stack.url();
        let outcome = tokio::select! {
            outcome = import.run(&url, Credentials::Account(credentials)) => Some(outcome),
            () = signals.next() => None,
        };
        match outcome {
            Some(Ok(outcome)) => finish_import(&stack, &outcome).await,
            Some(Err(error)) => complain(&stopped(&error)),
            None => {
                say(INTERRUPTED);
                is_stopping = true;
            }
        }
    }
    if !is_stopping {
        suggest(&stack).await;
        signals.next().await;
    }
    drop(control);
    complain("Stopping…");
    tokio::select! {
        () = stack.stop() => {}
        () = signals.next() => {}
    }
    Ok(())
}

fn announce(args: &RunArgs, stack: &Stack) {
    let data = if args.ephemeral { "nothing is kept".to_owned() } else { args.data.display().to_string() };
    say(&format!("Mixtape answers at {url}\n  data  {data}\n  docs  {url}/docs", url = stack.url()));
    if let Some(address) = stack.cloudsearch() {
        say(&format!("  cloudsearch  {address}"));
    }
    if let Ok(letters) = stack.dead_letters().list()
        && !letters.is_empty()
    {
        complain(&format!("{} events were given up on: see `mixtape dead-letters`.", letters.len()));
    }
}

/// Fills the index of a backend, or of a format, that the folder was not used with the last time.
async fn follow_backend(args: &RunArgs, stack: &Stack, is_new: bool) -> Result<(), Box<dyn Error>> {
    let search = args.search.into();
    if backend::is_complete(&args.data, search) {
        return Ok(());
    }
    if is_new {
        return Ok(backend::remember(&args.data, search)?);
    }
    say("The search index is that of another backend or version: it is being built.");
    let count = operator::reindex_stack(stack).await?;
    backend::remember(&args.data, search)?;
    say(&format!("The search index was built: {count} documents were looked at."));
    Ok(())
}

async fn finish_import(stack: &Stack, outcome: &Outcome) {
    say(&outcome.to_string());
    stack.settle().await;
    stack.run_schedules().await;
    say("The search index and the home page are current.");
}

/// Says what to do next, with lines that work when they are pasted.
async fn suggest(stack: &Stack) {
    let url = stack.url();
    let artist = some_artist(&url).await;
    let mut text = String::new();
    match artist {
        Some(artist) => {
            let query = artist.split_whitespace().collect::<Vec<_>>().join("+");
            let is_plain = query.chars().all(|character| character.is_ascii_alphanumeric() || character == '+');
            text.push_str("\nTry it:\n");
            // Names of other letters would have to be encoded.
            if is_plain {
                text.push_str(&format!("  curl '{url}/v1/search?q={query}'\n"));
            }
            text.push_str(&format!("  curl '{url}/v1/home'\n"));
        }
        None => text.push_str("\nThere are no tracks yet. Import some with --import and a folder of audio files or a catalogue (.jsonl), or send them to POST /v1/tracks.\n"),
    }
    text.push('\n');
    if stack.app().settings.registration == Registration::Open {
        let password = crate::stores::random_text(16);
        let account = format!(r#"{{"username":"me","email":"me@example.org","password":"{password}"}}"#);
        text.push_str(&format!(
            "Make an account (choose your own name and password):\n  \
             curl '{url}/v1/accounts' -H 'content-type: application/json' -d '{account}'\n"
        ));
    } else {
        text.push_str(
            "Accounts cannot be made, since Registration is closed. To make one, start once without that setting.\n",
        );
    }
    text.push_str("\nCtrl-C stops it.");
    say(&text);
}

/// The name of an artist of the catalogue, if it can be read and there is one.
async fn some_artist(url: &str) -> Option<String> {
    let answer = reqwest::get(format!("{url}/v1/tracks?limit=1&sort=title")).await.ok()?;
    let page: serde_json::Value = answer.json().await.ok()?;
    page["items"][0]["artist"].as_str().map(str::to_owned)
}

/// Ctrl-C, and SIGTERM where there is such a thing.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // Without a handler there is nothing to wait for, and the process ends by itself.
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_credentials_of_its_own() {
        for (url, expected) in [
            ("https://music.example.org", "demo-credentials-music.example.org.json"),
            ("http://127.0.0.1:3000", "demo-credentials-127.0.0.1-3000.json"),
            ("https://x.example.org/../prod", "demo-credentials-x.example.org-..-prod.json"),
            ("http://[::1]:80", "demo-credentials----1--80.json"),
        ] {
            assert_eq!(credentials_of(url), PathBuf::from(expected));
        }
    }
}
