//! The benchmark of listens: how many are taken in and counted, how fast insights are read, and whether they are right.
//!
//! Everything goes through the public API of a local stack, with the streams stopped while listens are sent, so that
//! sending and counting are measured one after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mixtape::{Options, Stack};
use mixtape_domain::insights::{Day, Key, Kind, Length, Period};
use mixtape_domain::{AccountId, Timestamp, TrackId};
use mixtape_store::insights::Scope;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Failure;
use crate::api::{Api, PASSWORD};

/// Tracks of the catalogue that are heard.
const TRACKS: usize = 5_000;
/// Listens lie in so many days before today.
const DAYS: i64 = 3 * 365;
/// Listens of one request.
const BATCH: usize = 1_000;
/// Requests that are under way at once.
const AT_ONCE: usize = 2;
/// Requests with one listen each, and reads of each kind.
const SINGLE: usize = 1_000;

/// Somebody who listens.
struct Listener {
    id: AccountId,
    token: String,
    /// How often each track was heard, by day.
    heard: BTreeMap<(Day, usize), i64>,
}

async fn sign_up(api: &Api, username: &str) -> Result<Listener, Failure> {
    let (id, token) = api.sign_up(username).await?;
    // With a key, because a session would end before the largest run does.
    let key = api.send(Method::POST, "/v1/me/keys", &token, json!({ "name": "benchmark" })).await?;
    let token = key["key"].as_str().ok_or("no key")?.to_owned();
    Ok(Listener { id: id.parse()?, token, heard: BTreeMap::new() })
}

pub(crate) async fn run(listens: usize, accounts: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut random = StdRng::seed_from_u64(1);
    let (mut listeners, tracks) = {
        let stack = start(folder.path(), false).await?;
        let api = Api::new(stack.url());
        let mut listeners = Vec::new();
        for number in 0..accounts {
            listeners.push(sign_up(&api, &format!("listener{number}")).await?);
        }
        let tracks = make_tracks(&api, &listeners[0]).await?;
        let took = send_all(&api, &mut listeners, &tracks, listens, &mut random).await?;
        row("listens sent in requests of 1,000", rate(listens, took));
        let took = send_single(&api, &mut listeners, &tracks, &mut random).await?;
        row("listens sent in requests of one, one after the other", rate(SINGLE, took));
        stack.stop().await;
        (listeners, tracks)
    };
    let stack = start(folder.path(), true).await?;
    let started = Instant::now();
    stack.settle().await;
    row("listens counted, the start of the stack included", rate(listens + SINGLE, started.elapsed()));
    read(&stack, &mut listeners).await?;
    let compared = recount(&stack, &listeners, &tracks).await?;
    row("counts equal to a recount", compared.to_string());
    stack.stop().await;
    Ok(())
}

fn row(what: &str, value: String) {
    println!("| {what} | {value} |");
}

fn rate(count: usize, took: Duration) -> String {
    format!("{:.0} a second ({count} in {:.1} s)", count as f64 / took.as_secs_f64(), took.as_secs_f64())
}

async fn start(folder: &Path, runs_events: bool) -> Result<Stack, Failure> {
    Ok(Stack::start(Options { data: Some(folder.to_owned()), runs_events, ..Options::default() }).await?)
}

async fn make_tracks(api: &Api, owner: &Listener) -> Result<Vec<TrackId>, Failure> {
    let mut ids = Vec::new();
    for from in (0..TRACKS).step_by(100) {
        let track = |number: usize| {
            json!({
                "title": format!("Track {number}"), "artist": format!("Artist {}", number % 700),
                "album": format!("Album {}", number / 11), "genres": [format!("Genre {}", number % 23)],
                "duration_ms": 180_000 + number * 10,
            })
        };
        let body = json!({ "tracks": (from..from + 100).map(track).collect::<Vec<_>>() });
        let made = api.send(Method::POST, "/v1/tracks/batch", &owner.token, body).await?;
        for result in made["results"].as_array().ok_or("no results")? {
            ids.push(result["id"].as_str().ok_or("no id")?.parse()?);
        }
    }
    Ok(ids)
}

/// Seconds from one track of a sitting to the next.
const TRACK_SECONDS: i64 = 190;
/// The moment before which everything was heard.
const NOW: i64 = 1_795_219_200;

/// A track: a popular one more often than others.
fn track(random: &mut StdRng, tracks: &[TrackId]) -> usize {
    let share: f64 = random.random();
    (share.powi(3) * tracks.len() as f64) as usize
}

/// Tracks that are heard one after the other, at any time of the last years.
fn sitting(random: &mut StdRng, tracks: &[TrackId]) -> Vec<(Timestamp, usize)> {
    let start = NOW - DAYS * 86_400 + random.random_range(0..(DAYS - 1) * 86_400);
    let count = random.random_range(4..=20);
    let at = |place: i64| {
        Timestamp::from_millis((start + place * TRACK_SECONDS) * 1000).unwrap_or(Timestamp::EPOCH)
    };
    (0..count).map(|place| (at(place), track(random, tracks))).collect()
}

