//! The writing side.

use std::sync::Arc;

use aws_sdk_cloudsearchdomain::types::QueryParser;
use mixtape_domain::Clock;
use mixtape_store::{Objects, SdkConfig};
use tokio::sync::Mutex;

use super::document::read_id;
use super::domain::{DocumentService, SearchService, send};
use super::lease::Leases;
use super::query::{MATCH_ALL, NO_FIELDS};
use super::upload::{Upload, operations};
use crate::Updated;
use crate::document::{Change, Key};
use crate::error::{IndexError, UpdateError};

/// Most results of one search.
const MAX_SIZE: usize = 10_000;
/// The position before the first document.
const FIRST: &str = "initial";

/// Changes the documents of a domain. Clones take turns.
#[derive(Debug, Clone)]
pub struct Writer {
    domain: SearchService,
    documents: DocumentService,
    leases: Leases,
    /// Writers of one process wait here, which costs nothing.
    turn: Arc<Mutex<()>>,
}

impl Writer {
    /// A writer to the domain with these addresses. Nothing is sent yet.
    pub fn new(
        config: &SdkConfig,
        search_endpoint: &str,
        document_endpoint: &str,
        objects: Objects,
        clock: Clock,
    ) -> Self {
        Self {
            domain: SearchService::new(config, search_endpoint),
            documents: DocumentService::new(config, document_endpoint),
            leases: Leases::new(objects, clock),
            turn: Arc::default(),
        }
    }

    /// Takes the lease, asks `read` for the changes and uploads them. While the lease is held nobody else uploads what
    /// was read earlier: updates can be repeated, reordered and made by several writers, and the index ends as what is
    /// read is.
    ///
    /// # Errors
    /// What `read` answered, or that the domain or the bucket is away, or that the domain lacks fields. The changes may
    /// then have been made, some of them or none.
    pub async fn update<E, F, R>(&self, read: F) -> Result<Updated, UpdateError<E>>
    where
        F: Fn() -> R,
        R: Future<Output = Result<Vec<Change>, E>>,
    {
        let _turn = self.turn.lock().await;
        let lease = self.leases.take().await?;
        let generation = lease.generation();
        let changes = match read().await {
            Ok(changes) => changes,
            Err(error) => {
                self.leases.give_back(lease).await;
                return Err(UpdateError::Read(error));
            }
        };
        let uploaded = Upload::new(&self.documents, &self.leases, lease).send(operations(&changes)).await;
        if let Some(lease) = uploaded.lease {
            self.leases.give_back(lease).await;
        }
        Ok(Updated { generation, changed: uploaded.outcome?, bytes: None })
    }

    /// Some of the keys, and the position after which there are more.
    ///
    /// # Errors
    /// The domain is away, or `after` is no position.
    pub async fn keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Key>, Option<String>), IndexError> {
        let size = limit.clamp(1, MAX_SIZE);
        let request = self.domain.search().query(MATCH_ALL).query_parser(QueryParser::Structured);
        let request = request.cursor(after.unwrap_or(FIRST)).size(i64::try_from(size).unwrap_or_default());
        let answer = send(request.sort("_id asc").r#return(NO_FIELDS)).await?;
        let Some(hits) = answer.hits else { return Ok((Vec::new(), None)) };
        let ids = hits.hit.unwrap_or_default();
        let next = hits.cursor.filter(|_| ids.len() == size);
        // Whoever shares the domain has documents of other ids.
        let keys = ids.iter().filter_map(|hit| read_id(hit.id.as_deref()?)).collect();
        Ok((keys, next))
    }
}
