//! The program `mixtape-cloudsearch`.

fn main() -> std::process::ExitCode {
    cloudsearch::main()
}
