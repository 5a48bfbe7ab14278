//! The OpenAPI document of all functions, which the function `meta` serves from a file.

use std::error::Error;
use std::path::Path;

use crate::cli::say;

/// The document of all functions, as JSON.
///
/// # Errors
/// A schema cannot be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    let functions = [
        accounts::openapi(),
        home::openapi(),
        images::openapi(),
        insights::openapi(),
        listens::openapi(),
        meta::openapi(),
        playlists::openapi(),
        search::openapi(),
        tracks::openapi(),
        uploads::openapi(),
    ];
    let mut text = mixtape_http::openapi::merge(functions).to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

pub(crate) fn write(file: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let text = document()?;
    match file {
        Some(file) => std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?,
        None => say(text.trim_end()),
    }
    Ok(())
}
