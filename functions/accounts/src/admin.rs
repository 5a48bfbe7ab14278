//! The operator's command: who is an admin. It comes by a direct invocation, which IAM protects, or from the
//! command line of the local stack.

use lambda_http::lambda_runtime::Diagnostic;
use mixtape_domain::account::{Account, Username};
use mixtape_http::App;
use mixtape_store::StoreError;
use mixtape_store::accounts::ChangeError;
use serde::Deserialize;
use serde_json::{Value, json};

/// How often the command starts over when the account changes under it.
const ATTEMPTS: usize = 3;

/// Makes an account an admin, or an ordinary one again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminCommand {
    pub username: String,
    pub grant: bool,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("there is no account of that name")]
    UnknownAccount,
    #[error("the event is neither an HTTP API event nor a command: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdminError> for Diagnostic {
    fn from(error: AdminError) -> Self {
        let error_type = match &error {
            AdminError::UnknownAccount => "UnknownAccount",
            AdminError::Malformed(_) => "Malformed",
            AdminError::Store(_) => "Retryable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Carries out the command. New tokens say so: who becomes an admin renews the session, and who is none any more has
/// to, because the access tokens of before are revoked.
///
/// # Errors
/// There is no such account, or a store is away.
pub async fn admin(app: &App, command: &AdminCommand) -> Result<Account, AdminError> {
    let username: Username = command.username.parse().map_err(|_| AdminError::UnknownAccount)?;
    for _ in 0..ATTEMPTS {
        let login = app.store.accounts.login(&username.key()).await?.ok_or(AdminError::UnknownAccount)?;
        let now = app.clock.now();
        match app.store.accounts.set_admin(&login, command.grant, now).await {
            Ok(revocation) => {
                if let Some(revocation) = revocation {
                    app.auth.note_revoked(revocation);
                }
                tracing::info!(account.id = %login.account.id, is_admin = command.grant, "admin changed");
                return Ok(Account { is_admin: command.grant, updated_at: now, ..login.account });
            }
            Err(ChangeError::Store(error)) => return Err(error.into()),
            Err(ChangeError::Changed | ChangeError::EmailTaken | ChangeError::SessionEnded) => {}
        }
    }
    Err(StoreError::Contended("the account kept changing".into()).into())
}

/// What a direct invocation carries: `{"admin": {"username": "nina", "grant": true}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invocation {
    admin: AdminCommand,
}

/// Handles a direct invocation.
///
/// # Errors
/// The event is not a command, there is no such account, or a store is away.
pub async fn invoke(app: App, event: Value) -> Result<Value, AdminError> {
    let Invocation { admin: command } = serde_json::from_value(event)?;
    let account = admin(&app, &command).await?;
    Ok(json!({ "account": { "id": account.id, "username": account.username, "is_admin": account.is_admin } }))
}
