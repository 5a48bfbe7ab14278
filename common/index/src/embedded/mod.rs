//! The index on Tantivy, whose files lie in the bucket. Nothing outside this module knows Tantivy.

mod apply;
mod checkout;
mod collect;
mod compile;
mod find;
mod manifest;
mod reader;
mod schema;
mod scratch;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::Reader;
pub use writer::Writer;
