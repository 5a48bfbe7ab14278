//! Signing in, staying signed in, signing out.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::account::{Account, Password, RefreshToken, login_key};
use mixtape_http::{ClientAddress, Code, Created, Identity, Json, NoContent, Problem};
use mixtape_store::accounts::{OpenError, Rotation, Session};
use serde::Deserialize;

use crate::limits;
use crate::state::State;
use crate::tokens::{self, REFRESH_TOKEN_LIFE, SessionTokens};

/// Longer logins, in bytes, are nobody's.
const MAX_LOGIN: usize = 254;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login": "nina", "password": "correct horse battery staple" }))]
pub(crate) struct SignIn {
    /// A username or an e-mail address, in any case.
    login: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "mtr_AZVAY-_IHBmmBKqUuN7U-AGVQGPvykP8…" }))]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// Sign in
///
/// Attempts are counted per login and per address within a quarter of an hour; signing in clears the login's count.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "accounts", request_body = SignIn,
    responses(
        (status = 201, description = "A session", body = SessionTokens),
        (status = 401, description = "`bad_login`: the same for an unknown login and for a wrong password"),
        (status = 429, description = "`too_many_attempts`: for this login or from this address"),
    )
)]
pub(crate) async fn sign_in(
    AxumState(state): AxumState<State>,
    address: ClientAddress,
    Json(body): Json<SignIn>,
) -> Result<Created<SessionTokens>, Problem> {
    let accounts = &state.app.store.accounts;
    let typed = &body.login[..body.login.floor_char_boundary(MAX_LOGIN + 1)];
    let login_key = login_key(typed);
    let attempts = limits::login(&login_key);
    limits::count(&state, &[attempts.clone(), limits::address(address)]).await?;

    let is_possible = !login_key.is_empty() && login_key.len() <= MAX_LOGIN;
    let login = if is_possible { accounts.login(&login_key).await? } else { None };
    let hash = login.as_ref().map(|login| login.password_hash.clone());
    let is_right = state.passwords.verify(Password::given(&body.password), hash).await?;
    let Some(login) = login.filter(|_| is_right) else { return Err(bad_login()) };

    let now = state.app.clock.now();
    let (session, refresh_token) = tokens::new_session(login.account.id, login.password_version, now);
    let issued = tokens::issue(&state.signer, login.account, &refresh_token, now).await?;
    accounts.open_session(&session, &attempts, now).await.map_err(|error| match error {
        OpenError::Changed => bad_login(),
        OpenError::Store(error) => error.into(),
    })?;
    Ok(Created { location: "/v1/me".to_owned(), body: issued })
}

fn bad_login() -> Problem {
    Problem::new(Code::BAD_LOGIN, "Check the username or e-mail address and the password.")
}

/// Renew a session
///
/// Answers a new pair of tokens. A refresh token works once: whoever uses one again, even at the same moment, ends the
/// session and all its tokens, because two parties hold what only one should.
#[utoipa::path(
    post, path = "/v1/sessions/refresh", tag = "accounts", request_body = Refresh,
    responses(
        (status = 200, description = "A new pair of tokens of the same session", body = SessionTokens),
        (
            status = 401,
            description = "`bad_refresh_token`: unknown, expired, or its session has ended; `refresh_token_reused`: \
                           it was used before, and the session has ended now",
        ),
    )
)]
pub(crate) async fn refresh(
    AxumState(state): AxumState<State>,
    Json(body): Json<Refresh>,
) -> Result<JsonBody<SessionTokens>, Problem> {
    let token: RefreshToken = body.refresh_token.parse().map_err(|_| bad_refresh_token())?;
    let (account, session) = current(&state, &token).await?;
    let now = state.app.clock.now();
    let next = RefreshToken { secret: tokens::new_secret(), ..token.clone() };
    let rotation = Rotation {
        secret_hash: next.secret.hash(),
        refreshed_at: now,
        expires_at: now.plus(REFRESH_TOKEN_LIFE),
    };
    let issued = tokens::issue(&state.signer, account, &next, now).await?;
    match state.app.store.accounts.rotate_session(&session, &rotation).await {
        Ok(()) => Ok(JsonBody(issued)),
        Err(OpenError::Store(error)) => Err(error.into()),
        // Somebody else was faster with this token, or the account changed: reading again tells which.
        Err(OpenError::Changed) => match current(&state, &token).await {
            Err(problem) => Err(problem),
            Ok(_) => Err(Problem::unavailable("a session changed back while its token was used")),
        },
    }
}

/// The session whose good refresh token this is, with its account. A session whose token was used before is ended.
async fn current(state: &State, token: &RefreshToken) -> Result<(Account, Session), Problem> {
    let RefreshToken { account_id, session_id, family, secret } = token;
    let found = state.app.store.accounts.session(*account_id, *session_id).await?;
    let now = state.app.clock.now();
    let is_ours = |session: &Session| session.family_hash.matches(family) && session.info.expires_at > now;
    let (account, session) = found.filter(|(_, session)| is_ours(session)).ok_or_else(bad_refresh_token)?;
    if session.secret_hash.matches(secret) {
        return Ok((account, session));
    }
    let revocation = state.app.store.accounts.close_session(*account_id, *session_id, now).await?;
    state.app.auth.note_revoked(revocation);
    tracing::warn!(account.id = %account_id, session.id = %session_id, "a refresh token was used twice");
    Err(Problem::new(Code::REFRESH_TOKEN_REUSED, "Sign in again; every token of this session has ended."))
}

fn bad_refresh_token() -> Problem {
    Problem::new(Code::BAD_REFRESH_TOKEN, "Sign in again with POST /v1/sessions.")
}

/// Sign out
///
/// Ends the session of the access token, with all its tokens.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 403, description = "`session_required`: an API key has no session"),
    )
)]
pub(crate) async fn sign_out(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<NoContent, Problem> {
    let session_id = identity.session()?;
    let now = state.app.clock.now();
    let revocation = state.app.store.accounts.close_session(identity.account_id, session_id, now).await?;
    state.app.auth.note_revoked(revocation);
    Ok(NoContent)
}
