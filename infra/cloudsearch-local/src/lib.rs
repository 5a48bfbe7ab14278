//! An endpoint on one machine that is compatible with Amazon CloudSearch (API version 2013-01-01): domains are
//! configured, filled and searched with the AWS SDKs, boto3 and the AWS CLI. It keeps everything in a folder.
//!
//! All domains share one address. The configuration API is at `/`, and the endpoint of the domain `music` is the path
//! `/music`, so `http://127.0.0.1:PORT/music` is what clients take as its endpoint URL. Requests need no signature,
//! and one that they have is not verified: the endpoint belongs on a loopback address.
//!
//! Unlike CloudSearch:
//! - text is not stemmed, whatever the analysis scheme says; schemes with synonyms or dictionaries are refused, and so
//!   are fields with a wildcard in their name, expressions, statistics, and the parsers `lucene` and `dismax`;
//! - `IndexDocuments` answers when everything has been indexed, and changes of access policies and scaling have no
//!   effect but that they are described;
//! - documents and suggestions are found as soon as a batch has been answered.

mod analysis;
mod batch;
mod domain;
mod error;
mod generation;
mod http;
mod layout;
mod loose_json;
mod model;
mod query;
mod registry;
mod search;
mod suggest;
mod value;

pub use error::Error;
pub use registry::Domains;
