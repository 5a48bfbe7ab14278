//! The table `keys`: what access tokens are signed and checked with.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | private signing key (removes itself) | `PRIVATE` | key id |
//! | public key (removes itself) | `PUBLIC` | `KEY#` key id |
//! | revocation of a session or an account (removes itself) | `PUBLIC` | `REVOKED#` id |
//!
//! Policies let every function read the partition `PUBLIC` and only `accounts` touch `PRIVATE`.

use std::time::Duration;

use aws_sdk_dynamodb::types::Put;
use mixtape_domain::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::table::{self, CommitError, Range, Table, number};

/// The table `keys`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Keys {
    table: Table,
}

/// A signing key. Its `Debug` form does not show the key.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKey {
    /// The `kid` of the tokens that it signs.
    pub key_id: String,
    /// The PKCS #8 document.
    #[serde(with = "serde_bytes_base64")]
    pub pkcs8: Vec<u8>,
    /// The raw Ed25519 public key, 32 bytes.
    #[serde(with = "serde_bytes_base64")]
    pub public: Vec<u8>,
    pub created_at: Timestamp,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The public part of a signing key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublicKey {
    pub key_id: String,
    #[serde(with = "serde_bytes_base64")]
    pub public: Vec<u8>,
}

/// Access tokens of this session or account, issued up to this moment, are no longer good.
///
/// There is one per subject, and a later one replaces an earlier one. That loses nothing: the session that the later
/// one excepts was good then, so it is either the one that the earlier one excepted, or younger than that.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revocation {
    /// A session's or an account's id.
    pub subject: String,
    pub revoked_at: Timestamp,
    /// The one session of the account whose tokens stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<SessionId>,
}

/// What every function needs to check an access token.
#[derive(Debug, Clone, Default)]
pub struct PublicPart {
    pub keys: Vec<PublicKey>,
    pub revocations: Vec<Revocation>,
}

const PUBLIC: &str = "PUBLIC";
const PRIVATE: &str = "PRIVATE";
const KEY: &str = "KEY#";
const REVOKED: &str = "REVOKED#";
/// How long a revocation is kept: longer than any access token lives, and than clocks differ.
const REVOCATION_LIFE: Duration = Duration::from_secs(60 * 60);
/// More revocations than this within the life of an access token are read in the next refresh.
const MAX_PUBLIC: usize = 100_000;

impl Keys {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }

    /// The public keys and the recent revocations: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn public(&self) -> Result<PublicPart, StoreError> {
        let slice = self.table.query(&Range::table(PUBLIC, ""), MAX_PUBLIC, true).await?;
        let mut part = PublicPart::default();
        for item in slice.items {
            let is_key =
                item.get("sk").and_then(|value| value.as_s().ok()).is_some_and(|sk| sk.starts_with(KEY));
            if is_key {
                part.keys.push(table::from_item(item)?);
            } else {
                part.revocations.push(table::from_item(item)?);
            }
        }
        Ok(part)
    }

    /// All private keys, oldest first by key id.
    ///
    /// # Errors
    /// The table is away or the caller may not read the partition.
    pub async fn private(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.table.query(&Range::table(PRIVATE, ""), 100, true).await?.read()?.0)
    }

    /// Stores a new signing key with its public part; both remove themselves at `expires_at`.
    ///
    /// # Errors
    /// The table is away.
    pub async fn add(&self, key: &SigningKey, expires_at: Timestamp) -> Result<(), StoreError> {
        let expires = number(expires_at.seconds());
        let mut private = table::to_item(key)?;
        private.extend(table::key(PRIVATE, &key.key_id));
        private.insert("expires".into(), expires.clone());
        let public = PublicKey { key_id: key.key_id.clone(), public: key.public.clone() };
        let mut public = table::to_item(&public)?;
        public.extend(table::key(PUBLIC, format!("{KEY}{}", key.key_id)));
        public.insert("expires".into(), expires);
        let actions = vec![table::put(self.table.put(private)), table::put(self.table.put(public))];
        table::commit(self.table.client(), actions).await.map_err(|error| match error {
            CommitError::Conditions(_) => StoreError::Refused("a put without a condition was refused".into()),
            CommitError::Store(error) => error,
        })
    }

    /// A revocation as an action of a transaction. It removes itself when no token issued before can be alive.
    pub(crate) fn revocation(&self, revocation: &Revocation) -> Result<Put, StoreError> {
        let mut item = table::to_item(revocation)?;
        item.extend(table::key(PUBLIC, format!("{REVOKED}{}", revocation.subject)));
        item.insert("expires".into(), number(revocation.revoked_at.plus(REVOCATION_LIFE).seconds()));
        Ok(self.table.put(item))
    }
}

/// Bytes as base64 text: readable in the console, and the same in every serialiser.
mod serde_bytes_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
