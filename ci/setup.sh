#!/bin/bash
# Installs what building and testing simmpi needs on Debian, where it is missing. Runs as root, or through sudo.
#   ci/setup.sh                what a run needs: compiler, Open MPI, HDF5
#   ci/setup.sh --for CONFIG   also the program that this campaign runs, where PATH has none and the configuration names none
#   ci/setup.sh --tests        also what the tests need: MPICH, SLURM, h5py, mpi4py, psi4, NWChem, xtb, GROMACS, QCEngine, QCManyBody, QC Lab
set -eu
# Whether the configuration has a line "KEY = "VALUE"" that is no comment.
says() { grep -Eq "^[[:space:]]*$2[[:space:]]*=[[:space:]]*\"$3\"" "$1"; }
# Packages of the programs that a configuration asks for and that are not there.
programs_of() {
    says "$1" binary '[^"]*' && return
    for package in gromacs psi4 nwchem xtb; do
        if says "$1" engine "$package" || { [ $package = gromacs ] && says "$1" kind umbrella && ! says "$1" stop_after pca; }; then
            command -v "${package/gromacs/gmx}" >/dev/null || echo "$package"
        fi
    done
}
packages=(gcc pkg-config openmpi-bin libopenmpi-dev libhdf5-dev libclang-dev ca-certificates)
[ "${1:-}" = --tests ] && packages+=(mpich libmpich-dev python3-h5py python3-numpy python3-mpi4py python3-venv hdf5-tools iproute2 slurm-wlm slurm-wlm-basic-plugins munge procps psi4 nwchem xtb gromacs)
[ "${1:-}" = --for ] && mapfile -t -O ${#packages[@]} packages < <(programs_of "$2")
# Debian 12's own rustc is too old for edition 2024; its rustc-web follows upstream. An installed toolchain is used as it is.
if ! command -v cargo >/dev/null || ! printf '1.89\n%s\n' "$(rustc --version | cut -d' ' -f2)" | sort -VC; then
    packages+=(rustc-web cargo-web)
fi
# Whoever has a toolchain may still lack what checks it; one of rustup's keeps its own.
if [ "${1:-}" = --tests ]; then
    if command -v rustup >/dev/null; then
        rustup component list --installed | grep -q '^clippy' || rustup component add clippy rustfmt
    else
        cargo clippy --version >/dev/null 2>&1 || packages+=(rust-web-clippy)
        cargo fmt --version >/dev/null 2>&1 || packages+=(rustfmt-web)
    fi
fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    echo "installing: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "${missing[@]}"
fi
# Debian has no QCEngine. It goes into the build folder; 0.26 is the last version that supports Debian's psi4 1.3.
qcengine=$(dirname "$0")/../target/qcengine
if [ "${1:-}" = --tests ] && ! command -v qcengine >/dev/null && ! [ -x "$qcengine/bin/qcengine" ]; then
    echo "installing: qcengine"
    mkdir -p "$(dirname "$qcengine")"
    # Its test is skipped, and reported as such, where no Python package can be had.
    /usr/bin/python3 -m venv --system-site-packages "$qcengine" &&
        "$qcengine/bin/pip" install --quiet --disable-pip-version-check 'qcengine==0.26.*' ||
        echo "qcengine cannot be installed" >&2
fi
# QCManyBody's models, by which tests read results. It needs other versions than QCEngine 0.26.
qcmanybody=$(dirname "$0")/../target/qcmanybody
if [ "${1:-}" = --tests ] && ! "$qcmanybody/bin/python" -c 'import qcmanybody' 2>/dev/null; then
    echo "installing: qcmanybody"
    /usr/bin/python3 -m venv "$qcmanybody" &&
        "$qcmanybody/bin/pip" install --quiet --disable-pip-version-check 'qcmanybody==0.8.0' 'qcelemental==0.51.4' ||
        echo "qcmanybody cannot be installed" >&2
fi
# QC Lab needs newer libraries than Debian's, which QCEngine's environment shares; benches/against_qclab.py uses the same folder.
qclab=$(dirname "$0")/../target/qclab-venv
of_qclab=(qclab==1.3.0 numpy==2.4.6 numba==0.68.1 h5py==3.16.0 xarray==2026.9.0 mpi4py==4.1.2 setuptools==84.2.1 wheel==0.48.0)
if [ "${1:-}" = --tests ] && [ "$(cat "$qclab/installed.txt" 2>/dev/null)" != "${of_qclab[*]}" ]; then
    echo "installing: ${of_qclab[*]}"
    mkdir -p "$(dirname "$qclab")"
    { /usr/bin/python3 -m venv "$qclab" && "$qclab/bin/pip" install --quiet --disable-pip-version-check "${of_qclab[@]}" &&
        echo "${of_qclab[*]}" >"$qclab/installed.txt"; } ||
        echo "QC Lab cannot be installed" >&2
fi
