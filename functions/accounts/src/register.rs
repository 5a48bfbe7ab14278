//! Signing up.

use axum::extract::State as AxumState;
use mixtape_domain::AccountId;
use mixtape_domain::account::{Account, InsightsAccess, SignUp};
use mixtape_http::{ClientAddress, Code, Created, Json, Problem};
use mixtape_settings::Registration;
use mixtape_store::accounts::CreateError;
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::state::State;
use crate::tokens::{self, SessionTokens};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "username": "Nina", "email": "nina@example.com", "password": "correct horse battery staple"
}))]
pub(crate) struct NewAccount {
    /// 3 to 32 letters (a to z), digits, `_`, `.` and `-`. It cannot be changed later.
    #[schema(min_length = 3, max_length = 32, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{2,31}$")]
    username: String,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// 8 to 128 characters.
    #[schema(format = Password, min_length = 8, max_length = 128)]
    password: String,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NewAccountAnswer {
    account: Account,
    #[schema(inline = false)]
    session: SessionTokens,
}

/// Sign up
///
/// Makes an account and opens its first session. Usernames and e-mail addresses are unique, whatever their case.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses(
        (status = 201, description = "The account and its first session", body = NewAccountAnswer),
        (status = 403, description = "`registration_closed`: the operator makes the accounts here"),
        (status = 409, description = "`username_taken` or `email_taken`"),
        (status = 429, description = "`too_many_attempts`: from this address"),
    )
)]
pub(crate) async fn create(
    AxumState(state): AxumState<State>,
    address: ClientAddress,
    Json(new): Json<NewAccount>,
) -> Result<Created<NewAccountAnswer>, Problem> {
    let app = &state.app;
    if app.settings.registration == Registration::Closed {
        return Err(Problem::new(Code::REGISTRATION_CLOSED, "Ask the operator for an account."));
    }
    let SignUp { username, email, password } = SignUp::parse(&new.username, &new.email, &new.password)?;
    limits::count(&state, &[limits::sign_up(address)]).await?;

    let password_hash = state.passwords.hash(password).await?;
    let now = app.clock.now();
    let account = Account {
        id: AccountId::new(now),
        username,
        email,
        is_admin: false,
        photo: None,
        insights: InsightsAccess::default(),
        created_at: now,
        updated_at: now,
    };
    let (session, refresh_token) = tokens::new_session(account.id, 1, now);
    let issued = tokens::issue(&state.signer, account.clone(), &refresh_token, now).await?;
    app.store.accounts.create(&account, password_hash, &session).await.map_err(|error| match error {
        CreateError::UsernameTaken => Problem::conflict(Code::USERNAME_TAKEN, "Choose another username."),
        CreateError::EmailTaken => email_taken(),
        CreateError::Store(error) => error.into(),
    })?;
    Ok(Created { location: "/v1/me".to_owned(), body: NewAccountAnswer { account, session: issued } })
}

pub(crate) fn email_taken() -> Problem {
    Problem::conflict(Code::EMAIL_TAKEN, "Sign in to the account that has this address, or use another one.")
}
