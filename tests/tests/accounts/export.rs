//! An export holds all that an account owns, whatever its size, and nothing that is secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Client, World};

use super::another_session;

/// All parts of an export.
async fn parts(client: &Client) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut path = "/v1/me/export".to_owned();
    loop {
        let part = client.get(&path).await;
        assert!(part.text.len() < 6 * 1024 * 1024);
        for secret in ["mtk_", "mtr_", "argon2", "secret", "hash"] {
            assert!(!part.text.contains(secret), "{secret}");
        }
        let part = part.expect(200);
        let next = part["next_cursor"].as_str().map(|cursor| format!("/v1/me/export?cursor={cursor}"));
        parts.push(part);
        match next {
            Some(next) => path = next,
            None => return parts,
        }
    }
}

fn ids<'a>(things: impl IntoIterator<Item = &'a Value>) -> BTreeSet<&'a str> {
    things.into_iter().map(|thing| thing["id"].as_str().unwrap()).collect()
}

fn all<'a>(parts: &'a [Value], section: &str) -> Vec<&'a Value> {
    parts.iter().flat_map(|part| part[section].as_array().unwrap()).collect()
}

#[tokio::test]
async fn an_export_is_complete() {
    let world = World::start().await;
    let (nina, omar) = tokio::join!(world.sign_up("nina"), world.sign_up("omar"));
    another_session(&world, &nina).await;
    let key = nina.post("/v1/me/keys", json!({ "name": "Radio" })).await.expect(201);
    // Long enough that the tracks do not fit into one part.
    let genres: Vec<String> = (0..10).map(|number| format!("{number}{}", "ж".repeat(40))).collect();
    let mut tracks: Vec<String> = Vec::new();
    for batch in 0..15 {
        let track = |number| {
            json!({
                "title": format!("{batch}.{number} {}", "ж".repeat(250)),
                "artist": format!("Artist {batch} {}", "ж".repeat(250)),
                "album": format!("Album {batch} {}", "ж".repeat(250)),
                "genres": genres,
            })
        };
        let body = json!({ "tracks": (0..100).map(track).collect::<Vec<_>>() });
        let results = nina.post("/v1/tracks/batch", body).await.expect(200);
        let made = results["results"].as_array().unwrap();
        tracks.extend(
            made.iter().map(|result| result["id"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()),
        );
    }
    let foreign = omar.post("/v1/tracks", json!({ "title": "Omar's", "artist": "Omar" })).await.expect(201);
    let large = json!({ "name": "Large", "description": "All of them", "track_ids": &tracks[..1000] });
    let large = nina.post("/v1/playlists", large).await.expect(201);
    let small = json!({ "name": "Small", "track_ids": [foreign["id"], tracks[0]] });
    let small = nina.post("/v1/playlists", small).await.expect(201);
    let empty = nina.post("/v1/playlists", json!({ "name": "Empty" })).await.expect(201);
    let shared = omar.post("/v1/playlists", json!({ "name": "Omar's" })).await.expect(201);
    let path = format!("/v1/playlists/{}/collaborators/{}", shared["id"].as_str().unwrap(), nina.username());
    omar.put(&path, json!({})).await;
    omar.post("/v1/playlists", json!({ "name": "Omar's own", "visibility": "public" })).await.expect(201);

    let parts = parts(&nina).await;
    assert!(parts.len() > 2, "{} parts", parts.len());
    assert!(parts.iter().all(|part| part["account"] == nina.account));
    assert_eq!(ids(all(&parts, "keys")), BTreeSet::from([key["id"].as_str().unwrap()]));
    assert_eq!(all(&parts, "sessions").len(), 2);
    let exported = all(&parts, "tracks");
    assert_eq!(exported.len(), 1500);
    assert_eq!(ids(exported), tracks.iter().map(String::as_str).collect());
    assert_eq!(all(&parts, "shared_playlist_ids"), [&shared["id"]]);

    let playlists = all(&parts, "playlists");
    let owned = [&large, &small, &empty];
    assert_eq!(ids(playlists.iter().copied()), ids(owned));
    for playlist in owned {
        let pieces: Vec<&&Value> = playlists.iter().filter(|piece| piece["id"] == playlist["id"]).collect();
        assert_eq!(pieces.iter().filter(|piece| piece["is_continued"] == false).count(), 1);
        assert_eq!(pieces[0]["name"], playlist["name"]);
        let exported: Vec<&Value> = pieces
            .iter()
            .flat_map(|piece| piece["items"].as_array().unwrap())
            .map(|item| &item["id"])
            .collect();
        let path = format!("/v1/playlists/{}/items", playlist["id"].as_str().unwrap());
        let items = nina.all(&path, 100).await;
        assert_eq!(exported, items.iter().map(|item| &item["id"]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_cursor_is_of_use_to_its_owner_only() {
    let world = World::start().await;
    let nina = world.sign_up("nina").await;
    for cursor in ["x", "AAAA", "%00", &"A".repeat(5000)] {
        nina.get(&format!("/v1/me/export?cursor={cursor}")).await.problem(422, "invalid");
    }
    assert_eq!(parts(&nina).await.len(), 1);
}
