//! From an announcement to a track.

use serde_json::{Value, json};
use tests::{Client, World};

use super::{announcement, fixture, objects, png, put, taken_in, tone, track_of, upload, upload_as};

#[tokio::test]
async fn an_uploaded_song_becomes_a_track_with_all_that_its_file_says() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = fixture("id3v24.mp3");
    let announced = ada.post("/v1/uploads", announcement("song.mp3", &song)).await.expect(201);
    assert_eq!(announced["status"], "waiting");
    assert_eq!(announced["upload"]["method"], "PUT");
    assert_eq!(put(&announced["upload"], song.clone()).await, 200);

    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    let ready = taken_in(&world, &ada, &path).await;
    let track = track_of(&ada, &ready).await;
    for field in ["title", "artist", "album", "duration_ms"] {
        assert!(!track[field].is_null(), "{field}: {track}");
    }
    assert_eq!(track["owner_id"], ada.id());
    let audio = &track["audio"];
    assert_eq!((&audio["content_type"], &audio["codec"]), (&json!("audio/mpeg"), &json!("mp3")));
    assert_eq!(audio["size_bytes"], song.len());
    assert!(audio["loudness"]["integrated_lufs"].as_f64().unwrap() < 0.0, "{audio}");
    let gain = audio["replay_gain"]["gain_db"].as_f64().unwrap();
    assert!((gain + 18.0 + audio["loudness"]["integrated_lufs"].as_f64().unwrap()).abs() < 0.02, "{audio}");
    assert!(track["cover"]["small"].is_string(), "{track}");

    let analysis_path = format!("/v1/tracks/{}/analysis", track["id"].as_str().unwrap());
    let analysis = world.anonymous().get(&analysis_path).await.expect(200);
    let points = analysis["waveform"].as_array().unwrap();
    assert_eq!(points.len(), 1000);
    assert!(points.iter().all(|point| point.as_u64().is_some_and(|point| point <= 255)));
    assert_eq!(analysis["audio_id"], audio["id"]);

    let listed = ada.get("/v1/uploads").await.expect(200);
    assert_eq!(listed["items"][0]["id"], announced["id"]);
    if world.is_deployed() {
        // Others bring the same song.
        return;
    }
    // It is found, it is in its album, the album shows its cover, and nothing of the upload is left.
    let query = track["title"].as_str().unwrap().replace(' ', "+");
    let found = ada.get(&format!("/v1/search?q={query}&types=track")).await.expect(200);
    assert_eq!(found["tracks"]["items"][0]["id"], track["id"]);
    let album = ada.get(&format!("/v1/albums/{}", track["album_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(album["cover"], track["cover"]);
    assert!(objects(&world).await.iter().all(|key| !key.starts_with("uploads/")));
    assert!(world.stack().dead_letters().list().unwrap().is_empty());
}

#[tokio::test]
async fn every_format_is_told_by_its_content() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    for (name, content_type, codec) in [
        ("mono-vbr.mp3", "audio/mpeg", "mp3"),
        ("aac.m4a", "audio/mp4", "aac"),
        ("alac.m4a", "audio/mp4", "alac"),
        ("16-bit.flac", "audio/flac", "flac"),
        ("vorbis.ogg", "audio/ogg", "vorbis"),
        ("opus.opus", "audio/ogg", "opus"),
        ("24-bit.wav", "audio/wav", "pcm"),
        ("text.aiff", "audio/aiff", "pcm"),
    ] {
        // The name says nothing.
        let ready = upload(&world, &ada, "sound.bin", fixture(name)).await;
        let track = track_of(&ada, &ready).await;
        assert_eq!(track["audio"]["content_type"], content_type, "{name}");
        assert_eq!(track["audio"]["codec"], codec, "{name}");
        assert!(track["duration_ms"].as_u64().unwrap() > 100, "{name}");
    }
    let untagged = upload(&world, &ada, "07 - Night_Train.wav", tone(440)).await;
    let track = track_of(&ada, &untagged).await;
    assert_eq!((&track["title"], &track["artist"]), (&json!("Night Train"), &json!("Unknown artist")));
}

#[tokio::test]
async fn what_is_no_sound_is_rejected_with_a_reason_and_leaves_nothing() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    for (name, bytes, code) in [
        ("text.mp3", b"not a sound at all, but a text that calls itself one".to_vec(), "not_audio"),
        ("picture.mp3", png(40, 40, 1), "not_audio"),
        ("video.mp4", fixture("video.mp4"), "no_audio"),
        ("one.wav", vec![0], "not_audio"),
    ] {
        let rejected = upload(&world, &ada, name, bytes).await;
        assert_eq!(
            (&rejected["status"], &rejected["code"]),
            (&json!("rejected"), &json!(code)),
            "{rejected}"
        );
        assert!(rejected["detail"].as_str().unwrap().len() > 20, "{rejected}");
        assert!(rejected["upload"].is_null() && rejected["track_id"].is_null(), "{rejected}");
    }
    if world.is_deployed() {
        return;
    }
    assert_eq!(objects(&world).await, Vec::<String>::new());
    assert_eq!(ada.get("/v1/tracks").await.expect(200)["items"], json!([]));
    assert!(world.stack().dead_letters().list().unwrap().is_empty(), "it is the user's affair");
}

