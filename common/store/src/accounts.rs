//! The table `accounts`.

use crate::table::Table;

/// The table `accounts`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Accounts {
    table: Table,
}

impl Accounts {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }
}
