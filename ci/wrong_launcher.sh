#!/bin/bash
# A binary built for one MPI and started by the other's mpirun must end with exit code 64, naming both.
set -u
cd "$(dirname "$0")/.."
failed=0
try() { # LAUNCHER BINARY EXPECTED-TEXT
    local said code
    said=$(timeout 60 "$1" -n 2 "$2" examples/spin_boson.toml 2>&1); code=$?
    if [ $code -eq 64 ] && grep -q "$3" <<<"$said"; then
        echo "ok: $1 with $2: exit code 64, $(grep -o "started 2 processes.*built for [^;]*" <<<"$said" | head -1)"
    else
        echo "FAILED: $1 with $2: exit code $code"; echo "$said"; failed=1
    fi
}
try mpirun.mpich target/debug/simmpi "MPICH's mpirun"
try mpirun.openmpi target-mpich/debug/simmpi "Open MPI's mpirun"
exit $failed
