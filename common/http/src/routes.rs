//! The routes of a function, and what describes them. A process that serves them never makes the description, which
//! takes longer than the rest of its start.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::Path;
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::{OpenApi, OpenApiBuilder};

use crate::finish::finish;

/// Handlers under the methods and paths that `#[utoipa::path]` names above them; made by [`routes!`](crate::routes!).
pub struct Routes<S> {
    router: Router<S>,
    describe: Vec<fn(&mut OpenApi)>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[doc(hidden)]
    pub fn none() -> Self {
        Self { router: Router::new(), describe: Vec::new() }
    }

    /// Adds a handler under what `P`, the type that `#[utoipa::path]` made of it, says.
    #[doc(hidden)]
    pub fn with<P, H, T>(mut self, _: P, handler: H) -> Self
    where
        P: Path + SchemaReferences + for<'t> Tags<'t>,
        H: Handler<T, S>,
        T: 'static,
    {
        let methods = P::methods()
            .iter()
            .fold(MethodRouter::new(), |methods, method| methods.on(filter(method), handler.clone()));
        self.router = self.router.route(&P::path(), methods);
        self.describe.push(describe::<P>);
        self
    }

    /// What serves the routes, with everything that surrounds a handler.
    pub fn serve(self, state: S) -> Router {
        finish(self.router.with_state(state))
    }

    /// What the routes are, for the OpenAPI document.
    pub fn openapi(self) -> OpenApi {
        let mut document = OpenApiBuilder::new().build();
        self.describe.iter().for_each(|describe| describe(&mut document));
        document
    }
}

fn describe<'t, P: Path + SchemaReferences + Tags<'t>>(document: &mut OpenApi) {
    let mut operation = P::operation();
    operation.tags.get_or_insert_default().extend(P::tags().into_iter().map(str::to_owned));
    let item = PathItem::from_http_methods(P::methods(), operation);
    document.paths.paths.entry(P::path()).or_default().merge_operations(item);
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
    }
}

/// The [`Routes`] of handlers, which lie in this module (`list`) or in one of its own (`track::get`).
///
/// A macro, since the name of the type that `#[utoipa::path]` makes of a handler must be put together.
#[macro_export]
macro_rules! routes {
    ($($name:ident $(:: $inner:ident)?),+ $(,)?) => {
        $crate::Routes::none()$(.with($crate::described!($name $(:: $inner)?), $name $(:: $inner)?))+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! described {
    ($name:ident) => {
        $crate::paste! { [<__path_ $name>] }
    };
    ($module:ident :: $name:ident) => {
        $crate::paste! { $module::[<__path_ $name>] }
    };
}