#[tokio::test]
async fn the_store_takes_exactly_the_file_that_was_announced() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let song = tone(500);
    let announced = ada.post("/v1/uploads", announcement("a.wav", &song)).await.expect(201);
    let target = &announced["upload"];
    let refused = |bytes: Vec<u8>, header: Option<(&'static str, &'static str)>| async move {
        let mut target = target.clone();
        if let Some((name, value)) = header {
            target["headers"][name] = json!(value);
        }
        let status = put(&target, bytes).await;
        assert!(status.is_client_error(), "{header:?}: {status}");
    };
    let mut other = song.clone();
    *other.last_mut().unwrap() ^= 1;
    refused(other, None).await;
    refused(song[..100].to_vec(), None).await;
    refused([song.clone(), vec![0]].concat(), None).await;
    refused(song.clone(), Some(("content-type", "text/html"))).await;
    refused(song.clone(), Some(("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")))
        .await;
    world.settle().await;
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.expect(200)["status"], "waiting");
    assert_eq!(put(target, song).await, 200);
    assert_eq!(taken_in(&world, &ada, &path).await["status"], "ready");
}

#[tokio::test]
async fn a_file_fills_the_track_that_was_made_for_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let grace = world.sign_up("grace").await;
    let made =
        ada.post("/v1/tracks", json!({ "title": "My title", "artist": "My artist" })).await.expect(201);
    let song = fixture("id3v24.mp3");
    let for_it = |bytes: &[u8]| {
        let mut body = announcement("x.mp3", bytes);
        body["track_id"] = made["id"].clone();
        body
    };
    grace.post("/v1/uploads", for_it(&song)).await.problem(403, "forbidden");
    let mut nowhere = for_it(&song);
    nowhere["track_id"] = json!("01JD6Y3Q5R8WZ0V4C2B7M9N1XK");
    ada.post("/v1/uploads", nowhere).await.problem(422, "invalid");

    let ready = upload_as(&world, &ada, for_it(&song), song.clone()).await;
    assert_eq!(ready["track_id"], made["id"]);
    let track = track_of(&ada, &ready).await;
    assert_eq!((&track["title"], &track["artist"]), (&made["title"], &made["artist"]), "what was said stays");
    assert!(
        track["album"].is_string() && track["cover"].is_object() && track["duration_ms"].is_u64(),
        "{track}"
    );

    // Another file for it takes the place of the first, with everything that belonged to it.
    let before = track["audio"]["id"].as_str().unwrap();
    let other = tone(600);
    let ready = upload_as(&world, &ada, for_it(&other), other.clone()).await;
    let track = track_of(&ada, &ready).await;
    assert_eq!(track["audio"]["codec"], "pcm");
    assert!(world.is_deployed() || objects(&world).await.iter().all(|key| !key.contains(before)));
    // And the first file can come again.
    let again = upload(&world, &ada, "x.mp3", song).await;
    assert_ne!(again["track_id"], made["id"]);
    assert_eq!(again["status"], "ready");
}

