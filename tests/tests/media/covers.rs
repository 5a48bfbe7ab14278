//! Covers, photos, and pictures in the forms that clients ask for.

use image::ImageFormat;
use reqwest::Method;
use serde_json::json;
use tests::{Answer, Client, World};

use super::{assert_objects, objects, png};

async fn set(client: &Client, path: &str, picture: Vec<u8>) -> Answer {
    let request = client.request(Method::PUT, path).header("content-type", "image/png").body(picture);
    client.send(request).await
}

/// A picture's bytes, content type and headers.
async fn show(world: &World, path: &str, accept: &str) -> (Vec<u8>, reqwest::header::HeaderMap) {
    let url = format!("{}{path}", world.url());
    let answer = reqwest::Client::new().get(url).header("accept", accept).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let headers = answer.headers().clone();
    (answer.bytes().await.unwrap().to_vec(), headers)
}

fn size(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).unwrap();
    (picture.width(), picture.height())
}

#[tokio::test]
async fn a_cover_is_shown_in_every_form_that_can_be_asked_for() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let made = ada.post("/v1/tracks", json!({ "title": "T", "artist": "A" })).await.expect(201);
    let path = format!("/v1/tracks/{}/cover", made["id"].as_str().unwrap());
    let track = set(&ada, &path, png(1200, 600, 9)).await.expect(200);
    for (which, side) in [("small", 128), ("medium", 384), ("large", 1024)] {
        let address = track["cover"][which].as_str().unwrap();
        let (webp, headers) = show(&world, address, "image/webp,*/*").await;
        assert_eq!(image::guess_format(&webp).unwrap(), ImageFormat::WebP);
        assert_eq!(headers["content-type"], "image/webp");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["vary"], "accept");
        assert_eq!(size(&webp), (side, side / 2), "{which}: nothing is cut off");
        let (jpeg, headers) = show(&world, address, "*/*").await;
        assert_eq!(
            (image::guess_format(&jpeg).unwrap(), &headers["content-type"]),
            (ImageFormat::Jpeg, &"image/jpeg".parse().unwrap())
        );
    }
    let address = track["cover"]["small"].as_str().unwrap().split('?').next().unwrap();
    let before = if world.is_deployed() { 0 } else { objects(&world).await.len() };
    for (query, expected) in [
        ("width=256&height=256&fit=cover&format=png", (256, 256)),
        ("width=256&height=256&fit=contain&format=jpeg&quality=60", (256, 128)),
        ("height=64&format=webp&quality=90", (128, 64)),
        ("width=1600", (1200, 600)),
        ("", (1200, 600)),
    ] {
        for _ in 0..2 {
            let (bytes, _) = show(&world, &format!("{address}?{query}"), "image/webp").await;
            assert_eq!(size(&bytes), expected, "{query}");
        }
    }
    if !world.is_deployed() {
        assert_eq!(objects(&world).await.len(), before + 5, "each was made once");
    }
    for (query, field) in [("width=100", "width"), ("height=99999", "height"), ("quality=1", "quality")] {
        let problem = ada.get(&format!("{address}?{query}")).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    ada.get(&format!("{address}?fit=stretch")).await.problem(422, "invalid");
    ada.get(&format!("{address}?format=avif")).await.problem(422, "invalid");
    ada.get("/v1/images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK?width=128").await.problem(404, "not_found");
}

#[tokio::test]
async fn hostile_pictures_are_refused_at_once() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let made = ada.post("/v1/tracks", json!({ "title": "T", "artist": "A" })).await.expect(201);
    let path = format!("/v1/tracks/{}/cover", made["id"].as_str().unwrap());
    let whole = png(64, 64, 1);
    let mut huge = whole.clone();
    // Width and height of the first chunk, and its checksum, which nobody gets to.
    huge[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let frame =
        |red: u8| image::Frame::new(image::RgbaImage::from_pixel(8, 8, image::Rgba([red, 0, 0, 255])));
    let mut animated = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut animated).encode_frames([frame(1), frame(200)]).unwrap();
    for (name, bytes) in [
        ("30,000 by 30,000", huge),
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("animated", animated),
        ("text", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let started = std::time::Instant::now();
        let problem = set(&ada, &path, bytes).await.problem(422, "bad_image");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{name}: {problem}");
        // Far more than it takes; a bomb that goes off takes minutes.
        assert!(started.elapsed().as_secs() < 10, "{name}");
    }
    set(&ada, &path, vec![0; 4 * 1024 * 1024 + 1]).await.problem(413, "body_too_large");
    let text = ada.request(Method::PUT, &path).header("content-type", "text/plain").body("x");
    ada.send(text).await.problem(415, "unsupported_media_type");
    world.settle().await;
    assert_objects(&world, &[]).await;
}

