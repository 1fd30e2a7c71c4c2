#!/bin/bash
# Tasks larger than a rank: in a job of the virtual cluster (ci/slurm_test.sh) each task's gmx_mpi is started by srun on two cores.
#
#     ci/slurm_launcher.sh SIMMPI EXAMPLES      in a job of two nodes with two tasks of two cores each
set -euo pipefail
simmpi=$1
examples=$2
work=$PWD

fail() { echo "FAILED: $*" >&2; tail -n 20 "$work"/said.* >&2 || true; exit 1; }
# Processes called $1 in this folder, wherever SLURM has started them: all virtual nodes are this host.
processes() {
    for pid in $(pgrep -x "$1"); do
        [[ $(readlink "/proc/$pid/cwd") != "$work"* ]] || echo "$pid"
    done
}
simulations() { processes gmx_mpi; }
# Waits at most $1 seconds until there are $2 simulations.
wait_for() {
    for ((k = 0; k < 10 * $1; k++)); do
        [ "$(simulations | wc -l)" != "$2" ] || return 0
        sleep 0.1
    done
    fail "$(simulations | wc -l) processes of gmx_mpi after $1 s, not $2: $3"
}
# Runs what follows, and expects this exit code and text.
expect() {
    local code=0
    "${@:3}" >said.expect 2>&1 || code=$?
    [ "$code" = "$1" ] && grep -q "$2" said.expect || fail "code $code, not $1 with '$2', from ${*:3}: $(cat said.expect)"
}

cp "$examples"/ala2.* .
launcher='launcher = ["srun", "--exact", "--nodes=1", "--ntasks={ranks}", "--cpus-per-task={threads}"]'
cat >run.mdp.j2 <<'MDP'
integrator = sd
dt = 0.002
nsteps = {{ steps }}
tc-grps = System
tau-t = 1.0
ref-t = 300
ld-seed = {{ seed }}
gen-vel = yes
gen-temp = 300
gen-seed = {{ seed }}
constraints = h-bonds
nstlist = 20
coulombtype = Cut-off
rcoulomb = 1.8
rvdw = 1.8
MDP
# An ensemble called $1 of $2 steps; $3 stands in front of it.
ensemble() {
    cat >"$1.toml" <<TOML
[campaign]
kind = "ensemble"
seed = 1
output = "$1.h5"
$3
[ensemble]
seeds = "1-4"
directory = "$1/{seed}"
engine = "gromacs"
variables = { steps = $2 }
[ensemble.gromacs]
binary = "gmx_mpi"
mdp = "run.mdp.j2"
structure = "ala2.gro"
topology = "ala2.top"
ranks = 2
$launcher
TOML
}
cat >umbrella.toml <<TOML
[campaign]
kind = "umbrella"
seed = 1
output = "umbrella.h5"
[umbrella]
trajectory = "ala2.xtc"
structure = "ala2.gro"
topology = "ala2.top"
mdp = "ala2.mdp"
selection = "not name H*"
align_to = "average"
windows = 4
steps = 500
sample_every_steps = 10
temperature_k = 300.0
binary = "gmx_mpi"
ranks = 2
$launcher
TOML
ensemble short 500 ""
ensemble long 500000000 ""
ensemble limited 500000000 "[limits]
task_timeout_s = 6.0
max_retries = 0"

echo "  the step of simmpi holds the cores of its tasks, and is named"
expect 78 SLURM_OVERLAP mpirun -n 2 "$simmpi" short.toml
export SLURM_OVERLAP=1

echo "  an ensemble by mpirun, umbrella windows by srun and alone"
expect 0 "4 of 4 tasks done, 0 failed" mpirun --map-by node -n 2 "$simmpi" short.toml
for seed in 1 2 3 4; do
    grep -q "Using 2 MPI processes" "short/$seed/run.log" || fail "replica $seed ran on other than two ranks"
    # grompp is started by the rank itself.
    [ -s "short/$seed/run.tpr" ] || fail "replica $seed has no run input file"
done
expect 0 "0 failed" srun --mpi=pmix --nodes=2 --ntasks=2 "$simmpi" umbrella.toml
grep -q "Using 2 MPI processes" umbrella.windows/0/window.log || fail "windows ran on other than two ranks"
rm -r umbrella.h5 umbrella.windows
expect 0 "0 failed" "$simmpi" umbrella.toml
expect 0 "no errors found" "$simmpi" check umbrella.toml

echo "  a task at its time limit, a killed rank and a killed supervisor leave no simulation"
expect 75 "3 failed, 1 are left" "$simmpi" limited.toml
wait_for 10 0 "after time limits"
mpirun --map-by node -n 2 "$simmpi" long.toml >said.rank 2>&1 &
wait_for 30 4 "two replicas on two ranks each"
kill -9 "$(processes simmpi | tail -n 1)"
wait_for 20 0 "after a rank was killed"
wait $! || true
"$simmpi" long.toml >said.supervisor 2>&1 &
run=$!
wait_for 30 2 "one replica on two ranks"
kill -9 "$(pgrep -P "$(pgrep -P $run -x simmpi-guard)" -x simmpi-programs)"
wait_for 20 0 "after a supervisor was killed"
wait $run || code=$?
[ "${code:-0}" = 75 ] || fail "code ${code:-0} after a supervisor was killed"

echo "  a drained replica writes its checkpoint, and continues from it"
drain() {
    "$simmpi" long.toml >"said.$1" 2>&1 &
    run=$!
    wait_for 30 2 "one replica on two ranks"
    sleep 3
    kill -USR1 $run
    code=0
    wait $run || code=$?
    [ $code = 75 ] || fail "code $code after a drain"
    wait_for 1 0 "after a drain"
}
drain first
grep -l "Received the INT signal" long/*/run.log | grep -q . || fail "the simulation was not asked to stop"
ls long/*/run.cpt >/dev/null || fail "there is no checkpoint"
drain second
grep -l "Restarting from checkpoint" long/*/run.log | grep -q . || fail "the simulation did not continue"
echo "  passed"
