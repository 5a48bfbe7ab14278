//! The photo of an account.

use axum::Json as JsonBody;
use axum::extract::State;
use mixtape_domain::ImageId;
use mixtape_domain::account::Account;
use mixtape_http::{App, Identity, ImageBody, NoContent, Problem};
use mixtape_store::accounts::ChangeError;

use crate::keep::{ATTEMPTS, keep, vanished};

/// Set my photo
///
/// The body is the picture itself: JPEG, PNG, WebP or a still GIF, at most 4 MiB and 25 megapixels.
#[utoipa::path(
    put, path = "/v1/me/photo", tag = "accounts", security(("bearer" = [])),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 422, description = "`bad_image`"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    identity: Identity,
    body: ImageBody,
) -> Result<JsonBody<Account>, Problem> {
    // API keys act for their account but never on it.
    identity.session()?;
    for _ in 0..ATTEMPTS {
        let image = keep(&app, &identity, &body).await?;
        if let Some(account) = show(&app, &identity, Some(image)).await? {
            return Ok(JsonBody(account));
        }
    }
    Err(vanished())
}

/// Take my photo away
#[utoipa::path(
    delete, path = "/v1/me/photo", tag = "accounts", security(("bearer" = [])),
    responses((status = 204, description = "The account has no photo now"))
)]
pub(crate) async fn delete(State(app): State<App>, identity: Identity) -> Result<NoContent, Problem> {
    identity.session()?;
    for _ in 0..ATTEMPTS {
        if show(&app, &identity, None).await?.is_some() {
            return Ok(NoContent);
        }
    }
    Err(vanished())
}

/// The account after it, or `None` when it is to be tried again.
async fn show(app: &App, identity: &Identity, image: Option<ImageId>) -> Result<Option<Account>, Problem> {
    match app.store.accounts.set_photo(identity.account_id, image, app.clock.now()).await {
        Ok(Some(account)) => Ok(Some(account)),
        // Deleted, and its token is not yet known to be worthless.
        Ok(None) => Err(Problem::not_found()),
        Err(ChangeError::Store(error)) => Err(error.into()),
        Err(ChangeError::Changed | ChangeError::EmailTaken | ChangeError::SessionEnded) => Ok(None),
    }
}
