//! simmpi with campaigns that only tests and benchmarks need: `noop`, `sleep` (which can be told to fail in every way) and
//! `two-stage`. Built as an example so that a test can start it under mpirun.
mod noop;
mod sleep;
mod two_stage;

use std::process::ExitCode;

fn main() -> ExitCode {
    simmpi::cli::main(&[&noop::Noop, &sleep::Sleep, &two_stage::TwoStage])
}
