//! `GET /v1/search`.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_http::{CatalogueReader, Problem, Query as QueryParams};
use mixtape_index::{Facet, FacetCount, Field, Highlighter, Hits, Kind, Part, Query, Request};
use mixtape_store::tracks::Wanted;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{State, away};

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
/// How far into the results one can page.
const MAX_DEPTH: usize = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Words, all of which must match, and filters: `artist:`, `album:`, `track:`, `genre:`, each with a word or
    /// words in quotation marks, and `year:1999`, `year:1990..1999`, `year:1990..`, `year:..1999`. Case, accents and
    /// punctuation do not matter, and a word that has four letters or more may be typed with an error, one of eight
    /// or more with two.
    /// The last word may be unfinished. What stands in quotation marks is looked for letter by letter, in any order.
    #[param(min_length = 1, max_length = 200, example = "artist:persuader ostermlam")]
    q: String,
    /// What to find: `track`, `artist`, `album`, separated by commas; all of them when absent.
    #[param(example = "track,artist,album")]
    types: Option<String>,
    /// How many results of each type, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 10)]
    limit: Option<usize>,
    /// How many results of each type to leave out at the front; with `limit` at most 10,000.
    #[param(minimum = 0, maximum = 9_999, default = 0)]
    offset: Option<usize>,
    /// By what to count all tracks that match: `genre`, `year`, separated by commas.
    #[param(example = "genre,year")]
    facets: Option<String>,
    /// Whether to show which parts of the names matched.
    #[param(default = false)]
    highlight: Option<bool>,
}

/// What was found, best first; types that were not asked for are empty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchResults {
    tracks: Results<Track>,
    artists: Results<Artist>,
    albums: Results<Album>,
    /// Of each facet that was asked for, the values that most of the tracks that match have, at most 100. It is there
    /// when facets were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Facets>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Facets {
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<Vec<Count>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<Vec<Count>>,
}

/// How many tracks have a value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Count {
    #[schema(example = "Electronic")]
    value: String,
    #[schema(example = 12)]
    count: usize,
}

impl From<FacetCount> for Count {
    fn from(FacetCount { value, count }: FacetCount) -> Self {
        Self { value, count }
    }
}

impl Facets {
    fn of(counts: BTreeMap<Facet, Vec<FacetCount>>) -> Option<Self> {
        if counts.is_empty() {
            return None;
        }
        let mut facets = Self { genre: None, year: None };
        for (facet, counts) in counts {
            let counts = Some(counts.into_iter().map(Count::from).collect());
            match facet {
                Facet::Genre => facets.genre = counts,
                Facet::Year => facets.year = counts,
            }
        }
        Some(facets)
    }
}

/// Results of one type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results<T> {
    items: Vec<T>,
    /// How many there are on all pages together.
    #[schema(example = 1)]
    total: usize,
    /// For each item, in their order, its names in parts. It is there when highlighting was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    highlights: Option<Vec<Highlight>>,
}

/// The names of one result in parts, which together are the names as they are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Highlight {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Vec<NamePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Vec<NamePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<Vec<NamePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    album: Option<Vec<NamePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    album_artist: Option<Vec<NamePart>>,
}

/// A part of a name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamePart {
    #[schema(example = "Army")]
    text: String,
    /// Whether the query meant this part.
    r#match: bool,
}

impl Params {
    fn request(&self) -> Result<Request, Problem> {
        let query = Query::parse(&self.q).map_err(|error| Problem::invalid_field("q", error.to_string()))?;
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid_field("limit", format!("must be 1 to {MAX_LIMIT}")));
        }
        let offset = self.offset.unwrap_or(0);
        if offset > MAX_DEPTH - limit {
            let message =
                format!("must be at most {}, so that it is {MAX_DEPTH} with limit", MAX_DEPTH - limit);
            return Err(Problem::invalid_field("offset", message));
        }
        Ok(Request { query, kinds: self.kinds()?, facets: self.facets()?, offset, limit })
    }

    fn facets(&self) -> Result<Vec<Facet>, Problem> {
        let Some(facets) = &self.facets else { return Ok(Vec::new()) };
        listed(facets, &Facet::ALL, Facet::as_str)
            .ok_or_else(|| Problem::invalid_field("facets", "must be genre and year, separated by commas"))
    }

    fn kinds(&self) -> Result<Vec<Kind>, Problem> {
        let Some(types) = &self.types else { return Ok(Kind::ALL.to_vec()) };
        listed(types, &Kind::ALL, Kind::as_str).ok_or_else(|| {
            Problem::invalid_field("types", "must be track, artist and album, separated by commas")
        })
    }
}

