//! Brings a domain into the state that the backend needs. What is as it should be already stays untouched, so that
//! running it again changes nothing.

use std::time::{Duration, Instant};

use aws_sdk_cloudsearch::Client;
use aws_sdk_cloudsearch::types::{DomainStatus, IndexField, OptionState, ServiceEndpoint};
use serde_json::Value;

use crate::error::SetUpError;
use crate::plan::{Plan, access_policy, analysis_scheme, index_fields, suggester};

/// The pause between two looks at a domain that is being processed, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each change in a few words, in the order in which they are made; empty when all is as it should be.
    pub changes: Vec<String>,
    /// Addresses of the domain's services; absent in a dry run for a domain that does not exist.
    pub endpoints: Option<Endpoints>,
}

/// Where the domain is searched and filled: base addresses with their scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub search: String,
    pub document: String,
}

/// Creates or updates the domain, has it indexed if that is needed, and waits until it is. `progress` gets a line for
/// each step and while it waits.
///
/// # Errors
/// CloudSearch is away or refuses something, or the changes are not in effect after the plan's timeout. What was
/// changed until then stays.
pub async fn set_up(client: &Client, plan: &Plan, progress: impl FnMut(&str)) -> Result<Report, SetUpError> {
    let deadline = Instant::now() + plan.timeout;
    let mut run = Run { client, plan, progress, deadline, changes: Vec::new() };
    let existing = run.domain().await?;
    if existing.is_none() {
        run.change(format!("create the domain {}", plan.domain));
        if !plan.is_dry_run {
            let request = client.create_domain().domain_name(&plan.domain);
            request.send().await.map_err(SetUpError::call("the domain cannot be created"))?;
        }
    }
    run.scheme(existing.is_some()).await?;
    run.fields(existing.is_some()).await?;
    run.suggester(existing.is_some()).await?;
    run.access(existing.is_some()).await?;
    run.index(existing.as_ref()).await?;
    let endpoints =
        if plan.is_dry_run { existing.as_ref().and_then(endpoints) } else { Some(run.wait().await?) };
    Ok(Report { changes: run.changes, endpoints })
}

struct Run<'a, P> {
    client: &'a Client,
    plan: &'a Plan,
    progress: P,
    deadline: Instant,
    changes: Vec<String>,
}

