//! A catalogue, an API in memory and a ruler, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::taste::{Catalogue, Track};

/// So many tracks: ten on each album, twenty of each artist, in eight genres.
pub(super) fn catalogue(tracks: usize) -> Catalogue {
    let track = |number: usize| Track {
        id: format!("t{number:05}"),
        title: format!("Song {number}"),
        artist: format!("Artist {}", number / 20),
        artist_id: format!("a{}", number / 20),
        album_id: Some(format!("b{}", number / 10)),
        place: (1, (number % 10 + 1) as u64),
        genres: vec![format!("Genre {}", number / 20 % 8)],
        duration_ms: Some(120_000 + (number * 7919 % 240_000) as u64),
    };
    Catalogue::new((0..tracks).map(track).collect())
}

/// The slope of the counts over their ranks, both as logarithms, by least squares.
pub(super) fn slope(counts: &[u32]) -> f64 {
    let points = counts.iter().zip(1_u32..).filter(|(count, _)| **count > 0);
    let points: Vec<(f64, f64)> =
        points.map(|(count, rank)| (f64::from(rank).ln(), f64::from(*count).ln())).collect();
    let number = points.len() as f64;
    let (x, y) =
        (points.iter().map(|point| point.0).sum::<f64>(), points.iter().map(|point| point.1).sum::<f64>());
    let (x, y) = (x / number, y / number);
    let up: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    up / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// What a demo needs of the API, with names as tokens. The first batch of listens finds it busy.
pub(super) struct Api {
    pub(super) url: String,
    state: Arc<Mutex<Data>>,
}

#[derive(Default)]
struct Data {
    tracks: Vec<Value>,
    passwords: BTreeMap<String, String>,
    public: BTreeSet<String>,
    /// Account, time, track.
    listens: BTreeSet<(String, String, String)>,
    largest_batch: usize,
}

type Shared = Arc<Mutex<Data>>;

impl Api {
    /// An API with so many tracks.
    pub(super) async fn start(tracks: usize) -> Self {
        let tracks = catalogue(tracks).tracks.into_iter().map(|track| {
            json!({
                "id": track.id, "title": track.title, "artist": track.artist, "artist_id": track.artist_id,
                "album_id": track.album_id, "disc_number": null, "track_number": track.place.1,
                "genres": track.genres, "duration_ms": track.duration_ms,
            })
        });
        Self::with(Data { tracks: tracks.collect(), ..Data::default() }).await
    }

    /// An API where somebody has this name already.
    pub(super) async fn with_account(username: &str) -> Self {
        let passwords = [(username.to_owned(), "unknown".to_owned())].into();
        Self::with(Data { passwords, ..Data::default() }).await
    }

    async fn with(data: Data) -> Self {
        let state = Arc::new(Mutex::new(data));
        let router = Router::new()
            .route("/v1/sessions", post(sign_in))
            .route("/v1/accounts", post(sign_up))
            .route("/v1/me", patch(change_me))
            .route("/v1/tracks", get(list_tracks))
            .route("/v1/listens", post(add_listens))
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(super) fn listens(&self) -> Vec<(String, String, String)> {
        self.state.lock().unwrap().listens.iter().cloned().collect()
    }

    pub(super) fn published(&self) -> Vec<String> {
        self.state.lock().unwrap().public.iter().cloned().collect()
    }

    pub(super) fn largest_batch(&self) -> usize {
        self.state.lock().unwrap().largest_batch
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn sign_in(State(state): State<Shared>, Json(body): Json<Value>) -> Response {
    let username = text(&body["login"]);
    if state.lock().unwrap().passwords.get(&username) != Some(&text(&body["password"])) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({ "access_token": username })).into_response()
}

async fn sign_up(State(state): State<Shared>, Json(body): Json<Value>) -> Response {
    let username = text(&body["username"]);
    let mut state = state.lock().unwrap();
    if state.passwords.contains_key(&username) {
        return (StatusCode::CONFLICT, Json(json!({ "detail": "The name is taken." }))).into_response();
    }
    state.passwords.insert(username.clone(), text(&body["password"]));
    (StatusCode::CREATED, Json(json!({ "session": { "access_token": username } }))).into_response()
}

fn caller(headers: &HeaderMap) -> String {
    let sent = headers[header::AUTHORIZATION].to_str().unwrap();
    sent.strip_prefix("Bearer ").unwrap().to_owned()
}

async fn change_me(State(state): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Json<Value> {
    assert_eq!(body, json!({ "insights": "public" }));
    state.lock().unwrap().public.insert(caller(&headers));
    Json(json!({}))
}

async fn list_tracks(
    State(state): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let state = state.lock().unwrap();
    let start: usize = query.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let end = (start + query["limit"].parse::<usize>().unwrap()).min(state.tracks.len());
    let next = (end < state.tracks.len()).then(|| end.to_string());
    Json(json!({ "items": state.tracks[start..end], "next_cursor": next }))
}

async fn add_listens(State(state): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut state = state.lock().unwrap();
    let listens = body["listens"].as_array().unwrap();
    if state.largest_batch == 0 {
        state.largest_batch = 1;
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]).into_response();
    }
    state.largest_batch = state.largest_batch.max(listens.len());
    let results: Vec<Value> = listens
        .iter()
        .map(|listen| {
            let key = (caller(&headers), text(&listen["listened_at"]), text(&listen["track_id"]));
            json!({ "id": "x", "created": state.listens.insert(key) })
        })
        .collect();
    Json(json!({ "results": results })).into_response()
}
