//! Accounts that commands make for themselves, and the files that their passwords are kept in.

use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ApiError;

/// What an account is made with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) username: String,
    email: String,
    pub(super) password: String,
}

impl Account {
    /// An account with a random password.
    pub(crate) fn new(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            email: format!("{username}@mixtape.invalid"),
            password: crate::stores::random_text(24),
        }
    }

    pub(super) fn unusable(&self, reason: &str) -> ApiError {
        ApiError::Account { username: self.username.clone(), reason: reason.to_owned() }
    }
}

/// The accounts of a file, if it is there and holds some.
pub(crate) async fn kept<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&tokio::fs::read(file).await.ok()?).ok()
}

/// Keeps accounts where only this user can read them. It must come before they are made: a kill in between must not
/// leave accounts that nobody can use.
pub(crate) async fn keep<T: Serialize>(file: &Path, accounts: &T) -> io::Result<()> {
    crate::files::replace(file, &serde_json::to_vec_pretty(accounts)?).await
}
