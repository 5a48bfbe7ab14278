//! How another process reaches the stores of a stack.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use mixtape_settings::{LocalStores, Settings};
use serde::{Deserialize, Serialize};

/// What a process of its own needs to know of a stack.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoresOf {
    table_prefix: String,
    bucket: String,
    dynamodb: String,
    s3: String,
    access_key: String,
    secret_key: String,
    scratch: PathBuf,
}

impl StoresOf {
    /// The stores that these settings name, for a process that copies the index into a folder of its own.
    ///
    /// # Panics
    /// The settings are not those of a local stack.
    pub fn new(settings: &Settings, scratch: &Path) -> Self {
        let stores = settings.stores.clone().expect("a local stack");
        Self {
            table_prefix: settings.table_prefix.clone(),
            bucket: settings.bucket.clone(),
            dynamodb: stores.dynamodb,
            s3: stores.s3,
            access_key: stores.access_key,
            secret_key: stores.secret_key,
            scratch: scratch.to_owned(),
        }
    }

    /// The settings with these stores, and defaults otherwise.
    ///
    /// # Panics
    /// The table prefix or the bucket is empty.
    pub fn settings(self) -> Settings {
        let variables = HashMap::from([
            ("TABLE_PREFIX".to_owned(), self.table_prefix),
            ("BUCKET".to_owned(), self.bucket),
        ]);
        let mut settings = Settings::from_map(&variables).expect("all that is required is there");
        settings.scratch_dir = self.scratch;
        settings.stores = Some(LocalStores {
            dynamodb: self.dynamodb,
            s3: self.s3,
            access_key: self.access_key,
            secret_key: self.secret_key,
        });
        settings
    }
}
