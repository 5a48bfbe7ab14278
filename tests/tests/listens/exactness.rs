//! Many random listens, deletions and repetitions, with failures, against a recount by brute force.

use std::collections::{BTreeMap, BTreeSet};

use mixtape_domain::insights::{Count, Day, Key, Kind, Length, Period, Rows};
use mixtape_domain::{AccountId, ListenId};
use mixtape_store::insights::Scope;
use rand::RngExt;
use serde_json::json;
use tests::Client;

use super::chaos::{ACCOUNTS, Chaos, DAYS, FIRST, Heard, Song};
use super::top;

/// The counts of a history, added up listen by listen.
fn recount(chaos: &Chaos, accounts: &[usize], period: Period) -> BTreeMap<(Kind, Key), Count> {
    let mut counts: BTreeMap<(Kind, Key), Count> = BTreeMap::new();
    for account in accounts {
        let id: AccountId = chaos.clients[*account].id().parse().unwrap();
        let listener = (accounts.len() > 1).then_some((Kind::Listener, id.to_bytes()));
        for (id, heard) in &chaos.history[*account] {
            if period.holds(Day::of(id.listened_at())) {
                let others = [Some((Kind::Total, [0; 16])), listener].into_iter().flatten();
                for thing in chaos.things[heard.song].iter().copied().chain(others) {
                    *counts.entry(thing).or_default() +=
                        Count { listens: 1, listening_ms: heard.listening_ms };
                }
            }
        }
    }
    counts
}

fn compare(rows: &Rows, counts: &BTreeMap<(Kind, Key), Count>, what: &str) {
    let counted: BTreeMap<(Kind, Key), Count> = rows
        .iter()
        .filter(|row| !matches!(row.kind, Kind::Day | Kind::Hour | Kind::Weekday))
        .map(|row| ((row.kind, row.key), row.count))
        .collect();
    assert_eq!(&counted, counts, "{what}");
}

/// Every period of every length that holds one of the days.
fn periods() -> BTreeSet<Period> {
    let first = Day::of(FIRST.parse().unwrap());
    let days = (-1..=DAYS).map(|day| first.plus(i32::try_from(day).unwrap()));
    days.flat_map(|day| Length::ALL.map(|length| Period::of(length, day))).collect()
}

#[expect(clippy::print_stdout, reason = "how much was compared belongs into a report")]
async fn is_exact(chaos: &Chaos) {
    let all: Vec<usize> = (0..ACCOUNTS).collect();
    let mut scopes: Vec<(Scope, Vec<usize>, String)> = vec![(Scope::Everybody, all, "global".into())];
    for (account, client) in chaos.clients.iter().enumerate() {
        scopes.push((Scope::Account(client.id().parse().unwrap()), vec![account], "me".into()));
    }
    let periods: Vec<Period> = periods().into_iter().collect();
    let mut compared = 0;
    for (scope, accounts, path) in scopes {
        let (_, read) = chaos.world.store().insights.read(scope, &periods).await.unwrap();
        for (period, rows) in periods.iter().zip(&read) {
            let counts = recount(chaos, &accounts, *period);
            compare(rows, &counts, &format!("{scope:?} {period}"));
            compared += counts.len();
        }
        let client = &chaos.clients[accounts[0]];
        for period in [Length::All, Length::Year, Length::Month, Length::Week, Length::Day] {
            is_shown(chaos, client, &accounts, &path, period).await;
        }
    }
    println!("{compared} counts compared, {} failed deliveries", chaos.failures);
}

fn is_shown_by_name(chaos: &Chaos, thing: &(Kind, Key), path: &str) -> bool {
    let (mut is_of_catalogue, mut songs) = (path == "me", BTreeSet::new());
    for (place, things) in chaos.things.iter().enumerate() {
        // An artist is the same whether credited first or not.
        let is_of = |one: &(Kind, Key)| {
            one == thing || (one.0 == Kind::Artist && thing.0 == Kind::PrimaryArtist && one.1 == thing.1)
        };
        if things.iter().any(is_of) {
            is_of_catalogue |= chaos.songs[place].track.is_some();
            songs.insert(place);
        }
    }
    let hears =
        |history: &&BTreeMap<ListenId, Heard>| history.values().any(|heard| songs.contains(&heard.song));
    is_of_catalogue || chaos.history.iter().filter(hears).count() >= 2
}

