//! The table `home`.

use crate::table::Table;

/// The table `home`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Home {
    table: Table,
}

impl Home {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }
}

impl Home {
    /// Asks for one item, to see whether DynamoDB answers.
    pub(crate) async fn check(&self) -> Result<(), crate::StoreError> {
        self.table
            .get::<std::collections::HashMap<String, String>>(crate::table::key("CHECK", "CHECK"))
            .await?;
        Ok(())
    }
}
