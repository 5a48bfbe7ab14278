//! What the measured servers hold: a catalogue with sound and covers, and an account that uses it.

use std::time::Duration;

use mixtape::Stack;
use mixtape_domain::{Clock, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::api::{Api, Ask, PASSWORD, text};
use crate::programs::workspace;

/// Tracks of the catalogue, in albums of ten by artists with two albums each.
pub(crate) const TRACKS: usize = 1_000;
/// Items of the playlist.
const ITEMS: usize = 50;
/// Listens that the account has sent before anything is measured.
const LISTENS: usize = 200;
/// A track has one word of each row; so a search for one finds some of them.
const WORDS: [[&str; 10]; 3] = [
    ["Amber", "Broken", "Crystal", "Distant", "Electric", "Fading", "Golden", "Hollow", "Ivory", "Jagged"],
    ["River", "Station", "Tower", "Umbrella", "Valley", "Window", "Xylophone", "Yard", "Zenith", "Avenue"],
    ["Morning", "Noon", "Sunset", "Midnight", "Winter", "Spring", "Summer", "Autumn", "Sunday", "Monday"],
];

/// Whose things are asked for.
pub(crate) const LISTENER: &str = "listener";
/// An admin, with whom the listener shares.
pub(crate) const KEEPER: &str = "keeper";

/// Names of what there is to ask for.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) token: String,
    pub(crate) tracks: Vec<String>,
    pub(crate) album: String,
    pub(crate) artist: String,
    pub(crate) playlist: String,
    pub(crate) upload: String,
    /// A track with sound and a cover.
    pub(crate) sounding: String,
    /// Address of its small cover.
    pub(crate) cover: String,
    /// The cover.
    pub(crate) image: Vec<u8>,
    /// A playlist to change.
    pub(crate) sandbox: String,
    /// Token of [`KEEPER`], once there is one.
    pub(crate) admin: String,
}

impl Scenario {
    /// Fills an empty server.
    pub(crate) async fn prepare(api: &Api) -> Result<Self, Failure> {
        let (_, token) = api.sign_up(LISTENER).await?;
        let mut tracks = Vec::new();
        for from in (0..TRACKS).step_by(100) {
            let body = json!({ "tracks": (from..from + 100).map(track).collect::<Vec<_>>() });
            let made = api.send(Method::POST, "/v1/tracks/batch", &token, body).await?;
            for result in made["results"].as_array().ok_or("no results")? {
                tracks.push(text(&result["id"])?);
            }
        }
        let first = api.send(Method::GET, &format!("/v1/tracks/{}", tracks[0]), &token, Value::Null).await?;
        let (upload, sounding, cover) = upload(api, &token).await?;
        let mut items = tracks[..ITEMS].to_vec();
        items[0].clone_from(&sounding);
        let playlist = json!({ "name": "Mix", "visibility": "public", "track_ids": items });
        let playlist = api.send(Method::POST, "/v1/playlists", &token, playlist).await?;
        let now = Clock::system().now();
        let before = |place: usize| now.minus(Duration::from_secs(600 * (place as u64 + 1)));
        let listens: Vec<Value> =
            (0..LISTENS).map(|place| listen(&tracks[place * 7 % TRACKS], before(place))).collect();
        api.send(Method::POST, "/v1/listens", &token, json!({ "listens": listens })).await?;
        let body = json!({ "name": "Sandbox", "track_ids": tracks[..ITEMS] });
        let sandbox = api.send(Method::POST, "/v1/playlists", &token, body).await?;
        let (_, image) = api.ask(&Ask::get(&cover, &token)).await?;
        Ok(Self {
            admin: String::new(),
            image,
            sandbox: text(&sandbox["id"])?,
            album: text(&first["album_id"])?,
            artist: text(&first["artist_id"])?,
            playlist: text(&playlist["id"])?,
            token,
            tracks,
            upload,
            sounding,
            cover,
        })
    }

