//! The caller's own account.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::account::{Account, Email, InsightsAccess, Password};
use mixtape_domain::patch::Patch;
use mixtape_http::{Code, Identity, Json, NoContent, Problem};
use mixtape_store::accounts::{ChangeError, Login};
use serde::Deserialize;

use crate::limits;
use crate::register::email_taken;
use crate::state::State;

/// How often a change starts over when the account changes under it.
const CHANGE_ATTEMPTS: usize = 3;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "nina@example.org" }))]
pub(crate) struct AccountPatch {
    /// Absent means unchanged; an account cannot be without one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Patch<String>,
    /// Who may see the insights: `private` (nobody else) or `public` (everybody). Absent means unchanged.
    #[serde(default)]
    #[schema(value_type = Option<InsightsAccess>)]
    insights: Patch<InsightsAccess>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current": "correct horse battery staple", "new": "purple monkey dishwasher" }))]
pub(crate) struct PasswordChange {
    #[schema(format = Password)]
    current: String,
    /// 8 to 128 characters.
    #[schema(format = Password, min_length = 8, max_length = 128)]
    new: String,
}

/// Who I am
#[utoipa::path(
    get, path = "/v1/me", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, description = "The caller's account", body = Account))
)]
pub(crate) async fn get(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<JsonBody<Account>, Problem> {
    let account = state.app.store.accounts.account(identity.account_id).await?;
    account.map(JsonBody).ok_or_else(account_gone)
}

/// Change the account
///
/// JSON merge patch. The username is permanent.
#[utoipa::path(
    patch, path = "/v1/me", tag = "accounts", security(("bearer" = [])), request_body = AccountPatch,
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 403, description = "`session_required`: not with an API key"),
        (status = 409, description = "`email_taken`"),
        (status = 429, description = "`too_many_attempts`: at changing the address"),
    )
)]
pub(crate) async fn patch(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Json(patch): Json<AccountPatch>,
) -> Result<JsonBody<Account>, Problem> {
    identity.session()?;
    let email = match patch.email {
        Patch::Keep => None,
        Patch::Clear => return Err(Problem::invalid_field("email", "must not be null")),
        Patch::Set(text) => {
            Some(Email::parse(&text).map_err(|message| Problem::invalid_field("email", message))?)
        }
    };
    match patch.insights {
        Patch::Keep => {}
        Patch::Clear => return Err(Problem::invalid_field("insights", "must not be null")),
        Patch::Set(access) => set_insights(&state, &identity, access).await?,
    }
    match email {
        Some(email) => change_email(&state, &identity, &email).await.map(JsonBody),
        None => get(AxumState(state), identity).await,
    }
}

async fn set_insights(state: &State, identity: &Identity, access: InsightsAccess) -> Result<(), Problem> {
    let accounts = &state.app.store.accounts;
    for _ in 0..CHANGE_ATTEMPTS {
        let account = accounts.account(identity.account_id).await?.ok_or_else(account_gone)?;
        if account.insights == access {
            return Ok(());
        }
        match accounts.set_insights(&account, access, state.app.clock.now()).await {
            Ok(_) => return Ok(()),
            Err(ChangeError::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(contended())
}

async fn change_email(state: &State, identity: &Identity, email: &Email) -> Result<Account, Problem> {
    // Otherwise this would tell without limit which addresses have accounts.
    limits::count(state, &[limits::email(identity.account_id)]).await?;
    for _ in 0..CHANGE_ATTEMPTS {
        let login = own_login(state, identity).await?;
        if login.account.email == *email {
            return Ok(login.account);
        }
        match state.app.store.accounts.change_email(&login, email, state.app.clock.now()).await {
            Ok(account) => return Ok(account),
            Err(ChangeError::EmailTaken) => return Err(email_taken()),
            Err(ChangeError::SessionEnded) => return Err(account_gone()),
            Err(ChangeError::Store(error)) => return Err(error.into()),
            Err(ChangeError::Changed) => {}
        }
    }
    Err(contended())
}

/// Change the password
///
/// All other sessions of the account end; this one and the API keys stay. A wrong current password counts as an
/// attempt.
#[utoipa::path(
    put, path = "/v1/me/password", tag = "accounts", security(("bearer" = [])), request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is changed, and the other sessions have ended"),
        (status = 403, description = "`session_required`: not with an API key"),
        (status = 422, description = "`invalid`: `current` is not the password, or `new` cannot be one"),
        (status = 429, description = "`too_many_attempts`: at the current password"),
    )
)]
pub(crate) async fn change_password(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Json(change): Json<PasswordChange>,
) -> Result<NoContent, Problem> {
    let session_id = identity.session()?;
    let new = Password::parse(&change.new).map_err(|message| Problem::invalid_field("new", message))?;
    let attempts = limits::password(identity.account_id);
    limits::count(&state, std::slice::from_ref(&attempts)).await?;
    for _ in 0..CHANGE_ATTEMPTS {
        let login = own_login(&state, &identity).await?;
        let current = Password::given(&change.current);
        if !state.passwords.verify(current, Some(login.password_hash.clone())).await? {
            return Err(Problem::invalid_field("current", "is not your password"));
        }
        let hash = state.passwords.hash(new.clone()).await?;
        let now = state.app.clock.now();
        match state.app.store.accounts.change_password(&login, hash, session_id, &attempts, now).await {
            Ok(revocation) => {
                state.app.auth.note_revoked(revocation);
                return Ok(NoContent);
            }
            Err(ChangeError::SessionEnded) => return Err(account_gone()),
            Err(ChangeError::Store(error)) => return Err(error.into()),
            Err(ChangeError::Changed | ChangeError::EmailTaken) => {}
        }
    }
    Err(contended())
}

/// Delete the account
///
/// Its name and its e-mail address are free at once, and its sessions and API keys end. Its tracks and playlists
/// follow within moments.
#[utoipa::path(
    delete, path = "/v1/me", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 403, description = "`session_required`: not with an API key"),
    )
)]
pub(crate) async fn delete(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<NoContent, Problem> {
    identity.session()?;
    let removed = state.app.store.accounts.remove(identity.account_id, state.app.clock.now()).await?;
    state.app.auth.note_revoked(removed.ok_or_else(account_gone)?);
    Ok(NoContent)
}

/// The sign-in item of the caller's account. The name may have gone to another account since the token was issued.
async fn own_login(state: &State, identity: &Identity) -> Result<Login, Problem> {
    let login = state.app.store.accounts.login(&identity.username.to_ascii_lowercase()).await?;
    login.filter(|login| login.account.id == identity.account_id).ok_or_else(account_gone)
}

/// The token is good, and what it stands for is not there any more.
pub(crate) fn account_gone() -> Problem {
    Problem::new(Code::INVALID_TOKEN, "The account or the session of this token is gone.")
}

fn contended() -> Problem {
    mixtape_store::StoreError::Contended("the account kept changing".into()).into()
}
