//! Pairs of an access token and a refresh token.

use std::time::Duration;

use mixtape_domain::account::{Account, RefreshToken, Secret, SessionInfo};
use mixtape_domain::{AccountId, SessionId, Timestamp};
use mixtape_http::Problem;
use mixtape_http::identity::{ACCESS_TOKEN_LIFE, Claims};
use mixtape_store::accounts::Session;
use serde::Serialize;

use crate::signer::Signer;

/// How long a refresh token lives when it is not used.
pub(crate) const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A session, as whoever opened it receives it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session, example = json!({
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6IjAxS0FHUjNaSTEifQ.eyJzdWIiOiIwMUtBR1IzWko4In0.c2ln",
    "refresh_token": "mtr_AZVAY-_IHBmmBKqUuN7U-AGVQGPvykP8…",
    "token_type": "Bearer",
    "expires_in": 900,
    "account": {
        "id": "01KAGR3ZJ8W6V0P4T9C2XQ7M5N",
        "username": "Nina",
        "email": "nina@example.com",
        "is_admin": false,
        "created_at": "2026-11-21T09:30:00.000Z",
        "updated_at": "2026-11-21T09:30:00.000Z"
    }
}))]
pub(crate) struct SessionTokens {
    /// Send it as `Authorization: Bearer`.
    access_token: String,
    /// Works once, within 30 days; keep it where only the client can read it.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    account: Account,
}

/// A new session for an account, as it is stored and as the token that renews it.
pub(crate) fn new_session(
    account_id: AccountId,
    password_version: u64,
    now: Timestamp,
) -> (Session, RefreshToken) {
    let expires_at = now.plus(REFRESH_TOKEN_LIFE);
    let info = SessionInfo { id: SessionId::new(now), created_at: now, refreshed_at: now, expires_at };
    let token = RefreshToken { account_id, session_id: info.id, family: new_secret(), secret: new_secret() };
    let session = Session {
        info,
        account_id,
        family_hash: token.family.hash(),
        secret_hash: token.secret.hash(),
        password_version,
    };
    (session, token)
}

/// Random bytes of the process's cryptographic generator, which the operating system seeds.
pub(crate) fn new_secret() -> Secret {
    Secret::new(rand::random())
}

/// The tokens of a session for its owner.
pub(crate) async fn issue(
    signer: &Signer,
    account: Account,
    refresh_token: &RefreshToken,
    now: Timestamp,
) -> Result<SessionTokens, Problem> {
    let claims = Claims {
        sub: account.id,
        sid: refresh_token.session_id,
        name: account.username.as_str().to_owned(),
        admin: account.is_admin,
        iat: now,
        exp: now.plus(ACCESS_TOKEN_LIFE).seconds(),
    };
    Ok(SessionTokens {
        access_token: signer.sign(&claims, now).await?,
        refresh_token: refresh_token.to_string(),
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE.as_secs(),
        account,
    })
}
