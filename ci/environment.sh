# To be sourced by the scripts of checks: what their programs find in their environment.
# Open MPI refuses to run as root unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Tests append to this file what they cannot check here (tests/support/skip.rs).
mkdir -p target
export SIMMPI_SKIPPED=$PWD/target/skipped.txt
# A QCEngine installed by ci/setup.sh, behind the user's own programs: its folder has a python3 too.
export PATH=$PATH:$PWD/target/qcengine/bin
