#!/bin/bash
# What does the engine itself cost? No-op tasks per second on two ranks, static and dynamic, in batches of 100, and the CPU time
# of a task; beside mpi4py.futures with chunks of 100 on the same two ranks, in the same run.
#   benches/noop.sh [--short]
set -eu
cd "$(dirname "$0")/.."
count=4000000 peer=400000
[ "${1:-}" = --short ] && count=400000 peer=40000
cargo build --release --quiet --locked --example test-campaigns
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%-34s %12s %12s %12s\n' "2 ranks, batches of 100" "tasks/s" "CPU us/task" "of mpi4py"

measure() { # NAME TASKS COMMAND...: prints tasks per second without start-up, which a run of one batch per rank measures
    local name=$1 tasks=$2; shift 2
    /usr/bin/env python3 - "$name" "$tasks" "$folder" "$@" <<'PY'
import os, resource, subprocess, sys, time
name, tasks, folder, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
def run(count):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([word.replace("COUNT", str(count)) for word in command], check=True, timeout=300, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
empty, full = min(run(200) for _ in range(3)), min(run(tasks) for _ in range(3))
rate, cpu = tasks / max(full[0] - empty[0], 1e-9), 1e6 * (full[1] - empty[1]) / tasks
path = os.path.join(folder, "peer")
if name.startswith("mpi4py"):
    open(path, "w").write(str(rate))
ratio = "" if not os.path.exists(path) else f"{rate / float(open(path).read()):.1f}"
print(f"{name:34} {rate:12.3g} {cpu:12.3g} {ratio:>12}")
PY
}

cat > "$folder/peer.py" <<'PY'
import sys
from mpi4py.futures import MPICommExecutor
from mpi4py import MPI
def noop(task):
    return task
with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
    if executor is not None:
        assert sum(1 for _ in executor.map(noop, range(int(sys.argv[1])), chunksize=100)) == int(sys.argv[1])
PY
mpirun=(mpirun --oversubscribe --bind-to none -n 2)
measure "mpi4py.futures, map" "$peer" "${mpirun[@]}" /usr/bin/python3 "$folder/peer.py" COUNT
for schedule in static dynamic; do
    printf '[campaign]\nkind = "noop"\n[noop]\ncount = COUNT\n[partition]\nbatch_size = 100\nschedule = "%s"\n' $schedule > "$folder/$schedule.toml"
    measure "simmpi, $schedule" "$count" bash -c "sed s/COUNT/COUNT/ $folder/$schedule.toml > $folder/$schedule.run.toml; sed -i s/'count = .*'/'count = COUNT'/ $folder/$schedule.run.toml; exec ${mpirun[*]} target/release/examples/test-campaigns run $folder/$schedule.run.toml --fresh --progress none"
done
