//! Playlists and their items.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FEW, MANY, Of, Route, text};
use crate::api::Ask;
use crate::scenario::{Scenario, TRACKS};

/// A playlist as a file, of a track that the catalogue has.
const FILE: &str = "#EXTM3U\n#EXTINF:150,The Morning Umbrellas - Amber River Morning\namber.mp3\n";

pub(super) fn add(scenario: &Scenario, routes: &mut Vec<Route>) {
    let mut of = Of { routes, token: &scenario.token };
    let path = format!("/v1/playlists/{}", scenario.playlist);
    of.get("GET /v1/playlists", "/v1/playlists");
    of.get("GET /v1/playlists/{id}", &path);
    of.get("GET /v1/playlists/{id}/items, 50", format!("{path}/items"));
    of.get("GET /v1/playlists/{id}/export, 50", format!("{path}/export?format=m3u8"));
    let token = scenario.token.clone();
    let new = move |place| {
        Ask::new(Method::POST, "/v1/playlists", &token, json!({ "name": format!("Mix {place}") }))
    };
    of.add("POST /v1/playlists", FEW, new.clone());
    let token = scenario.token.clone();
    of.after("DELETE /v1/playlists/{id}", new, move |_, made| {
        Ask::bare(Method::DELETE, format!("/v1/playlists/{}", text(made, "/id")), &token)
    });
    let token = scenario.token.clone();
    of.add("POST /v1/playlists/import", FEW, move |_| {
        let content = Some(("application/vnd.apple.mpegurl".to_owned(), FILE.as_bytes().to_vec()));
        Ask { content, ..Ask::bare(Method::POST, "/v1/playlists/import", &token) }
    });
    let (token, at) = (scenario.token.clone(), path.clone());
    of.add("PATCH /v1/playlists/{id}", FEW, move |place| {
        Ask::new(Method::PATCH, &at, &token, json!({ "name": format!("Mix {place}") }))
    });

    // Items of a playlist of its own, so that the one that others read stays as it is.
    let items = format!("/v1/playlists/{}/items", scenario.sandbox);
    let (mine, token, at) = (scenario.clone(), scenario.token.clone(), items.clone());
    let add = move |place: usize| {
        let body = json!({ "track_ids": [mine.tracks[place * 13 % TRACKS]] });
        Ask::new(Method::POST, &at, &token, body)
    };
    of.add("POST /v1/playlists/{id}/items", MANY, add);
    let (token, at) = (scenario.token.clone(), items.clone());
    let first = move |_| Ask::get(format!("{at}?limit=1"), &token);
    let (token, at) = (scenario.token.clone(), items.clone());
    of.after("PATCH /v1/playlists/{id}/items", first.clone(), move |_, page| {
        let body = json!({ "item_ids": [text(page, "/items/0/id")], "before": null });
        Ask::new(Method::PATCH, &at, &token, body)
    });
    let (token, at) = (scenario.token.clone(), items.clone());
    of.after("DELETE /v1/playlists/{id}/items", first, move |_, page| {
        Ask::bare(Method::DELETE, format!("{at}?ids={}", text(page, "/items/0/id")), &token)
    });
    let (mine, token) = (scenario.clone(), scenario.token.clone());
    of.add("PUT /v1/playlists/{id}/items, 50", FEW, move |place| {
        let ids: Vec<Value> =
            (0..50).map(|number| json!(mine.tracks[(place + number) * 13 % TRACKS])).collect();
        Ask::new(Method::PUT, &items, &token, json!({ "track_ids": ids }))
    });
}
