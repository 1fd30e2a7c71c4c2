#!/bin/bash
# A campaign on two nodes, 50 ranks on each, under LSF, that is continued, job after job, until it is complete. Copy this file
# beside the configuration, change the #BSUB lines, and
#
#     bsub <lsf.sh                                      runs config.toml
#     CONFIG=my.toml SCRIPT=$PWD/my.sh bsub <my.sh      under other names
#
# Five minutes before the end of the run limit LSF sends USR1; simmpi then starts no new tasks, records what is done and ends
# with code 75, and this script submits itself again. Stop it with bkill. Settings, from the environment:
#     SIMMPI=simmpi           the program
#     SIMMPI_RESUBMIT=20      how often the script may submit itself
#     MPIRUN=mpirun           what starts the ranks, e.g. "srun --mpi=pmix"
#     SIMMPI_ARGUMENTS=       further options of `simmpi run`
# Programs with several threads per rank (engines, GROMACS) need -R "affinity[core(...)]", and MPIRUN="mpirun --bind-to none".
# `simmpi submit` writes such a script with the time and memory that `simmpi plan` predicts.
#BSUB -J simmpi
#BSUB -n 100
#BSUB -R "span[ptile=50]"
#BSUB -W 24:00
#BSUB -wt 5
#BSUB -wa USR1
#BSUB -o simmpi-%J.out

job=$LSB_JOBID ranks=${LSB_DJOB_NUMPROC:-?}
[ "${LSB_JOBINDEX:-0}" = 0 ] || job=$job-$LSB_JOBINDEX
export SCRIPT=${SCRIPT:-$PWD/lsf.sh} CONFIG=${CONFIG:-config.toml}
# The environment goes with it. A job of an array (-J "simmpi[1-20]") submits itself alone, not the whole array again.
resubmit() {
    if [ "${LSB_JOBINDEX:-0}" = 0 ]; then bsub <"$SCRIPT"; else sed 's/^\(#BSUB -J .*\)\[[^]]*\]/\1/' "$SCRIPT" | bsub; fi
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
