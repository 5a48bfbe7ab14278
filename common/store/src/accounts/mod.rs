//! The table `accounts`.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | account | `ACCOUNT#` id | `ACCOUNT` |
//! | API key | `ACCOUNT#` id | `KEY#` id |
//! | session (removes itself) | `ACCOUNT#` id | `SESSION#` id |
//! | request to delete the rest | `ACCOUNT#` id | `SWEEP` |
//! | sign-in by username | `USERNAME#` lower case | `USERNAME` |
//! | sign-in by e-mail | `EMAIL#` lower case | `EMAIL` |
//! | account with public insights | `INSIGHTS#PUBLIC` | account id |
//! | count of attempts (removes itself) | `ATTEMPTS#` what `#` whose | start of the window |
//!
//! The two sign-in items repeat the account beside the password's hash, so that signing in needs no second hop, and
//! they are what makes names and addresses unique. Whatever they repeat changes in one transaction.

mod attempts;
mod change;
mod keys;
mod profile;
mod removal;
mod sessions;

pub use attempts::{Counter, TooMany};
pub use keys::{AddKeyError, KeyRecord};
pub use profile::{ChangeError, CreateError};
pub use removal::{Held, removed_account};
pub use sessions::{OpenError, Rotation, Session};

use mixtape_domain::AccountId;
use mixtape_domain::account::{Account, Email, Username};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::keys::Keys;
use crate::media::Media;
use crate::table::{self, CommitError, Item, Table};

/// The table `accounts`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Accounts {
    table: Table,
    /// Revocations are written in the transactions that make them necessary.
    signing: Keys,
    /// Photos are counted in the transactions that show them.
    media: Media,
}

/// What signing in needs to know of an account. Its `Debug` form does not show the hash.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    #[serde(flatten)]
    pub account: Account,
    /// The password's Argon2id hash as a [PHC string](https://github.com/P-H-C/phc-string-format).
    pub password_hash: String,
    /// Grows with every change of the password; sessions of an older version are dead.
    pub password_version: u64,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("account", &self.account.id).finish_non_exhaustive()
    }
}

const ACCOUNT: &str = "ACCOUNT";
const KEY: &str = "KEY#";
const SESSION: &str = "SESSION#";
const SWEEP: &str = "SWEEP";
const PUBLIC_INSIGHTS: &str = "INSIGHTS#PUBLIC";

impl Accounts {
    pub(crate) fn new(table: Table, signing: Keys, media: Media) -> Self {
        Self { table, signing, media }
    }

    async fn commit(
        &self,
        actions: Vec<aws_sdk_dynamodb::types::TransactWriteItem>,
    ) -> Result<(), CommitError> {
        table::commit(self.table.client(), actions).await
    }
}

fn partition(account_id: AccountId) -> String {
    format!("ACCOUNT#{account_id}")
}

fn account_key(account_id: AccountId) -> Item {
    table::key(partition(account_id), ACCOUNT)
}

fn public_insights_key(account_id: AccountId) -> Item {
    table::key(PUBLIC_INSIGHTS, account_id.to_string())
}

fn username_key(username: &Username) -> Item {
    table::key(format!("USERNAME#{}", username.key()), "USERNAME")
}

fn email_key(email: &Email) -> Item {
    table::key(format!("EMAIL#{}", email.key()), "EMAIL")
}

/// An error for a condition of ours that should hold by the way the items are written.
fn unexpected(places: &[usize]) -> StoreError {
    StoreError::Refused(format!("unexpected failed conditions at {places:?}"))
}
