#!/bin/bash
# Installs what is missing, the program that the campaign runs included, builds simmpi and runs a campaign under mpirun: ci/run.sh CONFIG [RANKS]
set -eu
config=$(realpath "${1:?usage: ci/run.sh CONFIG [RANKS]}")
ranks=${2:-4}
cd "$(dirname "$0")/.."
ci/setup.sh --for "$config"
cargo build --release --locked
# Open MPI refuses to run as root, and more ranks than cores, unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec mpirun --oversubscribe --bind-to none -n "$ranks" target/release/simmpi "$config"
