//! Everything that `template.yaml` deploys, on one machine: the same handlers behind the same routes, on embedded
//! stores that speak the real protocols.

mod backend;
mod cli;
mod client;
mod control;
mod demo;
mod error;
mod files;
mod functions;
mod gateway;
mod import;
mod metrics;
mod notifications;
pub mod openapi;
mod operator;
mod progress;
mod pump;
mod run;
mod scheduler;
mod server;
mod shutdown;
mod stack;
mod stores;
pub mod template;

pub use cli::main;
pub use client::ApiError;
pub use error::StartError;
pub use import::{Credentials, Import, ImportError, Outcome, Owner, Playlists, Rejection};
pub use pump::{DeadLetter, DeadLetters};
pub use stack::{Front, Options, Proxy, SearchWith, Stack};
pub use stores::{Stream, StreamRecords, Tables, access_key};
