//! Accounts, sessions, keys, and what an operator asks for.

use reqwest::Method;
use serde_json::json;

use super::catalogue::pictures;
use super::{FEW, Of, Route, text};
use crate::api::{Ask, PASSWORD};
use crate::scenario::{KEEPER, LISTENER, Scenario};

pub(super) fn add(scenario: &Scenario, routes: &mut Vec<Route>) {
    let mut of = Of { routes, token: &scenario.token };
    // A name that nobody else of this measurement has.
    let sign_up = |kind: &'static str| {
        move |place: usize| {
            let name = format!("{kind}{place}");
            let email = format!("{name}@example.org");
            let body = json!({ "username": name, "email": email, "password": PASSWORD });
            Ask::new(Method::POST, "/v1/accounts", "", body)
        }
    };
    let sign_in =
        |_| Ask::new(Method::POST, "/v1/sessions", "", json!({ "login": LISTENER, "password": PASSWORD }));
    of.add("POST /v1/accounts", FEW, sign_up("somebody"));
    of.add("POST /v1/sessions", FEW, sign_in);
    of.after("POST /v1/sessions/refresh", sign_in, |_, made| {
        let body = json!({ "refresh_token": text(made, "/refresh_token") });
        Ask::new(Method::POST, "/v1/sessions/refresh", "", body)
    });
    of.after("DELETE /v1/sessions/current", sign_in, |_, made| {
        Ask::bare(Method::DELETE, "/v1/sessions/current", text(made, "/access_token"))
    });
    of.get("GET /v1/me", "/v1/me");
    let token = scenario.token.clone();
    of.add("PATCH /v1/me", FEW, move |place| {
        let body = json!({ "insights": if place % 2 == 0 { "public" } else { "private" } });
        Ask::new(Method::PATCH, "/v1/me", &token, body)
    });
    of.after("DELETE /v1/me", sign_up("leaving"), |_, made| {
        Ask::bare(Method::DELETE, "/v1/me", text(made, "/session/access_token"))
    });
    let export = Ask::get("/v1/me/export", of.token);
    of.add("GET /v1/me/export", FEW, move |_| export.clone());
    of.after("PUT /v1/me/password", sign_up("careful"), |_, made| {
        let body = json!({ "current": PASSWORD, "new": "another password for the benchmark" });
        Ask::new(Method::PUT, "/v1/me/password", text(made, "/session/access_token"), body)
    });
    of.get("GET /v1/me/keys", "/v1/me/keys");
    of.after("POST /v1/me/keys", sign_up("player"), |_, made| {
        let token = text(made, "/session/access_token");
        Ask::new(Method::POST, "/v1/me/keys", token, json!({ "name": "Car stereo" }))
    });
    let (mine, token) = (scenario.token.clone(), scenario.token.clone());
    of.after(
        "DELETE /v1/me/keys/{id}",
        move |_| Ask::new(Method::POST, "/v1/me/keys", &mine, json!({ "name": "Car stereo" })),
        move |_, made| Ask::bare(Method::DELETE, format!("/v1/me/keys/{}", text(made, "/id")), &token),
    );

    pictures(&mut of, scenario, ["PUT /v1/me/photo", "DELETE /v1/me/photo"], "/v1/me/photo");

    of.token = &scenario.admin;
    of.get("GET /v1/admin/cache", "/v1/admin/cache");
    let token = scenario.admin.clone();
    let path = "/v1/admin/cache/invalidate";
    of.add("POST /v1/admin/cache/invalidate", FEW, move |_| Ask::bare(Method::POST, path, &token));

    of.token = "";
    of.get("GET /v1/health", "/v1/health");
    of.get("GET /v1/openapi.json", "/v1/openapi.json");
    of.get("GET /docs", "/docs");
    of.get("GET /docs/{file}", "/docs/swagger-ui.css");

    of.token = &scenario.token;
    of.get("GET /v1/accounts/{username}/playlists", format!("/v1/accounts/{LISTENER}/playlists"));
    let path = format!("/v1/playlists/{}/collaborators", scenario.playlist);
    let token = scenario.token.clone();
    let change = move |method, who: &str| Ask::bare(method, format!("{path}/{who}"), &token);
    let put = change.clone();
    of.after("PUT /v1/playlists/{id}/collaborators/{username}", sign_up("friend"), move |_, made| {
        put(Method::PUT, text(made, "/account/username"))
    });
    let put = change.clone();
    of.after(
        "DELETE /v1/playlists/{id}/collaborators/{username}",
        move |_| put(Method::PUT, KEEPER),
        move |_, _| change(Method::DELETE, KEEPER),
    );
}
