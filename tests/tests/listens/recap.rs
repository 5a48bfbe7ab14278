//! The year in one answer, and as a picture.

use serde_json::json;
use tests::World;

use super::{heard, to_song, to_track, track};

#[tokio::test]
async fn a_recap_tells_of_the_year_and_of_what_was_new() {
    let world = World::start().await;
    let ada = world.sign_up("ada").await;
    let old = track(&ada, "Old", &["Veteran"], Some("X"), &["Rock"]).await;
    let new = track(&ada, "New <&> \"it\"", &["Débutante"], None, &["Pop"]).await;
    let mut listens = vec![to_track(&old, "2025-12-31T23:59:59Z"), to_track(&old, "2024-02-29T12:00:00Z")];
    listens.extend((1..=4).map(|day| to_track(&new, &format!("2026-03-{day:02}T10:00:00Z"))));
    listens.push(to_track(&new, "2026-03-04T11:00:00Z"));
    listens.extend([
        to_track(&old, "2026-07-01T10:00:00Z"),
        to_song("Else", "Débutante", "2026-07-01T11:00:00Z"),
    ]);
    heard(&world, &ada, listens).await;

    let recap = ada.get("/v1/insights/me/recap/2026").await.expect(200);
    assert_eq!((&recap["year"], &recap["username"]), (&json!(2026), &json!(ada.username())));
    assert_eq!((&recap["totals"]["listens"], &recap["totals"]["tracks"]), (&json!(7), &json!(3)));
    assert_eq!(
        (&recap["top"]["tracks"][0]["count"], &recap["top"]["tracks"][0]["track"]["id"]),
        (&json!(5), &new["id"])
    );
    assert_eq!(recap["top"]["artists"][0]["name"], "Débutante");
    assert_eq!((&recap["discoveries"]["tracks"], &recap["discoveries"]["artists"]), (&json!(2), &json!(1)));
    assert_eq!(recap["discoveries"]["top_artists"][0]["name"], "Débutante");
    assert_eq!(
        (&recap["busiest_day"]["date"], &recap["busiest_day"]["listens"]),
        (&json!("2026-03-04"), &json!(2))
    );
    assert_eq!(recap["longest_streak"], json!({ "days": 4, "from": "2026-03-01", "to": "2026-03-04" }));
    let months: Vec<i64> =
        recap["months"].as_array().unwrap().iter().map(|month| month["listens"].as_i64().unwrap()).collect();
    assert_eq!(months, [0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
    // What was new in 2025 is not what was heard in 2024.
    assert_eq!(ada.get("/v1/insights/me/recap/2025").await.expect(200)["discoveries"]["tracks"], 0);
    assert_eq!(ada.get("/v1/insights/me/recap/2024").await.expect(200)["discoveries"]["tracks"], 1);

    let picture = ada.get("/v1/insights/me/recap/2026.svg").await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/svg+xml")));
    assert!(picture.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(picture.text.contains("width=\"1080\" height=\"1920\""), "{}", &picture.text[..300]);
    assert!(picture.text.contains("Débutante") && !picture.text.contains("<&>"));
    let again = ada.send(ada.request(reqwest::Method::GET, "/v1/insights/me/recap/2026.svg")).await;
    assert_eq!(again.text, picture.text);
    for year in ["26", "2026.png", "abcd", "1969", "+2026", "99999", "2026.svg.svg"] {
        ada.get(&format!("/v1/insights/me/recap/{year}")).await.problem(404, "not_found");
    }
    assert_eq!(ada.get("/v1/insights/me/recap/2030").await.expect(200)["totals"]["listens"], 0);
    world.anonymous().get("/v1/insights/me/recap/2026").await.problem(401, "unauthenticated");
}
