//! Request bodies: JSON, read strictly.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use mixtape_domain::Invalid;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::{Code, Problem};

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// The longest part of a parser's message that is passed on, in bytes: it may quote what was sent.
const MAX_MESSAGE: usize = 200;

const NOT_AN_OBJECT: &str = "must be a JSON object";

/// A JSON body as a value of type `T`. Another content type is a 415, text that is not JSON a 400, and JSON that is
/// not a `T` a 422 that names the field.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, "Send `Content-Type: application/json`."));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// The largest picture that is read, in bytes: as base64 it fits Lambda's 6 MB.
pub const MAX_IMAGE_BYTES: usize = 4 * 1024 * 1024;

/// The bytes of a body, up to [`MAX_BODY_BYTES`].
#[derive(Debug, Clone)]
pub struct RawBody(pub Bytes);

/// The bytes of a picture, up to [`MAX_IMAGE_BYTES`]. Another content type is a 415.
#[derive(Debug, Clone)]
pub struct ImageBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for ImageBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let is_image = media_type.starts_with("image/") || media_type == "application/octet-stream";
        if !is_image {
            let detail = "Send the picture itself as the body, with `Content-Type: image/jpeg`, for example.";
            return Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        read(request, MAX_IMAGE_BYTES, "send a smaller picture").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request, MAX_BODY_BYTES, "split the work into several requests").await.map(Self)
    }
}

/// The bytes of a body; `advice` says what to do about one that is too long.
async fn read(request: Request, limit: usize, advice: &str) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BODY_TOO_LARGE, format!("Send at most {limit} bytes; {advice}."));
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    // The body is cut one byte beyond the limit, so that "too long" can be told from "broken off".
    match axum::body::to_bytes(request.into_body(), limit).await {
        Ok(bytes) => Ok(bytes),
        Err(error) if is_length_error(&error) => Err(too_large()),
        Err(_) => Err(Problem::malformed("The body broke off before its end.")),
    }
}

fn is_length_error(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.to_string().contains("length limit exceeded"))
}

/// `application/json`, or a type of JSON's family such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Reads one value of a body that holds many, so that a wrong one does not spoil the others.
///
/// # Errors
/// The field that is not what it must be.
pub fn parse_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Vec<Invalid>> {
    if !value.is_object() {
        return Err(vec![Invalid::new("body", NOT_AN_OBJECT)]);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        vec![field_error(&path, &error.into_inner().to_string())]
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Whether it is JSON at all comes first: serde_json reports some values of the wrong type as wrong syntax.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| {
        Problem::malformed(format!("The body is not JSON: {}.", shortened(&error.to_string())))
    })?;
    // Serde would read a list as the fields of a struct in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid_field("body", NOT_AN_OBJECT));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        Problem::invalid(vec![field_error(&path, &error.into_inner().to_string())])
    })
}

/// Turns a message of serde into a field and a message. An unknown or missing field is named in the message only.
pub(crate) fn field_error(path: &str, message: &str) -> Invalid {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let parent = if path == "." { "" } else { path };
    for (start, text) in [
        ("unknown field `", "is not a field that can be sent"),
        ("missing field `", "is required"),
        ("duplicate field `", "was sent twice"),
    ] {
        if let Some((name, _)) = message.strip_prefix(start).and_then(|rest| rest.split_once('`')) {
            let name = shortened(name);
            // A serde path of an unknown field ends in the field itself or in its parent, depending on the parser.
            let is_in_path = parent == name || parent.ends_with(&format!(".{name}"));
            let field = match (parent.is_empty(), is_in_path) {
                (_, true) => parent.to_owned(),
                (true, false) => name,
                (false, false) => format!("{parent}.{name}"),
            };
            return Invalid::new(shortened(&field), text);
        }
    }
    let field = if parent.is_empty() { "body" } else { parent };
    Invalid::new(shortened(field), shortened(message))
}

fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_MESSAGE)].to_owned()
}
