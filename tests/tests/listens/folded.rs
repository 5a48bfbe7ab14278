//! Counts that have become objects of the bucket, because there are too many to add up.

use std::time::Duration;

use serde_json::{Value, json};
use tests::World;

use super::{heard, to_song, to_track, top, track};

#[tokio::test]
#[cfg_attr(deployed, ignore = "looks into the stores")]
async fn the_home_page_reads_them_and_a_removed_account_leaves_none() {
    let world = World::start().await;
    let (ada, bob) = (world.sign_up("ada").await, world.sign_up("bob").await);
    let song = track(&bob, "One", &["A"], None, &[]).await;
    let now = world.now();
    for half in 0..2_u64 {
        let listen = |place: u64| {
            let at = now.minus(Duration::from_secs((half * 999 + place + 1) * 60)).to_string();
            to_song(&format!("Song {half} {place}"), &format!("Artist {half} {place}"), &at)
        };
        let mut listens: Vec<Value> = (0..999).map(listen).collect();
        listens.push(to_track(&song, &now.minus(Duration::from_secs(30 + half)).to_string()));
        heard(&world, &ada, listens).await;
    }
    let objects =
        async |of_whom: &str| world.store().objects.list(&format!("insights/{of_whom}")).await.unwrap();
    let own = format!("accounts/{}/", ada.id());
    assert!(!objects(&own).await.is_empty() && !objects("everybody/").await.is_empty());

    let page = world.invoke("shuffle", json!({ "scheduled_time": world.now() })).await;
    assert_eq!(page["kept"], true, "{page}");
    let home = bob.get("/v1/home").await.expect(200);
    let sections = home["sections"].as_array().unwrap();
    let trending = sections.iter().find(|section| section["id"] == "trending").unwrap();
    assert_eq!(trending["items"][0]["id"], song["id"]);
    assert_eq!(top(&bob, "global/top/tracks?limit=1").await, ["One 2"]);

    ada.delete("/v1/me").await.expect(204);
    world.settle().await;
    assert_eq!(objects(&own).await, Vec::<String>::new());
    assert_eq!(bob.get("/v1/insights/global/totals").await.expect(200)["listens"], 0);
}
