//! A listening history to try insights with: accounts of their own that hear tracks of the catalogue, through the
//! public API.
//!
//! It ends with the beginning of today (UTC). Run again on the same day, with the same catalogue, it adds nothing: what
//! an account hears in one second is one listen.

mod catalogue;
mod history;
mod outcome;
mod rhythm;
mod send;
mod sitting;
mod taste;
#[cfg(test)]
mod testing;

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mixtape_domain::{Clock, Timestamp};
use serde_json::json;

pub(crate) use outcome::{AccountOutcome, DemoOutcome};

use history::Wanted;
use taste::Catalogue;

use crate::client::{Account, ApiError, Session, keep, kept};

/// How many accounts, days and listens can be asked for.
pub(crate) const ACCOUNTS: RangeInclusive<i64> = 1..=50;
pub(crate) const DAYS: RangeInclusive<i64> = 1..=3650;
pub(crate) const LISTENS: RangeInclusive<i64> = 1..=1_000_000;

/// What is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DemoListens {
    pub(crate) accounts: u32,
    /// Days before today.
    pub(crate) days: u32,
    /// Listens of all accounts together.
    pub(crate) listens: u32,
    /// Decides everything else.
    pub(crate) seed: u64,
}

/// Why no history could be made, or only a part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(
        "there are no tracks to listen to; import some first, with `mixtape --import PATH` here, or `mixtape import PATH \
         --api URL --key-file FILE` elsewhere"
    )]
    NoTracks,
    #[error("the passwords of its accounts cannot be kept in {0}: {1}")]
    Credentials(PathBuf, io::Error),
    #[error("{0} If an earlier demo made it, put back the file with its password, {1}")]
    Account(ApiError, PathBuf),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("a part of it failed: {0}")]
    Part(#[from] tokio::task::JoinError),
}

impl DemoListens {
    /// Makes the accounts and their listens with the API at `url`. The accounts' names and passwords are kept in
    /// `credentials`. It can be dropped at any moment and run again.
    ///
    /// # Errors
    /// The API cannot be reached, or has no tracks, or does not let somebody in. What single listens are refused for is
    /// said beside the progress.
    pub(crate) async fn run(&self, url: &str, credentials: &Path) -> Result<DemoOutcome, DemoError> {
        let started = Instant::now();
        let until = Clock::system().now().slot(Duration::from_secs(24 * 3600));
        let accounts = self.kept_or_made(credentials).await?;
        let names: Vec<String> = accounts.iter().map(|account| account.username.clone()).collect();
        let mut sessions = Vec::with_capacity(accounts.len());
        let mut tracks = Vec::new();
        for account in accounts {
            let session = Session::of_account(url, account).await.map_err(|error| match error {
                ApiError::Account { .. } => DemoError::Account(error, credentials.to_owned()),
                error => error.into(),
            })?;
            if sessions.is_empty() {
                // Before further accounts are made, but not before the first: a catalogue can be private.
                tracks = catalogue::read(&session).await?;
                if tracks.is_empty() {
                    return Err(DemoError::NoTracks);
                }
            }
            sessions.push(session);
        }
        publish(&sessions).await?;
        let (catalogue, histories) = self.imagine(tracks, until).await?;
        let counts = send::run(&sessions, &catalogue, &histories).await?;
        Ok(DemoOutcome {
            accounts: names.into_iter().zip(counts).map(AccountOutcome::from).collect(),
            asked: self.listens as usize,
            since: until.minus(Duration::from_secs(u64::from(self.days) * 24 * 3600)),
            until,
            most_played: outcome::most_played(&catalogue, &histories),
            took: started.elapsed(),
        })
    }

    async fn imagine(
        &self,
        tracks: Vec<taste::Track>,
        until: Timestamp,
    ) -> Result<(Catalogue, Vec<Vec<sitting::Listen>>), DemoError> {
        let Self { accounts, days, listens, seed } = *self;
        let wanted = Wanted { accounts, days, listens, seed };
        let imagined = tokio::task::spawn_blocking(move || {
            let catalogue = Catalogue::new(tracks);
            let histories = history::histories(&catalogue, wanted, until.seconds());
            (catalogue, histories)
        });
        Ok(imagined.await?)
    }

