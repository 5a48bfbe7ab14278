//! The home page: `/v1/home`.

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Json as JsonBody, Router};
use mixtape_domain::home::{SectionKind, Shuffle};
use mixtape_domain::track::{Album, Artist, Track};
use mixtape_domain::{Timestamp, TrackId};
use mixtape_http::{App, CatalogueReader, Problem, Routes, routes};
use mixtape_settings::Catalogue;
use mixtape_store::tracks::{Found, Wanted};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

/// How long an empty page lasts before the first shuffle, and how long a page is good when the next one is late.
const WAIT: Duration = Duration::from_secs(10);

fn api() -> Routes<App> {
    routes![get]
}

/// The function's routes.
pub fn router(app: App) -> Router {
    api().serve(app)
}

/// What the routes are, for the OpenAPI document.
pub fn openapi() -> OpenApi {
    api().openapi()
}

/// The home page, the same for everybody until `next_at`.
#[derive(Debug, Serialize, ToSchema)]
struct HomePage {
    #[schema(value_type = String, format = DateTime)]
    generated_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    next_at: Timestamp,
    sections: Vec<HomeSection>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HomeSection {
    #[schema(example = "discover")]
    id: String,
    #[schema(example = "Discover")]
    title: String,
    kind: SectionKind,
    /// Artists, tracks or albums, as `kind` says.
    items: Vec<HomeItem>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum HomeItem {
    Track(Box<Track>),
    Artist(Artist),
    Album(Album),
}

/// Read the home page
///
/// Featured artists, trending tracks, new tracks, tracks to discover and albums, reshuffled every three hours.
/// `Cache-Control` runs out at `next_at`.
#[utoipa::path(
    get, path = "/v1/home", tag = "home", security((), ("bearer" = [])),
    responses((status = 200, description = "The home page", body = HomePage))
)]
async fn get(State(app): State<App>, _: CatalogueReader) -> Result<Response, Problem> {
    let now = app.clock.now();
    let shuffle = app.store.home.current(now).await?.unwrap_or_else(|| Shuffle {
        generated_at: now,
        next_at: now.plus(WAIT),
        is_complete: false,
        sections: Vec::new(),
    });
    let found = app.store.tracks.glance(&wanted(&shuffle)).await?;
    // A page of a catalogue that was too small is made again soon.
    let good_until = if shuffle.is_complete { shuffle.next_at } else { shuffle.next_at.min(now.plus(WAIT)) };
    let seconds = (good_until.seconds() - now.seconds()).max(1);
    let scope = if app.settings.catalogue == Catalogue::Public { "public" } else { "private" };
    let headers = AppendHeaders([(header::CACHE_CONTROL, format!("{scope}, max-age={seconds}"))]);
    Ok((headers, JsonBody(page(shuffle, found))).into_response())
}

fn wanted(shuffle: &Shuffle) -> Wanted {
    let mut wanted = Wanted::default();
    for section in &shuffle.sections {
        let ids = section.ids.iter();
        match section.kind {
            SectionKind::Track => wanted.tracks.extend(ids.filter_map(|id| id.parse::<TrackId>().ok())),
            SectionKind::Artist => wanted.artists.extend(ids.filter_map(|id| id.parse().ok())),
            SectionKind::Album => wanted.albums.extend(ids.filter_map(|id| id.parse().ok())),
        }
    }
    wanted
}

/// The page with what there still is of it.
fn page(shuffle: Shuffle, mut found: Found) -> HomePage {
    let sections = shuffle.sections.into_iter().map(|section| {
        let mut item = |id: &String| match section.kind {
            SectionKind::Track => {
                found.tracks.remove(&id.parse().ok()?).map(|track| HomeItem::Track(Box::new(track)))
            }
            SectionKind::Artist => found.artists.remove(&id.parse().ok()?).map(HomeItem::Artist),
            SectionKind::Album => found.albums.remove(&id.parse().ok()?).map(HomeItem::Album),
        };
        let items = section.ids.iter().filter_map(&mut item).collect();
        HomeSection { id: section.id, title: section.title, kind: section.kind, items }
    });
    HomePage { generated_at: shuffle.generated_at, next_at: shuffle.next_at, sections: sections.collect() }
}