/// Top lists and totals, as the API shows them.
async fn is_shown(chaos: &Chaos, client: &Client, accounts: &[usize], path: &str, length: Length) {
    let period = Period::of(length, Day::of("2026-01-05T00:00:00Z".parse().unwrap()));
    let length = serde_json::to_value(length).unwrap();
    let query = match length.as_str().unwrap() {
        "all" => "period=all".to_owned(),
        length => format!("period={length}&at={period}"),
    };
    let counts = recount(chaos, accounts, period);
    let names: BTreeMap<(Kind, Key), String> = chaos.songs.iter().flat_map(Song::things).collect();
    for (kind, what) in [
        (Kind::Track, "tracks"),
        (Kind::Artist, "artists"),
        (Kind::PrimaryArtist, "primary-artists"),
        (Kind::Album, "albums"),
        (Kind::Genre, "genres"),
    ] {
        let mut expected: Vec<(&(Kind, Key), &Count)> =
            counts.iter().filter(|((of, _), _)| *of == kind).collect();
        expected.sort_by_key(|((_, key), count)| (-count.listens, -count.listening_ms, *key));
        // What only one has heard, and the catalogue has not, others see without a name.
        let name = |thing: &(Kind, Key)| match is_shown_by_name(chaos, thing, path) {
            true => names[thing].as_str(),
            false => "",
        };
        let line = |(thing, count): (&(Kind, Key), &Count)| format!("{} {}", name(thing), count.listens);
        let expected: Vec<String> = expected.into_iter().take(100).map(line).collect();
        let shown = top(client, &format!("{path}/top/{what}?{query}&limit=100")).await;
        assert_eq!(shown, expected, "{path} {what} {query}");
    }
    let totals = client.get(&format!("/v1/insights/{path}/totals?{query}")).await.expect(200);
    let distinct = |kind| counts.keys().filter(|(of, _)| *of == kind).count();
    let total = counts.get(&(Kind::Total, [0; 16])).copied().unwrap_or_default();
    let expected = json!([
        total.listens,
        total.listening_ms,
        distinct(Kind::Track),
        distinct(Kind::Artist),
        distinct(Kind::PrimaryArtist),
        distinct(Kind::Album),
        distinct(Kind::Genre),
    ]);
    let keys = ["listens", "listening_ms", "tracks", "artists", "primary_artists", "albums", "genres"];
    assert_eq!(json!(keys.map(|key| &totals[key])), expected, "{path} {query}");
}

/// How often each track was heard and by how many, as the tracks show it.
async fn plays_are_exact(chaos: &Chaos) {
    for (place, song) in chaos.songs.iter().enumerate() {
        let Some(id) = song.track else { continue };
        let heard = |history: &BTreeMap<ListenId, Heard>| {
            history.values().filter(|heard| heard.song == place).count()
        };
        let counts: Vec<usize> = chaos.history.iter().map(heard).collect();
        let expected = (counts.iter().sum::<usize>(), counts.iter().filter(|count| **count > 0).count());
        let track = chaos.clients[0].get(&format!("/v1/tracks/{id}")).await.expect(200);
        assert_eq!(
            json!([track["play_count"], track["listener_count"]]),
            json!([expected.0, expected.1]),
            "{song:?}"
        );
    }
}

async fn counts_are_exact(listens: usize, seed: u64) {
    let mut chaos = Chaos::new(seed).await;
    let mut sent = 0;
    while sent < listens {
        let count = chaos.random.random_range(1..=1000).min(listens - sent);
        chaos.send(count).await;
        sent += count;
        let count = chaos.random.random_range(0..40);
        chaos.delete(count).await;
        if chaos.random.random_bool(0.4) {
            chaos.deliver().await;
        }
    }
    chaos.deliver().await;
    is_exact(&chaos).await;
    plays_are_exact(&chaos).await;
    // Somebody deletes everything.
    let ids: Vec<(ListenId, Heard)> = std::mem::take(&mut chaos.history[0]).into_iter().take(2000).collect();
    let client = chaos.clients[0].clone();
    for (id, heard) in ids {
        client.delete(&format!("/v1/listens/{id}")).await.expect(204);
        chaos.changed(0, id, heard.song);
    }
    if client.all("/v1/listens", 100).await.is_empty() {
        chaos.deliver().await;
        is_exact(&chaos).await;
        plays_are_exact(&chaos).await;
    }
}

#[tokio::test]
#[cfg_attr(deployed, ignore = "lets calls of a store fail")]
async fn counts_equal_a_recount_whatever_fails() {
    counts_are_exact(4_000, 1).await;
}

#[tokio::test]
#[ignore = "takes minutes; prints how much was compared"]
async fn two_hundred_thousand_listens_equal_a_recount_whatever_fails() {
    counts_are_exact(200_000, 2).await;
}
