//! Tracks, artists, albums, their pictures, the home page, search and uploads.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FEW, MANY, Of, Route, text};
use crate::api::Ask;
use crate::scenario::{Scenario, TRACKS, track};

pub(super) fn add(scenario: &Scenario, routes: &mut Vec<Route>) {
    let mut of = Of { routes, token: &scenario.token };
    let path = format!("/v1/tracks/{}", scenario.sounding);
    of.get("GET /v1/tracks, 50", "/v1/tracks");
    of.get("GET /v1/tracks/{id}", &path);
    of.get("GET /v1/tracks/{id}/stream", format!("{path}/stream?redirect=0"));
    of.get("GET /v1/tracks/{id}/analysis", format!("{path}/analysis"));
    of.get("GET /v1/artists, 50", "/v1/artists");
    of.get("GET /v1/artists/{id}", format!("/v1/artists/{}", scenario.artist));
    of.get("GET /v1/albums, 50", "/v1/albums");
    of.get("GET /v1/albums/{id}, 10 tracks", format!("/v1/albums/{}", scenario.album));
    let token = scenario.token.clone();
    let new = move |place| Ask::new(Method::POST, "/v1/tracks", &token, track(TRACKS + place));
    of.add("POST /v1/tracks", FEW, new);
    let token = scenario.token.clone();
    of.add("POST /v1/tracks/batch, 100", FEW / 4, move |place| {
        let numbers = (0..100).map(|number| track(10_000_000 + place * 100 + number));
        let body = json!({ "tracks": numbers.collect::<Vec<Value>>() });
        Ask::new(Method::POST, "/v1/tracks/batch", &token, body)
    });
    let (token, path) = (scenario.token.clone(), format!("/v1/tracks/{}", scenario.tracks[1]));
    of.add("PATCH /v1/tracks/{id}", FEW, move |place| {
        Ask::new(Method::PATCH, &path, &token, json!({ "title": format!("Title {place}") }))
    });
    let (mine, token) = (scenario.token.clone(), scenario.token.clone());
    of.after(
        "DELETE /v1/tracks/{id}",
        move |place| Ask::new(Method::POST, "/v1/tracks", &mine, track(100_000_000 + place)),
        move |_, made| Ask::bare(Method::DELETE, format!("/v1/tracks/{}", text(made, "/id")), &token),
    );

    of.get("GET /v1/images/{id}", &scenario.cover);
    pictures(
        &mut of,
        scenario,
        ["PUT /v1/tracks/{id}/cover", "DELETE /v1/tracks/{id}/cover"],
        &format!("/v1/tracks/{}/cover", scenario.tracks[1]),
    );
    pictures(
        &mut of,
        scenario,
        ["PUT /v1/albums/{id}/cover, 10 tracks", "DELETE /v1/albums/{id}/cover, 10 tracks"],
        &format!("/v1/albums/{}/cover", scenario.album),
    );
    pictures(
        &mut of,
        scenario,
        ["PUT /v1/playlists/{id}/cover", "DELETE /v1/playlists/{id}/cover"],
        &format!("/v1/playlists/{}/cover", scenario.playlist),
    );
    of.get("GET /v1/playlists/{id}/cover", format!("/v1/playlists/{}/cover", scenario.playlist));

    of.get("GET /v1/home", "/v1/home");

    for (name, path) in [
        ("GET /v1/search, 10 of each kind", "/v1/search?limit=10&q="),
        ("GET /v1/search/suggest", "/v1/search/suggest?q="),
    ] {
        let token = scenario.token.clone();
        of.add(name, MANY, move |place| Ask::get(format!("{path}{}", Scenario::query(place)), &token));
    }

    of.get("GET /v1/uploads", "/v1/uploads");
    of.get("GET /v1/uploads/{id}", format!("/v1/uploads/{}", scenario.upload));
    let token = scenario.token.clone();
    let announce = move |place: usize| {
        let body = json!({
            "filename": "song.mp3", "content_type": "audio/mpeg", "size_bytes": 5_000_000,
            "sha256": format!("{place:064x}"),
        });
        Ask::new(Method::POST, "/v1/uploads", &token, body)
    };
    of.add("POST /v1/uploads", FEW, announce.clone());
    let token = scenario.token.clone();
    of.after(
        "DELETE /v1/uploads/{id}",
        move |place| announce(1_000_000 + place),
        move |_, made| Ask::bare(Method::DELETE, format!("/v1/uploads/{}", text(made, "/id")), &token),
    );
}

/// A picture that is set where there was none, and one that is taken away.
pub(super) fn pictures(of: &mut Of<'_>, scenario: &Scenario, [put, delete]: [&'static str; 2], path: &str) {
    let (mine, at) = (scenario.clone(), path.to_owned());
    let set = move |_| mine.picture(&at);
    let (token, path) = (scenario.token.clone(), path.to_owned());
    let take = move |_| Ask::bare(Method::DELETE, &path, &token);
    let (first, then) = (take.clone(), set.clone());
    of.after(put, first, move |place, _| then(place));
    of.after(delete, set, move |place, _| take(place));
}
