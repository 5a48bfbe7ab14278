//! API keys of the caller's account.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::account::{ApiKey, ApiToken, Username};
use mixtape_domain::{KeyId, Timestamp};
use mixtape_http::{Code, Created, Identity, Json, NoContent, Page, Paging, PagingParams, Path, Problem};
use mixtape_store::accounts::{AddKeyError, KeyRecord};
use serde::{Deserialize, Serialize};

use crate::me::account_gone;
use crate::state::State;
use crate::tokens;

/// How many keys an account can have. Its removal deletes them in one transaction.
const MAX_KEYS: usize = 20;
/// The list that a cursor belongs to.
const LIST: &str = "keys";

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Car stereo", "expires_at": "2027-11-21T00:00:00.000Z" }))]
pub(crate) struct NewKey {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// In the future; without it, the key is good until it is deleted.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A new API key; the only time that the key itself is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({
    "id": "01KAGR41C3M7T2Z9V5B8NQ4K6W",
    "name": "Car stereo",
    "created_at": "2026-11-21T09:30:00.000Z",
    "expires_at": null,
    "key": "mtk_AZVAY-_IHBmmBKqUuN7U-AGVQGPvykP8…",
}))]
pub(crate) struct ShownKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// Send it as `Authorization: Bearer`.
    key: String,
}

/// My API keys
#[utoipa::path(
    get, path = "/v1/me/keys", tag = "accounts", security(("bearer" = [])), params(PagingParams),
    responses((status = 200, description = "The keys without their secrets, oldest first", body = Page<ApiKey>))
)]
pub(crate) async fn list(
    AxumState(state): AxumState<State>,
    identity: Identity,
    paging: Paging,
) -> Result<JsonBody<Page<ApiKey>>, Problem> {
    let after = paging.after(LIST)?;
    let accounts = &state.app.store.accounts;
    let (keys, next) = accounts.api_keys(identity.account_id, after.as_deref(), paging.limit()).await?;
    Ok(JsonBody(Page::new(keys, next.as_deref(), LIST)))
}

/// Make an API key
///
/// It acts for the account in everything but the account itself: it cannot make or delete keys, change the account,
/// or delete it, and an admin's key is not an admin.
#[utoipa::path(
    post, path = "/v1/me/keys", tag = "accounts", security(("bearer" = [])), request_body = NewKey,
    responses(
        (status = 201, description = "The key, shown this once", body = ShownKey),
        (status = 403, description = "`session_required`: not with an API key"),
        (status = 409, description = "`too_many_keys`: an account has at most 20"),
    )
)]
pub(crate) async fn create(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Json(new): Json<NewKey>,
) -> Result<Created<ShownKey>, Problem> {
    identity.session()?;
    let account_id = identity.account_id;
    let api_key = ApiKey::new(&new.name, new.expires_at, state.app.clock.now())?;
    let token = ApiToken { account_id, key_id: api_key.id, secret: tokens::new_secret() };
    let username: Username = identity.username.parse().map_err(Problem::internal)?;
    let secret_hash = token.secret.hash();
    let record = KeyRecord { key: api_key.clone(), account_id, username, secret_hash };
    match state.app.store.accounts.add_api_key(&record, MAX_KEYS).await {
        Ok(()) => {}
        Err(AddKeyError::TooMany) => {
            return Err(Problem::conflict(Code::TOO_MANY_KEYS, "Delete one that you do not use."));
        }
        Err(AddKeyError::Gone) => return Err(account_gone()),
        Err(AddKeyError::Store(error)) => return Err(error.into()),
    }
    let location = format!("/v1/me/keys/{}", api_key.id);
    Ok(Created { location, body: ShownKey { api_key, key: token.to_string() } })
}

/// Delete an API key
///
/// It is refused from the next request on.
#[utoipa::path(
    delete, path = "/v1/me/keys/{id}", tag = "accounts", security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "The key is gone"),
        (status = 403, description = "`session_required`: not with an API key"),
    )
)]
pub(crate) async fn delete(
    AxumState(state): AxumState<State>,
    identity: Identity,
    Path(key_id): Path<KeyId>,
) -> Result<NoContent, Problem> {
    identity.session()?;
    let was_there = state.app.store.accounts.remove_api_key(identity.account_id, key_id).await?;
    if was_there { Ok(NoContent) } else { Err(Problem::not_found()) }
}
