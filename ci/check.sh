#!/bin/bash
# All checks: installs what is missing, then format, lints, documentation, tests with Open MPI and with MPICH, the result file
# as h5py reads it, a short benchmark, two hosts, and a campaign under SLURM. Every MPI test limits its own time. The last step
# lists what was skipped and why; with SIMMPI_REQUIRE=all a skipped check fails.
set -eu
cd "$(dirname "$0")/.."
ci/setup.sh --tests
. ci/environment.sh
step() { printf '\n== %s\n' "$*"; }
: >"$SIMMPI_SKIPPED"

step "format"
if cargo fmt --version >/dev/null 2>&1; then
    cargo fmt --check
else
    (. ci/skip.sh; skip "this toolchain has no rustfmt")
fi
step "lints"
cargo clippy --locked --all-targets -- -D warnings
# ci/aarch64.sh compiles parts of src in its own way; run by hand, it must still compile.
cargo check --locked --manifest-path ci/aarch64/Cargo.toml --target-dir target/aarch64
step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
step "tests with Open MPI"
cargo build --locked --bins --examples
SIMMPI_MPIRUN=mpirun.openmpi cargo test --locked -- --test-threads=2
step "tests with MPICH"
MPICC=mpicc.mpich cargo build --locked --bins --examples --target-dir target-mpich
MPICC=mpicc.mpich SIMMPI_MPIRUN=mpirun.mpich cargo test --locked --target-dir target-mpich --test engine --test clusters -- --test-threads=2
step "a binary started by the other library's launcher"
ci/wrong_launcher.sh
step "the result file as h5py reads it"
/usr/bin/python3 ci/h5py_check.py target/debug/simmpi
step "two hosts"
ci/two_hosts.sh
step "benchmarks, short"
cargo bench --locked --bench dynamics --bench scf --bench langevin -- --test
/usr/bin/python3 benches/noop.py --short
/usr/bin/python3 benches/ensemble.py --short
step "a campaign under SLURM"
SIMMPI=target/debug/examples/test-campaigns LAUNCHED=target/debug/simmpi CONFIG=ci/slurm.toml ci/slurm_test.sh
step "skipped: $(sort -u "$SIMMPI_SKIPPED" | wc -l) checks"
sort -u "$SIMMPI_SKIPPED"
echo "outside of this suite: PLUMED itself (tests/plumed_real.rs says how to run it)"
step "all checks passed"
