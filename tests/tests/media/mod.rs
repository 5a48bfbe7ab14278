//! Sound and pictures: uploads, playing, covers, and what is left of them.

mod browser;
mod covers;
mod deletion;
mod elsewhere;
mod import;
mod interruptions;
mod large;
mod playing;
mod uploads;

use std::path::PathBuf;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{Client, World};

/// A synthesised sound file of the crate that reads them.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../common/media/tests/fixtures");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What announces this file.
pub(crate) fn announcement(filename: &str, bytes: &[u8]) -> Value {
    json!({
        "filename": filename, "content_type": "application/octet-stream", "size_bytes": bytes.len(),
        "sha256": sha256(bytes),
    })
}

/// Sends bytes where an upload says, as somebody without an account.
pub(crate) async fn put(target: &Value, bytes: Vec<u8>) -> StatusCode {
    let mut request = reqwest::Client::new().put(target["url"].as_str().expect("an address"));
    for (name, value) in target["headers"].as_object().into_iter().flatten() {
        if name != "content-length" {
            request = request.header(name, value.as_str().unwrap());
        }
    }
    request.body(bytes).send().await.unwrap().status()
}

/// Uploads a file and answers what became of it.
pub(crate) async fn upload(world: &World, client: &Client, filename: &str, bytes: Vec<u8>) -> Value {
    upload_as(world, client, announcement(filename, &bytes), bytes).await
}

/// As [`upload`], with this announcement.
pub(crate) async fn upload_as(world: &World, client: &Client, announcement: Value, bytes: Vec<u8>) -> Value {
    let announced = client.post("/v1/uploads", announcement).await.expect(201);
    assert_eq!(put(&announced["upload"], bytes).await, 200);
    taken_in(world, client, &format!("/v1/uploads/{}", announced["id"].as_str().unwrap())).await
}

/// What became of an upload whose file was sent.
pub(crate) async fn taken_in(world: &World, client: &Client, path: &str) -> Value {
    if !world.is_deployed() {
        world.settle().await;
        return client.get(path).await.expect(200);
    }
    for _ in 0..1500 {
        let upload = client.get(path).await.expect(200);
        if upload["status"] != "waiting" && upload["status"] != "processing" {
            return upload;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("{path} is not done after five minutes");
}

/// The track of an upload that must be ready.
pub(crate) async fn track_of(client: &Client, upload: &Value) -> Value {
    assert_eq!(upload["status"], "ready", "{upload}");
    client.get(&format!("/v1/tracks/{}", upload["track_id"].as_str().unwrap())).await.expect(200)
}

/// Checks that these are all keys of the bucket but those of the search index, where nobody else adds any.
pub(crate) async fn assert_objects(world: &World, expected: &[String]) {
    if !world.is_deployed() {
        assert_eq!(objects(world).await, expected);
    }
}

/// All keys of the bucket but those of the search index.
pub(crate) async fn objects(world: &World) -> Vec<String> {
    let keys = world.store().objects.list("").await.unwrap();
    keys.into_iter().filter(|key| !key.starts_with("index/")).collect()
}

/// A picture of one colour.
pub(crate) fn png(width: u32, height: u32, red: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([red, 40, 200]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A sound of one second, which differs from others by its pitch, as a WAV file.
pub(crate) fn tone(pitch: u32) -> Vec<u8> {
    let samples = 8000u32;
    let data = (0..samples).flat_map(|place| {
        let phase = f64::from(place) * f64::from(pitch) * std::f64::consts::TAU / 8000.0;
        ((phase.sin() * 8000.0) as i16).to_le_bytes()
    });
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + samples * 2).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(16000u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((samples * 2).to_le_bytes());
    bytes.extend(data);
    bytes
}
