//! One signal that everything stops on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Tells tasks to stop. Clones share the signal.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(false)) }
    }
}

impl Shutdown {
    pub(crate) fn start(&self) {
        self.sender.send_replace(true);
    }

    pub(crate) fn is_started(&self) -> bool {
        *self.sender.borrow()
    }

    /// Returns when the shutdown has started.
    pub(crate) async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // Fails only when the sender is gone, and this value holds it.
        let _ = receiver.wait_for(|has_started| *has_started).await;
    }

    /// Sleeps, and answers whether to go on.
    pub(crate) async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.wait() => false,
            () = tokio::time::sleep(duration) => !self.is_started(),
        }
    }
}
