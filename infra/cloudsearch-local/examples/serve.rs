//! Serves a folder until Ctrl-C: `cargo run -p cloudsearch-local --example serve -- [ADDRESS [FOLDER]]`. Without one,
//! it takes a new folder that is removed in the end.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

use cloudsearch_local::Domains;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let temporary = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let domains = Domains::open(&folder)?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    let stop = async {
        // Without a signal to wait for, it stops at once.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, domains.router()).with_graceful_shutdown(stop).await?;
    Ok(())
}