    /// Waits until searches find the catalogue and the home page is there.
    pub(crate) async fn settle(&self, api: &Api) -> Result<(), Failure> {
        for _ in 0..600 {
            let search = "/v1/search?q=sunset&types=track";
            let found = api.send(Method::GET, search, &self.token, Value::Null).await?;
            let home = api.send(Method::GET, "/v1/home", &self.token, Value::Null).await?;
            // The first page of an empty server is empty.
            let is_full = home["sections"].as_array().is_some_and(|sections| {
                sections
                    .iter()
                    .all(|section| section["items"].as_array().is_some_and(|items| !items.is_empty()))
            });
            let found = found["tracks"]["total"].as_u64().unwrap_or_default();
            if found as usize >= TRACKS / 10 && is_full {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the search index and the home page were not ready in a minute".into())
    }

    /// Lets the listener's insights be read, and makes an admin, who signs in.
    pub(crate) async fn appoint(&mut self, api: &Api, stack: &Stack) -> Result<(), Failure> {
        let body = json!({ "insights": "public" });
        api.send(Method::PATCH, "/v1/me", &self.token, body).await?;
        api.sign_up(KEEPER).await?;
        let grant = json!({ "admin": { "username": KEEPER, "grant": true } });
        stack.invoke("accounts", grant).await.map_err(|error| error.to_string())?;
        let body = json!({ "login": KEEPER, "password": PASSWORD });
        let session = api.send(Method::POST, "/v1/sessions", "", body).await?;
        self.admin = text(&session["access_token"])?;
        Ok(())
    }

    /// The request that sets the cover as the picture of something.
    pub(crate) fn picture(&self, path: &str) -> Ask {
        let kind = if self.image.starts_with(b"RIFF") { "image/webp" } else { "image/jpeg" };
        let content = Some((kind.to_owned(), self.image.clone()));
        Ask { content, ..Ask::bare(Method::PUT, path, &self.token) }
    }

    /// What a person types.
    pub(crate) fn query(place: usize) -> String {
        format!("{}+{}", WORDS[0][place % 10].to_lowercase(), WORDS[1][place / 10 % 10].to_lowercase())
    }
}

/// A listen as clients send it.
pub(crate) fn listen(track: &str, at: Timestamp) -> Value {
    json!({ "track_id": track, "listened_at": at })
}

/// A track of the catalogue as it is sent.
pub(crate) fn track(number: usize) -> Value {
    let word = |row: usize, place: usize| WORDS[row][place % 10];
    json!({
        "title": format!("{} {} {}", word(0, number), word(1, number / 10), word(2, number / 100)),
        "artist": format!("The {} {}s", word(2, number / 20), word(1, number / 20 / 10 + 3)),
        "album": format!("{} {}", word(1, number / 10), number / 10), "track_number": number % 10 + 1,
        "genres": [word(0, number / 20)], "year": 1980 + number / 25 % 40, "duration_ms": 150_000 + number % 1000 * 100,
        "source_id": format!("bench:{number}"),
    })
}

/// Uploads a sound with a cover; answers the ids of the upload and of its track, and the address of a picture.
async fn upload(api: &Api, token: &str) -> Result<(String, String, String), Failure> {
    let bytes = std::fs::read(workspace().join("common/media/tests/fixtures/id3v24.mp3"))?;
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({
        "filename": "id3v24.mp3", "content_type": "audio/mpeg", "size_bytes": bytes.len(), "sha256": sha256,
    });
    let announced = api.send(Method::POST, "/v1/uploads", token, body).await?;
    api.put_file(&announced["upload"], bytes).await?;
    let id = text(&announced["id"])?;
    for _ in 0..600 {
        let upload = api.send(Method::GET, &format!("/v1/uploads/{id}"), token, Value::Null).await?;
        if let Some(track_id) = upload["track_id"].as_str().filter(|_| upload["status"] == "ready") {
            let track = api.send(Method::GET, &format!("/v1/tracks/{track_id}"), token, Value::Null).await?;
            return Ok((id, track_id.to_owned(), text(&track["cover"]["small"])?));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("an uploaded file did not become a track in a minute".into())
}
