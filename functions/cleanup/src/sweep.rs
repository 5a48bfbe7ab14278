//! Looks for what does not belong together: objects without an item, and items without objects.
//!
//! It should find nothing. What it finds was left by a bug, by hand, or by a record that went to the dead letters.

use std::time::Duration;

use mixtape_domain::Timestamp;
use mixtape_events::EventError;
use mixtape_store::StoreError;
use mixtape_store::media::{Kind, MOSAICS, UPLOADS, upload_of_key};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::State;

/// Ids, or uploaded files, that one slice looks at.
const SLICE: usize = 500;
/// Younger objects may be on their way to their item.
const MIN_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Pictures made of others are made again when somebody asks.
const MOSAIC_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `{"sweep": {"repair": false, "after": null}}`: where to go on, as the slice before answered it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    sweep: Sweep,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sweep {
    /// Whether objects without an item are deleted, and not only reported.
    #[serde(default)]
    repair: bool,
    #[serde(default)]
    after: Option<Place>,
    /// How old an object must be to be looked at, in seconds; a day (a month for mosaics) when absent.
    #[serde(default)]
    min_age_seconds: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, serde::Serialize)]
struct Place {
    kind: String,
    id: Option<String>,
}

/// What a slice found.
#[derive(Debug, Default)]
struct Report {
    looked_at: usize,
    without_item: Vec<String>,
    without_objects: Vec<String>,
    repaired: usize,
}

const ORDER: [&str; 4] = ["audio", "images", "uploads", "mosaics"];

impl Request {
    /// Whether the event asks for a sweep.
    pub(crate) fn is_one(event: &Value) -> bool {
        event.get("sweep").is_some()
    }
}

/// Does one slice.
///
/// # Errors
/// The event is not a request, or a store is away.
pub(crate) async fn sweep(state: &State, event: Value) -> Result<Value, EventError> {
    let Request { sweep } =
        serde_json::from_value(event).map_err(|error| EventError::Malformed(error.to_string()))?;
    let place = sweep.after.clone().unwrap_or(Place { kind: ORDER[0].to_owned(), id: None });
    let position = ORDER.iter().position(|kind| *kind == place.kind);
    let position =
        position.ok_or_else(|| EventError::Malformed(format!("there is no kind {}", place.kind)))?;
    let mut report = Report::default();
    let after = place.id.as_deref();
    let next = match place.kind.as_str() {
        "audio" => state.sweep_kind(Kind::Audio, after, &sweep, &mut report).await,
        "images" => state.sweep_kind(Kind::Images, after, &sweep, &mut report).await,
        "uploads" => state.sweep_uploads(after, &sweep, &mut report).await,
        _ => state.sweep_mosaics(after, &sweep, &mut report).await,
    };
    let next = next.map_err(EventError::retryable)?;
    let next = match next {
        Some(id) => Some(Place { kind: place.kind, id: Some(id) }),
        None => ORDER.get(position + 1).map(|kind| Place { kind: (*kind).to_owned(), id: None }),
    };
    let Report { looked_at, without_item, without_objects, repaired } = report;
    tracing::info!(
        looked_at,
        without_item = without_item.len(),
        without_objects = without_objects.len(),
        repaired,
        "swept"
    );
    Ok(json!({
        "looked_at": looked_at,
        "objects_without_item": without_item,
        "items_without_objects": without_objects,
        "repaired": repaired,
        "next": next,
        "done": next.is_none(),
    }))
}

impl Sweep {
    fn is_old(&self, modified_at: Timestamp, now: Timestamp, age: Duration) -> bool {
        let age = self.min_age_seconds.map_or(age, Duration::from_secs);
        modified_at <= now.minus(age)
    }
}

impl State {
    async fn sweep_kind(
        &self,
        kind: Kind,
        after: Option<&str>,
        sweep: &Sweep,
        report: &mut Report,
    ) -> Result<Option<String>, StoreError> {
        let media = &self.store.media;
        let listing = media.listing(kind, after, SLICE).await?;
        report.looked_at += listing.with_objects.len().max(listing.with_item.len());
        let now = self.clock.now();
        let name = |id: &str| format!("{}{id}", kind.prefix());
        for (id, modified_at) in &listing.with_objects {
            if listing.with_item.contains(id) || !sweep.is_old(*modified_at, now, MIN_AGE) {
                continue;
            }
            report.without_item.push(name(id));
            if sweep.repair {
                // The index may be behind the table, so the item is looked up once more.
                media.delete_objects(kind, id).await?;
                report.repaired += 1;
            }
        }
        for id in &listing.with_item {
            let has_objects = listing.with_objects.iter().any(|(found, _)| found == id);
            // It may have got them, or gone, since they were listed.
            if !has_objects && media.has_lost_objects(kind, id).await? {
                report.without_objects.push(name(id));
            }
        }
        Ok(listing.complete_to)
    }

    async fn sweep_uploads(
        &self,
        after: Option<&str>,
        sweep: &Sweep,
        report: &mut Report,
    ) -> Result<Option<String>, StoreError> {
        let media = &self.store.media;
        let (found, next) = self.old_objects(UPLOADS, after, (sweep, MIN_AGE), report).await?;
        for key in found {
            let record = match upload_of_key(&key) {
                Some((owner, id)) => media.upload(owner, id).await?,
                None => None,
            };
            if record.and_then(|record| record.open()).is_some() {
                continue;
            }
            if sweep.repair {
                self.store.objects.delete(&key).await?;
                report.repaired += 1;
            }
            report.without_item.push(key);
        }
        Ok(next)
    }

    /// Forgets old mosaics, as a rule of the bucket does on S3.
    async fn sweep_mosaics(
        &self,
        after: Option<&str>,
        sweep: &Sweep,
        report: &mut Report,
    ) -> Result<Option<String>, StoreError> {
        let (found, next) = self.old_objects(MOSAICS, after, (sweep, MOSAIC_AGE), report).await?;
        for key in found.into_iter().filter(|_| sweep.repair) {
            self.store.objects.delete(&key).await?;
            report.repaired += 1;
        }
        Ok(next)
    }

    /// The keys of a slice that are old enough, and where the next slice begins.
    async fn old_objects(
        &self,
        prefix: &str,
        after: Option<&str>,
        (sweep, age): (&Sweep, Duration),
        report: &mut Report,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let found = self.store.objects.page(prefix, after, SLICE).await?;
        report.looked_at += found.len();
        let next = found.last().filter(|_| found.len() == SLICE).map(|(key, _)| key.clone());
        let now = self.clock.now();
        let old = found.into_iter().filter(|(_, modified_at)| sweep.is_old(*modified_at, now, age));
        Ok((old.map(|(key, _)| key).collect(), next))
    }
}
