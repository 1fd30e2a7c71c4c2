#!/bin/bash
# A campaign on one node that is continued, job after job, until it is complete:
#
#     sbatch slurm/one_node.sh config.toml
#
# Five minutes before the end of the allocation SLURM sends USR1; simmpi then starts no new tasks, records what is done and
# ends with code 75, and this script submits itself again. Stop it with scancel. Settings, from the environment:
#     SIMMPI=simmpi           the program
#     SIMMPI_RESUBMIT=20      how often the script may submit itself
# Programs with several threads per rank (engines, GROMACS) need --cpus-per-task, and "mpirun --bind-to none" below.
#SBATCH --job-name=simmpi
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=50
#SBATCH --cpus-per-task=1
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --output=simmpi-%j.out

config=${1:-config.toml}
simmpi=${SIMMPI:-simmpi}
resubmit=${SIMMPI_RESUBMIT:-20}

if ! command -v "$simmpi" >/dev/null; then
    echo "there is no program $simmpi: put it on PATH, or name it by SIMMPI=..."
    exit 64
fi

# bash runs a trap only between commands or while it waits: hence mpirun in the background. A trap that runs ends wait
# early, so wait again.
drained='' cancelled='' waiting=yes
drain() { echo "$(date): USR1, draining"; drained=yes waiting=yes; kill -USR1 "$mpirun"; }
trap drain USR1
trap 'cancelled=yes waiting=yes' TERM

echo "$(date): job $SLURM_JOB_ID runs $config on $SLURM_NTASKS ranks; $resubmit submissions left"
mpirun "$simmpi" run "$config" &
mpirun=$!
while [ "$waiting" ]; do
    waiting=''
    wait "$mpirun"
    code=$?
done
echo "$(date): simmpi ended with code $code"

# The mpirun of MPICH (Hydra 4.0) that has passed a USR1 on sometimes returns 0 whatever its ranks returned.
is_code_lost=''
[ "$drained" ] && [ "$code" -eq 0 ] && mpirun --version 2>&1 | grep -q HYDRA && is_code_lost=yes

case $code$is_code_lost in
    0 | 2) exit $code ;;              # complete; 2: but some tasks failed
    64 | 65 | 73 | 78) exit $code ;;  # the command line, an input or the output is wrong: to be corrected first
esac

# 75, or a crash: the journal knows what is done. TERM without USR1 before it is scancel; it may arrive after mpirun's end.
sleep 2
if [ "$cancelled" ] && [ ! "$drained" ]; then
    echo "cancelled: submit the script again to continue"
    exit $code
fi
if [ "$resubmit" -le 0 ]; then
    echo "no submissions left: submit the script again to continue"
    exit $code
fi
# What was said to sbatch on the command line is said again; #SBATCH lines above and SBATCH_* variables hold anyway.
SIMMPI_RESUBMIT=$((resubmit - 1)) sbatch \
    --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node="$SLURM_NTASKS_PER_NODE" \
    --partition="$SLURM_JOB_PARTITION" --time="$(squeue --noheader --job "$SLURM_JOB_ID" --format %l)" \
    "$0" "$@" || exit $code
