//! Who signed a request.

use axum::http::{HeaderMap, Uri, header};

/// The access key that a request was signed with, in its headers or, when it was presigned, in its address. Whether the
/// signature is right is not looked at.
pub fn access_key(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let signed = authorization.and_then(|text| text.split("Credential=").nth(1));
    let presigned = || uri.query()?.split('&').find_map(|part| part.strip_prefix("X-Amz-Credential="));
    signed.or_else(presigned)?.split(['/', '%']).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_the_headers_or_in_the_address() {
        let uri = Uri::from_static(
            "http://localhost/bucket/key?X-Amz-Credential=tracks%2F20261121%2Fus-east-1&a=b",
        );
        let mut headers = HeaderMap::new();
        assert_eq!(access_key(&headers, &Uri::from_static("http://localhost/bucket/key?a=b")), None);
        assert_eq!(access_key(&headers, &uri).as_deref(), Some("tracks"));
        let text = "AWS4-HMAC-SHA256 Credential=ingest/20261121/us-east-1/s3/aws4_request, Signature=0";
        headers.insert(header::AUTHORIZATION, text.parse().unwrap());
        assert_eq!(access_key(&headers, &uri).as_deref(), Some("ingest"));
    }
}
