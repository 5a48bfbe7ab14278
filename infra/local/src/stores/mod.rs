//! DynamoDB and S3 inside this process, on loopback ports, reached with the ordinary clients.

mod cloudsearch;
mod cors;
mod dynamodb;
mod objects;
mod signature;
mod tables;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mixtape_settings::LocalStores;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::notifications::Announcer;
use crate::server::serve;
use crate::shutdown::Shutdown;
use crate::template::Template;
use crate::{Front, Proxy, StartError};

pub(crate) use cloudsearch::CloudSearch;
pub use signature::access_key;
pub use tables::{Stream, StreamRecords, Tables};

/// The running stores.
pub(crate) struct Stores {
    pub(crate) tables: Tables,
    /// What the clients are built with.
    pub(crate) settings: LocalStores,
    /// The folder of the buckets.
    pub(crate) objects: PathBuf,
}

/// How the stores are reached.
pub(crate) struct Reach<'a> {
    /// Where S3 answers; browsers are sent there.
    pub(crate) objects: SocketAddr,
    /// What stands in front of it.
    pub(crate) objects_front: Option<&'a Front>,
    /// What stands in front of DynamoDB.
    pub(crate) dynamodb: Option<&'a Proxy>,
}

impl Stores {
    /// Opens the stores in `folder`, creates the tables and buckets of the template that are missing, and serves them
    /// until `shutdown`. The tasks end after it.
    pub(crate) async fn start(
        folder: &Path,
        template: &Template,
        is_kept: bool,
        reach: &Reach<'_>,
        announcer: Announcer,
        shutdown: &Shutdown,
    ) -> Result<(Self, Vec<JoinHandle<()>>), StartError> {
        let tables = Tables::open(folder, is_kept, template.tables.clone()).await?;
        let access_key = random_text(20);
        let secret_key = random_text(40);
        let (listener, dynamodb) = listen().await?;
        // A proxy changes requests, so that they are not signed any more.
        let secret = reach.dynamodb.is_none().then_some(secret_key.as_str());
        let router = dynamodb::router(tables.database(), secret);
        let mut tasks = vec![serve(listener, router, shutdown), tables.keep_house(shutdown)];

        let functions = template.functions.iter().map(|function| function.name.as_str());
        let access_keys: Vec<&str> = functions.chain([access_key.as_str()]).collect();
        let objects_folder = folder.join("objects");
        for bucket in &template.buckets {
            tokio::fs::create_dir_all(objects_folder.join(bucket))
                .await
                .map_err(StartError::folder(folder))?;
        }
        let listener = TcpListener::bind(reach.objects).await.map_err(StartError::listen(reach.objects))?;
        let s3 = listener.local_addr().map_err(StartError::listen(reach.objects))?;
        let cors = &template.bucket_cors;
        let router = objects::router(&objects_folder, &access_keys, &secret_key, cors, announcer)?;
        let router = match reach.objects_front {
            Some(front) => front.wrap(router),
            None => router,
        };
        tasks.push(serve(listener, router, shutdown));

        let mut dynamodb = format!("http://{dynamodb}");
        if let Some(proxy) = reach.dynamodb {
            dynamodb = proxy.start(dynamodb).await;
        }
        let settings = LocalStores { dynamodb, s3: format!("http://{s3}"), access_key, secret_key };
        Ok((Self { tables, settings, objects: objects_folder }, tasks))
    }
}

async fn listen() -> Result<(TcpListener, SocketAddr), StartError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = TcpListener::bind(any).await.map_err(StartError::listen(any))?;
    let address = listener.local_addr().map_err(StartError::listen(any))?;
    Ok((listener, address))
}

/// Random letters and digits, for credentials that live as long as the process.
pub(crate) fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}
