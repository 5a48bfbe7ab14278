//! Errors as the caller sees them: problem details, [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mixtape_domain::Invalid;
use mixtape_domain::playlist::{MAX_COLLABORATORS, MAX_ITEMS};
use mixtape_store::StoreError;
use mixtape_store::playlists::PlaylistError;
use mixtape_store::tracks::EditError;
use serde::Serialize;

/// What went wrong, for programs. Each code has one status and one title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub status: StatusCode,
    pub name: &'static str,
    pub title: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $status:ident $name:literal $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $constant: Self =
                Self { status: StatusCode::$status, name: $name, title: $title };)*

            /// Every code that there is.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

codes! {
    MALFORMED = BAD_REQUEST "malformed" "The request cannot be read";
    UNAUTHENTICATED = UNAUTHORIZED "unauthenticated" "An identity is needed";
    INVALID_TOKEN = UNAUTHORIZED "invalid_token" "The token is not good";
    TOKEN_EXPIRED = UNAUTHORIZED "token_expired" "The token has expired";
    BAD_LOGIN = UNAUTHORIZED "bad_login" "The login or the password is wrong";
    BAD_REFRESH_TOKEN = UNAUTHORIZED "bad_refresh_token" "The refresh token is not good";
    REFRESH_TOKEN_REUSED = UNAUTHORIZED "refresh_token_reused" "The refresh token was used before";
    FORBIDDEN = FORBIDDEN "forbidden" "This is not yours to do";
    REGISTRATION_CLOSED = FORBIDDEN "registration_closed" "New accounts cannot be made here";
    SESSION_REQUIRED = FORBIDDEN "session_required" "This needs a session and not an API key";
    NOT_FOUND = NOT_FOUND "not_found" "There is no such thing";
    NO_AUDIO = NOT_FOUND "no_audio" "The track has no sound";
    NO_COVER = NOT_FOUND "no_cover" "There is no cover to show";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed" "This method is not for this path";
    USERNAME_TAKEN = CONFLICT "username_taken" "The username is taken";
    EMAIL_TAKEN = CONFLICT "email_taken" "The e-mail address is taken";
    TOO_MANY_KEYS = CONFLICT "too_many_keys" "There are too many API keys";
    TOO_MANY_COLLABORATORS = CONFLICT "too_many_collaborators" "There are too many collaborators";
    PLAYLIST_FULL = CONFLICT "playlist_full" "The playlist is full";
    LIST_REPLACED = CONFLICT "list_replaced" "The list was replaced while it was read";
    STORAGE_FULL = CONFLICT "storage_full" "There is no room for the file";
    TOO_MANY_UPLOADS = CONFLICT "too_many_uploads" "Too many uploads are open";
    UPLOAD_ENDED = CONFLICT "upload_ended" "Something has become of the upload";
    PARTS_MISSING = CONFLICT "parts_missing" "Parts of the file are missing";
    STALE_REVISION = PRECONDITION_FAILED "stale_revision" "Somebody changed it first";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "body_too_large" "The body is too large";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is of the wrong type";
    INVALID = UNPROCESSABLE_ENTITY "invalid" "Some values are not good";
    BAD_IMAGE = UNPROCESSABLE_ENTITY "bad_image" "The picture cannot be used";
    RANGE_NOT_SATISFIABLE = RANGE_NOT_SATISFIABLE "range_not_satisfiable" "The range lies outside";
    TOO_MANY_ATTEMPTS = TOO_MANY_REQUESTS "too_many_attempts" "There were too many attempts";
    ANSWER_TOO_LARGE = UNPROCESSABLE_ENTITY "answer_too_large" "The answer would be too large";
    INTERNAL = INTERNAL_SERVER_ERROR "internal" "Something is broken on our side";
    UNAVAILABLE = SERVICE_UNAVAILABLE "unavailable" "A part of the service is away";
    CONTENDED = SERVICE_UNAVAILABLE "contended" "Too many write to this at once";
}

/// An error on its way to the caller. `finish` renders it with the request's id.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<Invalid>,
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

/// The body of a problem response.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "about:blank", "title": "Some values are not good", "status": 422,
    "detail": "limit must be 1 to 100", "code": "invalid", "request_id": "01JD6Y3Q5R8WZ0V4C2B7M9N1XK",
    "errors": [{ "field": "limit", "message": "must be 1 to 100" }]
}))]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: `code` says which problem it is.
    r#type: String,
    /// The code in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What to do about it.
    detail: String,
    /// The problem, for programs.
    code: String,
    /// The request's id, as in the header `x-request-id`.
    request_id: String,
    /// The fields that do not hold what they must.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Invalid>,
}

