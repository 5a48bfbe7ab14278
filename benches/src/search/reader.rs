//! The reading side in a process of its own, so that its memory is its own.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use mixtape_domain::{Clock, TrackId};
use mixtape_index::{Kind, Query, Request, Search};
use mixtape_settings::{LocalStores, Settings};
use mixtape_store::Store;
use serde::{Deserialize, Serialize};

use super::questions::{Class, Question};
use super::{Score, TOP, measure};

/// Where the index is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stores {
    bucket: String,
    table_prefix: String,
    dynamodb: String,
    s3: String,
    access_key: String,
    secret_key: String,
}

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) cold_open_ms: u128,
    pub(super) resident_mb: u64,
    /// Of it what is not mapped files.
    pub(super) anonymous_mb: u64,
    pub(super) files: usize,
    pub(super) scores: BTreeMap<Class, Score>,
}

impl Stores {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let stores = settings.stores.clone()?;
        Some(Self {
            bucket: settings.bucket.clone(),
            table_prefix: settings.table_prefix.clone(),
            dynamodb: stores.dynamodb,
            s3: stores.s3,
            access_key: stores.access_key,
            secret_key: stores.secret_key,
        })
    }

    fn settings(self, scratch: &Path) -> Result<Settings, Box<dyn Error>> {
        let variables = HashMap::from([
            ("TABLE_PREFIX".to_owned(), self.table_prefix),
            ("BUCKET".to_owned(), self.bucket),
        ]);
        let mut settings = Settings::from_map(&variables)?;
        scratch.clone_into(&mut settings.scratch_dir);
        settings.stores = Some(LocalStores {
            dynamodb: self.dynamodb,
            s3: self.s3,
            access_key: self.access_key,
            secret_key: self.secret_key,
        });
        Ok(settings)
    }
}

pub(crate) async fn run(questions: &Path, stores: &Path) -> Result<(), Box<dyn Error>> {
    let stores: Stores = serde_json::from_slice(&std::fs::read(stores)?)?;
    let (questions, ids): (Vec<Question>, Vec<TrackId>) = serde_json::from_slice(&std::fs::read(questions)?)?;
    let rows: HashMap<TrackId, usize> = ids.into_iter().zip(0..).collect();
    let before = memory("RssAnon:")?;
    let folder = tempfile::tempdir()?;
    let settings = stores.settings(folder.path())?;
    let store = Store::connect(&settings).await;

    let began = Instant::now();
    let search = Search::open(&settings, &store, Clock::system());
    search.search(request(&questions[0])?).await?;
    let cold_open_ms = began.elapsed().as_millis();

    let runtime = tokio::runtime::Handle::current();
    let scores = tokio::task::block_in_place(|| {
        measure(&questions, |question| {
            let found = runtime.block_on(search.search(request(question)?))?;
            Ok::<_, Box<dyn Error>>(found.tracks.ids.iter().filter_map(|id| rows.get(id).copied()).collect())
        })
    })?;
    let files = store.objects.list("index/files/").await?.len();
    // What the questions themselves take is not the index's.
    let anonymous = memory("RssAnon:")?.saturating_sub(before);
    let mapped = memory("RssFile:")?;
    let report =
        Report { cold_open_ms, resident_mb: anonymous + mapped, anonymous_mb: anonymous, files, scores };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn request(question: &Question) -> Result<Request, Box<dyn Error>> {
    let query = Query::parse(&question.text)?;
    Ok(Request { query, kinds: Kind::ALL.to_vec(), facets: Vec::new(), offset: 0, limit: TOP })
}

/// A line of `/proc/self/status`, in MB.
fn memory(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1000)
}
