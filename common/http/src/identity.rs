//! Who calls. An identity is an argument of the handler, so a route that needs one does not compile without it.
//!
//! Access tokens are checked without a store: public keys and recent revocations are kept in the process and read
//! again, with one Query, when they are older than [`RING_AGE`] or a token names a key that is not known. API keys
//! cost one GetItem.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mixtape_domain::account::{API_KEY_PREFIX, ApiToken};
use mixtape_domain::playlist::Viewer;
use mixtape_domain::{AccountId, Clock, SessionId, Timestamp};
use mixtape_settings::Catalogue;
use mixtape_store::keys::Revocation;
use mixtape_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::{App, Code, Problem};

/// How old the keys and revocations in the process may be: the longest that a revoked token still works.
pub const RING_AGE: Duration = Duration::from_secs(5);
/// How often an unknown key id may cause a read.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(1);
/// How long an access token lives.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// Longer tokens are not looked at.
const MAX_TOKEN: usize = 2048;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub sub: AccountId,
    pub sid: SessionId,
    /// The account's username.
    pub name: String,
    #[serde(default)]
    pub admin: bool,
    /// Seconds since the Unix epoch, with milliseconds ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-2)
    /// allows fractions): a token issued right after a revocation is told from one issued right before.
    #[serde(with = "numeric_date")]
    pub iat: Timestamp,
    /// Whole seconds since the Unix epoch.
    pub exp: i64,
}

/// A caller who has proved who it is.
#[derive(Debug, Clone)]
pub struct Identity {
    pub account_id: AccountId,
    pub username: String,
    /// Never true for an API key: it acts for its owner, not for the service.
    pub is_admin: bool,
    /// The session of the access token; `None` for an API key.
    pub session: Option<SessionId>,
}

impl Identity {
    /// Whether the caller may change what this account owns.
    pub fn may_edit(&self, owner: AccountId) -> bool {
        self.is_admin || self.account_id == owner
    }

    /// The caller as somebody who asks for a playlist.
    pub fn viewer(&self) -> Viewer {
        Viewer { account_id: self.account_id, is_admin: self.is_admin }
    }

    /// The session, for what an API key must not do.
    ///
    /// # Errors
    /// The caller came with an API key.
    pub fn session(&self) -> Result<SessionId, Problem> {
        let detail = "Sign in and send the session's access token instead of an API key.";
        self.session.ok_or_else(|| Problem::new(Code::SESSION_REQUIRED, detail))
    }
}

/// An identity where one is optional. A token that is sent must be good all the same.
#[derive(Debug, Clone)]
pub struct MaybeIdentity(pub Option<Identity>);

/// Somebody who may read the catalogue: anybody, or with `CATALOGUE=private` whoever has an identity.
#[derive(Debug, Clone)]
pub struct CatalogueReader(pub Option<Identity>);

/// Checks tokens. Clones share what is known of keys and revocations.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    clock: Clock,
    ring: Arc<RwLock<Ring>>,
}

#[derive(Default)]
struct Ring {
    keys: HashMap<String, DecodingKey>,
    revoked: HashMap<String, Revocation>,
    read_at: Option<Timestamp>,
}

