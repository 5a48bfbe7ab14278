//! Who may do what: every route for somebody unknown, the owner, a collaborator, a stranger and an admin.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

/// What each of the five gets, in the order of [`Cast::all`].
type Statuses = [u16; 5];

struct Cast {
    world: World,
    owner: Client,
    collaborator: Client,
    stranger: Client,
    admin: Client,
}

impl Cast {
    async fn new() -> Self {
        let world = World::start().await;
        let owner = world.sign_up("owner").await;
        let collaborator = world.sign_up("collaborator").await;
        let stranger = world.sign_up("stranger").await;
        let admin = world.admin("boss").await;
        Self { world, owner, collaborator, stranger, admin }
    }

    fn all(&self) -> [(&'static str, Client); 5] {
        [
            ("anonymous", self.world.anonymous()),
            ("owner", self.owner.clone()),
            ("collaborator", self.collaborator.clone()),
            ("stranger", self.stranger.clone()),
            ("admin", self.admin.clone()),
        ]
    }

    /// A track and a playlist of the owner, with the collaborator in it.
    async fn things(&self, visibility: &str) -> Things {
        let track = self
            .owner
            .post("/v1/tracks", json!({ "title": "One", "artist": "A", "album": "X" }))
            .await
            .expect(201);
        let body = json!({ "name": "Mix", "visibility": visibility, "track_ids": [track["id"]] });
        let playlist = self.owner.post("/v1/playlists", body).await.expect(201);
        let path = format!("/v1/playlists/{}", playlist["id"].as_str().unwrap());
        let added = self
            .owner
            .put(&format!("{path}/collaborators/{}", self.collaborator.username()), json!({}))
            .await;
        assert!(added.status < 300, "{}", added.text);
        let items = self.owner.get(&format!("{path}/items")).await.expect(200);
        Things { playlist: path, track, item: items["items"][0]["id"].clone() }
    }
}

struct Things {
    playlist: String,
    track: Value,
    item: Value,
}

/// A row of the table: what is sent, and what comes back for whom.
struct Row {
    method: Method,
    /// The path of the OpenAPI document; `{id}` is filled with the owner's thing.
    path: &'static str,
    query: &'static str,
    visibility: &'static str,
    body: fn(&Things) -> Value,
    statuses: Statuses,
}

fn row(method: Method, path: &'static str, statuses: Statuses) -> Row {
    Row { method, path, query: "", visibility: "private", body: |_| Value::Null, statuses }
}

impl Row {
    fn sends(self, body: fn(&Things) -> Value) -> Self {
        Self { body, ..self }
    }

    fn of(self, visibility: &'static str) -> Self {
        Self { visibility, ..self }
    }

