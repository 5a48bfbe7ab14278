//! Making, reading, changing and removing accounts.

use mixtape_domain::account::{Account, Email, InsightsAccess, Profile, Username};
use mixtape_domain::media::Cover;
use mixtape_domain::{AccountId, ImageId, SessionId, Timestamp};

use super::change::{Change, delete_any, put_new};
use super::sessions::session_key;
use super::{
    Accounts, Counter, Login, PUBLIC_INSIGHTS, Session, account_key, email_key, public_insights_key,
    unexpected, username_key,
};
use crate::StoreError;
use crate::keys::Revocation;
use crate::media::Effects;
use crate::table::{self, CommitError, Item, Range, number, string};

/// Accounts that are named together, at most.
const MAX_PUBLIC: usize = 100_000;

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

    /// Gives an account a photo, or takes it away: one GetItem and one transaction. Answers the account after it, or
    /// `None` when there is no such account.
    ///
    /// # Errors
    /// The account has changed meanwhile or the picture is gone ([`ChangeError::Changed`]), or a table is away.
    pub async fn set_photo(
        &self,
        account_id: AccountId,
        image: Option<ImageId>,
        now: Timestamp,
    ) -> Result<Option<Account>, ChangeError> {
        let Some(before) = self.account(account_id).await? else { return Ok(None) };
        let account = Account { photo: image.map(Cover::of), updated_at: now, ..before.clone() };
        let photo = table::to_value(&account.photo)?;
        let change = |key: Item| {
            Change::of(key)
                .only_if("id", "=", string(account_id.to_string()))
                .only_if("updated_at", "=", string(before.updated_at.to_string()))
                .set("photo", photo.clone())
                .set("updated_at", string(now.to_string()))
                .update(&self.table)
        };
        let mut effects = Effects::default();
        effects.show(before.photo.as_ref().and_then(Cover::image), image);
        let mut actions = vec![
            change(account_key(account_id)),
            change(username_key(&account.username)),
            change(email_key(&account.email)),
        ];
        actions.extend(effects.actions(&self.media));
        match self.commit(actions).await {
            Ok(()) => Ok(Some(account)),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conditions(_)) => Err(ChangeError::Changed),
        }
    }

    /// The account of this name, and who may see its insights: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn shared(&self, username: &Username) -> Result<Option<(Profile, InsightsAccess)>, StoreError> {
        let login: Option<Account> = self.table.get(username_key(username)).await?;
        Ok(login.map(|account| (Profile::from(&account), account.insights)))
    }

    /// Every account whose insights everybody may see: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn with_public_insights(&self) -> Result<Vec<Profile>, StoreError> {
        let range = Range::table(PUBLIC_INSIGHTS, "");
        Ok(self.table.query(&range, MAX_PUBLIC, true).await?.read()?.0)
    }

    /// Says who may see an account's insights: one transaction.
    ///
    /// # Errors
    /// The account has changed since `before` was read ([`ChangeError::Changed`]), or the table is away.
    pub async fn set_insights(
        &self,
        before: &Account,
        access: InsightsAccess,
        now: Timestamp,
    ) -> Result<Account, ChangeError> {
        let account = Account { insights: access, updated_at: now, ..before.clone() };
        let value = table::to_value(&access)?;
        let change = |key: Item| {
            Change::of(key)
                .only_if("id", "=", string(before.id.to_string()))
                .only_if("updated_at", "=", string(before.updated_at.to_string()))
                .set("insights", value.clone())
                .set("updated_at", string(now.to_string()))
                .update(&self.table)
        };
        let mut listed = table::to_item(&Profile::from(&account))?;
        listed.extend(public_insights_key(before.id));
        let listing = match access {
            InsightsAccess::Public => table::put(self.table.put(listed)),
            InsightsAccess::Private => delete_any(&self.table, public_insights_key(before.id)),
        };
        let actions = vec![
            change(account_key(before.id)),
            change(username_key(&before.username)),
            change(email_key(&before.email)),
            listing,
        ];
        match self.commit(actions).await {
            Ok(()) => Ok(account),
            Err(CommitError::Store(error)) => Err(error.into()),
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
}
