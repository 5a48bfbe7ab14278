//! What tests over the public API are written with: a whole local stack of its own for each test, clients that sign up
//! and send JSON, and a proxy in front of DynamoDB that counts calls and injects failures. With `MIXTAPE_API` in the
//! environment they run against the deployed API at that address, as far as they can.
//!
//! ```ignore
//! #[tokio::test]
//! async fn a_deleted_playlist_is_gone() {
//!     let world = World::start().await;
//!     let ada = world.sign_up("ada").await;
//!     let playlist = ada.post("/v1/playlists", json!({ "name": "Rain" })).await.expect(201);
//!     let path = format!("/v1/playlists/{}", playlist["id"].as_str().unwrap());
//!     ada.delete(&path).await.expect(204);
//!     ada.get(&path).await.problem(404, "not_found");
//! }
//! ```

#![expect(clippy::print_stdout, reason = "this is part of the tests")]

mod client;
mod cloudsearch;
mod deployed;
mod dynamodb;
mod lambda;
mod marker;
pub mod privileges;
mod stores;
mod world;

pub use client::{Answer, Client, as_listed};
pub use cloudsearch::{CloudSearch, Outage};
pub use dynamodb::{Call, DynamoDb, Fault, When};
pub use lambda::{Function, Invocation, Program, TRACE_ID, http_event};
pub use stores::StoresOf;
pub use world::{World, catalogue};