impl Problem {
    /// A problem of this code; `detail` tells the caller what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// There is no such thing, or the caller may not know of it.
    pub fn not_found() -> Self {
        Self::new(Code::NOT_FOUND, "Nothing is here, or you may not see it.")
    }

    /// The caller may see it but not do this with it.
    pub fn forbidden() -> Self {
        Self::new(Code::FORBIDDEN, "Only its owner or an admin may do this.")
    }

    /// No identity was sent where one is needed.
    pub fn unauthenticated() -> Self {
        Self::new(Code::UNAUTHENTICATED, "Send `Authorization: Bearer` with an access token or an API key.")
    }

    /// A conflict with what is there.
    pub fn conflict(code: Code, detail: impl Into<String>) -> Self {
        Self::new(code, detail)
    }

    /// `If-Match` names another revision than the current one.
    pub fn stale_revision() -> Self {
        Self::new(
            Code::STALE_REVISION,
            "Read it again, apply your change to what you find, and send the new revision.",
        )
    }

    /// Fields that do not hold what they must.
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        let detail = match errors.first() {
            Some(first) => format!("{} {}", first.field, first.message),
            None => "Some values are not good.".to_owned(),
        };
        Self { errors, ..Self::new(Code::INVALID, detail) }
    }

    /// One field that does not hold what it must.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Invalid::new(field, message)])
    }

    /// The request itself cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::MALFORMED, detail)
    }

    /// Too many attempts; the next one is welcome after this many seconds.
    pub fn too_many(retry_after_seconds: u64) -> Self {
        let detail = format!("Try again in {retry_after_seconds} seconds.");
        Self { retry_after: Some(retry_after_seconds), ..Self::new(Code::TOO_MANY_ATTEMPTS, detail) }
    }

    /// Something that the request needs is away for the moment.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let problem =
            Self::new(Code::UNAVAILABLE, "Try again in a moment; nothing was changed unless you read so.");
        Self { retry_after: Some(2), cause: Some(cause.into()), ..problem }
    }

    /// A bug. The cause goes to the log, never to the caller.
    pub fn internal(cause: impl Into<String>) -> Self {
        let problem = Self::new(Code::INTERNAL, "It was logged under the request's id.");
        Self { cause: Some(cause.into()), ..problem }
    }

    /// What was asked for is more than one answer can hold.
    pub fn answer_too_large() -> Self {
        Self::new(Code::ANSWER_TOO_LARGE, "Ask for less at a time: send a smaller `limit`.")
    }

    /// Which problem this is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What the log should know and the caller should not.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The response, with the request's id in it.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = ProblemBody {
            r#type: "about:blank".to_owned(),
            title: self.code.title.to_owned(),
            status: self.code.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.name.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.code.status, content_type, bytes).into_response();
        response.extensions_mut().insert(self.code);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        match error {
            StoreError::Unavailable(_) => Self::unavailable(cause),
            StoreError::Contended(_) => {
                let problem = Self::new(Code::CONTENDED, "Nothing was changed. Try again in a moment.");
                Self { retry_after: Some(1), cause: Some(cause), ..problem }
            }
            StoreError::Refused(_) | StoreError::Corrupt(_) => Self::internal(cause),
        }
    }
}

impl From<EditError<Self>> for Problem {
    fn from(error: EditError<Self>) -> Self {
        match error {
            EditError::Refused(problem) => problem,
            EditError::Store(error) => error.into(),
        }
    }
}

impl From<PlaylistError> for Problem {
    fn from(error: PlaylistError) -> Self {
        match error {
            PlaylistError::NotFound => Self::not_found(),
            PlaylistError::Forbidden => Self::new(
                Code::FORBIDDEN,
                "Only its owner may do this; its collaborators may change its items and leave.",
            ),
            PlaylistError::Stale => Self::stale_revision(),
            PlaylistError::Full => {
                Self::conflict(Code::PLAYLIST_FULL, format!("A playlist holds at most {MAX_ITEMS} items."))
            }
            PlaylistError::TooManyCollaborators => Self::conflict(
                Code::TOO_MANY_COLLABORATORS,
                format!("A playlist has at most {MAX_COLLABORATORS} collaborators."),
            ),
            PlaylistError::Replaced => {
                Self::conflict(Code::LIST_REPLACED, "Start again without a cursor to read the new list.")
            }
            PlaylistError::Invalid(errors) => Self::invalid(errors),
            PlaylistError::Store(error) => error.into(),
        }
    }
}

impl From<Vec<Invalid>> for Problem {
    fn from(errors: Vec<Invalid>) -> Self {
        Self::invalid(errors)
    }
}
