//! What people ask a music server for.

use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mixtape_domain::Clock;
use reqwest::Method;
use serde_json::json;

use crate::Failure;
use crate::api::{Api, Ask, PASSWORD, text};
use crate::scenario::{Scenario, TRACKS, listen};

/// Out of twenty requests, so many are of this kind.
const SHARES: [(usize, &str); 8] = [
    (2, "home pages"),
    (3, "searches"),
    (4, "suggestions"),
    (3, "tracks"),
    (3, "addresses of sounds"),
    (2, "albums"),
    (2, "pages of a playlist"),
    (1, "listens, which are counted meanwhile"),
];

/// A mix of requests, mostly reads.
pub(crate) struct Mix {
    scenario: Scenario,
    token: RwLock<String>,
    place: AtomicUsize,
}

impl Mix {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self { token: RwLock::new(scenario.token.clone()), scenario, place: AtomicUsize::new(0) }
    }

    /// Signs in again, before the token expires.
    pub(crate) async fn renew(&self, api: &Api) -> Result<(), Failure> {
        let body = json!({ "login": "listener", "password": PASSWORD });
        let session = api.send(Method::POST, "/v1/sessions", "", body).await?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = text(&session["access_token"])?;
        Ok(())
    }

    /// The next request; the kinds take turns so that none comes in a bunch.
    pub(crate) fn next(&self) -> Ask {
        let place = self.place.fetch_add(1, Ordering::Relaxed);
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner).clone();
        let track = &self.scenario.tracks[place * 13 % TRACKS];
        // 7 and 20 have no common factor.
        let mut turn = place * 7 % 20;
        let kind = SHARES.iter().position(|(share, _)| {
            let is_it = turn < *share;
            turn = turn.saturating_sub(*share);
            is_it
        });
        let path = match kind {
            Some(0) => "/v1/home".to_owned(),
            Some(1) => format!("/v1/search?q={}&limit=10", Scenario::query(place)),
            Some(2) => format!("/v1/search/suggest?q={}", Scenario::query(place)),
            Some(3) => format!("/v1/tracks/{track}"),
            Some(4) => format!("/v1/tracks/{}/stream?redirect=0", self.scenario.sounding),
            Some(5) => format!("/v1/albums/{}", self.scenario.album),
            Some(6) => format!("/v1/playlists/{}/items", self.scenario.playlist),
            _ => {
                let at = Clock::system().now().minus(Duration::from_secs(30 * 86_400 - place as u64));
                let body = json!({ "listens": [listen(track, at)] });
                return Ask::new(Method::POST, "/v1/listens", &token, body);
            }
        };
        Ask::get(path, &token)
    }

    /// What is in it, as a sentence.
    pub(crate) fn describe(&self) -> String {
        let kinds: Vec<String> = SHARES.iter().map(|(share, kind)| format!("{share} {kind}")).collect();
        format!("Of twenty requests: {}.\n", kinds.join(", "))
    }
}
