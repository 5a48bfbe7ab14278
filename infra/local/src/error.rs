//! Why the local stack could not start, in words for the person who started it.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::template::TemplateError;

/// The local stack cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Settings(#[from] mixtape_settings::SettingsError),
    #[error("{parameter} cannot be set here: its credentials lie in Secrets Manager. Leave it out")]
    NeedsAws { parameter: &'static str },
    #[error("template.yaml names the function {function}, which this program does not have")]
    UnknownFunction { function: String },
    #[error("the folder {folder} cannot be used: {cause}")]
    Folder { folder: PathBuf, cause: io::Error },
    #[error(
        "another mixtape is running on the folder {folder}; stop it, or choose another folder with --data DIR"
    )]
    InUse { folder: PathBuf },
    #[error("port {port} of {ip} is in use; stop what listens there, or choose another with --listen {ip}:PORT", ip = address.ip(), port = address.port())]
    PortInUse { address: SocketAddr },
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error("the tables cannot be opened: {0}")]
    Tables(String),
    #[error(
        "the table {table} in the data folder was made by another version ({what} differs); move the folder away to \
         start afresh"
    )]
    Schema { table: String, what: String },
    #[error("the objects in {folder} cannot be opened: {cause}")]
    Objects { folder: PathBuf, cause: String },
    #[error("the CloudSearch endpoint cannot be started: {0}")]
    Search(String),
}

impl StartError {
    pub(crate) fn folder(folder: &Path) -> impl FnOnce(io::Error) -> Self {
        let folder = folder.to_owned();
        move |cause| Self::Folder { folder, cause }
    }

    pub(crate) fn unknown_function(name: &str) -> Self {
        Self::UnknownFunction { function: name.to_owned() }
    }

    pub(crate) fn listen(address: SocketAddr) -> impl FnOnce(io::Error) -> Self {
        move |cause| match cause.kind() {
            io::ErrorKind::AddrInUse => Self::PortInUse { address },
            _ => Self::Listen { address, cause },
        }
    }

    pub(crate) fn search(cause: impl std::fmt::Display) -> Self {
        Self::Search(cause.to_string())
    }

    pub(crate) fn tables(cause: impl std::fmt::Display) -> Self {
        Self::Tables(cause.to_string())
    }
}