/// Sends so many listens, as if each account imported its history: in the order of time.
async fn send_all(
    api: &Api,
    listeners: &mut [Listener],
    tracks: &[TrackId],
    listens: usize,
    random: &mut StdRng,
) -> Result<Duration, Failure> {
    let mut took = Duration::ZERO;
    let each = listens / listeners.len();
    for listener in listeners {
        let mut history: Vec<(Timestamp, usize)> = Vec::with_capacity(each);
        let mut known = std::collections::HashSet::new();
        while history.len() < each {
            // Two of one second and track would be one.
            let new = sitting(random, tracks).into_iter().filter(|listen| known.insert(*listen));
            history.extend(new);
        }
        history.truncate(each);
        history.sort_unstable();
        for (at, track) in &history {
            *listener.heard.entry((Day::of(*at), *track)).or_default() += 1;
        }
        let bodies: Vec<Value> = history.chunks(BATCH).map(|chunk| body(chunk, tracks)).collect();
        let started = Instant::now();
        for group in bodies.chunks(AT_ONCE) {
            let sends =
                group.iter().map(|body| api.send(Method::POST, "/v1/listens", &listener.token, body.clone()));
            for answer in futures::future::join_all(sends).await {
                answer?;
            }
        }
        took += started.elapsed();
    }
    Ok(took)
}

fn body(listens: &[(Timestamp, usize)], tracks: &[TrackId]) -> Value {
    let listen = |(at, track): &(Timestamp, usize)| json!({ "track_id": tracks[*track], "listened_at": at });
    json!({ "listens": listens.iter().map(listen).collect::<Vec<_>>() })
}

async fn send_single(
    api: &Api,
    listeners: &mut [Listener],
    tracks: &[TrackId],
    random: &mut StdRng,
) -> Result<Duration, Failure> {
    let mut took = Duration::ZERO;
    for place in 0..SINGLE {
        let listener = &mut listeners[place % 7 % listeners.len()];
        // After all others, so that none is sent twice.
        let track = track(random, tracks);
        let at = Timestamp::from_millis((NOW + place as i64) * 1000).unwrap_or(Timestamp::EPOCH);
        let body = body(&[(at, track)], tracks);
        let started = Instant::now();
        api.send(Method::POST, "/v1/listens", &listener.token, body).await?;
        took += started.elapsed();
        *listener.heard.entry((Day::of(at), track)).or_default() += 1;
    }
    Ok(took)
}

/// Reads top lists: from the cache, and with an empty one.
async fn read(stack: &Stack, listeners: &mut [Listener]) -> Result<(), Failure> {
    let api = Api::new(stack.url());
    stack.invoke("accounts", json!({ "admin": { "username": "listener0", "grant": true } })).await?;
    let body = json!({ "login": "listener0", "password": PASSWORD });
    let session = api.send(Method::POST, "/v1/sessions", "", body).await?;
    let token = session["access_token"].as_str().ok_or("no token")?.to_owned();
    for (what, path) in [
        ("one's own top 10 of all time", "/v1/insights/me/top/tracks"),
        ("everybody's top 10 of all time", "/v1/insights/global/top/tracks"),
        ("everybody's top 10 of a month", "/v1/insights/global/top/tracks?period=month&at=2026-10"),
    ] {
        let mut cached = Duration::ZERO;
        let mut fresh = Duration::ZERO;
        for _ in 0..SINGLE {
            let started = Instant::now();
            api.send(Method::GET, path, &token, json!({})).await?;
            cached += started.elapsed();
        }
        for _ in 0..SINGLE / 5 {
            api.send(Method::POST, "/v1/admin/cache/invalidate", &token, json!({})).await?;
            let started = Instant::now();
            api.send(Method::GET, path, &token, json!({})).await?;
            fresh += started.elapsed();
        }
        row(&format!("reads of {what}, cached"), rate(SINGLE, cached));
        row(&format!("reads of {what}, not cached"), rate(SINGLE / 5, fresh));
    }
    listeners[0].token = token;
    Ok(())
}

/// Compares what is counted of each track, account by account and for all, with what was sent; answers how many counts
/// were compared.
async fn recount(stack: &Stack, listeners: &[Listener], tracks: &[TrackId]) -> Result<usize, Failure> {
    let mut compared = 0;
    let last = Day::of(Timestamp::from_millis(NOW * 1000).ok_or("no such time")?);
    let mut periods: Vec<Period> = Vec::new();
    for length in [Length::All, Length::Year, Length::Month, Length::Week] {
        let of = (0..=DAYS + 1)
            .map(|age| Period::of(length, last.plus(1 - i32::try_from(age).unwrap_or_default())));
        periods.extend(of.collect::<std::collections::BTreeSet<_>>());
    }
    let everybody: Vec<&Listener> = listeners.iter().collect();
    let mut scopes: Vec<(Scope, Vec<&Listener>)> = vec![(Scope::Everybody, everybody)];
    scopes.extend(listeners.iter().map(|listener| (Scope::Account(listener.id), vec![listener])));
    for (scope, of) in scopes {
        let (_, read) = stack.app().store.insights.read(scope, &periods).await?;
        for (period, rows) in periods.iter().zip(&read) {
            let mut expected: BTreeMap<Key, i64> = BTreeMap::new();
            for ((day, track), listens) in of.iter().flat_map(|listener| &listener.heard) {
                if period.holds(*day) {
                    *expected.entry(tracks[*track].to_bytes()).or_default() += listens;
                }
            }
            let counted: BTreeMap<Key, i64> =
                rows.of(Kind::Track).iter().map(|row| (row.key, row.count.listens)).collect();
            if counted != expected || rows.total().listens != expected.values().sum::<i64>() {
                return Err(format!("the counts of {scope:?} in {period} are not those of a recount").into());
            }
            compared += counted.len() + 1;
        }
    }
    Ok(compared)
}
