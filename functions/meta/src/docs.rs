//! The API reference: Swagger UI, served from the binary, so that the page needs no other host.

use std::sync::Arc;

use axum::http::header;
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use mixtape_http::{Path, Problem};
use utoipa_swagger_ui::Config;

/// Nothing but this host. Swagger UI sets styles on elements and shows its icons as data.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Mixtape API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/reference.js"></script>
  </body>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"##;

/// Read the API reference
#[utoipa::path(
    get, path = "/docs", tag = "meta",
    responses((status = 200, description = "A page for people", content_type = "text/html"))
)]
pub(crate) async fn page() -> Response {
    (AppendHeaders([(header::CONTENT_SECURITY_POLICY, POLICY)]), Html(PAGE)).into_response()
}

/// A file of the API reference
#[utoipa::path(
    get, path = "/docs/{file}", tag = "meta", params(("file" = String, Path)),
    responses((status = 200, description = "Script or style", content_type = "text/javascript"))
)]
pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    if name == "reference.js" {
        return Ok(([(header::CONTENT_TYPE, "text/javascript")], START).into_response());
    }
    if !matches!(name.as_str(), "swagger-ui.css" | "swagger-ui-bundle.js") {
        return Err(Problem::not_found());
    }
    let file = utoipa_swagger_ui::serve(&name, Arc::new(Config::from("/v1/openapi.json")))
        .map_err(|error| Problem::internal(error.to_string()))?
        .ok_or_else(Problem::not_found)?;
    let mut response = ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("public, max-age=86400"));
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
