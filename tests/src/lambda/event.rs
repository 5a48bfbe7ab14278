//! Events as the HTTP API makes them
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// A request as a function gets it: its method, its path with a query, a token that may be empty, and what is sent, with
/// its content type. Its id is `gateway-` and the method.
pub fn http_event(method: &str, target: &str, token: &str, body: Option<(&str, &[u8])>) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let domain = "example.execute-api.us-east-1.amazonaws.com";
    let mut event = json!({
        "version": "2.0", "routeKey": format!("ANY {path}"), "rawPath": path, "rawQueryString": query,
        "headers": {
            "accept": "application/json, image/webp", "host": domain, "user-agent": "tests",
            "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "isBase64Encoded": false,
        "requestContext": {
            "accountId": "123456789012", "apiId": "example", "domainName": domain, "domainPrefix": "example",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                "userAgent": "tests",
            },
            "requestId": format!("gateway-{method}"), "routeKey": format!("ANY {path}"), "stage": "$default",
            "time": "21/Nov/2026:09:30:00 +0000", "timeEpoch": 1_795_253_400_000_i64,
        },
    });
    if !token.is_empty() {
        event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    }
    if let Some((content_type, body)) = body {
        event["headers"]["content-type"] = json!(content_type);
        event["headers"]["content-length"] = json!(body.len().to_string());
        let text = std::str::from_utf8(body);
        event["isBase64Encoded"] = json!(text.is_err());
        event["body"] = json!(text.map_or_else(|_| BASE64.encode(body), str::to_owned));
    }
    event
}