impl<P: FnMut(&str)> Run<'_, P> {
    fn change(&mut self, change: String) {
        let prefix = if self.plan.is_dry_run { "would " } else { "" };
        (self.progress)(&format!("{prefix}{change}"));
        self.changes.push(change);
    }

    async fn domain(&self) -> Result<Option<DomainStatus>, SetUpError> {
        let request = self.client.describe_domains().domain_names(&self.plan.domain);
        let answer = request.send().await.map_err(SetUpError::call("domains cannot be described"))?;
        let found =
            answer.domain_status_list.into_iter().find(|domain| domain.domain_name == self.plan.domain);
        match found {
            Some(domain) if domain.deleted == Some(true) => {
                Err(SetUpError::Deleted(self.plan.domain.clone()))
            }
            found => Ok(found),
        }
    }

    async fn scheme(&mut self, exists: bool) -> Result<(), SetUpError> {
        let wanted = analysis_scheme()?;
        if exists {
            let request = self.client.describe_analysis_schemes().domain_name(&self.plan.domain);
            let answer =
                request.send().await.map_err(SetUpError::call("analysis schemes cannot be described"))?;
            let mut present = answer.analysis_schemes.into_iter().filter_map(|status| status.options);
            let is_wanted = |scheme: &aws_sdk_cloudsearch::types::AnalysisScheme| {
                let stopwords =
                    scheme.analysis_options.as_ref().and_then(|options| options.stopwords.as_deref());
                scheme.analysis_scheme_name == wanted.analysis_scheme_name
                    && scheme.analysis_scheme_language == wanted.analysis_scheme_language
                    && is_same_json(stopwords, Some("[]"))
            };
            if present.any(|scheme| is_wanted(&scheme)) {
                return Ok(());
            }
        }
        self.change(format!("define the analysis scheme {}", wanted.analysis_scheme_name));
        if !self.plan.is_dry_run {
            let request = self.client.define_analysis_scheme().domain_name(&self.plan.domain);
            let request = request.analysis_scheme(wanted);
            request.send().await.map_err(SetUpError::call("the analysis scheme cannot be defined"))?;
        }
        Ok(())
    }

    async fn fields(&mut self, exists: bool) -> Result<(), SetUpError> {
        let mut present = Vec::new();
        if exists {
            let request = self.client.describe_index_fields().domain_name(&self.plan.domain);
            let answer = request.send().await.map_err(SetUpError::call("fields cannot be described"))?;
            present.extend(answer.index_fields.into_iter().filter_map(|status| status.options));
        }
        for wanted in index_fields()? {
            if present.iter().any(|field| definition(field) == definition(&wanted)) {
                continue;
            }
            let name = wanted.index_field_name.clone();
            self.change(format!("define the field {name} ({})", wanted.index_field_type.as_str()));
            if !self.plan.is_dry_run {
                let request = self.client.define_index_field().domain_name(&self.plan.domain);
                let action = format!("the field {name} cannot be defined");
                request.index_field(wanted).send().await.map_err(SetUpError::call(action))?;
            }
        }
        Ok(())
    }

    async fn suggester(&mut self, exists: bool) -> Result<(), SetUpError> {
        let wanted = suggester()?;
        if exists {
            let request = self.client.describe_suggesters().domain_name(&self.plan.domain);
            let answer = request.send().await.map_err(SetUpError::call("suggesters cannot be described"))?;
            if answer.suggesters.into_iter().any(|status| status.options.as_ref() == Some(&wanted)) {
                return Ok(());
            }
        }
        self.change(format!("define the suggester {}", wanted.suggester_name));
        if !self.plan.is_dry_run {
            let request = self.client.define_suggester().domain_name(&self.plan.domain).suggester(wanted);
            request.send().await.map_err(SetUpError::call("the suggester cannot be defined"))?;
        }
        Ok(())
    }

    async fn access(&mut self, exists: bool) -> Result<(), SetUpError> {
        if self.plan.principals.is_empty() {
            (self.progress)("the access policy is left as it is");
            return Ok(());
        }
        let wanted = access_policy(&self.plan.principals);
        if exists {
            let request = self.client.describe_service_access_policies().domain_name(&self.plan.domain);
            let answer =
                request.send().await.map_err(SetUpError::call("the access policy cannot be described"))?;
            let present = answer.access_policies.map(|status| status.options);
            if is_same_json(present.as_deref(), Some(&wanted)) {
                return Ok(());
            }
        }
        self.change(format!("let {} search, suggest and upload", self.plan.principals.join(", ")));
        if !self.plan.is_dry_run {
            let request = self.client.update_service_access_policies().domain_name(&self.plan.domain);
            let request = request.access_policies(wanted);
            request.send().await.map_err(SetUpError::call("the access policy cannot be changed"))?;
        }
        Ok(())
    }

    /// Has the documents indexed by what was defined, now or by a run that was cut off.
    async fn index(&mut self, existing: Option<&DomainStatus>) -> Result<(), SetUpError> {
        let is_defined = self.changes.iter().any(|change| change.starts_with("define"));
        if !is_defined && !existing.is_some_and(|domain| domain.requires_index_documents) {
            return Ok(());
        }
        self.change("index the documents".to_owned());
        if !self.plan.is_dry_run {
            let request = self.client.index_documents().domain_name(&self.plan.domain);
            request.send().await.map_err(SetUpError::call("the documents cannot be indexed"))?;
        }
        Ok(())
    }

    /// Waits until the domain answers with everything that was changed.
    async fn wait(&mut self) -> Result<Endpoints, SetUpError> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let domain = self.domain().await?.ok_or(SetUpError::Missing("status"))?;
            let is_ready = domain.created != Some(false)
                && domain.processing != Some(true)
                && !domain.requires_index_documents;
            if is_ready && let Some(endpoints) = endpoints(&domain) {
                self.check_fields().await?;
                return Ok(endpoints);
            }
            if Instant::now() + pause > self.deadline {
                let seconds = self.plan.timeout.as_secs();
                return Err(SetUpError::TimedOut { domain: self.plan.domain.clone(), seconds });
            }
            let seconds = started.elapsed().as_secs();
            (self.progress)(&format!("waiting for the domain, {seconds} s so far"));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A field whose documents do not fit it keeps its former definition; nothing else says so.
    async fn check_fields(&self) -> Result<(), SetUpError> {
        let request = self.client.describe_index_fields().domain_name(&self.plan.domain);
        let answer = request.send().await.map_err(SetUpError::call("fields cannot be described"))?;
        for field in answer.index_fields {
            if field.status.is_some_and(|status| status.state == OptionState::FailedToValidate) {
                let name = field.options.map(|options| options.index_field_name);
                return Err(SetUpError::FailedToValidate(name.unwrap_or_default()));
            }
        }
        Ok(())
    }
}

