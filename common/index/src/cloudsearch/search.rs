//! The reading side: searches.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudsearchdomain::operation::search::SearchOutput;
use aws_sdk_cloudsearchdomain::operation::search::builders::SearchFluentBuilder;
use aws_sdk_cloudsearchdomain::types::{BucketInfo, Hit};
use futures::future::try_join_all;
use mixtape_store::SdkConfig;
use serde_json::{Map, json};

use super::document::{read_id, read_source};
use super::domain::{SearchService, send};
use super::fields::{GENRE, POPULARITY, SOURCE, YEAR};
use super::query::{Compiled, MATCH_ALL, NO_FIELDS};
use crate::document::{Document, Key, Kind};
use crate::error::IndexError;
use crate::names;
use crate::plan::{Plan, Stage};
use crate::{ENOUGH, Facet, FacetCount, Found, MAX_FACET_VALUES, Request};

/// Results of each kind that are compared with the query and put in order here, as every backend does. Beyond them the
/// order is CloudSearch's.
const WINDOW: usize = 100;
/// The same for queries with typing errors, of whose matches more turn out to be none.
const TOLERANT_WINDOW: usize = 500;

/// Answers from a domain. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) domain: SearchService,
}

/// A query, ready to be sent for each kind.
struct Question<'a> {
    request: &'a Request,
    plan: Plan,
    compiled: Compiled,
    window: usize,
}

/// What a domain answers about one kind.
#[derive(Default)]
struct Matches {
    total: usize,
    page: Vec<Key>,
    facets: BTreeMap<Facet, Vec<FacetCount>>,
}

impl Reader {
    /// A reader of the domain with this address of its search service. Nothing is sent yet.
    pub fn new(config: &SdkConfig, search_endpoint: &str) -> Self {
        Self { domain: SearchService::new(config, search_endpoint) }
    }

    /// The results of a query. Typing errors are looked for only when there is not enough without them.
    ///
    /// # Errors
    /// The domain is away, or refuses the query.
    pub async fn search(&self, request: Request) -> Result<Found, IndexError> {
        let literal = Question::new(&request, Stage::Literal);
        let matches = self.ask(&literal).await?;
        let total: usize = matches.iter().map(|(_, matches)| matches.total).sum();
        let tolerant = Question::new(&request, Stage::Tolerant);
        let matches = if total < ENOUGH && tolerant.compiled != literal.compiled {
            self.ask(&tolerant).await?
        } else {
            matches
        };
        let mut found = Found::default();
        for (kind, matches) in matches {
            found.facets.extend(matches.facets);
            if request.kinds.contains(&kind) {
                found.add(kind, matches.total, matches.page);
            }
        }
        for facet in &request.facets {
            found.facets.entry(*facet).or_default();
        }
        Ok(found)
    }

    async fn ask(&self, question: &Question<'_>) -> Result<Vec<(Kind, Matches)>, IndexError> {
        try_join_all(Kind::ALL.map(async |kind| Ok((kind, self.matches(question, kind).await?)))).await
    }

