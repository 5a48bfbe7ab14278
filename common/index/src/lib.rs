//! The search index: what can be found, how it is asked for, and the backends that hold it.
//!
//! Callers see documents, queries and ids. Which backend answers is a setting; [`Search`] reads and [`Indexing`]
//! writes whichever it is.

pub mod cloudsearch;
mod document;
pub mod embedded;
mod error;
mod highlight;
mod matching;
mod names;
mod plan;
mod query;
mod ranking;
mod words;

use std::collections::BTreeMap;
use std::future::Future;

use mixtape_domain::{AlbumId, ArtistId, Clock, TrackId};
use mixtape_settings::{SearchBackend, Settings};
use mixtape_store::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use document::{AlbumDocument, ArtistDocument, Change, Document, Key, Kind, TrackDocument};
pub use error::{IndexError, UpdateError};
pub use highlight::{Highlighter, Part};
pub use query::{Field, MAX_QUERY_CHARS, Query, QueryError};

/// What is looked for, and which part of the results is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    pub query: Query,
    /// The kinds to find; others stay empty.
    pub kinds: Vec<Kind>,
    /// By what all tracks that match are counted, whether or not tracks are to be found.
    pub facets: Vec<Facet>,
    /// Results of each kind that are left out at the front.
    pub offset: usize,
    /// Results of each kind at most.
    pub limit: usize,
}

/// A property of tracks by which they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    Genre,
    Year,
}

impl Facet {
    /// All facets.
    pub const ALL: [Self; 2] = [Self::Genre, Self::Year];

    /// The facet as requests and answers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genre => "genre",
            Self::Year => "year",
        }
    }
}

/// From so many results on, of all kinds together, typing errors are not looked for: everything that is found without
/// them comes first anyway, and they would only lengthen the list.
const ENOUGH: usize = 10;
/// Suggestions that one request gets.
const MAX_SUGGESTIONS: usize = 10;

/// Values of a facet that an answer holds at most.
pub const MAX_FACET_VALUES: usize = 100;

/// How many tracks have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The genre as tracks write it, or the year in digits.
    pub value: String,
    pub count: usize,
}

/// The results of a request, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    pub tracks: Hits<TrackId>,
    pub artists: Hits<ArtistId>,
    pub albums: Hits<AlbumId>,
    /// Of each facet that was asked for, the values that most tracks have, at most [`MAX_FACET_VALUES`]: those of more
    /// tracks first, and of as many in order of the value.
    pub facets: BTreeMap<Facet, Vec<FacetCount>>,
}

/// Results of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits<Id> {
    pub ids: Vec<Id>,
    /// How many there are on all pages together.
    pub total: usize,
}

impl<Id> Default for Hits<Id> {
    fn default() -> Self {
        Self { ids: Vec::new(), total: 0 }
    }
}

impl Found {
    /// Adds the page of one kind.
    fn add(&mut self, kind: Kind, total: usize, page: Vec<Key>) {
        match kind {
            Kind::Track => self.tracks.total = total,
            Kind::Artist => self.artists.total = total,
            Kind::Album => self.albums.total = total,
        }
        for key in page {
            match key {
                Key::Track(id) => self.tracks.ids.push(id),
                Key::Artist(id) => self.artists.ids.push(id),
                Key::Album(id) => self.albums.ids.push(id),
            }
        }
    }
}

/// A name that starts with what is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub text: String,
    pub key: Key,
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updated {
    /// The number of the published generation, or of the turn in which a search service was written to.
    pub generation: u64,
    /// Documents that were put or deleted. The embedded index leaves out those that were as wanted already.
    pub changed: usize,
    /// The size of the published files, where there are files.
    pub bytes: Option<u64>,
}

/// The records of a stream that an update is made for, by which a repetition of the same batch is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The first and the last sequence number. Those of several shards cannot be compared, so only equality counts.
    first: String,
    last: String,
    /// SHA-256 of all sequence numbers and keys, 64 bits of it, in hexadecimal digits.
    digest: String,
}