impl Auth {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, ring: Arc::default() }
    }

    /// Lets this process know of a revocation at once; others learn of it within [`RING_AGE`].
    pub fn note_revoked(&self, revocation: Revocation) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).revoke(revocation);
    }

    /// Lets this process know of a new key at once; others read it when they meet a token that it signed.
    pub fn note_key(&self, key_id: &str, public: &[u8]) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.keys.insert(key_id.to_owned(), DecodingKey::from_ed_der(public));
    }

    /// The caller behind a bearer token.
    ///
    /// # Errors
    /// 401 when the token is not good, 503 when the table of keys is away.
    pub async fn identify(&self, token: &str) -> Result<Identity, Problem> {
        if token.len() > MAX_TOKEN {
            return Err(invalid_token());
        }
        if token.starts_with(API_KEY_PREFIX) {
            self.identify_key(token).await
        } else {
            self.identify_session(token).await
        }
    }

    async fn identify_key(&self, token: &str) -> Result<Identity, Problem> {
        let token: ApiToken = token.parse().map_err(|_| invalid_token())?;
        let record = self.store.accounts.api_key(token.account_id, token.key_id).await?;
        let record =
            record.filter(|record| record.secret_hash.matches(&token.secret)).ok_or_else(invalid_token)?;
        if record.key.is_expired(self.clock.now()) {
            return Err(Problem::new(Code::TOKEN_EXPIRED, "Make a new API key with POST /v1/me/keys."));
        }
        let username = record.username.as_str().to_owned();
        Ok(Identity { account_id: record.account_id, username, is_admin: false, session: None })
    }

    async fn identify_session(&self, token: &str) -> Result<Identity, Problem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid_token())?;
        let (Algorithm::EdDSA, Some(key_id)) = (header.alg, header.kid) else { return Err(invalid_token()) };
        let key = self.key(&key_id).await?.ok_or_else(invalid_token)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The expiry is compared below, with the clock that the handlers use.
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| invalid_token())?.claims;
        if self.clock.now().seconds() >= claims.exp {
            let detail = "Get a new one with POST /v1/sessions/refresh.";
            return Err(Problem::new(Code::TOKEN_EXPIRED, detail));
        }
        if self.is_revoked(&claims) {
            return Err(invalid_token());
        }
        let Claims { sub, sid, name, admin, .. } = claims;
        Ok(Identity { account_id: sub, username: name, is_admin: admin, session: Some(sid) })
    }

    async fn key(&self, key_id: &str) -> Result<Option<DecodingKey>, Problem> {
        let (known, age) = self.lookup(key_id);
        let is_fresh = age.is_some_and(|age| age < RING_AGE);
        if known.is_some() && is_fresh {
            return Ok(known);
        }
        // A token with an invented key id must not cost a read each time.
        if known.is_none() && age.is_some_and(|age| age < UNKNOWN_KEY_PAUSE) {
            return Ok(None);
        }
        match self.refresh().await {
            Ok(()) => Ok(self.lookup(key_id).0),
            Err(error) => Err(error.into()),
        }
    }

    fn lookup(&self, key_id: &str) -> (Option<DecodingKey>, Option<Duration>) {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let age = ring.read_at.map(|read_at| {
            let millis = self.clock.now().millis() - read_at.millis();
            Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
        });
        (ring.keys.get(key_id).cloned(), age)
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let started = self.clock.now();
        let part = self.store.keys.public().await?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.keys =
            part.keys.into_iter().map(|key| (key.key_id, DecodingKey::from_ed_der(&key.public))).collect();
        // Noted revocations stay until no token from before can be alive.
        let oldest = started.minus(ACCESS_TOKEN_LIFE);
        ring.revoked.retain(|_, revocation| revocation.revoked_at >= oldest);
        for revocation in part.revocations {
            ring.revoke(revocation);
        }
        ring.read_at = Some(started);
        Ok(())
    }

    fn is_revoked(&self, claims: &Claims) -> bool {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let subjects = [claims.sid.to_string(), claims.sub.to_string()];
        let mut revocations = subjects.iter().filter_map(|subject| ring.revoked.get(subject));
        revocations.any(|one| claims.iat <= one.revoked_at && one.except != Some(claims.sid))
    }
}

impl Ring {
    /// Takes note of a revocation. What was read from the table may be older than what this process did meanwhile.
    fn revoke(&mut self, revocation: Revocation) {
        let known = self.revoked.get(&revocation.subject);
        if known.is_none_or(|known| known.revoked_at <= revocation.revoked_at) {
            self.revoked.insert(revocation.subject.clone(), revocation);
        }
    }
}

/// A time as a JSON number of seconds with fractions.
mod numeric_date {
    use mixtape_domain::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(at.millis() as f64 / 1000.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let millis = (f64::deserialize(deserializer)? * 1000.0).round();
        Timestamp::from_millis(millis as i64).ok_or_else(|| de::Error::custom("not a time"))
    }
}

fn invalid_token() -> Problem {
    Problem::new(Code::INVALID_TOKEN, "Sign in again with POST /v1/sessions, or use another API key.")
}

async fn identify(parts: &Parts, auth: &Auth) -> Result<Option<Identity>, Problem> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| invalid_token())?;
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(Problem::unauthenticated()),
    };
    auth.identify(token).await.map(Some)
}

impl<S> FromRequestParts<S> for Identity
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        identify(parts, &App::from_ref(state).auth).await?.ok_or_else(Problem::unauthenticated)
    }
}

impl<S> FromRequestParts<S> for MaybeIdentity
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        identify(parts, &App::from_ref(state).auth).await.map(Self)
    }
}

impl<S> FromRequestParts<S> for CatalogueReader
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let identity = identify(parts, &app.auth).await?;
        if identity.is_none() && app.settings.catalogue == Catalogue::Private {
            return Err(Problem::unauthenticated());
        }
        Ok(Self(identity))
    }
}
