//! The endpoint as its clients see it: requests in, answers out, a folder behind it.

mod configuration;
mod documents;
mod robustness;
mod searching;
mod support;
