//! The program `mixtape`, built beside the tests.

fn main() -> std::process::ExitCode {
    mixtape::main()
}
