//! The configuration API: the Query protocol, a form with an `Action` in and XML out.

mod actions;
mod describe;
mod read;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};

use super::xml::{Element, escape};
use super::{Parameters, parameters, reply};
use crate::error::Error;
use crate::registry::Domains;
use crate::value::is_allowed;

const NAMESPACE: &str = "http://cloudsearch.amazonaws.com/doc/2013-01-01/";

/// Why an action was refused.
#[derive(Debug)]
enum ConfigError {
    /// A parameter is wrong.
    Validation(String),
    NotFound(String),
    LimitExceeded(String),
    /// An action that does not exist here.
    UnknownAction(String),
    Failed(Error),
}

impl From<Error> for ConfigError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl ConfigError {
    fn validation(message: impl Into<String>) -> Self {
        Self::Validation(message.into())
    }

    fn respond(self) -> Response<Body> {
        let (status, kind, code, message) = match self {
            Self::Validation(message) => (StatusCode::BAD_REQUEST, "Sender", "ValidationException", message),
            Self::NotFound(message) => (StatusCode::CONFLICT, "Sender", "ResourceNotFound", message),
            Self::LimitExceeded(message) => (StatusCode::CONFLICT, "Sender", "LimitExceeded", message),
            Self::UnknownAction(message) => (StatusCode::BAD_REQUEST, "Sender", "InvalidAction", message),
            Self::Failed(error) => {
                tracing::error!(%error, "an action of the configuration API failed");
                let message = "Internal failure".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "Receiver", "InternalException", message)
            }
        };
        let message: String = message.chars().filter(|character| is_allowed(*character)).collect();
        let (message, id) = (escape(&message), reply::request_id());
        let body = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        );
        reply::text(status, "text/xml", body)
    }
}

pub(super) async fn answer(State(domains): State<Domains>, request: Request<Body>) -> Response<Body> {
    let host = host(request.headers());
    let parameters = match parameters(request).await {
        Ok(parameters) => parameters,
        Err(error) => {
            let mut response = ConfigError::Validation(error.message).respond();
            *response.status_mut() = error.status;
            return response;
        }
    };
    let acted = tokio::task::spawn_blocking(move || act(&domains, &parameters, &host)).await;
    match acted {
        Ok(Ok(body)) => reply::text(StatusCode::OK, "text/xml", body),
        Ok(Err(error)) => error.respond(),
        Err(_) => {
            let message = "Internal failure".to_owned();
            let mut response = ConfigError::Validation(message).respond();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// The address by which the client has reached the endpoint, and at which it will find the domains.
fn host(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or("localhost").to_owned()
}

fn act(domains: &Domains, parameters: &Parameters, host: &str) -> Result<String, ConfigError> {
    for value in parameters.values() {
        if let Some(character) = value.chars().find(|character| !is_allowed(*character)) {
            return Err(ConfigError::validation(format!("a parameter holds the character {character:?}")));
        }
    }
    let action = parameters.get("Action").map_or("", String::as_str);
    let result = actions::act(action, domains, parameters, host)?;
    let mut children = String::new();
    for element in &result {
        element.write(&mut children);
    }
    let id = reply::request_id();
    Ok(format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{children}</{action}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    ))
}

/// What an action answers.
type Answer = Result<Vec<Element>, ConfigError>;
