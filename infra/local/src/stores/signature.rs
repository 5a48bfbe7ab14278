//! Who signed a request, and with which secret: AWS Signature Version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Whether a request without a query was signed with this secret in its headers. When it was signed is not looked at.
pub(super) fn is_signed(secret: &str, request: &Parts, body: &[u8]) -> bool {
    check(secret, request, body).is_some()
}

fn check(secret: &str, request: &Parts, body: &[u8]) -> Option<()> {
    let headers = &request.headers;
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let fields = text("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name));
    let signed_headers = field("SignedHeaders=")?;
    let (_, scope) = field("Credential=")?.split_once('/')?;
    let signature = bytes_of_hex(field("Signature=")?)?;

    let mut canonical =
        format!("{}\n{}\n{}\n", request.method, request.uri.path(), request.uri.query().unwrap_or_default());
    for name in signed_headers.split(';') {
        canonical += &format!("{name}:{}\n", text(name)?.trim());
    }
    canonical += &format!("\n{signed_headers}\n{}", hex(&Sha256::digest(body)));
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        text("x-amz-date")?,
        hex(&Sha256::digest(canonical.as_bytes()))
    );

    // The scope is a day, a region, a service and a constant, each of which the key is derived with.
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part)?.finalize().into_bytes().to_vec();
    }
    // In constant time.
    mac(&key, &to_sign)?.verify_slice(&signature).ok()
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    Some(Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

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

    fn request(authorization: &str) -> Parts {
        let request = axum::http::Request::get("/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("range", "bytes=0-9")
            .header("x-amz-content-sha256", hex(&Sha256::digest(b"")))
            .header("x-amz-date", "20130524T000000Z")
            .header("authorization", authorization);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_signature_is_that_of_the_example_in_the_documentation() {
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, "GET Object".
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let good = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                    SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                    Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(is_signed(secret, &request(good), b""));
        assert!(!is_signed(secret, &request(good), b"another body"));
        assert!(!is_signed("another secret", &request(good), b""));
        for bad in [
            &good.replace("f0e8", "f0e9"),
            &good.replace("20130524/", "20130525/"),
            &good.replace("SignedHeaders=host;range;", "SignedHeaders=host;"),
            &good.replace("Signature=f0", "Signature="),
            &good.replace("Signature=", "Signature=ü"),
            "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
            "Bearer f0e8",
            "",
        ] {
            assert!(!is_signed(secret, &request(bad), b""), "{bad}");
        }
    }

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
