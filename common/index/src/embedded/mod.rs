//! The index on Tantivy, whose files lie in the bucket. Nothing outside this module knows Tantivy.

mod apply;
mod checkout;
mod collect;
mod delete;
mod find;
mod id;
mod manifest;
mod postings;
mod reader;
mod schema;
mod scratch;
mod segment;
mod suggest;
#[cfg(test)]
mod tests;
mod tokens;
mod writer;

pub use manifest::FORMAT;
pub use reader::Reader;
pub use writer::Writer;
