//! The configuration API.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::Endpoint;

#[tokio::test]
async fn domains_are_made_listed_and_deleted() {
    let endpoint = Endpoint::empty();
    let created = endpoint.act("CreateDomain", "").await;
    assert!(created.contains("<CreateDomainResult><DomainStatus><DomainId>"), "{created}");
    assert!(created.contains("<Endpoint>127.0.0.1:8800/music</Endpoint>"), "{created}");
    assert!(created.contains("<RequiresIndexDocuments>false</RequiresIndexDocuments>"), "{created}");
    endpoint.act("CreateDomain", "").await;
    let listed = endpoint.act("ListDomainNames", "").await;
    assert!(listed.contains("<entry><key>music</key><value>2013-01-01</value></entry>"), "{listed}");
    let described = endpoint.act("DescribeDomains", "&DomainNames.member.1=other").await;
    assert!(described.contains("<DomainStatusList></DomainStatusList>"), "{described}");
    let deleted = endpoint.act("DeleteDomain", "").await;
    assert!(deleted.contains("<Deleted>true</Deleted>"), "{deleted}");
    endpoint.act("DeleteDomain", "").await;
    assert!(!endpoint.act("ListDomainNames", "").await.contains("music"));
    assert_eq!(endpoint.get("search", &[("q", "a")]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code() {
    let endpoint = Endpoint::music().await;
    let field = "IndexField.IndexFieldName";
    let kind = "IndexField.IndexFieldType";
    for (action, parameters, status, code) in [
        ("", "", 400, "InvalidAction"),
        ("DropDomain", "", 400, "InvalidAction"),
        ("IndexDocuments", "&DomainName=other", 409, "ResourceNotFound"),
        ("CreateDomain", "&DomainName=Music", 400, "ValidationException"),
        ("CreateDomain", "&DomainName=..", 400, "ValidationException"),
        ("CreateDomain", "&DomainName=a/b", 400, "ValidationException"),
        ("DefineIndexField", "", 400, "ValidationException"),
        ("DefineIndexField", &format!("&{field}=mood&{kind}=float"), 400, "ValidationException"),
        ("DefineIndexField", &format!("&{field}=Mood&{kind}=int"), 400, "ValidationException"),
        ("DefineIndexField", &format!("&{field}=score&{kind}=int"), 400, "ValidationException"),
        ("DefineIndexField", &format!("&{field}=m*&{kind}=int"), 400, "ValidationException"),
        (
            "DefineIndexField",
            &format!("&{field}=mood&{kind}=text&IndexField.TextOptions.FacetEnabled=true"),
            400,
            "ValidationException",
        ),
        (
            "DefineIndexField",
            &format!("&{field}=mood&{kind}=text&IndexField.TextOptions.AnalysisScheme=other"),
            400,
            "ValidationException",
        ),
        (
            "DefineIndexField",
            &format!("&{field}=mood&{kind}=int&IndexField.IntOptions.DefaultValue=x"),
            400,
            "ValidationException",
        ),
        ("DeleteIndexField", "&IndexFieldName=mood", 409, "ResourceNotFound"),
        (
            "DefineSuggester",
            "&Suggester.SuggesterName=years&Suggester.DocumentSuggesterOptions.SourceField=year",
            400,
            "ValidationException",
        ),
        ("UpdateServiceAccessPolicies", "&AccessPolicies=x", 400, "ValidationException"),
        ("UpdateServiceAccessPolicies", "&AccessPolicies=%01", 400, "ValidationException"),
    ] {
        let (got, body) = endpoint.try_act(action, parameters).await;
        assert_eq!(got.as_u16(), status, "{action} {parameters}: {body}");
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{action} {parameters}: {body}");
    }
}

#[tokio::test]
async fn a_change_works_from_the_next_indexing_on() {
    let endpoint = Endpoint::music().await;
    endpoint.add(&[("a", json!({"title": "one", "label": "x"}))]).await;
    endpoint.field("mood", "literal").await;
    let described = endpoint.act("DescribeIndexFields", "&FieldNames.member.1=mood").await;
    assert!(described.contains("<State>RequiresIndexDocuments</State>"), "{described}");
    assert!(endpoint.act("DescribeDomains", "").await.contains("<RequiresIndexDocuments>true<"));
    // Documents may have it already; searches may not.
    endpoint.add(&[("b", json!({"title": "two", "mood": "calm"}))]).await;
    let query = [("q", "mood:'calm'"), ("q.parser", "structured")];
    assert_eq!(endpoint.get("search", &query).await.0, StatusCode::BAD_REQUEST);
    endpoint.act("DeleteIndexField", "&IndexFieldName=label").await;
    assert_eq!(endpoint.structured("label:'x'").await, "a");

    endpoint.act("IndexDocuments", "").await;
    assert_eq!(endpoint.structured("mood:'calm'").await, "b");
    assert_eq!(endpoint.structured("title:'one'").await, "a");
    let query = [("q", "label:'x'"), ("q.parser", "structured")];
    assert_eq!(endpoint.get("search", &query).await.0, StatusCode::BAD_REQUEST);
    let described = endpoint.act("DescribeIndexFields", "").await;
    assert!(!described.contains("RequiresIndexDocuments") && !described.contains("label"), "{described}");
    // The values of a field that is gone do not come back with it.
    endpoint.field("label", "int").await;
    endpoint.act("IndexDocuments", "").await;
    assert_eq!(endpoint.structured("label:{,1000]").await, "");
}

#[tokio::test]
async fn defining_the_same_again_changes_nothing() {
    let endpoint = Endpoint::music().await;
    endpoint.field("title", "text").await;
    let described = endpoint.act("DescribeIndexFields", "&FieldNames.member.1=title").await;
    assert!(described.contains("<State>Active</State>"), "{described}");
    endpoint.act("IndexDocuments", "").await;
    assert!(endpoint.act("DescribeDomains", "").await.contains("<RequiresIndexDocuments>false<"));
}

#[tokio::test]
async fn a_type_that_documents_do_not_fit_fails() {
    let endpoint = Endpoint::music().await;
    endpoint.add(&[("a", json!({"title": "one", "label": "x"}))]).await;
    endpoint.field("label", "int").await;
    endpoint.act("IndexDocuments", "").await;
    let described = endpoint.act("DescribeIndexFields", "&FieldNames.member.1=label").await;
    assert!(described.contains("<State>FailedToValidate</State>"), "{described}");
    assert_eq!(endpoint.structured("label:'x'").await, "a");
    endpoint.add(&[("a", json!({"title": "one", "label": "7"}))]).await;
    endpoint.act("IndexDocuments", "").await;
    assert_eq!(endpoint.structured("label:7").await, "a");
}

#[tokio::test]
async fn schemes_decide_on_stop_words_and_accents() {
    let endpoint = Endpoint::music().await;
    endpoint.scheme("english", "en", "full").await;
    let field = "&IndexField.IndexFieldType=text&IndexField.IndexFieldName";
    endpoint
        .act("DefineIndexField", &format!("{field}=folded&IndexField.TextOptions.AnalysisScheme=english"))
        .await;
    endpoint.act("DefineIndexField", &format!("{field}=standard")).await;
    endpoint.act("IndexDocuments", "").await;
    let text = "The Björk";
    endpoint.add(&[("a", json!({"title": text, "folded": text, "standard": text}))]).await;
    for (query, expected) in [
        ("title:'the'", "a"),
        ("title:'björk'", "a"),
        ("title:'bjork'", ""),
        ("folded:'bjork'", "a"),
        ("folded:'the'", "a"),
        ("(prefix field=folded 'Björ')", "a"),
        ("(prefix field=title 'BJÖR')", "a"),
        ("standard:'bjork'", "a"),
        ("standard:'the'", ""),
        ("standard:'the bjork'", "a"),
    ] {
        assert_eq!(endpoint.structured(query).await, expected, "{query}");
    }
    let stop_words = "&AnalysisScheme.AnalysisOptions.Stopwords=%5B%22The%22%5D\
        &AnalysisScheme.AnalysisSchemeName=plain&AnalysisScheme.AnalysisSchemeLanguage=mul";
    endpoint.act("DefineAnalysisScheme", stop_words).await;
    assert_eq!(endpoint.structured("title:'the'").await, "a");
    endpoint.act("IndexDocuments", "").await;
    assert_eq!(endpoint.structured("title:'the'").await, "");
}

#[tokio::test]
async fn policies_and_scaling_are_kept() {
    let endpoint = Endpoint::music().await;
    endpoint.act("UpdateServiceAccessPolicies", "&AccessPolicies=%7B%22a%22%3A%22%3C%22%7D").await;
    let scaling =
        "&ScalingParameters.DesiredInstanceType=search.small&ScalingParameters.DesiredReplicationCount=1";
    endpoint.act("UpdateScalingParameters", scaling).await;
    let endpoint = endpoint.after_crash();
    let policies = endpoint.act("DescribeServiceAccessPolicies", "").await;
    assert!(policies.contains("<Options>{&quot;a&quot;:&quot;&lt;&quot;}</Options>"), "{policies}");
    let scaling = endpoint.act("DescribeScalingParameters", "").await;
    assert!(scaling.contains("<DesiredInstanceType>search.small</DesiredInstanceType>"), "{scaling}");
}
