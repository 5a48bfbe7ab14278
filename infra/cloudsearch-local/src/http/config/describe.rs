//! What the configuration API tells of a domain.

use std::collections::{BTreeMap, BTreeSet};

use super::read::options_name;
use crate::domain::Definition;
use crate::http::xml::Element;
use crate::model::{AnalysisScheme, Defined, Field, Suggester};

/// How instants are written, in UTC.
const SECONDS: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A domain's options, as defined or as the documents are indexed by.
pub(super) struct View<'a> {
    pub(super) definition: &'a Definition,
    /// Only what is indexed by.
    pub(super) is_deployed: bool,
}

/// The status of a domain.
pub(super) fn domain(definition: &Definition, host: &str, is_deleted: bool) -> Vec<Element> {
    let name = &definition.name;
    let service = || vec![Element::text("Endpoint", format!("{host}/{name}"))];
    let limits =
        vec![Element::text("MaximumReplicationCount", 5), Element::text("MaximumPartitionCount", 10)];
    vec![
        Element::text("DomainId", format!("000000000000/{name}")),
        Element::text("DomainName", name),
        Element::text("ARN", format!("arn:aws:cloudsearch:us-east-1:000000000000:domain/{name}")),
        Element::text("Created", true),
        Element::text("Deleted", is_deleted),
        Element::of("DocService", service()),
        Element::of("SearchService", service()),
        Element::text("RequiresIndexDocuments", definition.requires_indexing()),
        Element::text("Processing", false),
        Element::text("SearchInstanceType", "search.small"),
        Element::text("SearchPartitionCount", 1),
        Element::text("SearchInstanceCount", 1),
        Element::of("Limits", limits),
    ]
}

pub(super) fn policies(definition: &Definition) -> Element {
    let policies = &definition.policies;
    let options = Element::text("Options", &policies.options);
    Element::of("AccessPolicies", vec![options, status(policies, true)])
}

pub(super) fn scaling(definition: &Definition) -> Element {
    let scaling = &definition.scaling;
    let option = |name: &'static str| scaling.options.get(name).map(|value| Element::text(name, value));
    let names = ["DesiredInstanceType", "DesiredReplicationCount", "DesiredPartitionCount"];
    let options = Element::of("Options", names.into_iter().filter_map(option).collect());
    Element::of("ScalingParameters", vec![options, status(scaling, true)])
}

impl<'a> View<'a> {
    /// What is defined, whether or not it is indexed by.
    pub(super) fn defined(definition: &'a Definition) -> Self {
        Self { definition, is_deployed: false }
    }

    pub(super) fn fields(&self, names: &BTreeSet<String>) -> Element {
        let (defined, active) = (&self.definition.fields, &self.definition.active.fields);
        Element::list("IndexFields", self.all(defined, active, names, field_options))
    }

    pub(super) fn field(&self, name: &str) -> Option<Vec<Element>> {
        let (defined, active) = (&self.definition.fields, &self.definition.active.fields);
        self.all(defined, active, &BTreeSet::from([name.to_owned()]), field_options).pop()
    }

    pub(super) fn suggesters(&self, names: &BTreeSet<String>) -> Element {
        let (defined, active) = (&self.definition.suggesters, &self.definition.active.suggesters);
        Element::list("Suggesters", self.all(defined, active, names, suggester_options))
    }

    pub(super) fn suggester(&self, name: &str) -> Option<Vec<Element>> {
        let (defined, active) = (&self.definition.suggesters, &self.definition.active.suggesters);
        self.all(defined, active, &BTreeSet::from([name.to_owned()]), suggester_options).pop()
    }

    pub(super) fn schemes(&self, names: &BTreeSet<String>) -> Element {
        let (defined, active) = (&self.definition.schemes, &self.definition.active.schemes);
        Element::list("AnalysisSchemes", self.all(defined, active, names, scheme_options))
    }

