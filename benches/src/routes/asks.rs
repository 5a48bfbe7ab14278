//! The requests that are measured: one for each operation that can be asked again and again.

use mixtape_domain::{Clock, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Ask, PASSWORD};
use crate::scenario::{Scenario, TRACKS, listen, track};

/// An operation, and how to ask for it for the nth time.
pub(crate) struct Route {
    pub(crate) name: &'static str,
    pub(crate) repetitions: usize,
    ask: Box<dyn Fn(usize) -> Ask + Send + Sync>,
}

impl Route {
    pub(crate) fn ask(&self, place: usize) -> Ask {
        (self.ask)(place)
    }
}

/// Repetitions of what takes longer than others.
const FEW: usize = 40;
const MANY: usize = 300;

/// All of them. `run` tells those of several runs on one server apart.
pub(crate) fn all(scenario: &Scenario, run: usize) -> Vec<Route> {
    let mut routes = Vec::new();
    reads(scenario, &mut routes);
    writes(scenario, run * 100_000, &mut routes);
    routes
}

fn reads(scenario: &Scenario, routes: &mut Vec<Route>) {
    let mut get = |name: &'static str, path: String, repetitions: usize| {
        let ask = Ask::get(path, &scenario.token);
        routes.push(Route { name, repetitions, ask: Box::new(move |_| ask.clone()) });
    };
    let track = &scenario.sounding;
    let playlist = &scenario.playlist;
    get("GET /v1/me", "/v1/me".into(), MANY);
    get("GET /v1/me/export", "/v1/me/export".into(), FEW);
    get("GET /v1/me/keys", "/v1/me/keys".into(), MANY);
    get("GET /v1/home", "/v1/home".into(), MANY);
    get("GET /v1/tracks, 50", "/v1/tracks".into(), MANY);
    get("GET /v1/tracks/{id}", format!("/v1/tracks/{track}"), MANY);
    get("GET /v1/tracks/{id}/stream", format!("/v1/tracks/{track}/stream?redirect=0"), MANY);
    get("GET /v1/tracks/{id}/analysis", format!("/v1/tracks/{track}/analysis"), MANY);
    get("GET /v1/artists, 50", "/v1/artists".into(), MANY);
    get("GET /v1/artists/{id}", format!("/v1/artists/{}", scenario.artist), MANY);
    get("GET /v1/albums, 50", "/v1/albums".into(), MANY);
    get("GET /v1/albums/{id}, 10 tracks", format!("/v1/albums/{}", scenario.album), MANY);
    get("GET /v1/images/{id}", scenario.cover.clone(), MANY);
    get("GET /v1/playlists", "/v1/playlists".into(), MANY);
    get("GET /v1/accounts/{username}/playlists", "/v1/accounts/listener/playlists".into(), MANY);
    get("GET /v1/playlists/{id}", format!("/v1/playlists/{playlist}"), MANY);
    get("GET /v1/playlists/{id}/items, 50", format!("/v1/playlists/{playlist}/items"), MANY);
    get("GET /v1/playlists/{id}/export", format!("/v1/playlists/{playlist}/export?format=m3u8"), FEW);
    get("GET /v1/playlists/{id}/cover", format!("/v1/playlists/{playlist}/cover"), MANY);
    get("GET /v1/uploads", "/v1/uploads".into(), MANY);
    get("GET /v1/uploads/{id}", format!("/v1/uploads/{}", scenario.upload), MANY);
    get("GET /v1/listens, 50", "/v1/listens".into(), MANY);
    get("GET /v1/insights/me/top/{what}", "/v1/insights/me/top/tracks?period=month".into(), MANY);
    get("GET /v1/insights/me/totals", "/v1/insights/me/totals".into(), MANY);
    get("GET /v1/insights/me/activity", "/v1/insights/me/activity".into(), MANY);
    get("GET /v1/insights/me/streaks", "/v1/insights/me/streaks".into(), MANY);
    get("GET /v1/insights/me/recap/{year}", "/v1/insights/me/recap/2026".into(), FEW);
    get("GET /v1/insights/me/recap/{year}.svg", "/v1/insights/me/recap/2026.svg".into(), FEW);
    get("GET /v1/insights/global/top/{what}", "/v1/insights/global/top/artists".into(), MANY);
    get("GET /v1/insights/global/totals", "/v1/insights/global/totals".into(), MANY);
    get("GET /v1/health", "/v1/health".into(), MANY);
    get("GET /v1/openapi.json", "/v1/openapi.json".into(), MANY);
    get("GET /docs", "/docs".into(), MANY);
    let token = scenario.token.clone();
    let search = move |place| Ask::get(format!("/v1/search?q={}&limit=10", Scenario::query(place)), &token);
    routes.push(Route { name: "GET /v1/search, 10 of each kind", repetitions: MANY, ask: Box::new(search) });
    let token = scenario.token.clone();
    let suggest = move |place| Ask::get(format!("/v1/search/suggest?q={}", Scenario::query(place)), &token);
    routes.push(Route { name: "GET /v1/search/suggest", repetitions: MANY, ask: Box::new(suggest) });
}

