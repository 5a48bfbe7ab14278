//! The program `mixtape`.

fn main() -> std::process::ExitCode {
    mixtape::main()
}
