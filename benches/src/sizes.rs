//! What each function weighs as it is deployed: its binary, named `bootstrap`, in a zip file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::Failure;
use crate::programs::{build, workspace};
use crate::report::table;

/// Headers of a zip file with the one entry `bootstrap`: 30 and 46 bytes with its name each, and 22 at the end
/// (APPNOTE.TXT, 4.3).
const ZIP_HEADERS: usize = 30 + 46 + 22 + 2 * "bootstrap".len();

/// Most megabytes of a function's zip file, by function, with one for the rest.
#[derive(Debug, serde::Deserialize)]
struct Limits {
    default: u32,
    functions: BTreeMap<String, u32>,
}

pub(crate) fn run(functions: &[String]) -> Result<String, Failure> {
    let folder = build()?;
    let limits: Limits =
        serde_json::from_str(&std::fs::read_to_string(workspace().join("infra/sizes.json"))?)?;
    let mut rows = Vec::new();
    for name in functions {
        let (binary, packed) = pack(&folder.join(name))?;
        let limit = limits.functions.get(name).copied().unwrap_or(limits.default);
        let verdict = if packed as f64 / 1e6 > f64::from(limit) { "too large" } else { "yes" };
        let megabytes = |bytes: usize| format!("{:.2} MB", bytes as f64 / 1e6);
        let row =
            [name.clone(), megabytes(binary), megabytes(packed), format!("{limit} MB"), verdict.to_owned()];
        rows.push(row.to_vec());
    }
    Ok(table(&["function", "binary", "zip", "limit", "kept"], &rows))
}

/// Sizes of a binary and of its zip file.
fn pack(binary: &Path) -> Result<(usize, usize), Failure> {
    let bytes = std::fs::read(binary)?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes)?;
    Ok((bytes.len(), encoder.finish()?.len() + ZIP_HEADERS))
}
