//! The sound of a track, as players get it.

use std::time::Duration;

use mixtape_store::{ReadAs, Validity};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, World};

use super::{fixture, upload};

/// A client that shows redirects instead of following them.
fn still() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn with_sound(world: &World, client: &Client, name: &str) -> (String, Vec<u8>) {
    let bytes = fixture(name);
    let ready = upload(world, client, name, bytes.clone()).await;
    (format!("{}/v1/tracks/{}", world.url(), ready["track_id"].as_str().unwrap()), bytes)
}

#[tokio::test]
async fn a_player_is_sent_to_the_sound_and_seeks_in_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let (track, bytes) = with_sound(&world, &ada, "id3v24.mp3").await;
    let redirect = still().get(format!("{track}/stream")).send().await.unwrap();
    assert_eq!(redirect.status(), 307);
    let location = redirect.headers()["location"].to_str().unwrap().to_owned();
    let whole = reqwest::get(&location).await.unwrap();
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["content-type"], "audio/mpeg");
    assert!(whole.headers()["content-disposition"].to_str().unwrap().starts_with("inline; filename="));
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    // Following the redirect keeps the range.
    let range = reqwest::Client::new().get(format!("{track}/stream")).header("range", "bytes=100-199");
    let part = range.send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 100-199/{}", bytes.len()));
    assert_eq!(part.bytes().await.unwrap(), bytes[100..200]);
    // HEAD is signed for HEAD.
    let head = reqwest::Client::new().head(format!("{track}/stream")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], bytes.len().to_string());
    let saved = reqwest::get(format!("{track}/stream?download=1")).await.unwrap();
    assert!(saved.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename="));

    let address: Value =
        reqwest::get(format!("{track}/stream?redirect=0")).await.unwrap().json().await.unwrap();
    assert_eq!(address["size_bytes"], bytes.len());
    assert!(address["expires_at"].is_string(), "{address}");
    assert_eq!(reqwest::get(address["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap(), bytes);
    let forged = location.replace("/file?", "/analysis.json?");
    assert_eq!(reqwest::get(forged).await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_player_that_follows_no_redirect_gets_the_range_itself() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let (track, bytes) = with_sound(&world, &ada, "vorbis.ogg").await;
    let url = format!("{track}/stream?proxy=1");
    let get = |range: &'static str| still().get(&url).header("range", range).send();
    let whole = still().get(&url).send().await.unwrap();
    assert_eq!((whole.status().as_u16(), whole.headers()["accept-ranges"].to_str().unwrap()), (200, "bytes"));
    let etag = whole.headers()["etag"].clone();
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let part = get("bytes=10-19").await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 10-19/{}", bytes.len()));
    assert_eq!(
        (part.headers()["content-type"].to_str().unwrap(), &part.headers()["etag"]),
        ("audio/ogg", &etag)
    );
    assert_eq!(part.bytes().await.unwrap(), bytes[10..20]);
    let end = get("bytes=-5").await.unwrap();
    assert_eq!(end.bytes().await.unwrap(), bytes[bytes.len() - 5..]);
    assert_eq!(get("bytes=99999999-").await.unwrap().status(), 416);
    let head = still().head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], bytes.len().to_string());
    let known = still().get(&url).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    let other = still().get(&url).header("range", "bytes=0-9").header("if-range", "\"other\"");
    assert_eq!(other.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_track_without_sound_says_so() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let track = ada.post("/v1/tracks", json!({ "title": "T", "artist": "A" })).await.expect(201);
    let path = format!("/v1/tracks/{}", track["id"].as_str().unwrap());
    for end in ["stream", "stream?proxy=1", "stream?redirect=0", "analysis"] {
        ada.get(&format!("{path}/{end}")).await.problem(404, "no_audio");
        ada.get(&format!("/v1/tracks/01JD6Y3Q5R8WZ0V4C2B7M9N1XK/{end}")).await.problem(404, "not_found");
    }
    ada.get(&format!("{path}/stream?proxy=2")).await.problem(422, "invalid");
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn a_private_catalogue_plays_to_its_own_and_addresses_expire() {
    let world =
        World::with_parameters(&[("Catalogue", "private"), ("MediaCdn", "https://cdn.example.org")]).await;
    let ada = world.sign_up("ada").await;
    let (track, bytes) = with_sound(&world, &ada, "vorbis.ogg").await;
    for end in ["stream", "stream?proxy=1", "analysis"] {
        assert_eq!(still().get(format!("{track}/{end}")).send().await.unwrap().status(), 401, "{end}");
    }
    let path = track.strip_prefix(&world.url()).unwrap();
    let address = ada.get(&format!("{path}/stream?redirect=0")).await.expect(200);
    let url = address["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-Expires=3600"), "not by the CDN, whose addresses last: {url}");
    assert_eq!(reqwest::get(url).await.unwrap().bytes().await.unwrap(), bytes);
    // The same address, as it was made two hours ago.
    let key = url.split_once('?').unwrap().0.splitn(5, '/').last().unwrap();
    let validity = Validity {
        from: world.clock().now().minus(Duration::from_secs(7200)),
        life: Duration::from_secs(3600),
    };
    let read_as =
        ReadAs { content_type: "audio/ogg".into(), content_disposition: "inline".into(), is_head: false };
    let old = world.store().objects.presign_read(key, &read_as, validity).await.unwrap();
    assert_eq!(reqwest::get(&old.url).await.unwrap().status(), 403);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn a_public_catalogue_plays_through_the_cdn() {
    let world = World::with_parameters(&[("MediaCdn", "https://cdn.example.org/")]).await;
    let ada = world.sign_up("ada").await;
    let (track, _) = with_sound(&world, &ada, "vorbis.ogg").await;
    let redirect = still().get(format!("{track}/stream")).send().await.unwrap();
    let location = redirect.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("https://cdn.example.org/audio/"), "{location}");
    let saved = still().get(format!("{track}/stream?download=1")).send().await.unwrap();
    assert!(saved.headers()["location"].to_str().unwrap().contains("X-Amz-Signature"));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn pages_of_other_origins_may_upload_and_seek() {
    let world = World::with_parameters(&[("CorsOrigins", "https://music.example.org")]).await;
    let ada = world.sign_up("ada").await;
    let (track, _) = with_sound(&world, &ada, "vorbis.ogg").await;
    let path = track.strip_prefix(&world.url()).unwrap();
    let address = ada.get(&format!("{path}/stream?redirect=0")).await.expect(200);
    let url = address["url"].as_str().unwrap();
    let ask = |origin: &'static str, method: &'static str| {
        let request = reqwest::Client::new().request(Method::OPTIONS, url).header("origin", origin);
        let request = request.header("access-control-request-method", method);
        request.header("access-control-request-headers", "x-amz-checksum-sha256,content-type").send()
    };
    let allowed = ask("https://music.example.org", "PUT").await.unwrap();
    assert_eq!(allowed.status(), 200);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://music.example.org");
    assert!(
        allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("x-amz-checksum-sha256")
    );
    assert_eq!(ask("https://evil.example.org", "PUT").await.unwrap().status(), 403);
    assert_eq!(ask("https://music.example.org", "DELETE").await.unwrap().status(), 403);
    let read =
        reqwest::Client::new().get(url).header("origin", "https://music.example.org").send().await.unwrap();
    assert!(read.headers()["access-control-expose-headers"].to_str().unwrap().contains("content-range"));
}
