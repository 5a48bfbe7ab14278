//! The requests that are measured: at least one for each operation of the OpenAPI document.

mod accounts;
mod catalogue;
mod listens;
mod playlists;

use serde_json::Value;

use crate::api::Ask;
use crate::scenario::Scenario;

/// An operation, and how to ask for it for the nth time.
pub(crate) struct Route {
    /// The method and the path of the OpenAPI document, and after a comma what is asked for.
    pub(crate) name: &'static str,
    pub(crate) repetitions: usize,
    /// A request before it, which is not measured, for what can be done only once.
    before: Option<Before>,
    ask: Then,
}

impl Route {
    /// The method and the path.
    pub(crate) fn operation(&self) -> &str {
        self.name.split(',').next().unwrap_or(self.name)
    }

    pub(crate) fn before(&self, place: usize) -> Option<Ask> {
        self.before.as_ref().map(|before| before(place))
    }

    /// The request, given the answer to the one before it.
    pub(crate) fn ask(&self, place: usize, before: &Value) -> Ask {
        (self.ask)(place, before)
    }
}

/// Makes the nth request that comes before a measured one.
type Before = Box<dyn Fn(usize) -> Ask>;
/// Makes the nth request of the answer to the one before it.
type Then = Box<dyn Fn(usize, &Value) -> Ask>;

/// Repetitions of what takes longer than others, or needs a request before it.
const FEW: usize = 40;
const MANY: usize = 300;

/// All of them.
pub(crate) fn all(scenario: &Scenario) -> Vec<Route> {
    let mut routes = Vec::new();
    catalogue::add(scenario, &mut routes);
    playlists::add(scenario, &mut routes);
    listens::add(scenario, &mut routes);
    // Last, because it leaves the listener's insights private.
    accounts::add(scenario, &mut routes);
    routes
}

/// Collects the operations that somebody asks for.
struct Of<'a> {
    routes: &'a mut Vec<Route>,
    token: &'a str,
}

impl Of<'_> {
    /// The same request each time.
    fn get(&mut self, name: &'static str, path: impl Into<String>) {
        let ask = Ask::get(path, self.token);
        self.add(name, MANY, move |_| ask.clone());
    }

    fn add(&mut self, name: &'static str, repetitions: usize, ask: impl Fn(usize) -> Ask + 'static) {
        let ask = Box::new(move |place, _: &Value| ask(place));
        self.routes.push(Route { name, repetitions, before: None, ask });
    }

    /// A request that needs the answer to another one.
    fn after(
        &mut self,
        name: &'static str,
        before: impl Fn(usize) -> Ask + 'static,
        ask: impl Fn(usize, &Value) -> Ask + 'static,
    ) {
        let before: Option<Before> = Some(Box::new(before));
        self.routes.push(Route { name, repetitions: FEW, before, ask: Box::new(ask) });
    }
}

/// The text in this place of an answer; nothing where there is none, which the server then refuses.
fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
