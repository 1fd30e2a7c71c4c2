#!/bin/bash
# Are results the same bits on another kind of processor? Computes trajectories, free energies, components and energies natively and, cross-compiled,
# on an emulated aarch64 processor, and compares digests. Not part of check.sh: needs rustup (the target's standard library) and, as
# root or through sudo, two Debian packages. A few minutes.
set -eu
cd "$(dirname "$0")/aarch64"
target=aarch64-unknown-linux-gnu
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
command -v qemu-aarch64 aarch64-linux-gnu-gcc >/dev/null ||
    as_root apt-get install -y -qq qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
rustup target add $target
export CARGO_TARGET_DIR=../../target/aarch64
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
cargo run --release --locked >../../target/bits-native.txt
cargo run --release --locked --target $target >../../target/bits-aarch64.txt
cat ../../target/bits-native.txt
diff ../../target/bits-native.txt ../../target/bits-aarch64.txt
echo "the same bits on $(uname -m) and aarch64"
