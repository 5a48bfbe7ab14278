//! API keys, in the account's partition.

use mixtape_domain::account::{ApiKey, SecretHash, Username};
use mixtape_domain::{AccountId, KeyId};
use serde::{Deserialize, Serialize};

use super::change::{Change, put_new};
use super::{Accounts, KEY, account_key, partition, unexpected};
use crate::StoreError;
use crate::table::{self, CommitError, Item, Range, number};

/// An API key with what is needed to check one and to act for its account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyRecord {
    #[serde(flatten)]
    pub key: ApiKey,
    pub account_id: AccountId,
    pub username: Username,
    pub secret_hash: SecretHash,
}

/// Why a key was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddKeyError {
    #[error("the account has as many keys as it may")]
    TooMany,
    #[error("the account is gone")]
    Gone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn key_of(account_id: AccountId, key_id: KeyId) -> Item {
    table::key(partition(account_id), format!("{KEY}{key_id}"))
}

impl Accounts {
    /// The key of this account and id: one GetItem. Its expiry is for the caller to compare.
    ///
    /// # Errors
    /// The table is away.
    pub async fn api_key(
        &self,
        account_id: AccountId,
        key_id: KeyId,
    ) -> Result<Option<KeyRecord>, StoreError> {
        self.table.get(key_of(account_id, key_id)).await
    }

    /// The keys of an account after this position, oldest first, and the position after which there are more: one
    /// Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn api_keys(
        &self,
        account_id: AccountId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ApiKey>, Option<String>), StoreError> {
        let range = Range::table(partition(account_id), KEY).after(after);
        self.table.query(&range, limit, true).await?.read()
    }

    /// Adds a key, unless the account has `limit` of them: one transaction. The count stands on the account's item, so
    /// the limit holds among parallel requests.
    ///
    /// # Errors
    /// The limit is reached, the account is gone, or the table is away.
    pub async fn add_api_key(&self, record: &KeyRecord, limit: usize) -> Result<(), AddKeyError> {
        let mut item = table::to_item(record)?;
        item.extend(key_of(record.account_id, record.key.id));
        let count = Change::of(account_key(record.account_id)).add("key_count", number(1)).only_if(
            "key_count",
            "<",
            number(limit),
        );
        match self.commit(vec![count.update(&self.table), put_new(&self.table, item)]).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(places)) if places == [0] => {
                let is_there = self.account(record.account_id).await?.is_some();
                Err(if is_there { AddKeyError::TooMany } else { AddKeyError::Gone })
            }
            Err(CommitError::Conditions(places)) => Err(unexpected(&places).into()),
        }
    }

    /// Deletes a key: one transaction. Answers whether it was there.
    ///
    /// # Errors
    /// The table is away.
    pub async fn remove_api_key(&self, account_id: AccountId, key_id: KeyId) -> Result<bool, StoreError> {
        let count = Change::of(account_key(account_id)).add("key_count", number(-1));
        let delete = Change::of(key_of(account_id, key_id));
        match self.commit(vec![count.update(&self.table), delete.delete(&self.table)]).await {
            Ok(()) => Ok(true),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(_)) => Ok(false),
        }
    }
}
