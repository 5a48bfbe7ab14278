//! DynamoDB and S3. One module per table, every key built in the module of its table.
//!
//! Callers see domain types and [`StoreError`]; no AWS type leaves this crate, apart from the configuration for the one
//! client that is no store's, and no HTTP type enters it.

pub mod accounts;
mod client;
mod error;
pub mod home;
pub mod insights;
pub mod keys;
pub mod listens;
pub mod media;
mod meter;
mod objects;
pub mod playlists;
mod table;
mod traced;
pub mod tracks;

use mixtape_settings::Settings;

pub use aws_config::SdkConfig;
pub use client::CALL_TIMEOUT;
pub use error::{StoreError, describe};
pub use objects::{Blob, Head, Objects, Part, Presentation, Presigned, PutOutcome, ReadAs, Validity};

/// Some of a list, and the position after which there is more.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// All the stores, with connected clients. Clones share the clients.
#[derive(Debug, Clone)]
pub struct Store {
    /// Region, credentials and timeouts, for the search backend of AWS.
    pub aws: SdkConfig,
    pub accounts: accounts::Accounts,
    pub home: home::Home,
    pub insights: insights::Insights,
    pub keys: keys::Keys,
    pub listens: listens::Listens,
    pub media: media::Media,
    pub objects: Objects,
    pub playlists: playlists::Playlists,
    pub tracks: tracks::Tracks,
}

impl Store {
    /// Builds the clients. Nothing is sent yet.
    pub async fn connect(settings: &Settings) -> Self {
        let config = client::load(settings).await;
        let dynamodb = client::dynamodb(&config, settings.stores.as_ref());
        let table = |name: &str| table::Table::new(dynamodb.clone(), &settings.table_prefix, name);
        let keys = keys::Keys::new(table("keys"));
        let objects = Objects::new(client::s3(&config, settings), settings.bucket.clone());
        let media = media::Media::new(table("media"), objects.clone());
        let tracks = tracks::Tracks::new(table("tracks"), media.clone());
        let listens = listens::Listens::new(table("listens"));
        Self {
            accounts: accounts::Accounts::new(table("accounts"), keys.clone(), media.clone()),
            home: home::Home::new(table("home")),
            insights: insights::Insights::new(table("insights"), objects.clone(), listens.clone()),
            listens,
            keys,
            playlists: playlists::Playlists::new(table("playlists"), tracks.clone(), media.clone()),
            media,
            objects,
            tracks,
            aws: config,
        }
    }

    /// Asks DynamoDB and S3 for one small thing each.
    ///
    /// # Errors
    /// The name of the store that is away (`dynamodb` or `s3`), and why.
    pub async fn check(&self) -> Result<(), (&'static str, StoreError)> {
        let (tables, objects) = tokio::join!(self.home.check(), self.objects.check());
        tables.map_err(|error| ("dynamodb", error))?;
        objects.map_err(|error| ("s3", error))
    }
}
