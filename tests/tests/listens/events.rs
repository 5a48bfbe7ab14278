//! Events that tell of listens, as the stream of their table makes them.

use mixtape_domain::{ArtistId, ListenId, SongId, TrackId};
use serde_json::{Value, json};

/// The record of a stream for this listen, which says nothing of its track.
pub(super) fn record(account: &str, id: ListenId, title: &str, artist: &str) -> Value {
    let age = 9_999_999_999_999_i64 - id.listened_at().millis();
    let keys = json!({ "pk": { "S": format!("ACCOUNT#{account}") }, "sk": { "S": format!("LISTEN#{age:013}#{id}") } });
    let mut event: Value = serde_json::from_str(include_str!("../../../events/tally-listens.json")).unwrap();
    let mut record = event["Records"][0].take();
    record["dynamodb"]["Keys"] = keys;
    let image = &mut record["dynamodb"]["NewImage"];
    image["id"] = json!({ "S": id });
    image["title"] = json!({ "S": title });
    image["artists"] = json!({ "L": [{ "S": artist }] });
    record
}

/// The event of these listens having changed: whose, when, title and artist.
pub(super) fn event(listens: &[(&str, &str, &str, &str)]) -> Value {
    let records = listens.iter().map(|(account, at, title, artist)| {
        let id = ListenId::of(at.parse().unwrap(), SongId::of(&ArtistId::of(artist), title).to_bytes());
        record(account, id, title, artist)
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// The event of a track of the catalogue having been heard.
pub(crate) fn event_of_tracks(listens: &[(&str, &str, &Value)]) -> Value {
    let records = listens.iter().map(|(account, at, track)| {
        let (title, artist) =
            (track["title"].as_str().unwrap(), track["artists"][0]["name"].as_str().unwrap());
        let track_id: TrackId = track["id"].as_str().unwrap().parse().unwrap();
        let id = ListenId::of(at.parse().unwrap(), track_id.to_bytes());
        let mut record = record(account, id, title, artist);
        record["dynamodb"]["NewImage"]["track_id"] = json!({ "S": track["id"] });
        record
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}
