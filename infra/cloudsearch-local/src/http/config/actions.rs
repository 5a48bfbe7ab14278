//! What the actions of the configuration API do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::describe::{self, View};
use super::read::{self, Form};
use super::{Answer, ConfigError};
use crate::domain::{Definition, Domain};
use crate::http::Parameters;
use crate::http::xml::Element;
use crate::model::{Config, Defined, MAX_FIELDS, MAX_SCHEMES, MAX_SUGGESTERS};
use crate::registry::Domains;

/// Most domains.
const MAX_DOMAINS: usize = 100;
/// Largest access policy, in bytes.
const MAX_POLICY_BYTES: usize = 100 << 10;

pub(super) fn act(action: &str, domains: &Domains, parameters: &Parameters, host: &str) -> Answer {
    let form = Form(parameters);
    match action {
        "CreateDomain" => create(domains, &form, host),
        "DescribeDomains" => Ok(describe_domains(domains, &form, host)),
        "ListDomainNames" => Ok(list(domains)),
        "DeleteDomain" => delete(domains, &form, host),
        _ => {
            let known = [
                "DefineIndexField",
                "DescribeIndexFields",
                "DeleteIndexField",
                "DefineAnalysisScheme",
                "DescribeAnalysisSchemes",
                "DeleteAnalysisScheme",
                "DefineSuggester",
                "DescribeSuggesters",
                "DeleteSuggester",
                "DescribeExpressions",
                "IndexDocuments",
                "BuildSuggesters",
                "UpdateServiceAccessPolicies",
                "DescribeServiceAccessPolicies",
                "UpdateScalingParameters",
                "DescribeScalingParameters",
            ];
            if !known.contains(&action) {
                let shown: String = action.chars().take(64).collect();
                return Err(ConfigError::UnknownAction(format!("The action '{shown}' is not supported")));
            }
            act_on(action, domain(domains, &form)?.as_ref(), &form)
        }
    }
}

fn act_on(action: &str, domain: &Domain, form: &Form<'_>) -> Answer {
    match action {
        "DefineIndexField" => define_field(domain, form),
        "DeleteIndexField" => delete_field(domain, form),
        "DefineAnalysisScheme" => define_scheme(domain, form),
        "DeleteAnalysisScheme" => delete_scheme(domain, form),
        "DefineSuggester" => define_suggester(domain, form),
        "DeleteSuggester" => delete_suggester(domain, form),
        "UpdateServiceAccessPolicies" => update_policies(domain, form),
        "UpdateScalingParameters" => update_scaling(domain, form),
        "IndexDocuments" => {
            domain.index_documents()?;
            let names: Vec<String> = domain.definition().wanted().fields.into_keys().collect();
            Ok(vec![Element::texts("FieldNames", names)])
        }
        "BuildSuggesters" => {
            // Suggestions are always of the present documents.
            let suggesters = domain.definition().active.suggesters.into_values();
            let sources: BTreeSet<String> = suggesters.map(|suggester| suggester.source).collect();
            Ok(vec![Element::texts("FieldNames", sources)])
        }
        "DescribeExpressions" => Ok(vec![Element::of("Expressions", Vec::new())]),
        action => describe_options(action, &domain.definition(), form),
    }
}

fn describe_options(action: &str, definition: &Definition, form: &Form<'_>) -> Answer {
    let view = View { definition, is_deployed: form.flag("Deployed")?.unwrap_or(false) };
    Ok(match action {
        "DescribeIndexFields" => vec![view.fields(&form.list("FieldNames"))],
        "DescribeAnalysisSchemes" => vec![view.schemes(&form.list("AnalysisSchemeNames"))],
        "DescribeSuggesters" => vec![view.suggesters(&form.list("SuggesterNames"))],
        "DescribeServiceAccessPolicies" => vec![describe::policies(definition)],
        _ => vec![describe::scaling(definition)],
    })
}

fn domain(domains: &Domains, form: &Form<'_>) -> Result<Arc<Domain>, ConfigError> {
    let name = form.required("DomainName")?;
    domains.get(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        ConfigError::NotFound(format!("Domain not found: {shown}"))
    })
}

fn create(domains: &Domains, form: &Form<'_>, host: &str) -> Answer {
    let name = read::domain_name(form.required("DomainName")?)?;
    if domains.get(name).is_none() && domains.all().len() >= MAX_DOMAINS {
        return Err(ConfigError::LimitExceeded(format!("There are {MAX_DOMAINS} domains already")));
    }
    let domain = domains.create(name)?;
    Ok(vec![Element::of("DomainStatus", describe::domain(&domain.definition(), host, false))])
}

fn delete(domains: &Domains, form: &Form<'_>, host: &str) -> Answer {
    let deleted = domains.delete(form.required("DomainName")?)?;
    let status = deleted.map(|domain| describe::domain(&domain.definition(), host, true));
    Ok(status.into_iter().map(|status| Element::of("DomainStatus", status)).collect())
}

fn describe_domains(domains: &Domains, form: &Form<'_>, host: &str) -> Vec<Element> {
    let wanted = form.list("DomainNames");
    let all = domains.all().into_iter();
    let described = all.filter(|(name, _)| wanted.is_empty() || wanted.contains(name.as_str()));
    let statuses = described.map(|(_, domain)| describe::domain(&domain.definition(), host, false));
    vec![Element::list("DomainStatusList", statuses)]
}

