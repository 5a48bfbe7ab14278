//! Everything that lies with an account: read for its owner, and removed with it.

use mixtape_domain::account::{Account, ApiKey, SessionInfo};
use mixtape_domain::media::Cover;
use mixtape_domain::{AccountId, Timestamp};
use serde::Deserialize;

use super::change::{Change, delete_any};
use super::{
    ACCOUNT, Accounts, KEY, SESSION, SWEEP, account_key, email_key, partition, public_insights_key,
    unexpected, username_key,
};
use crate::StoreError;
use crate::keys::Revocation;
use crate::media::Effects;
use crate::table::{self, CommitError, Item, MAX_TRANSACTION, Range, number, string};

/// Some of what lies in an account's partition.
#[derive(Debug, Default)]
pub struct Held {
    pub account: Option<Account>,
    pub keys: Vec<ApiKey>,
    pub sessions: Vec<SessionInfo>,
    /// The position after which there is more.
    pub next: Option<String>,
}

/// How often a removal starts over when the account changes under it.
const REMOVE_ATTEMPTS: usize = 3;
/// How many items a clean-up reads at a time.
const CLEAR_PAGE: usize = 500;

impl Accounts {
    /// Removes an account with its keys and as many of its sessions as one transaction takes, frees its name and its
    /// address, and makes its access tokens worthless. Sessions that are left cannot be refreshed without the
    /// account; `cleanup` deletes them. One Query and one transaction; `None` when there is no such account.
    ///
    /// # Errors
    /// The account kept changing, or a table is away.
    pub async fn remove(
        &self,
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<Option<Revocation>, StoreError> {
        for _ in 0..REMOVE_ATTEMPTS {
            let range = Range::table(partition(account_id), "");
            let items = self.table.query(&range, MAX_TRANSACTION - 5, true).await?.items;
            let is_account = |item: &&Item| item.get("sk") == Some(&string(ACCOUNT));
            let Some(account) = items.iter().find(is_account) else { return Ok(None) };
            let key_count = account.get("key_count").cloned().unwrap_or_else(|| number(0));
            let account: Account = table::from_item(account.clone())?;
            let revocation = Revocation { subject: account_id.to_string(), revoked_at: now, except: None };
            // A key or another address that came since is what the conditions are for.
            let unchanged = Change::of(account_key(account_id))
                .only_if("email", "=", string(account.email.as_str()))
                .only_if("key_count", "=", key_count)
                .only_if("updated_at", "=", string(account.updated_at.to_string()));
            let mut effects = Effects::default();
            effects.show(account.photo.as_ref().and_then(Cover::image), None);
            let mut actions = vec![
                unchanged.delete(&self.table),
                delete_any(&self.table, username_key(&account.username)),
                delete_any(&self.table, email_key(&account.email)),
                delete_any(&self.table, public_insights_key(account_id)),
                table::put(self.signing.revocation(&revocation)?),
            ];
            let others = items.iter().filter(|item| !is_account(item));
            actions.extend(others.filter_map(table::primary_key).map(|key| delete_any(&self.table, key)));
            actions.extend(effects.actions(&self.media));
            match self.commit(actions).await {
                Ok(()) => return Ok(Some(revocation)),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Conditions(_)) => {}
            }
        }
        Err(StoreError::Contended("the account kept changing while it was removed".into()))
    }

    /// Deletes what is left in the partition of a removed account.
    ///
    /// # Errors
    /// The table is away; what is left can be deleted later.
    pub async fn clear(&self, account_id: AccountId) -> Result<(), StoreError> {
        loop {
            let slice = self.table.query(&Range::table(partition(account_id), ""), CLEAR_PAGE, true).await?;
            self.table.batch_delete(slice.items.iter().filter_map(table::primary_key).collect()).await?;
            if slice.next.is_none() {
                return Ok(());
            }
        }
    }

    /// Leaves a marker beside a removed account, so that the table's stream asks for another round of deletions.
    ///
    /// # Errors
    /// The table is away.
    pub async fn request_sweep(&self, account_id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let mut item = table::key(partition(account_id), SWEEP);
        // Other than the one before, because a put that changes nothing makes no stream record.
        item.insert("requested_at".into(), string(now.to_string()));
        item.insert("round".into(), string(rand::random::<u64>().to_string()));
        match self.commit(vec![table::put(self.table.put(item))]).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conditions(places)) => Err(unexpected(&places)),
        }
    }

    /// What lies in an account's partition, `limit` items at a time: the account, then its keys, then its sessions.
    /// One Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn held(
        &self,
        account_id: AccountId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Held, StoreError> {
        #[derive(Deserialize)]
        struct SortKey {
            sk: String,
        }
        let range = Range::table(partition(account_id), "").after(after);
        let slice = self.table.query(&range, limit, true).await?;
        let mut held = Held { next: slice.next, ..Held::default() };
        for item in slice.items {
            let SortKey { sk } = table::from_item(item.clone())?;
            if sk == ACCOUNT {
                held.account = Some(table::from_item(item)?);
            } else if sk.starts_with(KEY) {
                held.keys.push(table::from_item(item)?);
            } else if sk.starts_with(SESSION) {
                held.sessions.push(table::from_item(item)?);
            }
        }
        Ok(held)
    }
}

/// The account that a change in the table's stream asks to delete the rest of: its item was removed, or a sweep was
/// requested.
pub fn removed_account(pk: &str, sk: &str, is_removal: bool) -> Option<AccountId> {
    let asks = if is_removal { sk == ACCOUNT } else { sk == SWEEP };
    pk.strip_prefix("ACCOUNT#").filter(|_| asks)?.parse().ok()
}
