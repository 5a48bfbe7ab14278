//! Records each request that a function answers.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use lambda_http::Context;
use mixtape_telemetry::{Outcome, Subject, Telemetry};

use crate::{Code, RequestId};

/// Puts a record of each request around a function's router.
pub fn observe(router: Router, telemetry: Telemetry) -> Router {
    router.layer(middleware::from_fn_with_state(telemetry, around))
}

async fn around(State(telemetry): State<Telemetry>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", |path| path.as_str()).to_owned();
    let subject = Subject::Request { method: request.method().to_string(), route };
    let trace_id = request.extensions().get::<Context>().and_then(|context| context.xray_trace_id.clone());
    telemetry.observe(subject, trace_id, next.run(request), outcome).await
}

fn outcome(response: &Response) -> Outcome {
    let extensions = response.extensions();
    Outcome {
        status: Some(response.status().as_u16()),
        code: extensions.get::<Code>().map(|code| code.name.into()),
        request_id: extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
    }
}
