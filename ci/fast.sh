#!/bin/bash
# The checks of every few minutes, in less than three once the dependencies are built: format, lints, unit tests but those of electronic structure and dynamics, and the integration
# tests that start no other program than simmpi and run for seconds. `ci/check.sh` runs everything.
set -eu
cd "$(dirname "$0")/.."
. ci/environment.sh
: >"$SIMMPI_SKIPPED"
# Without optimisation the program compiles in a third of the time.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0
cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
cargo build --locked --bins --examples
# Electronic structure and dynamics take minutes without optimisation.
cargo test --locked --lib -- --test-threads=2 --skip science::scf --skip science::dynamics --skip engines::qc::embedded
cargo test --locked --test science -- --test-threads=2 --skip dynamics
cargo test --locked --test layers --test circles --test language --test limits --test properties --test plan --test ledger --test scheduler --test config --test cli --test trajectories --test replay --test pmf -- --test-threads=2
[ ! -s "$SIMMPI_SKIPPED" ] || { echo "skipped:"; sort -u "$SIMMPI_SKIPPED"; }
