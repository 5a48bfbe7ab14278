//! A picture in the form that somebody asks for.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mixtape_domain::ImageId;
use mixtape_domain::media::{ImageFormat, Rendition, RenditionRequest};
use mixtape_http::{App, Path, Problem, Query};

use crate::keep::refused;

/// Read a picture
///
/// What is answered under an address never changes. The id is a capability: it cannot be guessed, and who has it may
/// see the picture.
#[utoipa::path(
    get, path = "/v1/images/{id}", tag = "images", security(()), params(("id" = String, Path), RenditionRequest),
    responses((status = 200, description = "The picture", content(
        (Vec<u8> = "image/webp"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")
    )))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<ImageId>,
    Query(request): Query<RenditionRequest>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let rendition = request.check(accepted(&headers))?;
    let bytes = mixtape_pictures::rendition(&app.store, id, rendition).await.map_err(refused)?;
    Ok(picture(bytes.ok_or_else(Problem::not_found)?, rendition, mixtape_pictures::IMMUTABLE))
}

/// What the caller can show: WebP where it names it and likes JPEG no better, JPEG otherwise
/// ([RFC 9110, section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).
pub(crate) fn accepted(headers: &HeaderMap) -> ImageFormat {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = accept.flat_map(|text| text.split(',')).map(weighted).collect();
    let weight = |kind: &str| ranges.iter().find(|(range, _)| range == kind).map(|(_, weight)| *weight);
    let webp = weight("image/webp").unwrap_or(0.0);
    let takes_webp = webp > 0.0 && webp >= weight("image/jpeg").unwrap_or(0.0);
    if takes_webp { ImageFormat::Webp } else { ImageFormat::Jpeg }
}

/// A media range in lower case, and how much it is liked, from 0 to 1.
fn weighted(range: &str) -> (String, f32) {
    let range = range.to_ascii_lowercase();
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_owned();
    let quality =
        parts.find_map(|parameter| parameter.split_once('=').filter(|(name, _)| name.trim() == "q"));
    (kind, quality.and_then(|(_, weight)| weight.trim().parse().ok()).unwrap_or(1.0))
}

pub(crate) fn picture(bytes: Vec<u8>, rendition: Rendition, cache_control: &'static str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(rendition.format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webp_is_answered_to_who_takes_it() {
        for (accept, expected) in [
            ("image/avif,image/webp,*/*;q=0.8", ImageFormat::Webp),
            ("image/webp;q=0.5, image/jpeg", ImageFormat::Jpeg),
            ("image/webp;q=0", ImageFormat::Jpeg),
            ("IMAGE/WEBP; Q = 0.5", ImageFormat::Webp),
            ("image/webp; q = 0.000", ImageFormat::Jpeg),
            ("image/webp;q=0.1,image/jpeg;q=1", ImageFormat::Jpeg),
            ("*/*", ImageFormat::Jpeg),
            ("text/html", ImageFormat::Jpeg),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), ImageFormat::Jpeg);
    }
}
