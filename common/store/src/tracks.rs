//! The table `tracks`.

use crate::table::Table;

/// The table `tracks`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Tracks {
    table: Table,
}

impl Tracks {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }
}
