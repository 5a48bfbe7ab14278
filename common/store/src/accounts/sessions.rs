//! Sessions: each is a family of refresh tokens of which one is good.

use mixtape_domain::account::{Account, SecretHash, SessionInfo};
use mixtape_domain::{AccountId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::change::{Change, delete_any, put_new};
use super::{ACCOUNT, Accounts, Counter, Login, SESSION, account_key, partition, unexpected};
use crate::StoreError;
use crate::keys::Revocation;
use crate::table::{self, CommitError, Item, number, string};

/// A session as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    #[serde(flatten)]
    pub info: SessionInfo,
    pub account_id: AccountId,
    /// Of the secret that all its refresh tokens share.
    pub family_hash: SecretHash,
    /// Of the secret of the one refresh token that is good.
    pub secret_hash: SecretHash,
    /// The account's, when the session was opened.
    pub password_version: u64,
}

/// What becomes of a session when its refresh token is used.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub secret_hash: SecretHash,
    pub refreshed_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why a session was not opened or renewed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The account is gone, its password was changed, or the session's refresh token was used by somebody else.
    #[error("the account or the session has changed meanwhile")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for OpenError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conditions(_) => Self::Changed,
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

/// The account's item as far as sessions are concerned.
#[derive(Deserialize)]
struct Owner {
    #[serde(flatten)]
    account: Account,
    password_version: u64,
}

pub(super) fn session_key(account_id: AccountId, session_id: SessionId) -> Item {
    table::key(partition(account_id), format!("{SESSION}{session_id}"))
}

impl Session {
    pub(super) fn item(&self) -> Result<Item, StoreError> {
        let mut item = table::to_item(self)?;
        item.extend(session_key(self.account_id, self.info.id));
        item.insert("expires".into(), number(self.info.expires_at.seconds()));
        Ok(item)
    }
}

impl Accounts {
    /// What signing in with this username or e-mail address needs: one GetItem. `login_key` is
    /// [`mixtape_domain::account::login_key`] of what was typed.
    ///
    /// # Errors
    /// The table is away.
    pub async fn login(&self, login_key: &str) -> Result<Option<Login>, StoreError> {
        // Usernames cannot hold an `@`, addresses must.
        let key = if login_key.contains('@') {
            table::key(format!("EMAIL#{login_key}"), "EMAIL")
        } else {
            table::key(format!("USERNAME#{login_key}"), "USERNAME")
        };
        self.table.get(key).await
    }

    /// Opens a session for an account whose password is still the one that was checked, and forgets the attempts
    /// that it took: one transaction.
    ///
    /// # Errors
    /// The account or its password has changed meanwhile, or the table is away.
    pub async fn open_session(
        &self,
        session: &Session,
        attempts: &Counter,
        now: Timestamp,
    ) -> Result<(), OpenError> {
        let actions = vec![
            put_new(&self.table, session.item()?),
            self.check_version(session).check(&self.table),
            delete_any(&self.table, attempts.key(now)),
        ];
        Ok(self.commit(actions).await?)
    }

    /// The account is there and its password the one that the session was opened with.
    fn check_version(&self, session: &Session) -> Change {
        let version = number(session.password_version);
        Change::of(account_key(session.account_id)).only_if("password_version", "=", version)
    }

    /// A session with its account: one BatchGetItem. `None` when one of them is gone, or the password was changed
    /// since.
    ///
    /// # Errors
    /// The table is away.
    pub async fn session(
        &self,
        account_id: AccountId,
        session_id: SessionId,
    ) -> Result<Option<(Account, Session)>, StoreError> {
        let keys =
            [account_key(account_id), session_key(account_id, session_id)].map(|key| (&self.table, key));
        let mut owner = None;
        let mut session = None;
        for (_, item) in table::batch_get(self.table.client(), keys.into()).await? {
            if item.get("sk") == Some(&string(ACCOUNT)) {
                owner = Some(table::from_item::<Owner>(item)?);
            } else {
                session = Some(table::from_item::<Session>(item)?);
            }
        }
        let (Some(owner), Some(session)) = (owner, session) else { return Ok(None) };
        let is_current = owner.password_version == session.password_version;
        Ok(is_current.then_some((owner.account, session)))
    }

    /// Gives a session its next refresh token, if the present one is still `session`'s: one transaction. Of several
    /// at once exactly one succeeds.
    ///
    /// # Errors
    /// The token was used meanwhile, the account or its password has changed, or the table is away.
    pub async fn rotate_session(&self, session: &Session, rotation: &Rotation) -> Result<(), OpenError> {
        let change = Change::of(session_key(session.account_id, session.info.id))
            .only_if("secret_hash", "=", string(session.secret_hash.to_string()))
            .set("secret_hash", string(rotation.secret_hash.to_string()))
            .set("refreshed_at", string(rotation.refreshed_at.to_string()))
            .set("expires_at", string(rotation.expires_at.to_string()))
            .set("expires", number(rotation.expires_at.seconds()));
        let owner = self.check_version(session);
        Ok(self.commit(vec![change.update(&self.table), owner.check(&self.table)]).await?)
    }

    /// Ends a session and makes its access tokens worthless: one transaction. Ending one that has ended changes
    /// nothing.
    ///
    /// # Errors
    /// A table is away.
    pub async fn close_session(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        now: Timestamp,
    ) -> Result<Revocation, StoreError> {
        let revocation = Revocation { subject: session_id.to_string(), revoked_at: now, except: None };
        let actions = vec![
            delete_any(&self.table, session_key(account_id, session_id)),
            table::put(self.signing.revocation(&revocation)?),
        ];
        match self.commit(actions).await {
            Ok(()) => Ok(revocation),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(places)) => Err(unexpected(&places)),
        }
    }
}
