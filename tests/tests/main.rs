//! The local stack as a whole, and what the template and the code promise each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics fails, and its helpers with it"
)]

mod accounts;
mod cost;
mod home;
mod hostile;
mod listens;
mod matrix;
mod media;
mod playlists;
mod samples;
mod scale;
mod search;
mod stack;
mod template;
mod tracks;
