//! HTTP on a port of this machine.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::shutdown::Shutdown;

/// Serves a router until the shutdown signal, and finishes what is being answered.
pub(crate) fn serve(listener: TcpListener, router: Router, shutdown: &Shutdown) -> JoinHandle<()> {
    let signal = shutdown.clone();
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // Otherwise the end of each answer waits for an acknowledgement, which the other side delays by 40 ms.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server =
            axum::serve(listener, service).with_graceful_shutdown(async move { signal.wait().await });
        if let Err(error) = server.await {
            tracing::error!(%error, "a server failed");
        }
    })
}
