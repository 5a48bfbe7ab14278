//! A line of a catalogue as a track of the API.

use serde_json::{Map, Value};

/// What a track of the API can be given; everything else in a row is left out.
const FIELDS: [&str; 11] = [
    "source_id",
    "title",
    "artist",
    "artists",
    "album",
    "album_artist",
    "track_number",
    "disc_number",
    "duration_ms",
    "year",
    "genres",
];

/// The track of a line; `None` for an empty one.
pub(super) fn read(line: &str) -> Result<Option<Value>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let row: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("is not a JSON object: {error}"))?;
    if !row.get("source_id").is_some_and(Value::is_string) {
        return Err("has no source_id, without which a repetition would make it again".into());
    }
    let kept = row.into_iter().filter(|(name, value)| FIELDS.contains(&name.as_str()) && !value.is_null());
    Ok(Some(Value::Object(kept.collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_what_the_api_knows() {
        let line = r#"{"source_id":"a","title":"T","artist":"A","year":null,"styles":["x"],"country":"SE"}"#;
        let track = read(line).unwrap().unwrap();
        assert_eq!(track, serde_json::json!({ "source_id": "a", "title": "T", "artist": "A" }));
        assert_eq!(read("  "), Ok(None));
    }

    #[test]
    fn a_line_that_is_no_row_says_why() {
        for line in ["{", "[]", "1", "{\"title\":\"T\"}", "{\"source_id\":3}", "{\"source_id\":\"a\"} x"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