    fn with(self, query: &'static str) -> Self {
        Self { query, ..self }
    }
}

fn table() -> Vec<Row> {
    use Method as M;
    vec![
        // The catalogue
        row(M::GET, "/v1/tracks", [200; 5]),
        row(M::GET, "/v1/tracks/{id}", [200; 5]),
        row(M::GET, "/v1/artists", [200; 5]),
        row(M::GET, "/v1/artists/{id}", [200; 5]),
        row(M::GET, "/v1/albums", [200; 5]),
        row(M::GET, "/v1/albums/{id}", [200; 5]),
        row(M::GET, "/v1/search", [200; 5]).with("?q=one"),
        row(M::GET, "/v1/search/suggest", [200; 5]).with("?q=on"),
        row(M::GET, "/v1/home", [200; 5]),
        row(M::POST, "/v1/tracks", [401, 201, 201, 201, 201])
            .sends(|_| json!({ "title": "Two", "artist": "B" })),
        row(M::POST, "/v1/tracks/batch", [401, 200, 200, 200, 200])
            .sends(|_| json!({ "tracks": [{ "title": "Two", "artist": "B" }] })),
        row(M::PATCH, "/v1/tracks/{id}", [401, 200, 403, 403, 200]).sends(|_| json!({ "title": "Uno" })),
        row(M::DELETE, "/v1/tracks/{id}", [401, 204, 403, 403, 204]),
        row(M::GET, "/v1/tracks/{id}/stream", [404; 5]),
        row(M::GET, "/v1/tracks/{id}/analysis", [404; 5]),
        // Pictures
        row(M::PUT, "/v1/tracks/{id}/cover", [401, 200, 403, 403, 200]),
        row(M::DELETE, "/v1/tracks/{id}/cover", [401, 204, 403, 403, 204]),
        row(M::PUT, "/v1/albums/{id}/cover", [401, 200, 403, 403, 200]),
        row(M::DELETE, "/v1/albums/{id}/cover", [401, 204, 403, 403, 204]),
        row(M::GET, "/v1/playlists/{id}/cover", [404, 200, 200, 404, 200]),
        row(M::GET, "/v1/playlists/{id}/cover", [200; 5]).of("public"),
        row(M::PUT, "/v1/playlists/{id}/cover", [401, 200, 403, 404, 200]),
        row(M::PUT, "/v1/playlists/{id}/cover", [401, 200, 403, 403, 200]).of("public"),
        row(M::DELETE, "/v1/playlists/{id}/cover", [401, 204, 403, 404, 204]),
        row(M::PUT, "/v1/me/photo", [401, 200, 200, 200, 200]),
        row(M::DELETE, "/v1/me/photo", [401, 204, 204, 204, 204]),
        // Uploads: everybody has their own.
        row(M::GET, "/v1/uploads", [401, 200, 200, 200, 200]),
        row(M::POST, "/v1/uploads", [401, 201, 201, 201, 201])
            .sends(|_| crate::media::announcement("a.wav", b"any")),
        row(M::POST, "/v1/uploads", [401, 201, 403, 403, 403]).sends(|things| {
            let mut body = crate::media::announcement("a.wav", b"any");
            body["track_id"] = things.track["id"].clone();
            body
        }),
        row(M::GET, "/v1/uploads/{id}", [401, 200, 404, 404, 404]),
        row(M::DELETE, "/v1/uploads/{id}", [401, 204, 404, 404, 404]),
        row(M::POST, "/v1/uploads/{id}/complete", [401, 409, 404, 404, 404]),
        // Playlists
        row(M::GET, "/v1/playlists", [401, 200, 200, 200, 200]),
        row(M::POST, "/v1/playlists", [401, 201, 201, 201, 201]).sends(|_| json!({ "name": "New" })),
        row(M::GET, "/v1/accounts/{username}/playlists", [200; 5]),
        row(M::GET, "/v1/playlists/{id}", [404, 200, 200, 404, 200]),
        row(M::GET, "/v1/playlists/{id}", [200; 5]).of("unlisted"),
        row(M::GET, "/v1/playlists/{id}", [200; 5]).of("public"),
        row(M::GET, "/v1/playlists/{id}/items", [404, 200, 200, 404, 200]),
        row(M::GET, "/v1/playlists/{id}/items", [200; 5]).of("public"),
        row(M::GET, "/v1/playlists/{id}/export", [404, 200, 200, 404, 200]).with("?format=jspf"),
        row(M::GET, "/v1/playlists/{id}/export", [200; 5]).of("public").with("?format=m3u8"),
        row(M::PATCH, "/v1/playlists/{id}", [401, 200, 403, 404, 200])
            .sends(|_| json!({ "name": "Renamed" })),
        row(M::PATCH, "/v1/playlists/{id}", [401, 200, 403, 403, 200])
            .of("public")
            .sends(|_| json!({ "name": "Renamed" })),
        row(M::POST, "/v1/playlists/{id}/items", [401, 200, 200, 404, 200])
            .sends(|things| json!({ "track_ids": [things.track["id"]] })),
        row(M::POST, "/v1/playlists/{id}/items", [401, 200, 200, 403, 200])
            .of("public")
            .sends(|things| json!({ "track_ids": [things.track["id"]] })),
        row(M::PATCH, "/v1/playlists/{id}/items", [401, 200, 200, 404, 200])
            .sends(|things| json!({ "item_ids": [things.item], "before": null })),
        row(M::PATCH, "/v1/playlists/{id}/items", [401, 200, 200, 403, 200])
            .of("unlisted")
            .sends(|things| json!({ "item_ids": [things.item], "before": null })),
        row(M::PUT, "/v1/playlists/{id}/items", [401, 200, 200, 404, 200])
            .sends(|_| json!({ "track_ids": [] })),
        row(M::PUT, "/v1/playlists/{id}/items", [401, 200, 200, 403, 200])
            .of("public")
            .sends(|_| json!({ "track_ids": [] })),
        row(M::DELETE, "/v1/playlists/{id}/items", [401, 200, 200, 404, 200]).with("?ids={item}"),
        row(M::DELETE, "/v1/playlists/{id}/items", [401, 200, 200, 403, 200])
            .of("public")
            .with("?ids={item}"),
        row(M::PUT, "/v1/playlists/{id}/collaborators/{username}", [401, 200, 403, 404, 200]),
        row(M::PUT, "/v1/playlists/{id}/collaborators/{username}", [401, 200, 403, 403, 200]).of("public"),
        // A collaborator may leave, and here it is the collaborator who is named.
        row(M::DELETE, "/v1/playlists/{id}/collaborators/{username}", [401, 204, 204, 404, 204]),
        row(M::DELETE, "/v1/playlists/{id}/collaborators/{username}", [401, 204, 204, 403, 204]).of("public"),
        row(M::DELETE, "/v1/playlists/{id}", [401, 204, 403, 404, 204]),
        row(M::DELETE, "/v1/playlists/{id}", [401, 204, 403, 403, 204]).of("public"),
        row(M::POST, "/v1/playlists/import", [401, 201, 201, 201, 201]),
        // Listens: everybody has their own, and nobody else's can be named.
        row(M::GET, "/v1/listens", [401, 200, 200, 200, 200]),
        row(M::POST, "/v1/listens", [401, 200, 200, 200, 200]).sends(|things| {
            json!({ "listens": [{ "track_id": things.track["id"], "listened_at": "2026-11-20T20:00:00Z" }] })
        }),
        row(M::DELETE, "/v1/listens/{id}", [401, 204, 404, 404, 404]),
        row(M::GET, "/v1/me/now-playing", [401, 200, 200, 200, 200]),
        row(M::PUT, "/v1/me/now-playing", [401, 200, 200, 200, 200])
            .sends(|things| json!({ "track_id": things.track["id"] })),
        // Insights: one's own, everybody's, and those of the owner, who has not made them public.
        row(M::GET, "/v1/insights/me/top/{what}", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/insights/me/totals", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/insights/me/activity", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/insights/me/streaks", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/insights/me/recap/{year}", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/insights/accounts/{username}/top/{what}", [404, 200, 404, 404, 404]),
        row(M::GET, "/v1/insights/accounts/{username}/totals", [404, 200, 404, 404, 404]),
        row(M::GET, "/v1/insights/accounts/{username}/activity", [404, 200, 404, 404, 404]),
        row(M::GET, "/v1/insights/accounts/{username}/streaks", [404, 200, 404, 404, 404]),
        row(M::GET, "/v1/insights/global/top/{what}", [200; 5]),
        row(M::GET, "/v1/insights/global/totals", [200; 5]),
        row(M::GET, "/v1/insights/global/activity", [200; 5]),
        row(M::GET, "/v1/insights/global/streaks", [200; 5]),
        row(M::GET, "/v1/admin/cache", [401, 403, 403, 403, 200]),
        row(M::POST, "/v1/admin/cache/invalidate", [401, 403, 403, 403, 200]),
        // Accounts: everybody has their own, so there is nothing of the owner's to reach.
        row(M::GET, "/v1/me", [401, 200, 200, 200, 200]),
        row(M::PATCH, "/v1/me", [401, 200, 200, 200, 200]).sends(|_| json!({})),
        row(M::GET, "/v1/me/export", [401, 200, 200, 200, 200]),
        row(M::GET, "/v1/me/keys", [401, 200, 200, 200, 200]),
        row(M::POST, "/v1/me/keys", [401, 201, 201, 201, 201]).sends(|_| json!({ "name": "player" })),
        row(M::DELETE, "/v1/me/keys/{id}", [401, 204, 404, 404, 404]),
    ]
}

/// Routes that have no owner: signing up and in, and the documentation. They have tests of their own.
const WITHOUT_AN_OWNER: [&str; 11] = [
    "POST /v1/accounts",
    "POST /v1/sessions",
    "POST /v1/sessions/refresh",
    "DELETE /v1/sessions/current",
    "DELETE /v1/me",
    "PUT /v1/me/password",
    "GET /v1/images/{id}",
    "GET /v1/health",
    "GET /v1/openapi.json",
    "GET /docs",
    "GET /docs/{file}",
];

const JSPF: &str =
    r#"{ "playlist": { "title": "Imported", "track": [{ "title": "One", "creator": "A" }] } }"#;

async fn send(cast: &Cast, client: &Client, row: &Row) -> u16 {
    let things = cast.things(row.visibility).await;
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let path = if row.path.starts_with("/v1/me/keys/") {
        let key = cast.owner.post("/v1/me/keys", json!({ "name": "k" })).await.expect(201);
        row.path.replace("{id}", key["id"].as_str().unwrap())
    } else if row.path.starts_with("/v1/uploads/") {
        let announcement = crate::media::announcement("a.wav", b"any");
        let announced = cast.owner.post("/v1/uploads", announcement).await.expect(201);
        row.path.replace("{id}", announced["id"].as_str().unwrap())
    } else if row.path.starts_with("/v1/listens/") {
        let listens = json!([{ "track_id": things.track["id"], "listened_at": "2026-11-20T21:00:00Z" }]);
        let kept = cast.owner.post("/v1/listens", json!({ "listens": listens })).await.expect(200);
        row.path.replace("{id}", kept["results"][0]["id"].as_str().unwrap())
    } else if row.path.starts_with("/v1/playlists/") {
        row.path
            .replace("/v1/playlists/{id}", &things.playlist)
            .replace("{username}", cast.collaborator.username())
    } else if row.path.starts_with("/v1/artists") {
        row.path.replace("{id}", &id(&things.track["artist_id"]))
    } else if row.path.starts_with("/v1/albums") {
        row.path.replace("{id}", &id(&things.track["album_id"]))
    } else {
        row.path.replace("{id}", &id(&things.track["id"])).replace("{username}", cast.owner.username())
    };
    let path = path.replace("{what}", "tracks").replace("{year}", "2026");
    let is_cover = path.ends_with("/cover") || path.ends_with("/photo");
    let with_picture = |request: reqwest::RequestBuilder| {
        request.header("content-type", "image/png").body(crate::media::png(8, 8, 1))
    };
    if is_cover && row.method == Method::GET {
        cast.owner.send(with_picture(cast.owner.request(Method::PUT, &path))).await.expect(200);
    }
    let query = row.query.replace("{item}", things.item.as_str().unwrap());
    let mut request = client.request(row.method.clone(), &format!("{path}{query}"));
    let body = (row.body)(&things);
    if is_cover && row.method == Method::PUT {
        request = with_picture(request);
    } else if row.path == "/v1/playlists/import" {
        request = request.header("content-type", "application/jspf+json").body(JSPF);
    } else if !body.is_null() {
        request = request.json(&body);
    }
    let answer = client.send(request).await;
    if row.path.starts_with("/v1/me/keys") && row.method == Method::POST && answer.status == 201 {
        // Only so many keys are allowed.
        client.delete(&format!("/v1/me/keys/{}", answer.body["id"].as_str().unwrap())).await.expect(204);
    }
    if row.path.starts_with("/v1/me/keys/") {
        cast.owner.delete(&path).await;
    }
    answer.status
}

#[tokio::test]
async fn everybody_gets_what_is_theirs_and_nothing_else() {
    let cast = Cast::new().await;
    let mut wrong = Vec::new();
    for row in table() {
        for ((role, client), expected) in cast.all().into_iter().zip(row.statuses) {
            let status = send(&cast, &client, &row).await;
            if status != expected {
                let Row { method, path, visibility, .. } = &row;
                wrong.push(format!("{method} {path} ({visibility}) as {role}: {status} and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg_attr(deployed, ignore = "reads the sources")]
fn the_table_names_every_route() {
    let document: Value = serde_json::from_str(&mixtape::openapi::document().unwrap()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["responses"].is_object() {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let mut named: BTreeSet<String> =
        table().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    named.extend(WITHOUT_AN_OWNER.map(str::to_owned));
    assert_eq!(routes, named);
}
