#!/bin/bash
# One campaign by twenty jobs that work on it together, each on one node with 50 ranks:
#
#     sbatch slurm/array.sh config.toml
#     sbatch --array=1-100 --ntasks-per-node=16 slurm/array.sh config.toml      more and smaller ones
#
# The jobs start and end whenever SLURM lets them; what one leaves, others take over, and one of them writes the result. Five
# minutes before the end of its allocation SLURM sends USR1 to each; simmpi then starts no new tasks, records what is done and
# ends with code 75, and that job of the array submits itself again. Stop all with scancel. Settings, from the environment:
#     SIMMPI=simmpi           the program
#     SIMMPI_RESUBMIT=20      how often each job may submit itself
#     MPIRUN=mpirun           what starts the ranks, e.g. "srun --mpi=pmix"
#     SIMMPI_ARGUMENTS=       further options of `simmpi run`, e.g. "--wait 30m"
# Programs with several threads per rank (engines, GROMACS) need --cpus-per-task, and MPIRUN="mpirun --bind-to none".
# `simmpi submit --array 20` writes such a script with the time and memory that `simmpi plan` predicts.
#SBATCH --job-name=simmpi
#SBATCH --array=1-20
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=50
#SBATCH --cpus-per-task=1
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --output=simmpi-%j.out

job=$SLURM_JOB_ID ranks=$SLURM_NTASKS
case " ${SIMMPI_ARGUMENTS:-} " in *" --join "*) ;; *) SIMMPI_ARGUMENTS="--join ${SIMMPI_ARGUMENTS:-}" ;; esac
# What was said to sbatch on the command line is said again, for this one job of the array; #SBATCH lines above and SBATCH_*
# variables hold anyway.
resubmit() {
    sbatch --array="$SLURM_ARRAY_TASK_ID" --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node="$SLURM_NTASKS_PER_NODE" \
        --partition="$SLURM_JOB_PARTITION" --time="$(squeue --noheader --job "$SLURM_JOB_ID" --format %l)" \
        "$0" "$@"
}

# --- From here on the same in all scripts of this folder.
config=${1:-${CONFIG:-config.toml}}
simmpi=${SIMMPI:-simmpi}
left=${SIMMPI_RESUBMIT:-20}
log=simmpi-$job.log

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

echo "$(date): job $job runs $config on $ranks ranks; $left submissions left"
rm -f "$log"
${MPIRUN:-mpirun} "$simmpi" run "$config" --log "$log" ${SIMMPI_ARGUMENTS:-} &
mpirun=$!
while [ "$waiting" ]; do
    waiting=''
    wait "$mpirun"
    code=$?
done

# simmpi's last line is right where mpirun's code is not: that of Open MPI may fail after hundreds of ranks have ended well,
# that of MPICH returns 0 now and then after it has passed a signal on.
said=$(sed -n 's/.*simmpi ends with exit code \([0-9]*\)$/\1/p' "$log" 2>/dev/null | tail -n 1)
[ -z "$said" ] && [ "$drained" ] && [ "$code" -eq 0 ] && said=75
code=${said:-$code}
echo "$(date): simmpi ended with code $code"

case $code in
    0 | 2) exit $code ;;              # complete; 2: but some tasks failed
    64 | 65 | 73 | 78) exit $code ;;  # the command line, an input or the output is wrong: to be corrected first
esac

# 75, or a crash: the journal knows what is done. TERM without USR1 before it cancels; it may arrive after mpirun's end.
sleep 2
if [ "$cancelled" ] && [ ! "$drained" ]; then
    echo "cancelled: submit the script again to continue"
    exit $code
fi
if [ "$left" -le 0 ]; then
    echo "no submissions left: submit the script again to continue"
    exit $code
fi
export SIMMPI_RESUBMIT=$((left - 1))
resubmit "$@" || exit $code
