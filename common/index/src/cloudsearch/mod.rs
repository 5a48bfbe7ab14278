//! The search backend for accounts that have an Amazon CloudSearch domain (API version 2013-01-01).
//!
//! The domain only splits texts at spaces: words are folded here, and the best results are put in order here, so that
//! the answers are those of the embedded index.

mod document;
mod domain;
mod fields;
mod lease;
mod query;
mod search;
mod suggest;
mod token;
mod upload;
mod writer;

pub use fields::{FieldKind, IndexField, NAME, POPULARITY, SCHEME, SUGGESTER, fields};
pub use search::Reader;
pub use writer::Writer;
