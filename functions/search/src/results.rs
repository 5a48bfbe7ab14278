//! `GET /v1/search`.

use std::collections::HashMap;
use std::hash::Hash;

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_http::{CatalogueReader, Problem, Query as QueryParams};
use mixtape_index::{Hits, Kind, Query, Request};
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
    /// punctuation do not matter, and a word of four letters or more may hold a typing error, of eight or more two.
    /// The last word may be unfinished. What stands in quotation marks is looked for letter by letter.
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
}

/// What was found, best first; types that were not asked for are empty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchResults {
    tracks: Results<Track>,
    artists: Results<Artist>,
    albums: Results<Album>,
}

/// Results of one type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results<T> {
    items: Vec<T>,
    /// How many there are on all pages together.
    #[schema(example = 1)]
    total: usize,
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
        Ok(Request { query, kinds: self.kinds()?, offset, limit })
    }

    fn kinds(&self) -> Result<Vec<Kind>, Problem> {
        let Some(types) = &self.types else { return Ok(Kind::ALL.to_vec()) };
        let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == name.trim());
        let mut kinds: Vec<Kind> = types.split(',').map(kind).collect::<Option<_>>().ok_or_else(|| {
            Problem::invalid_field("types", "must be track, artist and album, separated by commas")
        })?;
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }
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
    let found = index.search(params.request()?).await.map_err(away)?;
    let wanted = Wanted {
        tracks: found.tracks.ids.iter().copied().collect(),
        artists: found.artists.ids.iter().cloned().collect(),
        albums: found.albums.ids.iter().cloned().collect(),
    };
    let read = app.store.tracks.lookup(&wanted).await?;
    Ok(JsonBody(SearchResults {
        tracks: results(found.tracks, read.tracks),
        artists: results(found.artists, read.artists),
        albums: results(found.albums, read.albums),
    }))
}

/// The items in the order of the hits; those that are gone are left out.
fn results<Id: Eq + Hash, T>(hits: Hits<Id>, mut items: HashMap<Id, T>) -> Results<T> {
    Results { items: hits.ids.iter().filter_map(|id| items.remove(id)).collect(), total: hits.total }
}
