//! What template.yaml lets each function do, what the functions do, and how far the two are the same.
//!
//! The embedded stores check no permissions, so what stands in front of them in the tests does: a function of the local
//! stack signs with its own name as access key, and a call that its policies do not allow is denied as on AWS. What is
//! called is put on [`record`], which the test binary `privileges` compares with the policies.

mod dynamodb;
mod policies;
pub mod record;
mod s3;

pub use policies::{Grant, Policies};

pub(crate) use dynamodb::accesses;
pub(crate) use s3::front;

/// One thing that a call does, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// For example `dynamodb:GetItem`.
    pub(crate) action: String,
    /// A table, an index as `table/index/name`, a bucket, an object as `bucket/key`, or `domain/name`.
    pub(crate) resource: String,
    /// The value of the partition key.
    pub(crate) partition: Option<String>,
}
