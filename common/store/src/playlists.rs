//! The table `playlists`.

use crate::table::Table;

/// The table `playlists`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Playlists {
    table: Table,
}

impl Playlists {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }
}
