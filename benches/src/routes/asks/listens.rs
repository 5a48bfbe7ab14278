//! Listens and insights.

use std::time::Duration;

use mixtape_domain::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{FEW, MANY, Of, Route, text};
use crate::api::Ask;
use crate::scenario::{LISTENER, Scenario, TRACKS, listen};

pub(super) fn add(scenario: &Scenario, routes: &mut Vec<Route>) {
    let now = Clock::system().now();
    let mut of = Of { routes, token: &scenario.token };
    of.get("GET /v1/listens, 50", "/v1/listens");
    // Each second of these days is used once.
    let send = |days: u64, count: usize| {
        let (tracks, token) = (scenario.tracks.clone(), scenario.token.clone());
        move |place: usize| {
            let sent = (0..count).map(|number| {
                let before = days * 86_400 - (place * count + number) as u64 % 86_400;
                listen(&tracks[(place + number) * 13 % TRACKS], now.minus(Duration::from_secs(before)))
            });
            let body = json!({ "listens": sent.collect::<Vec<Value>>() });
            Ask::new(Method::POST, "/v1/listens", &token, body)
        }
    };
    of.add("POST /v1/listens", MANY, send(40, 1));
    of.add("POST /v1/listens, 10", FEW, send(80, 10));
    let token = scenario.token.clone();
    of.after("DELETE /v1/listens/{id}", send(120, 1), move |_, made| {
        Ask::bare(Method::DELETE, format!("/v1/listens/{}", text(made, "/results/0/id")), &token)
    });
    let (tracks, token) = (scenario.tracks.clone(), scenario.token.clone());
    of.add("PUT /v1/me/now-playing", MANY, move |place| {
        let body = json!({ "track_id": tracks[place * 13 % TRACKS] });
        Ask::new(Method::PUT, "/v1/me/now-playing", &token, body)
    });
    of.get("GET /v1/me/now-playing", "/v1/me/now-playing");

    let mine = "/v1/insights/me";
    of.get("GET /v1/insights/me/top/{what}", format!("{mine}/top/tracks?period=month"));
    of.get("GET /v1/insights/me/totals", format!("{mine}/totals"));
    of.get("GET /v1/insights/me/activity", format!("{mine}/activity"));
    of.get("GET /v1/insights/me/streaks", format!("{mine}/streaks"));
    of.get("GET /v1/insights/me/recap/{year}", format!("{mine}/recap/2026"));
    of.get("GET /v1/insights/me/recap/{year}, as a picture", format!("{mine}/recap/2026.svg"));
    let other = format!("/v1/insights/accounts/{LISTENER}");
    of.token = &scenario.admin;
    of.get("GET /v1/insights/accounts/{username}/top/{what}", format!("{other}/top/artists"));
    of.get("GET /v1/insights/accounts/{username}/totals", format!("{other}/totals"));
    of.get("GET /v1/insights/accounts/{username}/activity", format!("{other}/activity"));
    of.get("GET /v1/insights/accounts/{username}/streaks", format!("{other}/streaks"));
    let all = "/v1/insights/global";
    of.get("GET /v1/insights/global/top/{what}", format!("{all}/top/artists"));
    of.get("GET /v1/insights/global/totals", format!("{all}/totals"));
    of.get("GET /v1/insights/global/activity", format!("{all}/activity"));
    of.get("GET /v1/insights/global/streaks", format!("{all}/streaks"));
}
