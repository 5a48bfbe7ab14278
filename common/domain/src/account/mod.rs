//! Accounts: who somebody is, what they sign in with, and the tokens that they carry.
//!
//! Passwords and token secrets are types of their own whose `Debug` form shows nothing.

mod credentials;
mod token;

use serde::{Deserialize, Serialize};

pub use credentials::{Email, Password, Username, login_key};
pub use token::{API_KEY_PREFIX, ApiToken, ParseTokenError, RefreshToken, Secret, SecretHash};

use crate::media::Cover;
use crate::{AccountId, Invalid, KeyId, SessionId, Timestamp, Validator};

/// Longest name of an API key, in characters.
pub const MAX_KEY_NAME: usize = 100;

/// An account, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({
    "id": "01KAGR3ZJ8W6V0P4T9C2XQ7M5N",
    "username": "Nina",
    "email": "nina@example.com",
    "is_admin": false,
    "photo": null,
    "insights": "private",
    "created_at": "2026-11-21T09:30:00.000Z",
    "updated_at": "2026-11-21T09:30:00.000Z",
}))]
pub struct Account {
    #[schema(value_type = String)]
    pub id: AccountId,
    /// Permanent; it stands in public addresses.
    #[schema(value_type = String)]
    pub username: Username,
    #[schema(value_type = String)]
    pub email: Email,
    /// Whether the account may change what belongs to others.
    pub is_admin: bool,
    /// A picture of whoever owns the account.
    #[serde(default)]
    #[schema(required = true)]
    pub photo: Option<Cover>,
    /// Who may see what the account has heard how often.
    #[serde(default)]
    pub insights: InsightsAccess,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Who may see an account's insights. Its history is its own in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InsightsAccess {
    #[default]
    Private,
    /// Everybody, and the account is named among the top listeners.
    Public,
}

/// An account, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({ "id": "01KAGR3ZJ8W6V0P4T9C2XQ7M5N", "username": "Nina" }))]
pub struct Profile {
    #[schema(value_type = String)]
    pub id: AccountId,
    #[schema(value_type = String)]
    pub username: Username,
}

impl From<&Account> for Profile {
    fn from(account: &Account) -> Self {
        Self { id: account.id, username: account.username.clone() }
    }
}

/// What somebody signs up with.
#[derive(Debug)]
pub struct SignUp {
    pub username: Username,
    pub email: Email,
    pub password: Password,
}

impl SignUp {
    /// Reads the three fields.
    ///
    /// # Errors
    /// What is wrong, for each of the fields.
    pub fn parse(username: &str, email: &str, password: &str) -> Result<Self, Vec<Invalid>> {
        match (Username::parse(username), Email::parse(email), Password::parse(password)) {
            (Ok(username), Ok(email), Ok(password)) => Ok(Self { username, email, password }),
            (username, email, password) => {
                let errors = [
                    username.err().map(|message| Invalid::new("username", message)),
                    email.err().map(|message| Invalid::new("email", message)),
                    password.err().map(|message| Invalid::new("password", message)),
                ];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }
}

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({
    "id": "01KAGR41C3M7T2Z9V5B8NQ4K6W",
    "name": "Car stereo",
    "created_at": "2026-11-21T09:30:00.000Z",
    "expires_at": null,
}))]
pub struct ApiKey {
    #[schema(value_type = String)]
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From then on the key is refused; null when it is good until it is deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl ApiKey {
    /// A new key.
    ///
    /// # Errors
    /// The name is not a line of 1 to 100 characters, or `expires_at` is not in the future.
    pub fn new(name: &str, expires_at: Option<Timestamp>, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let mut validator = Validator::default();
        let name = validator.line("name", name, MAX_KEY_NAME);
        let is_future = expires_at.is_none_or(|expires_at| expires_at > now);
        validator.check(is_future, "expires_at", "must be in the future");
        validator.finish(Self { id: KeyId::new(now), name, created_at: now, expires_at })
    }

    /// Whether the key's time has run out.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

/// A session without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({
    "id": "01KAGR3ZK4H1S8D6F2G7J9L0PQ",
    "created_at": "2026-11-21T09:30:00.000Z",
    "refreshed_at": "2026-11-21T09:44:10.000Z",
    "expires_at": "2026-12-21T09:44:10.000Z",
}))]
pub struct SessionInfo {
    #[schema(value_type = String)]
    pub id: SessionId,
    /// When its owner signed in.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its tokens were issued last.
    #[schema(value_type = String, format = DateTime)]
    pub refreshed_at: Timestamp,
    /// When its refresh token runs out.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_up_names_every_wrong_field() {
        let errors = SignUp::parse("", "nobody", "short").unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["username", "email", "password"]);
    }

    #[test]
    fn an_api_key_expires_in_the_future_or_never() {
        let now = Timestamp::from_millis(1_795_253_400_000).unwrap();
        let later = now.plus(std::time::Duration::from_secs(1));
        assert!(ApiKey::new("Radio", Some(now), now).is_err());
        let key = ApiKey::new(" Radio ", Some(later), now).unwrap();
        assert_eq!(key.name, "Radio");
        assert!(!key.is_expired(now) && key.is_expired(later));
        assert!(!ApiKey::new("Radio", None, now).unwrap().is_expired(later));
    }
}
