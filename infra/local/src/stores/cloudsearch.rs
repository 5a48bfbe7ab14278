//! An endpoint that is compatible with Amazon CloudSearch, with a domain that is set up as one on AWS is.

use std::path::Path;
use std::time::Duration;

use cloudsearch::{Endpoints, Plan, local_client, set_up};
use cloudsearch_local::Domains;
use tokio::task::JoinHandle;

use super::listen;
use crate::server::serve;
use crate::shutdown::Shutdown;
use crate::{Proxy, StartError};

/// The one domain.
const DOMAIN: &str = "mixtape";
/// Rebuilding the index for other fields is all that takes time.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The running endpoint.
pub(crate) struct CloudSearch {
    /// The address of the configuration API.
    pub(crate) address: String,
    /// Where the domain answers.
    endpoints: Endpoints,
}

impl CloudSearch {
    /// Opens the domain in `folder`, brings its fields up to date, and serves it until `shutdown`.
    pub(crate) async fn start(
        folder: &Path,
        proxy: Option<&Proxy>,
        shutdown: &Shutdown,
    ) -> Result<(Self, JoinHandle<()>), StartError> {
        let folder = folder.join("cloudsearch");
        let domains = Domains::open(&folder).map_err(StartError::search)?;
        let (listener, address) = listen().await?;
        let task = serve(listener, domains.router(), shutdown);
        let address = format!("http://{address}");
        let plan =
            Plan { domain: DOMAIN.to_owned(), principals: Vec::new(), is_dry_run: false, timeout: TIMEOUT };
        let progress = |step: &str| tracing::debug!(step, "the CloudSearch domain is set up");
        let report = set_up(&local_client(&address), &plan, progress).await.map_err(StartError::search)?;
        let mut endpoints =
            report.endpoints.ok_or_else(|| StartError::search("the domain has no endpoints"))?;
        if let Some(proxy) = proxy {
            let before = proxy.start(address.clone()).await;
            endpoints.search = endpoints.search.replace(&address, &before);
            endpoints.document = endpoints.document.replace(&address, &before);
        }
        Ok((Self { address, endpoints }, task))
    }

    /// The template's parameters that choose this domain.
    pub(crate) fn parameters(&self) -> [(String, String); 4] {
        [
            ("SearchBackend", "cloudsearch"),
            ("CloudSearchDomain", DOMAIN),
            ("CloudSearchSearchEndpoint", &self.endpoints.search),
            ("CloudSearchDocumentEndpoint", &self.endpoints.document),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    }
}