#[tokio::test]
async fn covers_and_photos_belong_to_who_may_set_them() {
    let world = World::start().await;
    let (ada, grace) = (world.sign_up("ada").await, world.sign_up("grace").await);
    let body = json!({ "title": "T", "artist": "A", "album": "X" });
    let track = ada.post("/v1/tracks", body).await.expect(201);
    let playlist =
        ada.post("/v1/playlists", json!({ "name": "P", "track_ids": [track["id"]] })).await.expect(201);
    let id = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let paths = [
        format!("/v1/tracks/{}/cover", id(&track["id"])),
        format!("/v1/albums/{}/cover", id(&track["album_id"])),
    ];
    for path in &paths {
        set(&grace, path, png(50, 50, 1)).await.problem(403, "forbidden");
        grace.delete(path).await.problem(403, "forbidden");
        set(&world.anonymous(), path, png(50, 50, 1)).await.problem(401, "unauthenticated");
        assert!(set(&ada, path, png(50, 50, 1)).await.expect(200)["cover"]["small"].is_string());
    }
    let album = ada.get(&format!("/v1/albums/{}", id(&track["album_id"]))).await.expect(200);
    let shown = ada.get(&format!("/v1/tracks/{}", id(&track["id"]))).await.expect(200);
    assert_eq!(album["cover"], shown["cover"], "the same file of one owner is one picture");
    let cover = format!("/v1/playlists/{}/cover", id(&playlist["id"]));
    set(&grace, &cover, png(50, 50, 1)).await.problem(404, "not_found");
    grace.get(&cover).await.problem(404, "not_found");

    assert_eq!(ada.get("/v1/me").await.expect(200)["photo"], json!(null));
    let account = set(&ada, "/v1/me/photo", png(300, 300, 77)).await.expect(200);
    assert_eq!(ada.get("/v1/me").await.expect(200)["photo"], account["photo"]);
    let (bytes, _) = show(&world, account["photo"]["medium"].as_str().unwrap(), "image/webp").await;
    assert_eq!(size(&bytes), (300, 300), "never enlarged");
    // Signing in shows it, too.
    let login = json!({ "login": ada.username(), "password": World::password("ada") });
    let session = world.anonymous().post("/v1/sessions", login).await.expect(201);
    assert_eq!(session["account"]["photo"], account["photo"]);
    ada.delete("/v1/me/photo").await.expect(204);
    assert_eq!(ada.get("/v1/me").await.expect(200)["photo"], json!(null));
    world.settle().await;
    let image = account["photo"]["small"].as_str().unwrap();
    ada.get(image).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_playlist_without_a_picture_shows_the_first_four_covers() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let mut ids = Vec::new();
    for red in [10, 60, 110, 160, 210] {
        let body = json!({ "title": format!("T{red}"), "artist": "A" });
        let track = ada.post("/v1/tracks", body).await.expect(201);
        let path = format!("/v1/tracks/{}/cover", track["id"].as_str().unwrap());
        set(&ada, &path, png(200, 200, red)).await.expect(200);
        ids.push(track["id"].clone());
    }
    let playlist = ada.post("/v1/playlists", json!({ "name": "P" })).await.expect(201);
    let path = format!("/v1/playlists/{}", playlist["id"].as_str().unwrap());
    let cover = playlist["cover"]["medium"].as_str().unwrap().to_owned();
    ada.get(&cover).await.problem(404, "no_cover");
    ada.post(&format!("{path}/items"), json!({ "track_ids": ids })).await.expect(200);
    let shown = |accept: &'static str| {
        let request = ada.request(Method::GET, &cover).header("accept", accept);
        async move { request.send().await.unwrap().bytes().await.unwrap().to_vec() }
    };
    let mosaic = image::load_from_memory(&shown("image/webp").await).unwrap().to_rgb8();
    assert_eq!((mosaic.width(), mosaic.height()), (384, 384));
    for ((x, y), red) in [((90, 90), 10), ((290, 90), 60), ((90, 290), 110), ((290, 290), 160)] {
        let found = i32::from(mosaic.get_pixel(x, y)[0]);
        assert!((found - red).abs() < 12, "at {x}, {y}: {found} and not {red}");
    }
    // Another order shows others; a picture of its own takes their place.
    ada.delete(&format!("{path}/items?ids={}", first_item(&ada, &path).await)).await.expect(200);
    let mosaic = image::load_from_memory(&shown("*/*").await).unwrap().to_rgb8();
    assert!((i32::from(mosaic.get_pixel(90, 90)[0]) - 60).abs() < 12);
    let set_one = set(&ada, &format!("{path}/cover"), png(500, 500, 250)).await.expect(200);
    assert_eq!(set_one["revision"].as_u64().unwrap(), 4, "{set_one}");
    let own = image::load_from_memory(&shown("image/webp").await).unwrap().to_rgb8();
    assert!(own.get_pixel(90, 90)[0] > 235);
    ada.delete(&format!("{path}/cover")).await.expect(204);
    let mosaic = image::load_from_memory(&shown("image/webp").await).unwrap().to_rgb8();
    assert!((i32::from(mosaic.get_pixel(90, 90)[0]) - 60).abs() < 12);
}

async fn first_item(client: &Client, playlist: &str) -> String {
    let items = client.get(&format!("{playlist}/items?limit=1")).await.expect(200);
    items["items"][0]["id"].as_str().unwrap().to_owned()
}