/// The values that a list separated by commas names, each once.
fn listed<T: Copy + Ord>(names: &str, all: &[T], name_of: fn(T) -> &'static str) -> Option<Vec<T>> {
    let value = |name: &str| all.iter().copied().find(|value| name_of(*value) == name.trim());
    let mut values: Vec<T> = names.split(',').map(value).collect::<Option<_>>()?;
    values.sort_unstable();
    values.dedup();
    Some(values)
}

/// Search
///
/// Finds tracks, artists and albums.
#[utoipa::path(
    get, path = "/v1/search", tag = "search", security((), ("bearer" = [])), params(Params),
    responses((status = 200, description = "What was found", body = SearchResults))
)]
pub(crate) async fn search(
    AxumState(State { app, index }): AxumState<State>,
    _: CatalogueReader,
    QueryParams(params): QueryParams<Params>,
) -> Result<JsonBody<SearchResults>, Problem> {
    let request = params.request()?;
    let highlighter = params.highlight.unwrap_or(false).then(|| Highlighter::new(&request.query));
    let found = index.search(request).await.map_err(away)?;
    let wanted = Wanted {
        tracks: found.tracks.ids.iter().copied().collect(),
        artists: found.artists.ids.iter().cloned().collect(),
        albums: found.albums.ids.iter().cloned().collect(),
    };
    let read = app.store.tracks.glance(&wanted).await?;
    let answer = move || {
        let mut highlighter = highlighter;
        SearchResults {
            tracks: results(found.tracks, read.tracks, highlighter.as_mut()),
            artists: results(found.artists, read.artists, highlighter.as_mut()),
            albums: results(found.albums, read.albums, highlighter.as_mut()),
            facets: Facets::of(found.facets),
        }
    };
    // Highlighting compares every word of every name, which would hold up the other requests of this thread.
    let answer = tokio::task::spawn_blocking(answer).await;
    Ok(JsonBody(answer.map_err(|error| Problem::internal(error.to_string()))?))
}

/// The items in the order of the hits; those that are gone are left out.
fn results<Id: Eq + Hash, T: Named>(
    hits: Hits<Id>,
    mut items: HashMap<Id, T>,
    highlighter: Option<&mut Highlighter>,
) -> Results<T> {
    let items: Vec<T> = hits.ids.iter().filter_map(|id| items.remove(id)).collect();
    let highlights =
        highlighter.map(|highlighter| items.iter().map(|item| item.highlight(highlighter)).collect());
    Results { items, total: hits.total, highlights }
}

/// Something whose names can be shown in parts.
trait Named {
    fn highlight(&self, highlighter: &mut Highlighter) -> Highlight;
}

impl Named for Track {
    fn highlight(&self, highlighter: &mut Highlighter) -> Highlight {
        let mut names = vec![(Field::Track, self.title.as_str()), (Field::Artist, self.artist.as_str())];
        names.extend(self.album.as_deref().map(|album| (Field::Album, album)));
        let mut parts = highlighter.parts(&names).into_iter().map(shown);
        Highlight { title: parts.next(), artist: parts.next(), album: parts.next(), ..Highlight::none() }
    }
}

impl Named for Artist {
    fn highlight(&self, highlighter: &mut Highlighter) -> Highlight {
        let mut parts = highlighter.parts(&[(Field::Artist, &self.name)]).into_iter().map(shown);
        Highlight { name: parts.next(), ..Highlight::none() }
    }
}

impl Named for Album {
    fn highlight(&self, highlighter: &mut Highlighter) -> Highlight {
        let names = [(Field::Album, self.name.as_str()), (Field::Artist, self.album_artist.as_str())];
        let mut parts = highlighter.parts(&names).into_iter().map(shown);
        Highlight { name: parts.next(), album_artist: parts.next(), ..Highlight::none() }
    }
}

impl Highlight {
    fn none() -> Self {
        Self { title: None, name: None, artist: None, album: None, album_artist: None }
    }
}

fn shown(parts: Vec<Part>) -> Vec<NamePart> {
    parts.into_iter().map(|Part { text, is_match }| NamePart { text, r#match: is_match }).collect()
}