fn list(domains: &Domains) -> Vec<Element> {
    let entries = domains.all().into_keys().map(|name| {
        Element::of("entry", vec![Element::text("key", name), Element::text("value", "2013-01-01")])
    });
    vec![Element::of("DomainNames", entries.collect())]
}

/// Refuses one more than there may be.
fn check_limit<T>(
    slots: &BTreeMap<String, Defined<T>>,
    name: &str,
    most: usize,
    what: &str,
) -> Result<(), ConfigError> {
    let others = slots.iter().filter(|(other, slot)| !slot.is_deleted && *other != name).count();
    if others < most {
        return Ok(());
    }
    Err(ConfigError::LimitExceeded(format!("A domain has at most {most} {what}")))
}

fn define_field(domain: &Domain, form: &Form<'_>) -> Answer {
    let field = read::field(form)?;
    let name = field.name.clone();
    domain.define(|definition| {
        check_limit(&definition.fields, &name, MAX_FIELDS, "fields")?;
        read::check_scheme(&field, &definition.wanted())?;
        Defined::put(&mut definition.fields, &name, field, definition.version);
        check_suggesters(&definition.wanted())
    })?;
    Ok(described("IndexField", View::defined(&domain.definition()).field(&name)))
}

fn check_suggesters(config: &Config) -> Result<(), ConfigError> {
    config.suggesters.values().try_for_each(|suggester| read::check_suggester(suggester, config))
}

/// The status of something as the member of an answer.
fn described(member: &'static str, status: Option<Vec<Element>>) -> Vec<Element> {
    status.into_iter().map(|status| Element::of(member, status)).collect()
}

/// Marks something as deleted: it goes with the next indexing.
fn mark_deleted<T>(slots: &mut BTreeMap<String, Defined<T>>, name: &str) -> Result<(), ConfigError> {
    let slot = slots.get_mut(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        ConfigError::NotFound(format!("'{shown}' is not defined"))
    })?;
    slot.is_deleted = true;
    Ok(())
}

fn delete_field(domain: &Domain, form: &Form<'_>) -> Answer {
    let name = form.required("IndexFieldName")?;
    domain.define(|definition| {
        mark_deleted(&mut definition.fields, name)?;
        check_suggesters(&definition.wanted())?;
        let status = View::defined(definition).field(name);
        definition.forget_deleted();
        Ok(described("IndexField", status))
    })
}

fn define_scheme(domain: &Domain, form: &Form<'_>) -> Answer {
    let scheme = read::scheme(form)?;
    let name = scheme.name.clone();
    domain.define(|definition| {
        check_limit(&definition.schemes, &name, MAX_SCHEMES, "analysis schemes")?;
        Defined::put(&mut definition.schemes, &name, scheme, definition.version);
        Ok::<(), ConfigError>(())
    })?;
    Ok(described("AnalysisScheme", View::defined(&domain.definition()).scheme(&name)))
}

fn delete_scheme(domain: &Domain, form: &Form<'_>) -> Answer {
    let name = form.required("AnalysisSchemeName")?;
    domain.define(|definition| {
        mark_deleted(&mut definition.schemes, name)?;
        let config = definition.wanted();
        config.fields.values().try_for_each(|field| read::check_scheme(field, &config))?;
        let status = View::defined(definition).scheme(name);
        definition.forget_deleted();
        Ok(described("AnalysisScheme", status))
    })
}

fn define_suggester(domain: &Domain, form: &Form<'_>) -> Answer {
    let suggester = read::suggester(form)?;
    let name = suggester.name.clone();
    domain.define(|definition| {
        check_limit(&definition.suggesters, &name, MAX_SUGGESTERS, "suggesters")?;
        read::check_suggester(&suggester, &definition.wanted())?;
        Defined::put(&mut definition.suggesters, &name, suggester, definition.version);
        Ok::<(), ConfigError>(())
    })?;
    Ok(described("Suggester", View::defined(&domain.definition()).suggester(&name)))
}

fn delete_suggester(domain: &Domain, form: &Form<'_>) -> Answer {
    let name = form.required("SuggesterName")?;
    domain.define(|definition| {
        mark_deleted(&mut definition.suggesters, name)?;
        let status = View::defined(definition).suggester(name);
        definition.forget_deleted();
        Ok(described("Suggester", status))
    })
}

fn update_policies(domain: &Domain, form: &Form<'_>) -> Answer {
    let policies = form.get("AccessPolicies").unwrap_or_default().to_owned();
    if policies.len() > MAX_POLICY_BYTES {
        return Err(ConfigError::LimitExceeded(format!("A policy has at most {MAX_POLICY_BYTES} bytes")));
    }
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&policies).is_ok();
    if !policies.is_empty() && !is_object {
        return Err(ConfigError::validation("AccessPolicies must be a JSON object"));
    }
    domain.define(|definition| {
        definition.policies.set(policies, definition.version);
        Ok::<(), ConfigError>(())
    })?;
    Ok(vec![describe::policies(&domain.definition())])
}

fn update_scaling(domain: &Domain, form: &Form<'_>) -> Answer {
    let scaling = read::scaling(form)?;
    domain.define(|definition| {
        definition.scaling.set(scaling, definition.version);
        Ok::<(), ConfigError>(())
    })?;
    Ok(vec![describe::scaling(&domain.definition())])
}
