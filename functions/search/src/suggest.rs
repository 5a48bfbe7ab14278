//! `GET /v1/search/suggest`.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_http::{CatalogueReader, Problem, Query as QueryParams};
use mixtape_index::{Key, MAX_QUERY_CHARS, Suggestion as Suggested};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{State, away};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// The beginning of a name, as far as it is typed. Case, accents and punctuation do not matter, nor does a typing
    /// error from four letters on.
    #[param(min_length = 1, max_length = 200, example = "the pers")]
    q: String,
}

/// Names that start with what is typed, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestions {
    /// At most 10, each name once.
    items: Vec<Suggestion>,
}

/// A name, and one thing that has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestion {
    #[schema(example = "The Persuader")]
    text: String,
    /// `track`, `artist` or `album`.
    #[serde(rename = "type")]
    #[schema(example = "artist")]
    kind: &'static str,
    /// The id of the track, artist or album.
    id: String,
}

impl From<Suggested> for Suggestion {
    fn from(suggested: Suggested) -> Self {
        let id = match &suggested.key {
            Key::Track(id) => id.to_string(),
            Key::Artist(id) => id.to_string(),
            Key::Album(id) => id.to_string(),
        };
        Self { text: suggested.text, kind: suggested.key.kind().as_str(), id }
    }
}

/// Suggest names
///
/// For a search field: names of tracks, artists and albums that start with what is typed.
#[utoipa::path(
    get, path = "/v1/search/suggest", tag = "search", security((), ("bearer" = [])), params(Params),
    responses((status = 200, description = "Names", body = Suggestions))
)]
pub(crate) async fn suggest(
    AxumState(state): AxumState<State>,
    _: CatalogueReader,
    QueryParams(params): QueryParams<Params>,
) -> Result<JsonBody<Suggestions>, Problem> {
    if params.q.trim().is_empty() || params.q.chars().count() > MAX_QUERY_CHARS {
        return Err(Problem::invalid_field("q", format!("must be 1 to {MAX_QUERY_CHARS} characters long")));
    }
    let suggestions = state.index.suggest(&params.q).await.map_err(away)?;
    Ok(JsonBody(Suggestions { items: suggestions.into_iter().map(Suggestion::from).collect() }))
}
