//! The table `home`: one item for each shuffle.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | shuffle | `HOME` | its scheduled time |

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use mixtape_domain::Timestamp;
use mixtape_domain::home::Shuffle;

use crate::StoreError;
use crate::table::{self, Range, Table, number};

/// The table `home`. Clones share the client.
#[derive(Debug, Clone)]
pub struct Home {
    table: Table,
}

const HOME: &str = "HOME";
/// How long a shuffle is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Home {
    pub(crate) fn new(table: Table) -> Self {
        Self { table }
    }

    /// The latest shuffle that was due at `now`: one Query.
    ///
    /// # Errors
    /// The table is away.
    pub async fn current(&self, now: Timestamp) -> Result<Option<Shuffle>, StoreError> {
        let range = Range::table(HOME, "").between("0", &now.to_string());
        let (shuffles, _) = self.table.query(&range, 1, false).await?.read::<Shuffle>()?;
        Ok(shuffles.into_iter().next())
    }

    /// The shuffle of this scheduled time: one GetItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn get(&self, scheduled: Timestamp) -> Result<Option<Shuffle>, StoreError> {
        self.table.get(table::key(HOME, scheduled.to_string())).await
    }

    /// Keeps a shuffle, unless a complete one of the same scheduled time is there. Answers whether it was kept: one
    /// PutItem.
    ///
    /// # Errors
    /// The table is away.
    pub async fn put(&self, shuffle: &Shuffle) -> Result<bool, StoreError> {
        let mut item = table::to_item(shuffle)?;
        item.extend(table::key(HOME, shuffle.generated_at.to_string()));
        item.insert("expires".to_owned(), number(shuffle.generated_at.plus(KEPT).seconds()));
        let request = self
            .table
            .client()
            .put_item()
            .table_name(self.table.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR is_complete = :false")
            .expression_attribute_values(":false", aws_sdk_dynamodb::types::AttributeValue::Bool(false));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Asks for one item, to see whether DynamoDB answers.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.get(Timestamp::EPOCH).await.map(|_| ())
    }
}