impl Batch {
    /// The batch of these records: sequence number, partition key and sort key of each.
    pub fn of<'a>(records: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let (mut first, mut last) = (None, "");
        let mut hasher = Sha256::new();
        for (sequence, pk, sk) in records {
            first.get_or_insert(sequence);
            last = sequence;
            for part in [sequence, pk, sk] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        let digest = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { first: first.unwrap_or_default().to_owned(), last: last.to_owned(), digest }
    }
}

/// What an update does when the published index cannot be read. A search service has no such state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfBroken {
    /// It fails: what the index held would be missing from a new one.
    Fail,
    /// It begins a new index: all documents are about to be put again.
    StartOver,
}

/// The reading side. Clones share one copy.
#[derive(Debug, Clone)]
pub enum Search {
    CloudSearch(cloudsearch::Reader),
    Embedded(embedded::Reader),
}

impl Search {
    /// The backend that the settings name. Nothing is read yet.
    pub fn open(settings: &Settings, store: &Store, clock: Clock) -> Self {
        match &settings.search {
            SearchBackend::Embedded => {
                let folder = settings.scratch_dir.join("search");
                Self::Embedded(embedded::Reader::new(&folder, store.objects.clone(), clock))
            }
            SearchBackend::CloudSearch { search_endpoint, .. } => {
                Self::CloudSearch(cloudsearch::Reader::new(&store.aws, search_endpoint))
            }
        }
    }

    /// The results of a query. An index that does not exist yet has none.
    ///
    /// # Errors
    /// The index is away or broken, and there is no earlier copy to answer from.
    pub async fn search(&self, request: Request) -> Result<Found, IndexError> {
        match self {
            Self::CloudSearch(reader) => reader.search(request).await,
            Self::Embedded(reader) => reader.search(request).await,
        }
    }

    /// At most 10 names that start with the text, each once.
    ///
    /// # Errors
    /// As [`Search::search`].
    pub async fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, IndexError> {
        match self {
            Self::CloudSearch(reader) => reader.suggest(text).await,
            Self::Embedded(reader) => reader.suggest(text).await,
        }
    }
}

/// The writing side. Clones share one copy and take turns.
#[derive(Debug, Clone)]
pub enum Indexing {
    CloudSearch(cloudsearch::Writer),
    Embedded(embedded::Writer),
}

impl Indexing {
    /// The backend that the settings name. Nothing is read yet.
    pub fn open(settings: &Settings, store: &Store, clock: Clock) -> Self {
        match &settings.search {
            SearchBackend::Embedded => {
                let folder = settings.scratch_dir.join("indexer");
                Self::Embedded(embedded::Writer::new(&folder, store.objects.clone(), clock))
            }
            SearchBackend::CloudSearch { search_endpoint, document_endpoint } => {
                let objects = store.objects.clone();
                Self::CloudSearch(cloudsearch::Writer::new(
                    &store.aws,
                    search_endpoint,
                    document_endpoint,
                    objects,
                    clock,
                ))
            }
        }
    }

    /// Makes the changes that `read` answers, which is asked after the state of the index has been taken and must read
    /// the present state of what is indexed; it may be asked several times. Then updates can be repeated, reordered
    /// and made by several writers at once, and the index ends as that state is. A batch of the stream that the index
    /// knows already may be left out.
    ///
    /// # Errors
    /// What `read` answered, or that the index is away or broken. The changes may then have been made or not.
    pub async fn update<E, F, R>(
        &self,
        if_broken: IfBroken,
        batch: Option<&Batch>,
        read: F,
    ) -> Result<Updated, UpdateError<E>>
    where
        F: Fn() -> R,
        R: Future<Output = Result<Vec<Change>, E>>,
    {
        match self {
            Self::CloudSearch(writer) => writer.update(read).await,
            Self::Embedded(writer) => writer.update(if_broken, batch, read).await,
        }
    }

    /// Some of the keys of all documents, and the position after which there are more. Some may have been deleted a
    /// moment ago. `limit` is about how many there are; `after` is a position that an earlier call answered.
    ///
    /// # Errors
    /// The index is away or broken, or `after` is no position.
    pub async fn keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Key>, Option<String>), IndexError> {
        match self {
            Self::CloudSearch(writer) => writer.keys(after, limit).await,
            Self::Embedded(writer) => writer.keys(after, limit).await,
        }
    }
}
