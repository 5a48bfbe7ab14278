//! With `MIXTAPE_API` in the environment the tests are built to run against the API at that address (`cfg(deployed)`).

fn main() {
    println!("cargo::rustc-check-cfg=cfg(deployed)");
    println!("cargo::rerun-if-env-changed=MIXTAPE_API");
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "this is about the tests and no setting of the product")]
    let address = std::env::var("MIXTAPE_API");
    if address.is_ok_and(|address| !address.is_empty()) {
        println!("cargo::rustc-cfg=deployed");
    }
}
