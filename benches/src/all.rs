//! Everything in one run, as one document.

use std::path::Path;

use crate::{Failure, cold, cost, functions, load, report, routes, show, sizes};

const HEAD: &str = "# Benchmarks\n\nMade by `cargo run --release -p benches -- all docs/benchmarks.md`; each part is \
                    also a command of its own (`-- --help`).";

pub(crate) async fn run(file: Option<&Path>) -> Result<(), Failure> {
    let machine = report::machine();
    let functions = functions()?;
    let cold = cold::run(&functions, 20).await?;
    let sizes = sizes::run(&functions)?;
    let cost = cost::run(None).await?;
    let routes = routes::run().await?;
    let load = load::run(50, 10).await?;
    let soak = load::soak::run(10, 40).await?;
    let parts = [
        ("Cold starts", COLD, cold),
        ("Sizes", SIZES, sizes),
        ("What a month costs", COST, cost),
        ("Routes", ROUTES, routes),
        ("Load", LOAD, load),
        ("Soak", SOAK, soak),
    ];
    let mut text = format!("{HEAD}\n\n{machine}\n");
    for (title, about, part) in parts {
        text += &format!("\n## {title}\n\n{about}\n\n{}\n", part.trim_end());
    }
    match file {
        Some(file) => Ok(std::fs::write(file, text)?),
        None => show(Ok(text)),
    }
}

const COLD: &str = "Each function is a process of its own under the Lambda Runtime API, with the environment of the \
template, against the stores of a local stack; all take turns, repetition by repetition. The hello worlds do what their \
libraries do by themselves: that in Rust has a thread for each processor and parses the bundle of certificates that \
the system trusts (the one file; without its name it would read a folder, too). The first answer reads the tables (and \
the bucket, in `search`, `insights` and `images`), also in the hello worlds. Warm answers are those to a request that \
is refused without a store (405), in the hello worlds to one that says hello; their times hold the way through the \
Runtime API, whose two sides wake each other up, and their processor time is that of the function alone. Lambda's own \
work before a process starts is not in it.";
const SIZES: &str = "The release binary, deflated into a zip file as it is deployed. `infra/deploy.sh` refuses what is \
larger.";
const COST: &str = "Units are measured over the API on the embedded DynamoDB, which counts as AWS does; what a \
listener does on a day, how long invocations are billed for and all prices are in `benches/prices.yaml`.";
const ROUTES: &str = "Each operation of the OpenAPI document, answered by a warm process of its function that answers \
nothing else, under the Lambda Runtime API, with the stores of a local stack that holds 1,000 tracks; one request after \
the other. `POST /v1/uploads/{id}/complete` is left out, since 64 MiB would have to be sent before each. Calls and units \
are those of a warm process, without the Query of public keys that is made at most every five \
seconds.";
const LOAD: &str = "Requests come at a constant rate, whether the server keeps up or not, and their times count from when \
they were due. Server, stores and the client share the machine.";
const SOAK: &str =
    "The same mix at a constant rate; the server's resident memory is looked at every five seconds.";