#[tokio::test]
async fn the_same_sound_is_kept_once_for_each_owner() {
    let world = World::start().await;
    let (ada, grace) = (world.sign_up("ada").await, world.sign_up("grace").await);
    let (tagged, plain) = (fixture("id3v24.mp3"), fixture("id3v23.mp3"));
    let first = upload(&world, &ada, "a.mp3", tagged.clone()).await;
    // The same file is known before it is sent.
    let known = ada.post("/v1/uploads", announcement("b.mp3", &tagged)).await.expect(200);
    assert_eq!((&known["status"], &known["track_id"]), (&json!("ready"), &first["track_id"]));
    assert!(known["upload"].is_null());
    // The same sound with other tags is known once it is heard.
    let rejected = upload(&world, &ada, "c.mp3", plain).await;
    assert_eq!(
        (&rejected["status"], &rejected["code"]),
        (&json!("rejected"), &json!("duplicate")),
        "{rejected}"
    );
    assert_eq!(rejected["track_id"], first["track_id"]);
    let theirs = upload(&world, &grace, "a.mp3", tagged).await;
    assert_eq!(theirs["status"], "ready");
    assert_ne!(theirs["track_id"], first["track_id"]);
}

#[tokio::test]
async fn a_large_file_comes_in_parts_and_goes_on_after_an_interruption() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let large = long_wav(66 * 1024 * 1024);
    let announced = ada.post("/v1/uploads", announcement("long.wav", &large)).await.expect(201);
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    let complete = announced["upload"]["complete_url"].as_str().unwrap().to_owned();
    let part_size = usize::try_from(announced["upload"]["part_size_bytes"].as_u64().unwrap()).unwrap();
    let parts = announced["upload"]["parts"].as_array().unwrap().clone();
    assert_eq!(parts.len(), large.len().div_ceil(part_size));
    let bytes_of = |part: &Value| {
        let start = (usize::try_from(part["number"].as_u64().unwrap()).unwrap() - 1) * part_size;
        large[start..(start + part_size).min(large.len())].to_vec()
    };
    assert!(put(&parts[0], vec![0; 10]).await.is_client_error(), "a part has its size");
    for part in [&parts[1], &parts[3]] {
        assert_eq!(put(part, bytes_of(part)).await, 200);
    }
    ada.post(&complete, Value::Null).await.problem(409, "parts_missing");
    let resumed = ada.get(&path).await.expect(200);
    let missing = resumed["upload"]["parts"].as_array().unwrap().clone();
    let numbers: Vec<u64> = missing.iter().map(|part| part["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 5]);
    for part in &missing {
        assert_eq!(put(part, bytes_of(part)).await, 200);
    }
    let at_once = futures::future::join_all((0..6).map(|_| ada.post(&complete, Value::Null))).await;
    at_once.into_iter().for_each(|answer| {
        answer.expect(200);
    });
    ada.post(&complete, Value::Null).await.expect(200);
    let track = track_of(&ada, &taken_in(&world, &ada, &path).await).await;
    assert_eq!(track["audio"]["size_bytes"], large.len());
    ada.post(&complete, Value::Null).await.expect(200);
    if !world.is_deployed() {
        // An event that comes again finds neither the file nor its parts.
        let key = format!("uploads/{}/{}", ada.id(), announced["id"].as_str().unwrap());
        assert_eq!(world.invoke("ingest", super::interruptions::event(&key)).await["status"], "ended");
        track_of(&ada, &ada.get(&path).await.expect(200)).await;
    }
}

#[tokio::test]
async fn parts_that_have_come_go_when_the_upload_is_given_up_or_its_account_removed() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let large = long_wav(66 * 1024 * 1024);
    let begun = async || {
        let announced = ada.post("/v1/uploads", announcement("long.wav", &large)).await.expect(201);
        let size = usize::try_from(announced["upload"]["part_size_bytes"].as_u64().unwrap()).unwrap();
        let parts = announced["upload"]["parts"].as_array().unwrap().clone();
        assert_eq!(put(&parts[0], large[..size].to_vec()).await, 200);
        let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
        (path, parts[1].clone(), large[size..size * 2].to_vec())
    };
    let (path, part, bytes) = begun().await;
    ada.delete(&path).await.expect(204);
    assert!(put(&part, bytes).await.is_client_error(), "there is nothing that it is a part of");

    let (_, part, bytes) = begun().await;
    ada.delete("/v1/me").await.expect(204);
    world.settle().await;
    assert!(put(&part, bytes).await.is_client_error());
}

