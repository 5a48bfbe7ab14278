//! Real names, typed as people type them.

use std::time::Instant;

use serde_json::Value;
use tests::{World, catalogue};

use super::{add, encoded, settle};

#[tokio::test]
async fn real_tracks_are_found() {
    let Some(path) = catalogue() else { return };
    let rows: Vec<Value> = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| row[name].clone();
            serde_json::json!({
                "source_id": field("source_id"), "title": field("title"), "artist": field("artist"),
                "album": field("album"), "year": field("year"), "genres": field("genres"),
            })
        })
        .collect();
    let world = World::start().await;
    let owner = world.sign_up("ada").await;
    add(&owner, rows.clone()).await;
    settle(&world).await;

    let anonymous = world.anonymous();
    let mut latencies = Vec::new();
    let (mut asked, mut found) = (0, 0);
    for (number, row) in rows.iter().enumerate().step_by(60) {
        let (title, artist) = (row["title"].as_str().unwrap(), row["artist"].as_str().unwrap());
        for query in [format!("{title} {artist}"), mistyped(title, number) + " " + artist] {
            if query.chars().count() > 200 {
                continue;
            }
            let began = Instant::now();
            let path = format!("/v1/search?{}", encoded(&[("q", &query), ("types", "track")]));
            let answer = anonymous.get(&path).await.expect(200);
            latencies.push(began.elapsed());
            let items = answer["tracks"]["items"].as_array().unwrap();
            asked += 1;
            found += usize::from(items.iter().any(|item| item["title"] == title && item["artist"] == artist));
        }
    }
    latencies.sort();
    let (median, slowest) = (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]);
    println!("{found} of {asked} found; median {median:?}, 99th percentile {slowest:?}, unoptimised");
    assert!(found * 100 >= asked * 97, "{found} of {asked} found");
}

/// The title with two letters of its longest word swapped, if that word is long enough for a typing error.
fn mistyped(title: &str, number: usize) -> String {
    let longest = title.split_whitespace().max_by_key(|word| word.chars().count()).unwrap_or_default();
    let mut letters: Vec<char> = longest.chars().collect();
    if letters.len() < 5 || !letters.iter().all(|letter| letter.is_alphabetic()) {
        return title.to_owned();
    }
    let place = 1 + number % (letters.len() - 2);
    letters.swap(place, place + 1);
    title.replacen(longest, &letters.into_iter().collect::<String>(), 1)
}
