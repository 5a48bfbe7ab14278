//! Making, reading, changing and removing accounts.

use mixtape_domain::account::{Account, ApiKey, Email, Profile, SessionInfo, Username};
use mixtape_domain::{AccountId, SessionId, Timestamp};
use serde::Deserialize;

use super::change::{Change, delete_any, put_new};
use super::sessions::session_key;
use super::{
    ACCOUNT, Accounts, Counter, KEY, Login, Session, account_key, email_key, partition, unexpected,
    username_key,
};
use crate::StoreError;
use crate::keys::Revocation;
use crate::table::{self, CommitError, Item, MAX_TRANSACTION, Range, number, string};

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("the username is taken")]
    UsernameTaken,
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Read it again and decide anew.
    #[error("the account has changed meanwhile")]
    Changed,
    #[error("the session has ended")]
    SessionEnded,
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
    /// Makes an account and its first session: one transaction.
    ///
    /// # Errors
    /// The username or the address is taken, in any case of letters; or the table is away.
    pub async fn create(
        &self,
        account: &Account,
        password_hash: String,
        session: &Session,
    ) -> Result<(), CreateError> {
        let password_version = session.password_version;
        let login = Login { account: account.clone(), password_hash, password_version };
        let mut account_item = table::to_item(account)?;
        account_item.extend(account_key(account.id));
        account_item.insert("password_version".into(), number(password_version));
        account_item.insert("key_count".into(), number(0));
        let sign_in = |key: Item| {
            let mut item = table::to_item(&login)?;
            item.extend(key);
            Ok::<_, StoreError>(put_new(&self.table, item))
        };
        let actions = vec![
            sign_in(username_key(&account.username))?,
            sign_in(email_key(&account.email))?,
            put_new(&self.table, account_item),
            put_new(&self.table, session.item()?),
        ];
        match self.commit(actions).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(places)) if places.contains(&0) => Err(CreateError::UsernameTaken),
            Err(CommitError::Conditions(places)) if places.contains(&1) => Err(CreateError::EmailTaken),
            Err(CommitError::Conditions(places)) => Err(unexpected(&places).into()),
        }
    }

    /// An account: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn account(&self, account_id: AccountId) -> Result<Option<Account>, StoreError> {
        self.table.get(account_key(account_id)).await
    }

    /// The account of this name, as everybody sees it: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn profile(&self, username: &Username) -> Result<Option<Profile>, StoreError> {
        self.table.get(username_key(username)).await
    }

    /// Changes an account's password, ends all its sessions but `keep`, and forgets the attempts that it took: one
    /// transaction.
    ///
    /// # Errors
    /// The account has changed since `login` was read, the session has ended, or a table is away.
    pub async fn change_password(
        &self,
        login: &Login,
        password_hash: String,
        keep: SessionId,
        attempts: &Counter,
        now: Timestamp,
    ) -> Result<Revocation, ChangeError> {
        let id = login.account.id;
        let version = number(login.password_version + 1);
        let change = |key: Item| {
            Change::of(key)
                .only_if("id", "=", string(id.to_string()))
                .only_if("password_version", "=", number(login.password_version))
                .set("password_version", version.clone())
                .set("updated_at", string(now.to_string()))
        };
        let sign_in = |key: Item| change(key).set("password_hash", string(&password_hash));
        let kept = Change::of(session_key(id, keep)).set("password_version", version.clone());
        let revocation = Revocation { subject: id.to_string(), revoked_at: now, except: Some(keep) };
        let actions = vec![
            kept.update(&self.table),
            change(account_key(id)).update(&self.table),
            sign_in(username_key(&login.account.username)).update(&self.table),
            sign_in(email_key(&login.account.email)).update(&self.table),
            table::put(self.signing.revocation(&revocation)?),
            delete_any(&self.table, attempts.key(now)),
        ];
        match self.commit(actions).await {
            Ok(()) => Ok(revocation),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(places)) if places == [0] => Err(ChangeError::SessionEnded),
            Err(CommitError::Conditions(_)) => Err(ChangeError::Changed),
        }
    }

    /// Gives an account another e-mail address: one transaction. The old one is free at once.
    ///
    /// # Errors
    /// The address is taken, the account has changed since `login` was read, or the table is away.
    pub async fn change_email(
        &self,
        login: &Login,
        email: &Email,
        now: Timestamp,
    ) -> Result<Account, ChangeError> {
        let account = Account { email: email.clone(), updated_at: now, ..login.account.clone() };
        let (old_key, new_key) = (email_key(&login.account.email), email_key(email));
        let is_respelled = old_key == new_key;
        let unchanged = |key: Item| {
            Change::of(key)
                .only_if("id", "=", string(account.id.to_string()))
                .only_if("email", "=", string(login.account.email.as_str()))
                .only_if("password_version", "=", number(login.password_version))
        };
        let change = |key: Item| {
            unchanged(key).set("email", string(email.as_str())).set("updated_at", string(now.to_string()))
        };
        let mut actions = vec![
            change(account_key(account.id)).update(&self.table),
            change(username_key(&account.username)).update(&self.table),
        ];
        if is_respelled {
            actions.push(change(old_key).update(&self.table));
        } else {
            let mut item = table::to_item(&Login { account: account.clone(), ..login.clone() })?;
            item.extend(new_key);
            actions.push(unchanged(old_key).delete(&self.table));
            actions.push(put_new(&self.table, item));
        }
        match self.commit(actions).await {
            Ok(()) => Ok(account),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(places)) if places == [3] => Err(ChangeError::EmailTaken),
            Err(CommitError::Conditions(_)) => Err(ChangeError::Changed),
        }
    }

    /// Makes an account an admin, or an admin an ordinary account: one transaction. Who is no longer an admin has to
    /// renew the access tokens that say so.
    ///
    /// # Errors
    /// The account has changed since `login` was read, or a table is away.
    pub async fn set_admin(
        &self,
        login: &Login,
        is_admin: bool,
        now: Timestamp,
    ) -> Result<Option<Revocation>, ChangeError> {
        let account = &login.account;
        let change = |key: Item| {
            Change::of(key)
                .only_if("id", "=", string(account.id.to_string()))
                .set("is_admin", aws_sdk_dynamodb::types::AttributeValue::Bool(is_admin))
                .set("updated_at", string(now.to_string()))
                .update(&self.table)
        };
        let revocation = Revocation { subject: account.id.to_string(), revoked_at: now, except: None };
        let revocation = (!is_admin).then_some(revocation);
        let mut actions = vec![
            change(account_key(account.id)),
            change(username_key(&account.username)),
            change(email_key(&account.email)),
        ];
        if let Some(revocation) = &revocation {
            actions.push(table::put(self.signing.revocation(revocation)?));
        }
        match self.commit(actions).await {
            Ok(()) => Ok(revocation),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(_)) => Err(ChangeError::Changed),
        }
    }

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
            let items = self.table.query(&range, MAX_TRANSACTION - 3, true).await?.items;
            let is_account = |item: &&Item| item.get("sk") == Some(&string(ACCOUNT));
            let Some(account) = items.iter().find(is_account) else { return Ok(None) };
            let key_count = account.get("key_count").cloned().unwrap_or_else(|| number(0));
            let account: Account = table::from_item(account.clone())?;
            let revocation = Revocation { subject: account_id.to_string(), revoked_at: now, except: None };
            // A key or another address that came since is what the conditions are for.
            let unchanged = Change::of(account_key(account_id))
                .only_if("email", "=", string(account.email.as_str()))
                .only_if("key_count", "=", key_count);
            let mut actions = vec![
                unchanged.delete(&self.table),
                delete_any(&self.table, username_key(&account.username)),
                delete_any(&self.table, email_key(&account.email)),
                table::put(self.signing.revocation(&revocation)?),
            ];
            let others = items.iter().filter(|item| !is_account(item));
            actions.extend(others.filter_map(primary_key).map(|key| delete_any(&self.table, key)));
            match self.commit(actions).await {
                Ok(()) => return Ok(Some(revocation)),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Conditions(_)) => {}
            }
        }
        Err(StoreError::Contended("the account kept changing while it was removed".into()))
    }

    /// Deletes what is left in the partition of a removed account. Answers false, and deletes nothing, when the
    /// account is there.
    ///
    /// # Errors
    /// The table is away; what is left can be deleted later.
    pub async fn clear(&self, account_id: AccountId) -> Result<bool, StoreError> {
        if self.account(account_id).await?.is_some() {
            return Ok(false);
        }
        loop {
            let slice = self.table.query(&Range::table(partition(account_id), ""), CLEAR_PAGE, true).await?;
            self.table.batch_delete(slice.items.iter().filter_map(primary_key).collect()).await?;
            if slice.next.is_none() {
                return Ok(true);
            }
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
            } else {
                held.sessions.push(table::from_item(item)?);
            }
        }
        Ok(held)
    }
}

fn primary_key(item: &Item) -> Option<Item> {
    Some(table::key(item.get("pk")?.as_s().ok()?, item.get("sk")?.as_s().ok()?))
}