fn endpoints(domain: &DomainStatus) -> Option<Endpoints> {
    let address = |service: &Option<ServiceEndpoint>| {
        let endpoint = service.as_ref()?.endpoint.as_deref()?;
        (!endpoint.is_empty()).then(|| with_scheme(endpoint))
    };
    Some(Endpoints { search: address(&domain.search_service)?, document: address(&domain.doc_service)? })
}

/// CloudSearch names its endpoints without a scheme, and only a stand-in for it is on a loopback address.
fn with_scheme(endpoint: &str) -> String {
    let is_local = ["127.", "localhost", "[::1]"].iter().any(|loopback| endpoint.starts_with(loopback));
    if is_local { format!("http://{endpoint}") } else { format!("https://{endpoint}") }
}

/// What of a field's definition we decide. Whatever else CloudSearch describes may be anything.
#[derive(PartialEq)]
struct Definition<'a> {
    name: &'a str,
    kind: &'a str,
    scheme: Option<&'a str>,
    /// Search, facet, return, sort, highlight: on where nothing is said.
    options: [Option<bool>; 5],
}

fn definition(field: &IndexField) -> Definition<'_> {
    let mut definition = Definition {
        name: &field.index_field_name,
        kind: field.index_field_type.as_str(),
        scheme: None,
        options: [None; 5],
    };
    if let Some(text) = &field.text_options {
        definition.scheme = text.analysis_scheme.as_deref();
        definition.options = [None, None, text.return_enabled, text.sort_enabled, text.highlight_enabled];
    }
    if let Some(literal) = &field.literal_options {
        let sort = literal.sort_enabled;
        definition.options =
            [literal.search_enabled, literal.facet_enabled, literal.return_enabled, sort, None];
    }
    if let Some(literals) = &field.literal_array_options {
        definition.options =
            [literals.search_enabled, literals.facet_enabled, literals.return_enabled, None, None];
    }
    if let Some(number) = &field.int_options {
        definition.options =
            [number.search_enabled, number.facet_enabled, number.return_enabled, number.sort_enabled, None];
    }
    definition.options = definition.options.map(|option| Some(option.unwrap_or(true)));
    definition
}

/// Whether two JSON texts say the same, however they are written.
fn is_same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let parse = |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    parse(one) == parse(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::index_fields;

    #[test]
    fn endpoints_get_the_scheme_that_they_are_reached_with() {
        for (endpoint, address) in [
            (
                "search-music-x.us-east-1.cloudsearch.amazonaws.com",
                "https://search-music-x.us-east-1.cloudsearch.amazonaws.com",
            ),
            ("127.0.0.1:4000/music", "http://127.0.0.1:4000/music"),
        ] {
            assert_eq!(with_scheme(endpoint), address);
        }
    }

    #[test]
    fn a_field_is_the_same_however_its_defaults_are_described() {
        let fields = index_fields().unwrap();
        let year = fields.iter().find(|field| field.index_field_name == "year").unwrap();
        let mut described = year.clone();
        described.int_options = described.int_options.map(|options| {
            aws_sdk_cloudsearch::types::IntOptions::builder()
                .set_return_enabled(options.return_enabled)
                .build()
        });
        assert!(definition(&described) == definition(year));
        described.int_options = None;
        // Then answers would hold it.
        assert!(definition(&described) != definition(year));
    }
}
