//! Export and import.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, World};

use super::{artist, items, playlist, track_ids, tracks};

async fn import(client: &Client, query: &str, content_type: &str, file: &str) -> Answer {
    let request = client.request(Method::POST, &format!("/v1/playlists/import{query}"));
    client.send(request.header("content-type", content_type).body(file.to_owned())).await
}

const FORMATS: [(&str, &str); 3] = [
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("xspf", "application/xspf+xml"),
    ("jspf", "application/jspf+json"),
];

#[tokio::test]
async fn an_exported_file_can_be_imported_by_ids_and_by_names() {
    let world = World::start().await;
    let (ada, grace) = tokio::join!(world.sign_up("ada"), world.sign_up("grace"));
    let mut ids = tracks(&ada, 3).await;
    let hostile = json!({ "title": "<a> & \"b\" ]]> - c", "artist": world.name("AC/DC"), "album": "Éj" });
    ids.push(ada.post("/v1/tracks", hostile).await.expect(201)["id"].as_str().unwrap().to_owned());
    ids.push(ids[0].clone());
    let path =
        playlist(&ada, json!({ "name": "Rain & <Sun>", "track_ids": ids, "visibility": "unlisted" })).await;
    for (format, content_type) in FORMATS {
        let answer = world.anonymous().get(&format!("{path}/export?format={format}")).await;
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert!(answer.header("content-disposition").unwrap().ends_with(&format!(".{format}\"")));
        let file = answer.text;
        // Without our ids, the names must do.
        for file in [file.clone(), file.replace("mixtape:track:", "else:where:")] {
            let made = import(&grace, "", content_type, &file).await;
            assert!(made.header("location").is_some() && made.header("etag") == Some("\"1\""));
            let made = made.expect(201);
            assert_eq!((&made["matched"], &made["unmatched"]), (&json!(5), &json!([])), "{file}");
            assert_eq!(made["playlist"]["name"], "Rain & <Sun>");
            assert_eq!(
                (&made["playlist"]["visibility"], &made["playlist"]["item_count"]),
                (&json!("private"), &json!(5))
            );
            let path = format!("/v1/playlists/{}", made["playlist"]["id"].as_str().unwrap());
            assert_eq!(track_ids(&items(&grace, &path).await), ids);
        }
    }
}

#[tokio::test]
async fn an_import_tells_what_did_not_match() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    tracks(&ada, 2).await;
    let file = format!(
        "#EXTM3U\n#EXTINF:1,{} - track  1\na.mp3\n#EXTINF:1,Nobody - Nothing\nb.mp3\nc.mp3\n\
         mixtape:track:01JD6Y3Q5R8WZ0V4C2B7M9N1XK\n",
        artist(&ada)
    );
    let made = import(&ada, "?format=m3u8&name=Mine", "text/plain", &file).await.expect(201);
    assert_eq!((&made["matched"], &made["playlist"]["name"]), (&json!(1), &json!("Mine")));
    let unmatched = json!([
        { "position": 1, "title": "Nothing", "artist": "Nobody" },
        { "position": 2, "title": "c", "artist": null },
        { "position": 3, "title": null, "artist": null },
    ]);
    assert_eq!(made["unmatched"], unmatched);
}

#[tokio::test]
async fn files_that_cannot_be_taken_are_refused() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    import(&ada, "", "text/plain", "#EXTM3U").await.problem(415, "unsupported_media_type");
    import(&ada, "", "application/json", "{}").await.problem(415, "unsupported_media_type");
    import(&ada, "?format=mp3", "text/plain", "").await.problem(422, "invalid");
    import(&ada, "?format=m3u8&name=", "text/plain", "").await.problem(422, "invalid");
    import(&ada, "?format=xspf", "text/xml", "<playlist>").await.problem(400, "malformed");
    let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\">]><playlist><title>&b;</title></playlist>";
    import(&ada, "?format=xspf", "text/xml", laughs).await.problem(400, "malformed");
    import(&ada, "?format=jspf", "", "[").await.problem(400, "malformed");
    let many = "a.mp3\n".repeat(501);
    let problem = import(&ada, "?format=m3u8", "text/plain", &many).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "body");
    let large = "x".repeat(2 * 1024 * 1024 + 1);
    import(&ada, "?format=m3u8", "text/plain", &large).await.problem(413, "body_too_large");
    import(&world.anonymous(), "?format=m3u8", "text/plain", "").await.problem(401, "unauthenticated");
    assert_eq!(ada.get("/v1/playlists").await.expect(200)["items"], Value::Array(Vec::new()));
    let path = playlist(&ada, json!({})).await;
    ada.get(&format!("{path}/export")).await.problem(422, "invalid");
    ada.get(&format!("{path}/export?format=pls")).await.problem(422, "invalid");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "takes 500 queries, too many for an emulator in 20 seconds")]
async fn five_hundred_entries_are_matched_and_ten_thousand_exported() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let ids = tracks(&ada, 500).await;
    let artist = artist(&ada);
    let names: String = (0..500).map(|n| format!("#EXTINF:1,{artist} - Track {n}\nx.mp3\n")).collect();
    let made = import(&ada, "?format=m3u8", "text/plain", &names).await.expect(201);
    assert_eq!(made["matched"], 500);
    let path = format!("/v1/playlists/{}", made["playlist"]["id"].as_str().unwrap());
    assert_eq!(track_ids(&items(&ada, &path).await), ids);

    let all: Vec<&String> = ids.iter().cycle().take(10_000).collect();
    ada.put(&format!("{path}/items"), json!({ "track_ids": all })).await.expect(200);
    for (format, _) in FORMATS {
        let file = ada.get(&format!("{path}/export?format={format}")).await;
        assert!(file.status == 200 && file.text.len() <= 4_000_000, "{}", file.text.len());
        assert_eq!(file.text.matches("mixtape:track:").count(), 10_000);
    }
}