    pub(super) fn scheme(&self, name: &str) -> Option<Vec<Element>> {
        let (defined, active) = (&self.definition.schemes, &self.definition.active.schemes);
        self.all(defined, active, &BTreeSet::from([name.to_owned()]), scheme_options).pop()
    }

    /// Options and status of those with these names, of all if there are none.
    fn all<T: PartialEq>(
        &self,
        defined: &BTreeMap<String, Defined<T>>,
        active: &BTreeMap<String, T>,
        names: &BTreeSet<String>,
        write: impl Fn(&T) -> Vec<Element>,
    ) -> Vec<Vec<Element>> {
        let wanted = defined.iter().filter(|(name, _)| names.is_empty() || names.contains(*name));
        let described = wanted.filter_map(|(name, one)| {
            let options = if self.is_deployed { active.get(name)? } else { &one.options };
            let is_active = self.is_deployed || active.get(name) == Some(&one.options) && !one.is_deleted;
            Some(vec![Element::of("Options", write(options)), status(one, is_active)])
        });
        described.collect()
    }
}

fn status<T>(defined: &Defined<T>, is_active: bool) -> Element {
    let state = match () {
        () if is_active => "Active",
        () if defined.has_failed => "FailedToValidate",
        () => "RequiresIndexDocuments",
    };
    let children = vec![
        Element::text("CreationDate", defined.created.strftime(SECONDS)),
        Element::text("UpdateDate", defined.updated.strftime(SECONDS)),
        Element::text("UpdateVersion", defined.version),
        Element::text("State", state),
        Element::text("PendingDeletion", defined.is_deleted),
    ];
    Element::of("Status", children)
}

fn field_options(field: &Field) -> Vec<Element> {
    let mut options = Vec::new();
    options.extend(field.default.as_ref().map(|value| Element::text("DefaultValue", value)));
    if !field.sources.is_empty() {
        let name = if field.is_array { "SourceFields" } else { "SourceField" };
        options.push(Element::text(name, field.sources.join(",")));
    }
    options.push(Element::text("ReturnEnabled", field.can_return()));
    if !field.is_array {
        options.push(Element::text("SortEnabled", field.sort.unwrap_or(true)));
    }
    if field.is_text() {
        options.push(Element::text("HighlightEnabled", field.can_highlight()));
        let scheme = field.scheme.as_deref().unwrap_or(crate::analysis::DEFAULT_SCHEME);
        options.push(Element::text("AnalysisScheme", scheme));
    } else {
        options.push(Element::text("FacetEnabled", field.can_facet()));
        options.push(Element::text("SearchEnabled", field.can_search()));
    }
    vec![
        Element::text("IndexFieldName", &field.name),
        Element::text("IndexFieldType", field.type_name()),
        Element::named(options_name(field.kind, field.is_array), options),
    ]
}

fn suggester_options(suggester: &Suggester) -> Vec<Element> {
    let mut options = vec![Element::text("SourceField", &suggester.source)];
    options.extend(suggester.fuzzy.map(|fuzzy| Element::text("FuzzyMatching", fuzzy.as_str())));
    options.extend(suggester.sort_field.as_ref().map(|field| Element::text("SortExpression", field)));
    vec![Element::text("SuggesterName", &suggester.name), Element::of("DocumentSuggesterOptions", options)]
}

fn scheme_options(scheme: &AnalysisScheme) -> Vec<Element> {
    let mut options = Vec::new();
    if let Some(words) = &scheme.stop_words {
        options.push(Element::text("Stopwords", serde_json::json!(words)));
    }
    options.extend(scheme.stemming.as_ref().map(|stemming| Element::text("AlgorithmicStemming", stemming)));
    vec![
        Element::text("AnalysisSchemeName", &scheme.name),
        Element::text("AnalysisSchemeLanguage", &scheme.language),
        Element::of("AnalysisOptions", options),
    ]
}
