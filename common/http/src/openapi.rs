//! The OpenAPI documents of the functions, completed by rule and merged.
//!
//! Handlers name their success and the problems that are theirs alone. What every route of a kind can answer is added
//! here: with a body 400, 413, 415 and 422; with an identity 401; and so on.

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AnyOf, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, HeaderBuilder, InfoBuilder, KnownFormat, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Response, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::Code;
use crate::problem::ProblemBody;

/// The name of the security scheme; routes that need an identity say `security(("bearer" = []))`.
const BEARER: &str = "bearer";

/// One document of the documents of all functions, complete and in a stable order.
pub fn merge(documents: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Mixtape")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A music backend that a person owns. Times are RFC 3339 UTC with milliseconds, durations are integers in \
             milliseconds, ids are opaque. Lists take `limit` and `cursor`. `PATCH` is JSON merge patch: absent means \
             unchanged, null clears. Errors are problem details (RFC 9457) with a `code` for programs.",
        ))
        .license(Some(utoipa::openapi::License::new("MIT")))
        .build();
    let mut merged = OpenApiBuilder::new().info(info).build();
    for document in documents {
        merged.merge(document);
    }
    let components = merged.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of a session, or an API key."))
        .build();
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(bearer).into());
    let mut schemas = vec![("Problem".to_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for schema in components.schemas.values_mut() {
        overlap(schema);
    }
    for item in merged.paths.paths.values_mut() {
        let with_body = [&mut item.post, &mut item.put, &mut item.patch];
        let without_body = [&mut item.get, &mut item.delete];
        for operation in with_body.into_iter().chain(without_body).flatten() {
            complete(operation);
        }
    }
    merged
}

/// Variants that are told apart by what they have, and not by a field that says which one it is, may hold one another: an
/// album has everything that an artist has. So more than one may match.
fn overlap(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::OneOf(one)) = schema
        && one.discriminator.is_none()
    {
        let mut any = AnyOf::new();
        any.items = std::mem::take(&mut one.items);
        any.description = one.description.take();
        any.example = one.example.take();
        *schema = RefOr::T(Schema::AnyOf(any));
    }
}

/// Bytes of a picture or a sound are bytes, and not the list of numbers that they are in Rust.
fn show_bytes<'a>(contents: impl IntoIterator<Item = (&'a String, &'a mut RefOr<Content>)>) {
    for (media_type, content) in contents {
        let RefOr::T(content) = content else { continue };
        if media_type.starts_with("image/") || media_type.starts_with("audio/") {
            let bytes = ObjectBuilder::new().schema_type(Type::String);
            let bytes = bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            content.schema = Some(bytes.into());
        }
    }
}

fn complete(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        show_bytes(&mut body.content);
    }
    let mut codes = vec![Code::INTERNAL, Code::UNAVAILABLE];
    if let Some(RefOr::T(body)) = &operation.request_body {
        codes.extend([Code::MALFORMED, Code::BODY_TOO_LARGE, Code::UNSUPPORTED_MEDIA_TYPE]);
        if body.content.keys().any(|media_type| media_type.ends_with("json")) {
            codes.push(Code::INVALID);
        }
    }
    if let Some(security) = &operation.security {
        codes.extend([Code::INVALID_TOKEN, Code::TOKEN_EXPIRED]);
        if !security.contains(&SecurityRequirement::default()) {
            codes.push(Code::UNAUTHENTICATED);
        }
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        match parameter.parameter_in {
            ParameterIn::Path => codes.push(Code::NOT_FOUND),
            ParameterIn::Query => codes.push(Code::INVALID),
            _ => {}
        }
    }
    for code in codes {
        add(operation, code);
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        show_bytes(&mut response.content);
        if response.content.is_empty() && status.as_str() >= "400" {
            response.content = problem_response(StatusCode::default()).content;
        }
    }
}

/// Adds a code to the response of its status. Handlers name theirs in the description, in back-quotes.
fn add(operation: &mut Operation, code: Code) {
    let entry = operation.responses.responses.entry(code.status.as_u16().to_string());
    let response = entry.or_insert_with(|| RefOr::T(problem_response(code.status)));
    let RefOr::T(response) = response else { return };
    let name = format!("`{}`", code.name);
    if !response.description.contains(&name) {
        let separator = if response.description.is_empty() { "" } else { "; " };
        response.description.push_str(&format!("{separator}{name}: {}", code.title));
    }
}

fn problem_response(status: StatusCode) -> Response {
    let schema = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut builder = ResponseBuilder::new().content("application/problem+json", schema);
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        let header = HeaderBuilder::new().description(Some("Seconds to wait before the next try.")).build();
        builder = builder.header("retry-after", header);
    }
    builder.build()
}
