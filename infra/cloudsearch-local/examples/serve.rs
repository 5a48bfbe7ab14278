//! Serves an empty folder, which is removed in the end, until Ctrl-C: `cargo run --example serve -- [ADDRESS]`.

use std::error::Error;
use std::io::Write as _;

use cloudsearch_local::Domains;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let folder = tempfile::tempdir()?;
    let domains = Domains::open(folder.path())?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    let stop = async {
        // Without a signal to wait for, it stops at once.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, domains.router()).with_graceful_shutdown(stop).await?;
    Ok(())
}