fn writes(scenario: &Scenario, from: usize, routes: &mut Vec<Route>) {
    let now = Clock::system().now();
    let token = scenario.token.clone();
    let mut add = |name: &'static str, repetitions, method: Method, path: String, body: Body| {
        let token = token.clone();
        let ask = move |place: usize| Ask::new(method.clone(), path.clone(), &token, body(from + place));
        routes.push(Route { name, repetitions, ask: Box::new(ask) });
    };
    type Body = Box<dyn Fn(usize) -> Value + Send + Sync>;
    let (post, patch, put) = (|| Method::POST, || Method::PATCH, || Method::PUT);
    let sign_up = |place| {
        let name = format!("somebody{place}");
        json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD })
    };
    add("POST /v1/accounts", FEW, post(), "/v1/accounts".into(), Box::new(sign_up));
    let sign_in = |_| json!({ "login": "listener", "password": PASSWORD });
    add("POST /v1/sessions", FEW, post(), "/v1/sessions".into(), Box::new(sign_in));
    let shown = |place| json!({ "insights": if place % 2 == 0 { "public" } else { "private" } });
    add("PATCH /v1/me", FEW, patch(), "/v1/me".into(), Box::new(shown));
    let new = |place| track(TRACKS + place);
    add("POST /v1/tracks", FEW, post(), "/v1/tracks".into(), Box::new(new));
    let batch = |place: usize| {
        let numbers = (0..100).map(|number| track(1_000_000 + place * 100 + number));
        json!({ "tracks": numbers.collect::<Vec<_>>() })
    };
    add("POST /v1/tracks/batch, 100", FEW / 4, post(), "/v1/tracks/batch".into(), Box::new(batch));
    let title = |place| json!({ "title": format!("Title {place}") });
    add("PATCH /v1/tracks/{id}", FEW, patch(), format!("/v1/tracks/{}", scenario.tracks[1]), Box::new(title));
    let named = |place| json!({ "name": format!("Mix {place}") });
    add("POST /v1/playlists", FEW, post(), "/v1/playlists".into(), Box::new(named));
    let path = format!("/v1/playlists/{}", scenario.playlist);
    add("PATCH /v1/playlists/{id}", FEW, patch(), path.clone(), Box::new(named));
    let tracks = scenario.tracks.clone();
    let item = move |place: usize| json!({ "track_ids": [tracks[place * 13 % TRACKS]] });
    add("POST /v1/playlists/{id}/items", FEW, post(), format!("{path}/items"), Box::new(item));
    let tracks = scenario.tracks.clone();
    let at = move |place: usize| now.minus(std::time::Duration::from_secs(40 * 86_400 - place as u64));
    let one = move |place: usize| json!({ "listens": [listen(&tracks[place * 13 % TRACKS], at(place))] });
    add("POST /v1/listens", MANY, post(), "/v1/listens".into(), Box::new(one));
    let tracks = scenario.tracks.clone();
    let at =
        move |place: usize| Timestamp::minus(now, std::time::Duration::from_secs(80 * 86_400 - place as u64));
    let ten = move |place: usize| {
        let listens =
            (0..10).map(|number| listen(&tracks[(place + number) * 13 % TRACKS], at(place * 10 + number)));
        json!({ "listens": listens.collect::<Vec<_>>() })
    };
    add("POST /v1/listens, 10", FEW, post(), "/v1/listens".into(), Box::new(ten));
    let tracks = scenario.tracks.clone();
    let playing = move |place: usize| json!({ "track_id": tracks[place * 13 % TRACKS] });
    add("PUT /v1/me/now-playing", MANY, put(), "/v1/me/now-playing".into(), Box::new(playing));
    let announce = |place: usize| {
        json!({
            "filename": "song.mp3", "content_type": "audio/mpeg", "size_bytes": 5_000_000,
            "sha256": format!("{place:064x}"),
        })
    };
    add("POST /v1/uploads", FEW, post(), "/v1/uploads".into(), Box::new(announce));
}
