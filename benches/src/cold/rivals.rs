//! Hello world in other languages, with their packages installed under `target/rivals`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{eprintln_progress, workspace};

/// What starts a rival, or why there is none.
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    pub(crate) start: Result<(PathBuf, PathBuf), String>,
}

/// All rivals; installs what they need.
pub(crate) fn all() -> Vec<Rival> {
    let folder = workspace().join("target/rivals");
    vec![
        Rival { name: "hello world in Python, boto3", start: python(&folder.join("python")) },
        Rival { name: "hello world in Node, AWS SDK", start: node(&folder.join("node")) },
    ]
}

fn python(folder: &Path) -> Result<(PathBuf, PathBuf), String> {
    let python = folder.join("bin/python3");
    if !folder.join("installed").exists() {
        eprintln_progress("installing boto3 under target/rivals");
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "boto3"]))?;
        std::fs::write(folder.join("installed"), "").map_err(|error| error.to_string())?;
    }
    Ok((python, workspace().join("benches/rivals/hello.py")))
}

fn node(folder: &Path) -> Result<(PathBuf, PathBuf), String> {
    let script = folder.join("hello.mjs");
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    if !folder.join("node_modules").exists() {
        eprintln_progress("installing the AWS SDK under target/rivals");
        let arguments = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        run(Command::new("npm").args(arguments).arg(folder).arg("@aws-sdk/client-dynamodb"))?;
    }
    // Beside its packages, where Node looks for them.
    std::fs::copy(workspace().join("benches/rivals/hello.mjs"), &script)
        .map_err(|error| error.to_string())?;
    let found = Command::new("node").args(["-p", "process.execPath"]).output();
    let found = found.map_err(|error| format!("node: {error}"))?;
    Ok((PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()), script))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdout(Stdio::null()).status().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed")) }
}
