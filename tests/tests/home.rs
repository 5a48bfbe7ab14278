//! The home page and its shuffle.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mixtape_store::tracks::Kind;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tests::{Client, World};

const THREE_HOURS: Duration = Duration::from_secs(3 * 60 * 60);

async fn fill(client: &Client, tracks: usize) {
    let body = |number: usize| {
        json!({
            "title": format!("Track {number}"), "artist": format!("Artist {}", number / 2),
            "album": format!("Album {}", number / 3), "source_id": number.to_string(),
        })
    };
    for chunk in (0..tracks).collect::<Vec<_>>().chunks(100) {
        let batch: Vec<Value> = chunk.iter().copied().map(body).collect();
        client.post("/v1/tracks/batch", json!({ "tracks": batch })).await.expect(200);
    }
}

fn ids(page: &Value, section: &str) -> Vec<String> {
    let sections = page["sections"].as_array().unwrap();
    let section =
        sections.iter().find(|one| one["id"] == section).unwrap_or_else(|| panic!("no section {section}"));
    section["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_shuffle_fills_the_page_with_distinct_things_until_the_next_one() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    fill(&ada, 300).await;
    let slot = world.clock().now().slot(THREE_HOURS);
    let outcome = world.invoke("shuffle", json!({ "scheduled_time": slot })).await;
    assert_eq!((&outcome["complete"], &outcome["kept"]), (&json!(true), &json!(true)));
    let answer = world.anonymous().get("/v1/home").await;
    let page = answer.clone().expect(200);
    assert_eq!(page["generated_at"], json!(slot));
    assert_eq!(page["next_at"], json!(slot.plus(THREE_HOURS)));
    for (section, length) in
        [("featured_artists", 3), ("trending", 3), ("new", 12), ("discover", 12), ("albums", 12)]
    {
        assert_eq!(ids(&page, section).len(), length, "{section}");
    }
    let tracks: Vec<String> =
        ["trending", "new", "discover"].iter().flat_map(|section| ids(&page, section)).collect();
    assert_eq!(tracks.iter().collect::<BTreeSet<_>>().len(), 27);
    let left = (slot.plus(THREE_HOURS).seconds() - world.clock().now().seconds()).to_string();
    let age = answer.header("cache-control").unwrap().strip_prefix("public, max-age=").unwrap().to_owned();
    assert!(age.parse::<i64>().unwrap() - left.parse::<i64>().unwrap() <= 2, "{age} is about {left}");

    let again = world.invoke("shuffle", json!({ "scheduled_time": slot })).await;
    assert_eq!((&again["complete"], &again["kept"]), (&json!(true), &json!(false)));
    assert_eq!(ada.get("/v1/home").await.expect(200), page, "the same for everybody, retried or not");

    world.clock().advance(THREE_HOURS);
    world.invoke("shuffle", json!({ "scheduled_time": slot.plus(THREE_HOURS) })).await;
    let next = world.anonymous().get("/v1/home").await.expect(200);
    assert_eq!(next["generated_at"], page["next_at"]);
    assert_ne!(ids(&next, "discover"), ids(&page, "discover"));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn a_shuffle_of_a_catalogue_that_was_too_small_is_made_again() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let slot = world.clock().now().slot(THREE_HOURS);
    fill(&ada, 5).await;
    let outcome = world.invoke("shuffle", json!({ "scheduled_time": slot })).await;
    assert_eq!(outcome["complete"], false);
    let page = ada.get("/v1/home").await.expect(200);
    assert_eq!(ids(&page, "trending").len() + ids(&page, "new").len(), 5);
    fill(&ada, 300).await;
    let outcome = world.invoke("shuffle", json!({ "scheduled_time": slot })).await;
    assert_eq!((&outcome["complete"], &outcome["kept"]), (&json!(true), &json!(true)));
    assert_eq!(ids(&ada.get("/v1/home").await.expect(200), "discover").len(), 12);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn what_was_deleted_leaves_the_page() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    fill(&ada, 100).await;
    let slot = world.clock().now().slot(THREE_HOURS);
    world.invoke("shuffle", json!({ "scheduled_time": slot })).await;
    let before = ids(&ada.get("/v1/home").await.expect(200), "discover");
    ada.delete(&format!("/v1/tracks/{}", before[0])).await.expect(204);
    assert_eq!(ids(&ada.get("/v1/home").await.expect(200), "discover"), before[1..]);
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "chooses parameters of the template")]
async fn a_private_catalogue_shows_its_home_page_to_members_only() {
    let world = World::with_parameters(&[("Catalogue", "private")]).await;
    let ada = world.sign_up("ada").await;
    for path in ["/v1/home", "/v1/tracks", "/v1/artists", "/v1/albums", "/v1/search?q=a"] {
        world.anonymous().get(path).await.problem(401, "unauthenticated");
        ada.get(path).await.expect(200);
    }
    assert!(ada.get("/v1/home").await.header("cache-control").unwrap().starts_with("private"));
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "needs a catalogue that nobody else changes")]
async fn every_track_is_picked_equally_often() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    fill(&ada, 400).await;
    let mut random = StdRng::seed_from_u64(5);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let (samples, each) = (250, 40);
    for _ in 0..samples {
        let picks =
            world.store().tracks.sample(Kind::Track, each, &BTreeSet::new(), &mut random).await.unwrap();
        assert_eq!(picks.iter().collect::<BTreeSet<_>>().len(), each);
        picks.into_iter().for_each(|id| *counts.entry(id).or_default() += 1);
    }
    assert_eq!(counts.len(), 400);
    let expected = f64::from(samples) * each as f64 / 400.0;
    let chi_square: f64 =
        counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    // 399 degrees of freedom: mean 399, standard deviation 28; four of them either way. Picks without repetition
    // spread a little less than independent ones.
    assert!((250.0..511.0).contains(&chi_square), "chi-square {chi_square}");
}