    /// The accounts of the file, and new ones that are kept there.
    async fn kept_or_made(&self, file: &Path) -> Result<Vec<Account>, DemoError> {
        let mut accounts: Vec<Account> = kept(file).await.unwrap_or_default();
        let before = accounts.len();
        let wanted = self.accounts as usize;
        accounts.extend((before + 1..=wanted).map(|number| Account::new(&format!("demo-{number}"))));
        if accounts.len() > before {
            keep(file, &accounts).await.map_err(|error| DemoError::Credentials(file.to_owned(), error))?;
        }
        accounts.truncate(wanted);
        Ok(accounts)
    }
}

/// Shows the insights of all accounts to everybody but those of the last, so that there are both kinds.
async fn publish(sessions: &[Session]) -> Result<(), DemoError> {
    for session in &sessions[..shown(sessions.len())] {
        session.patch("/v1/me", &json!({ "insights": "public" })).await?.good()?;
    }
    Ok(())
}

/// How many of the accounts show their insights to everybody: all but the last, unless it is the only one.
fn shown(accounts: usize) -> usize {
    accounts.saturating_sub(1).max(1).min(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::Api;

    const DEMO: DemoListens = DemoListens { accounts: 3, days: 40, listens: 4500, seed: 1 };

    fn added(outcome: &DemoOutcome) -> usize {
        outcome.accounts.iter().map(|account| account.added).sum()
    }

    #[tokio::test]
    async fn a_history_is_sent_once_whatever_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demo-credentials.json");
        let api = Api::start(250).await;
        let outcome = DEMO.run(&api.url, &file).await.unwrap();
        let listens = api.listens();
        assert_eq!(added(&outcome), listens.len(), "{outcome}");
        assert!((4300..=4500).contains(&listens.len()), "{outcome}");
        assert_eq!(api.largest_batch(), 1000);
        assert_eq!(api.published(), ["demo-1", "demo-2"]);
        let tracks: std::collections::BTreeSet<&str> = listens.iter().map(|one| one.2.as_str()).collect();
        assert!(tracks.len() > 100, "all pages were read: {}", tracks.len());
        let (since, until) = (outcome.since.to_string(), outcome.until.to_string());
        assert!(listens.iter().all(|(_, at, _)| *at >= since && *at < until && at.ends_with(".000Z")));

        let again = DEMO.run(&api.url, &file).await.unwrap();
        assert_eq!(added(&again), 0, "{again}");
        assert_eq!(again.accounts.iter().map(|account| account.known).sum::<usize>(), listens.len());
        assert_eq!(api.listens(), listens);

        // More accounts: the first ones are those of before.
        let more = DemoListens { accounts: 4, ..DEMO }.run(&api.url, &file).await.unwrap();
        assert_eq!(more.accounts[3].username, "demo-4");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn passwords_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demo-credentials.json");
        DEMO.run(&Api::start(10).await.url, &file).await.unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let lost = DEMO.run(&Api::with_account("demo-1").await.url, &folder.path().join("other.json")).await;
        let reason = lost.unwrap_err().to_string();
        assert!(reason.contains("`demo-1`") && reason.contains("other.json"), "{reason}");
    }

    #[tokio::test]
    async fn without_tracks_there_is_nothing_to_hear() {
        let folder = tempfile::tempdir().unwrap();
        let failed = DEMO.run(&Api::start(0).await.url, &folder.path().join("x.json")).await;
        let reason = failed.unwrap_err().to_string();
        assert!(reason.contains("mixtape --import PATH"), "{reason}");
    }

    #[test]
    fn somebody_is_shown() {
        assert_eq!([1, 2, 5].map(shown), [1, 1, 4]);
    }
}
