//! What a domain should be like, in the terms of the SDK.

use std::time::Duration;

use aws_sdk_cloudsearch::error::BuildError;
use aws_sdk_cloudsearch::types::{
    AnalysisOptions, AnalysisScheme, AnalysisSchemeLanguage, DocumentSuggesterOptions, IndexField,
    IndexFieldType, IntOptions, LiteralArrayOptions, LiteralOptions, Suggester, SuggesterFuzzyMatching,
    TextOptions,
};
use mixtape_index::cloudsearch::{self, FieldKind, SCHEME, SUGGESTER};
use serde_json::json;

/// What is to be set up, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub domain: String,
    /// Who may search, suggest and upload: ARNs of roles, users or accounts. Without any, the access policy stays as
    /// it is.
    pub principals: Vec<String>,
    /// Whether the changes are only named.
    pub is_dry_run: bool,
    /// How long a change may take to be in effect.
    pub timeout: Duration,
}

/// The fields as CloudSearch defines them.
pub(crate) fn index_fields() -> Result<Vec<IndexField>, BuildError> {
    cloudsearch::fields().into_iter().map(index_field).collect()
}

fn index_field(field: cloudsearch::IndexField) -> Result<IndexField, BuildError> {
    let builder = IndexField::builder().index_field_name(field.name);
    let returned = field.is_returned;
    let builder = match field.kind {
        FieldKind::Literal => builder.index_field_type(IndexFieldType::Literal).literal_options(
            LiteralOptions::builder()
                .search_enabled(true)
                .facet_enabled(false)
                .return_enabled(returned)
                .sort_enabled(false)
                .build(),
        ),
        FieldKind::Literals => builder.index_field_type(IndexFieldType::LiteralArray).literal_array_options(
            LiteralArrayOptions::builder()
                .search_enabled(true)
                .facet_enabled(true)
                .return_enabled(returned)
                .build(),
        ),
        FieldKind::Number => builder.index_field_type(IndexFieldType::Int).int_options(
            IntOptions::builder()
                .search_enabled(true)
                .facet_enabled(true)
                .return_enabled(returned)
                .sort_enabled(true)
                .build(),
        ),
        FieldKind::Words => builder.index_field_type(IndexFieldType::Text).text_options(
            TextOptions::builder()
                .analysis_scheme(SCHEME)
                .return_enabled(returned)
                .sort_enabled(false)
                .highlight_enabled(false)
                .build(),
        ),
    };
    builder.build()
}

/// No stemming, which the language has none of, and no stop words, of which it has some.
pub(crate) fn analysis_scheme() -> Result<AnalysisScheme, BuildError> {
    AnalysisScheme::builder()
        .analysis_scheme_name(SCHEME)
        .analysis_scheme_language(AnalysisSchemeLanguage::Mul)
        .analysis_options(AnalysisOptions::builder().stopwords("[]").build())
        .build()
}

pub(crate) fn suggester() -> Result<Suggester, BuildError> {
    let options = DocumentSuggesterOptions::builder()
        .source_field(cloudsearch::NAME)
        .fuzzy_matching(SuggesterFuzzyMatching::Low)
        .sort_expression(cloudsearch::POPULARITY)
        .build()?;
    Suggester::builder().suggester_name(SUGGESTER).document_suggester_options(options).build()
}

/// The access policy that lets these principals use the domain, and not configure it.
pub(crate) fn access_policy(principals: &[String]) -> String {
    let mut principals: Vec<String> = principals.iter().map(|principal| arn(principal)).collect();
    principals.sort();
    principals.dedup();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": ["cloudsearch:document", "cloudsearch:search", "cloudsearch:suggest"],
        }],
    })
    .to_string()
}

/// An account is written by its number as well.
fn arn(principal: &str) -> String {
    if principal.starts_with("arn:") {
        principal.to_owned()
    } else {
        format!("arn:aws:iam::{principal}:root")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_the_same_in_whatever_order_it_is_asked_for() {
        let role = "arn:aws:iam::123456789012:role/search".to_owned();
        let account = "123456789012".to_owned();
        let policy = access_policy(&[role.clone(), account.clone(), role.clone()]);
        assert_eq!(policy, access_policy(&[account, role.clone()]));
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(
            policy["Statement"][0]["Principal"]["AWS"],
            json!([role, "arn:aws:iam::123456789012:root"])
        );
    }
}
