//! The endpoint as its clients see it: requests in, answers out, a folder behind it.

#[cfg(test)]
mod configuration;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod support;
