//! The program `simmpi`: see `simmpi --help`.
use std::process::ExitCode;

fn main() -> ExitCode {
    simmpi::cli::main(simmpi::campaigns::KINDS)
}