    async fn matches(&self, question: &Question<'_>, kind: Kind) -> Result<Matches, IndexError> {
        if question.plan.only_tracks && kind != Kind::Track {
            return Ok(Matches::default());
        }
        let request = question.request;
        let has_facets = kind == Kind::Track && !request.facets.is_empty();
        if !request.kinds.contains(&kind) && !has_facets {
            // Only whether there is enough; CloudSearch gives one result at least.
            let answer = send(question.search(&self.domain, kind).size(1).r#return(NO_FIELDS)).await?;
            return Ok(Matches { total: found(&answer), ..Matches::default() });
        }
        let mut search = question.search(&self.domain, kind).size(size(question.window)).r#return(SOURCE);
        if has_facets {
            search = search.facet(facet_options(&request.facets));
        }
        let answer = send(search).await?;
        let total = found(&answer);
        let facets = answer.facets.unwrap_or_default();
        let documents = documents(answer.hits.and_then(|hits| hits.hit).unwrap_or_default())?;
        let is_all = total <= documents.len() || question.compiled.is_loose;
        let ranked = question.ranked(documents, is_all);
        if is_all {
            let facets = if has_facets { count(&request.facets, &ranked) } else { BTreeMap::new() };
            let page = ranked.iter().skip(request.offset).take(request.limit).map(Document::key).collect();
            return Ok(Matches { total: ranked.len(), page, facets });
        }
        let end = request.offset.saturating_add(request.limit);
        let mut page: Vec<Key> =
            ranked.iter().skip(request.offset).take(request.limit).map(Document::key).collect();
        if end > question.window {
            let start = request.offset.max(question.window);
            let search = question.search(&self.domain, kind).start(size(start)).size(size(end - start));
            let answer = send(search.r#return(NO_FIELDS)).await?;
            page.extend(keys(answer.hits.and_then(|hits| hits.hit).unwrap_or_default()));
        }
        Ok(Matches { total, page, facets: named(&facets) })
    }
}

impl<'a> Question<'a> {
    fn new(request: &'a Request, stage: Stage) -> Self {
        let plan = Plan::new(&request.query, stage);
        let compiled = Compiled::new(&plan, stage);
        let window = if stage == Stage::Tolerant { TOLERANT_WINDOW } else { WINDOW };
        Self { request, plan, compiled, window }
    }

    /// The search for results of one kind, without which of them and what of them.
    fn search(&self, domain: &SearchService, kind: Kind) -> SearchFluentBuilder {
        let compiled = &self.compiled;
        // Ends in the id, so that pages neither overlap nor leave a gap.
        let sort = if compiled.query == MATCH_ALL {
            format!("{POPULARITY} desc,_id asc")
        } else {
            format!("_score desc,{POPULARITY} desc,_id asc")
        };
        let search = domain.search().query(&compiled.query).query_parser(compiled.parser.clone()).sort(sort);
        search.set_query_options(compiled.options.clone()).filter_query(compiled.filter(kind))
    }

    /// The documents, best first. What does not match after all goes, or comes last where it is counted already.
    fn ranked(&self, documents: Vec<Document>, is_all: bool) -> Vec<Document> {
        let points = |document: Document| (names::points(&document, &self.plan), document);
        let mut ranked: Vec<(Option<f32>, Document)> = documents.into_iter().map(points).collect();
        if is_all {
            ranked.retain(|(points, _)| points.is_some());
        }
        ranked.sort_by(|(one, first), (other, second)| {
            other
                .partial_cmp(one)
                .unwrap_or(Ordering::Equal)
                .then_with(|| second.popularity().cmp(&first.popularity()))
        });
        ranked.into_iter().map(|(_, document)| document).collect()
    }
}

fn found(answer: &SearchOutput) -> usize {
    answer.hits.as_ref().and_then(|hits| usize::try_from(hits.found).ok()).unwrap_or_default()
}

/// A count as the SDK takes it.
pub(super) fn size(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn keys(hits: Vec<Hit>) -> impl Iterator<Item = Key> {
    hits.into_iter().filter_map(|hit| read_id(&hit.id?))
}

/// The documents of some results.
pub(super) fn documents(hits: Vec<Hit>) -> Result<Vec<Document>, IndexError> {
    let sources = hits.into_iter().filter_map(|hit| hit.fields?.remove(SOURCE)?.into_iter().next());
    sources.map(|source| read_source(&source)).collect()
}

fn field(facet: Facet) -> &'static str {
    match facet {
        Facet::Genre => GENRE,
        Facet::Year => YEAR,
    }
}

fn facet_options(facets: &[Facet]) -> String {
    let options = facets
        .iter()
        .map(|facet| (field(*facet).to_owned(), json!({ "sort": "count", "size": MAX_FACET_VALUES })));
    serde_json::Value::Object(options.collect::<Map<_, _>>()).to_string()
}

/// The values of these facets that these documents have.
fn count(facets: &[Facet], documents: &[Document]) -> BTreeMap<Facet, Vec<FacetCount>> {
    let values = |facet: Facet, document: &Document| match facet {
        Facet::Genre => document.genres().to_vec(),
        Facet::Year => document.year().map(|year| year.to_string()).into_iter().collect(),
    };
    let count = |facet: Facet| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for document in documents {
            let mut values = values(facet, document);
            values.sort();
            values.dedup();
            values.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
        }
        sorted(counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect())
    };
    facets.iter().map(|facet| (*facet, count(*facet))).collect()
}

/// The facets that CloudSearch counted.
fn named(counted: &HashMap<String, BucketInfo>) -> BTreeMap<Facet, Vec<FacetCount>> {
    let counts = |facet: Facet| {
        let buckets = counted.get(field(facet))?.buckets.iter().flatten();
        let counts = buckets.filter_map(|bucket| {
            Some(FacetCount { value: bucket.value.clone()?, count: usize::try_from(bucket.count).ok()? })
        });
        Some((facet, sorted(counts.collect())))
    };
    Facet::ALL.into_iter().filter_map(counts).collect()
}

fn sorted(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.value.cmp(&other.value)));
    counts.truncate(MAX_FACET_VALUES);
    counts
}