#[tokio::test]
async fn a_file_that_knows_its_number_takes_its_track_to_its_place_on_the_album() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let album = world.name("Unsorted");
    let body = json!({ "title": "Song", "artist": "A", "album": album });
    let song = ada.post("/v1/tracks", body).await.expect(201);
    let body =
        json!({ "title": "Other", "artist": "A", "album": album, "disc_number": 2, "track_number": 1 });
    ada.post("/v1/tracks", body).await.expect(201);
    let titles = async || {
        let album = ada.get(&format!("/v1/albums/{}", song["album_id"].as_str().unwrap())).await.expect(200);
        let tracks = album["tracks"].as_array().unwrap().clone();
        tracks.iter().map(|track| track["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["Song", "Other"]);
    let bytes = fixture("id3v24.mp3");
    let mut body = announcement("song.mp3", &bytes);
    body["track_id"] = song["id"].clone();
    let track = track_of(&ada, &upload_as(&world, &ada, body, bytes).await).await;
    assert_eq!((&track["disc_number"], &track["track_number"]), (&json!(2), &json!(3)));
    assert_eq!(titles().await, ["Other", "Song"]);
}

/// Silence with a click, as long as it takes to have this many bytes.
pub(super) fn long_wav(size: usize) -> Vec<u8> {
    let mut bytes = tone(300);
    let header = 44;
    bytes.resize(size, 0);
    let data = u32::try_from(size - header).unwrap();
    bytes[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    bytes[40..44].copy_from_slice(&data.to_le_bytes());
    bytes
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn limits_hold_for_a_file_and_for_an_account() {
    let parameters = [("MaxFileBytes", "20000"), ("MaxAccountBytes", "40000")];
    let world = World::with_parameters(&parameters).await;
    let ada = world.sign_up("ada").await;
    let too_large = ada.post("/v1/uploads", announcement("a.wav", &vec![0; 20_001])).await;
    assert_eq!(too_large.problem(422, "invalid")["errors"][0]["field"], "size_bytes");
    let first = upload(&world, &ada, "a.wav", tone(100)).await;
    let second = ada.post("/v1/uploads", announcement("b.wav", &tone(200))).await.expect(201);
    ada.post("/v1/uploads", announcement("c.wav", &tone(300))).await.problem(409, "storage_full");
    // Giving one up makes room, and so does deleting a track; rejected ones take none.
    ada.delete(&format!("/v1/uploads/{}", second["id"].as_str().unwrap())).await.expect(204);
    let third = ada.post("/v1/uploads", announcement("c.wav", &tone(300))).await.expect(201);
    ada.post("/v1/uploads", announcement("d.wav", &tone(400))).await.problem(409, "storage_full");
    ada.delete(&format!("/v1/tracks/{}", first["track_id"].as_str().unwrap())).await.expect(204);
    let text = vec![b'x'; 16_044];
    assert_eq!(upload(&world, &ada, "d.wav", text).await["status"], "rejected");
    assert_eq!(upload(&world, &ada, "d.wav", tone(400)).await["status"], "ready");
    assert_eq!(put(&third["upload"], tone(300)).await, 200);
    world.settle().await;
    ada.post("/v1/uploads", announcement("e.wav", &tone(500))).await.problem(409, "storage_full");
}

#[tokio::test]
async fn nobody_sees_the_uploads_of_others() {
    let world = World::start().await;
    let (ada, grace) = (world.sign_up("ada").await, world.sign_up("grace").await);
    let announced = ada.post("/v1/uploads", announcement("a.wav", &tone(100))).await.expect(201);
    let path = format!("/v1/uploads/{}", announced["id"].as_str().unwrap());
    grace.get(&path).await.problem(404, "not_found");
    grace.delete(&path).await.problem(404, "not_found");
    grace.post(&format!("{path}/complete"), Value::Null).await.problem(404, "not_found");
    assert_eq!(grace.get("/v1/uploads").await.expect(200)["items"], json!([]));
    ada.post(&format!("{path}/complete"), Value::Null).await.problem(409, "upload_ended");
    given_up(&ada, &path).await;
}

async fn given_up(client: &Client, path: &str) {
    client.delete(path).await.expect(204);
    client.get(path).await.problem(404, "not_found");
    client.delete(path).await.problem(404, "not_found");
    assert_eq!(client.get("/v1/uploads").await.expect(200)["items"], json!([]));
}
