//! What `template.yaml` deploys, as far as one machine can stand in for it. Anything that the template says and that is
//! not understood here is an error, so that the local stack cannot drift from it in silence.

mod filter;
mod intrinsic;
mod resources;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

pub use filter::Filter;
pub use intrinsic::STACK_NAME;

/// The template that the program was built with.
pub const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The template cannot be read, or says something that has no local counterpart.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(pub(crate) String);

/// What is deployed.
#[derive(Debug, Clone)]
pub struct Template {
    pub functions: Vec<Function>,
    pub routes: Vec<Route>,
    pub cors: Cors,
    pub schedules: Vec<Schedule>,
    pub mappings: Vec<StreamMapping>,
    /// Properties of the tables, in the form of CreateTable.
    pub tables: Vec<Value>,
    /// Names of the buckets.
    pub buckets: Vec<String>,
    /// What browsers may do with the objects of the buckets.
    pub bucket_cors: Vec<CorsRule>,
    pub object_events: Vec<ObjectEvents>,
    /// Every resource with its intrinsic functions resolved, by logical id.
    pub resources: BTreeMap<String, Value>,
}

/// A function; its name is that of its binary.
#[derive(Debug, Clone)]
pub struct Function {
    pub logical_id: String,
    pub name: String,
    pub environment: HashMap<String, String>,
    pub timeout: Duration,
}

/// A path of the HTTP API, with parameters in braces, that leads to a function whatever the method.
#[derive(Debug, Clone)]
pub struct Route {
    pub path: String,
    pub function: String,
}

/// The API's answer to a browser that asks whether a page of another origin may call it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_headers: Vec<String>,
    pub expose_headers: Vec<String>,
    /// Seconds that a browser may remember the answer.
    pub max_age: u64,
}

/// A function that is invoked at fixed times.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub function: String,
    pub every: Duration,
    /// The event, with `<aws.scheduler.scheduled-time>` where the time goes.
    pub input: String,
    pub max_retries: u32,
}

/// A rule of a bucket's CorsConfiguration.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CorsRule {
    pub allowed_origins: Vec<String>,
    pub allowed_methods: Vec<String>,
    pub allowed_headers: Vec<String>,
    pub exposed_headers: Vec<String>,
    /// Seconds that a browser may remember the answer.
    pub max_age: u64,
}

/// A function that is invoked when an object was created.
#[derive(Debug, Clone)]
pub struct ObjectEvents {
    pub function: String,
    pub timeout: Duration,
    /// Which events of EventBridge are meant.
    pub filter: Filter,
    pub max_retries: u32,
}

/// A table's stream that feeds a function.
#[derive(Debug, Clone)]
pub struct StreamMapping {
    pub logical_id: String,
    pub table: String,
    pub function: String,
    pub batch_size: usize,
    /// Whether a failed batch is tried again in halves.
    pub bisects: bool,
    pub max_retries: u32,
    /// A record is delivered when any of these match; all are when there is none.
    pub filters: Vec<Filter>,
}

impl Template {
    /// Reads [`TEMPLATE`] with the parameters' defaults, apart from `overrides`.
    ///
    /// # Errors
    /// The template is not valid YAML, a parameter is not one of its choices, or the template says something that has
    /// no local counterpart.
    pub fn load(overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        Self::parse(TEMPLATE, overrides)
    }

    /// As [`Template::load`], from a text.
    ///
    /// # Errors
    /// As [`Template::load`].
    pub fn parse(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let yaml: Yaml = serde_yaml_ng::from_str(text).map_err(|error| TemplateError(error.to_string()))?;
        let scope = intrinsic::Scope::new(&yaml, overrides)?;
        let globals = scope.resolve(&yaml["Globals"]["Function"])?.unwrap_or_default();
        let mut resources = BTreeMap::new();
        for (logical_id, resource) in intrinsic::entries(&yaml["Resources"]) {
            let resource = scope.resolve(&resource)?.unwrap_or_default();
            resources.insert(logical_id, resource);
        }
        resources::read(&globals, resources)
    }

    /// The function of this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}
