//! Signing keys: made on first use, replaced every month, and the tokens that they sign.
//!
//! Any number of instances may make a key at the same moment: all of them are published, and each signs with one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mixtape_domain::{Id, Timestamp};
use mixtape_http::identity::Claims;
use mixtape_http::{Auth, Problem};
use mixtape_store::keys::{Keys, SigningKey};

/// In seconds.
const DAY: u64 = 24 * 60 * 60;
/// The age at which a key gets a successor.
const ROTATION: Duration = Duration::from_secs(30 * DAY);
/// The age beyond which a key does not sign, even where nobody asked for a token while it should have been replaced.
const LAST_USE: Duration = Duration::from_secs(31 * DAY);
/// How long a key stays in its table: well beyond the last token that it signed.
const LIFE: Duration = Duration::from_secs(60 * DAY);
/// A successor waits until every function has read it, so that nobody meets a token with a key that is not known yet.
const PUBLICATION: Duration = Duration::from_secs(60);
/// How long the keys are kept in the process: an operator who deletes one is heard after this time.
const CACHE_LIFE: Duration = Duration::from_secs(60 * 60);

/// Signs access tokens. Clones share the keys.
#[derive(Clone)]
pub(crate) struct Signer {
    keys: Keys,
    auth: Auth,
    cache: Arc<RwLock<Option<Cache>>>,
}

struct Cache {
    keys: Vec<SigningKey>,
    read_at: Timestamp,
}

/// What a signing key's id is of.
#[derive(Debug)]
enum SigningKeyKind {}

impl Signer {
    pub(crate) fn new(keys: Keys, auth: Auth) -> Self {
        Self { keys, auth, cache: Arc::default() }
    }

    /// The claims as a signed token.
    pub(crate) async fn sign(&self, claims: &Claims, now: Timestamp) -> Result<String, Problem> {
        let key = self.current(now).await?;
        let header = Header { kid: Some(key.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&key.pkcs8));
        token.map_err(|error| Problem::internal(format!("signing failed: {error}")))
    }

    async fn current(&self, now: Timestamp) -> Result<SigningKey, Problem> {
        if let Some(key) = self.cached(now) {
            return Ok(key);
        }
        let mut keys = self.keys.private().await?;
        if keys.iter().all(|key| key.created_at.plus(ROTATION) <= now) {
            let key = new_key(now)?;
            self.keys.add(&key, now.plus(LIFE)).await?;
            self.auth.note_key(&key.key_id, &key.public);
            tracing::info!(key.id = %key.key_id, "made a signing key");
            keys.push(key);
        }
        let chosen = choose(&keys, now).cloned();
        *self.cache.write().unwrap_or_else(PoisonError::into_inner) = Some(Cache { keys, read_at: now });
        chosen.ok_or_else(|| Problem::internal("there is no signing key"))
    }

    /// The key to use, when what is in the process is fresh and no successor is due.
    fn cached(&self, now: Timestamp) -> Option<SigningKey> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let cache = cache.as_ref().filter(|cache| cache.read_at.plus(CACHE_LIFE) > now)?;
        let is_due = cache.keys.iter().all(|key| key.created_at.plus(ROTATION) <= now);
        if is_due { None } else { choose(&cache.keys, now).cloned() }
    }
}

/// The newest key that everybody knows; where there is none, the newest.
fn choose(keys: &[SigningKey], now: Timestamp) -> Option<&SigningKey> {
    let is_usable =
        |key: &&SigningKey| key.created_at.plus(PUBLICATION) <= now && key.created_at.plus(LAST_USE) > now;
    let newest = |key: &&SigningKey| key.created_at;
    keys.iter().filter(is_usable).max_by_key(newest).or_else(|| keys.iter().max_by_key(newest))
}

fn new_key(now: Timestamp) -> Result<SigningKey, Problem> {
    let failed = |_| Problem::internal("an Ed25519 key could not be made");
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    Ok(SigningKey {
        key_id: Id::<SigningKeyKind>::new(now).to_string(),
        pkcs8: pair.to_pkcs8().map_err(failed)?.as_ref().to_vec(),
        public: pair.public_key().as_ref().to_vec(),
        created_at: now,
    })
}
