#!/bin/bash
# Does a campaign outlive its time slots? Runs slurm/two_nodes.sh on a SLURM of two virtual nodes on this machine: drained
# with code 75 at the end of the slot, submitted again, resumed, complete. Also: what must not be submitted again is not.
#
#     ci/slurm_test.sh                                  with a stand-in for simmpi (a shell script)
#     SIMMPI=target/release/simmpi CONFIG=c.toml ci/slurm_test.sh
#     LAUNCHED=target/release/simmpi ci/slurm_test.sh   also tasks that srun starts (ci/slurm_launcher.sh), where there is gmx_mpi
#
# With simmpi also: does an array of jobs that start, are drained and are killed on their own give the same bits as one job?
# CONFIG must take longer than one slot, about 45 s, on 4 ranks, and less than ten; its output is results.h5 beside it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cluster=${SLURM_LOCAL:-$root/ci/fixtures/slurm_local.sh}
. "$root/ci/skip.sh"

fail() { echo "FAILED: $*" >&2; tail -n 50 "$work"/*.out "$SLURM_LOCAL_DIR"/log/*ctld*.log >&2 || true; exit 1; }

command -v mpirun >/dev/null || skip "there is no mpirun"
export PATH=$PATH:/usr/sbin
if ! { command -v sbatch && command -v slurmctld && command -v munged; } >/dev/null; then
    [ "$(id -u)" = 0 ] && bash "$cluster" install >/dev/null 2>&1 || skip "SLURM is not installed and cannot be installed"
fi
differences=$(diff <(grep -v '^#' "$root/slurm/one_node.sh") <(grep -v '^#' "$root/slurm/two_nodes.sh")) || true
[ -z "$differences" ] || { echo "FAILED: the scripts of slurm/ differ: $differences" >&2; exit 1; }

work=$(mktemp -d)
export SLURM_LOCAL_DIR=$work/cluster SLURM_CONF=$work/cluster/slurm.conf
# A daemon that is stopped while a job ends would stay: first the jobs, then the daemons.
clean_up() {
    scancel --quiet --user="$(id -un)" || true
    for ((k = 0; k < 20; k++)); do [ -n "$(squeue --noheader)" ] || break; sleep 1; done
    bash "$cluster" stop || true
    for pid in $(cat "$SLURM_LOCAL_DIR"/run/*.pid); do
        ! grep -q "$SLURM_LOCAL_DIR" "/proc/$pid/cmdline" || kill -9 "$pid" || true
    done
    rm -rf "$work"
} >/dev/null 2>&1
trap clean_up EXIT
bash "$cluster" start 2 4 >"$work/start.log" 2>&1 || { cat "$work/start.log"; skip "the virtual cluster does not start"; }
cd "$work"

# The virtual nodes share one host: without these two settings Open MPI's ranks would share memory across "nodes", and
# refuse to start for root. They belong to this fixture, not to the scripts of users.
export OMPI_MCA_btl=self,tcp OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# SLURM looks at its timers every 30 s, and sends USR1 up to 30 s before it was asked for: after 15 to 45 s here, and the end
# of the slot comes after 60 to 90 s. With @45 it came after 0 to 30 s: now and then before the script had set its trap.
export SBATCH_SIGNAL=B:USR1@15
options=(--nodes=2 --ntasks-per-node=2 --time=1)

# Stands in for simmpi: every rank needs $TICKS seconds in all, goes on where it stopped, drains on USR1.
cat >stand_in.sh <<'STAND_IN'
#!/bin/bash
done_file=$2.ticks.${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}
trap 'exit 75' USR1 TERM
[ -z "${ENDS_WITH:-}" ] || exit "$ENDS_WITH"
ticks=$(cat "$done_file" 2>/dev/null || echo 0)
while [ "$ticks" -lt "${TICKS:-55}" ]; do
    sleep 1 & wait $!
    ticks=$((ticks + 1))
    echo $ticks >"$done_file.new" && mv "$done_file.new" "$done_file"
done
STAND_IN
chmod +x stand_in.sh

submit() { sbatch --parsable "${options[@]}" "$root/slurm/two_nodes.sh" "$@"; }
# Waits until jobs have run and none is left, at most $1 seconds. A queue that cannot be asked is not an empty one.
settle() {
    for ((second = 0; second < $1; second++)); do
        if left=$(squeue --noheader) && [ -z "$left" ] && ls simmpi-*.out >/dev/null 2>&1; then return 0; fi
        sleep 1
    done
    fail "jobs are left after $1 s, or none has run: $(squeue)"
}
count() { cat simmpi-*.out 2>/dev/null | grep -c "$1" || true; }
forget() { rm -f simmpi-*.out; }

if [ -n "${SIMMPI:-}" ]; then
    echo "srun without an interface that the MPI library knows is refused by one message"
    simmpi=$(cd "$root" && realpath "$SIMMPI")
    cp "$root/ci/slurm.toml" refused.toml
    refused=none
    mpirun --version | grep -q "Open MPI" && refused="none pmi2"
    for interface in $refused; do
        code=0
        srun --ntasks=4 --mpi=$interface "$simmpi" refused.toml >refused.txt 2>&1 || code=$?
        lines=$(grep -vc '^srun: error' refused.txt) || true
        [ "$code $lines" = "64 1" ] && grep -q "start it with .srun --mpi=pmi" refused.txt || fail "$interface: $code, $(cat refused.txt)"
    done
fi
if [ -n "${LAUNCHED:-}" ] && ! command -v gmx_mpi >/dev/null; then
    echo "SKIPPED slurm_launcher.sh: gmx_mpi is not installed" | tee -a "${SIMMPI_SKIPPED:-/dev/null}"
elif [ -n "${LAUNCHED:-}" ]; then
    echo "tasks larger than a rank are started by srun"
    launched=$(cd "$root" && realpath "$LAUNCHED")
    mkdir launched
    (cd launched && sbatch --nodes=2 --ntasks-per-node=2 --cpus-per-task=2 --time=9 --output=job.out \
        "$root/ci/slurm_launcher.sh" "$launched" "$root/examples" >/dev/null)
    for ((k = 0; k < 480; k++)); do
        ! grep -Eq "^  passed|FAILED" launched/job.out 2>/dev/null || break
        sleep 1
    done
    grep -q "^  passed" launched/job.out || fail "tasks of a launcher: $(cat launched/job.out)"
fi
echo "what is wrong itself is not submitted again"
for code in 2 64 65 73 78; do ENDS_WITH=$code SIMMPI=$work/stand_in.sh submit config.toml >/dev/null; done
settle 60
[ "$(ls simmpi-*.out | wc -l)" = 5 ] || fail "5 jobs were to run"
for code in 2 64 65 73 78; do [ "$(count "ended with code $code$")" = 1 ] || fail "no job ended with code $code"; done
forget

echo "what crashes is submitted again as often as is allowed"
ENDS_WITH=137 SIMMPI_RESUBMIT=2 SIMMPI=$work/stand_in.sh submit config.toml >/dev/null
settle 60
[ "$(count 'ended with code 137$') $(count 'no submissions left')" = "3 1" ] || fail "3 jobs were to run"
forget

echo "what is cancelled is not submitted again"
# In a slot so long that its end cannot send USR1 first.
job=$(SIMMPI=$work/stand_in.sh sbatch --parsable "${options[@]}" --time=10 "$root/slurm/two_nodes.sh" config.toml)
for ((k = 0; k < 30; k++)); do ls config.toml.ticks.3 >/dev/null 2>&1 && break; sleep 1; done
scancel "$job"
settle 30
[ "$(ls simmpi-*.out | wc -l)" = 1 ] || fail "a cancelled job was submitted again"
forget && rm -f config.toml.ticks.*

echo "a campaign longer than its slot is drained, submitted again, resumed and completed"
program=${SIMMPI:-$work/stand_in.sh}
program=$(cd "$root" && realpath "$program")
[ -n "${CONFIG:-}" ] && cp "$(cd "$root" && realpath "$CONFIG")" config.toml
SIMMPI=$program SIMMPI_RESUBMIT=10 submit config.toml >/dev/null
settle 900
[ "$(count 'ended with code 75$')" -ge 1 ] || fail "no job was drained: the campaign is too short for this test"
[ "$(count 'ended with code 0$')" = 1 ] || fail "the campaign did not complete"
if [ "$program" = "$work/stand_in.sh" ]; then
    for rank in 0 1 2 3; do [ "$(cat config.toml.ticks.$rank)" = 55 ] || fail "rank $rank is not done"; done
else
    "$program" inspect results.h5 --json | grep -Eq '"complete": *(true|1)' || fail "results.h5 is not complete"
fi
echo "passed: $(count 'runs config.toml') jobs, $(count 'ended with code 75$') of them drained"
[ "$program" != "$work/stand_in.sh" ] || exit 0
forget

echo "three jobs of an array, of which one is killed, complete a campaign together, with the bits of one job"
mv results.h5 single.h5
array=$(SIMMPI=$program SIMMPI_RESUBMIT=10 sbatch --parsable --array=1-3 --nodes=1 --ntasks-per-node=2 --time=1 "$root/slurm/array.sh" config.toml)
for ((k = 0; k < 30; k++)); do [ "$(ls results.h5.journal/jobs/*.json 2>/dev/null | wc -l)" = 3 ] && break; sleep 1; done
[ "$k" -lt 30 ] || fail "three jobs were to work on the campaign"
"$program" inspect results.h5 | grep -c "job on" | grep -qx 3 || fail "inspect lists other jobs: $("$program" inspect results.h5)"
scancel --signal=KILL --full "${array}_2"
settle 600
"$program" inspect results.h5 --json | grep -Eq '"complete": *(true|1)' || fail "results.h5 is not complete"
h5diff --quiet single.h5 results.h5 /results /results || fail "an array of jobs gives other bits"
[ ! -e results.h5.journal ] || fail "the last job left the journal"
echo "passed: $(count 'runs config.toml') jobs of an array, $(count 'ended with code 75$') of them drained"
