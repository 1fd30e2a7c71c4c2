#!/usr/bin/python3
"""A stand-in for GROMACS: it writes down how it was called (calls.log beside it), leaves files of GROMACS's form, and fails as the file
`mood` beside it says, a word for each folder. Its step is a line of the trajectory, so that steps that were run twice are seen. PLUMED is
plumed.py beside it, and the MPI library that it is built with is the mood `library`; a checkpoint comes every `checkpoint-every` steps (a parameter of its own, 10)."""
import json, os, signal, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
PLACE = os.path.basename(os.getcwd())
ARGS = sys.argv[1:]
with open(os.path.join(HERE, "calls.log"), "a") as calls:
    keep = {key: os.environ[key] for key in ("GMX_MAXBACKUP", "OMP_NUM_THREADS") if key in os.environ}
    bad = [key for key in os.environ if key.startswith(("OMPI_COMM", "PMI_", "PMIX_"))]
    step = sorted(key for key in os.environ if key.startswith("SLURM_"))
    calls.write(json.dumps({"place": PLACE, "args": ARGS, "set": keep, "launcher": bad, "step": step,
                            "cores": sorted(os.sched_getaffinity(0))}) + "\n")
moods = json.load(open(os.path.join(HERE, "mood"))) if os.path.exists(os.path.join(HERE, "mood")) else {}
MOOD = moods.get(PLACE, "well")


def option(name, default=None):
    return ARGS[ARGS.index(name) + 1] if name in ARGS else default


def first_time(what):
    try:
        os.mkdir(os.path.join(HERE, f"{what}-{PLACE}"))
        return True
    except FileExistsError:
        return False


def parameters(path):
    pairs = (line.split(";")[0].split("=", 1) for line in open(path) if "=" in line.split(";")[0])
    return {key.strip().replace("_", "-"): value.strip() for key, value in pairs}


def fatal(text):
    sys.stderr.write(f"\nProgram:     gmx mdrun, version 2022.5\n\nFatal error:\n{text}\n\nFor more information and tips\n")
    sys.exit(1)


if not ARGS or ARGS[0] == "--version":
    print("GROMACS version:    2022.5-stand-in\n")
    if "library" in moods:
        print(f"MPI library:        {moods['library']}\n")
elif ARGS == ["mdrun", "-h"]:
    print("Options:\n -s [<.tpr>]\n" + (" -plumed [<.dat>]\n" if "plumed" in moods else ""))
elif ARGS[0] == "grompp":
    if MOOD == "bad-mdp":
        sys.stderr.write("ERROR 1 [file run.mdp]:\n  Unknown left-hand 'foo' in parameter file\n\nThere was 1 error in input file(s)\n")
        sys.exit(1)
    assert os.path.exists(option("-c")) and os.path.exists(option("-p")), ARGS
    keys = parameters(option("-f"))
    json.dump(keys, open(option("-o"), "w"))
elif ARGS[:2] == ["dump", "-cp"]:
    words = open(ARGS[2]).read().split()
    if words[-1:] != ["END"]:
        fatal("Checkpoint file corrupted/truncated, or maybe you are out of disk space?")
    print(f"step                       = {words[0]}\nt                          = {int(words[0]) * float(words[1]):f}\n" + "x\n" * 1000)
elif ARGS[0] == "mdrun":
    if "-ntmpi" in ARGS and moods.get("library", "thread_mpi") != "thread_mpi":
        fatal("Setting the number of thread-MPI ranks is only supported with thread-MPI and GROMACS was compiled without thread-MPI")
    name = option("-deffnm")
    keys = json.load(open(option("-s")))
    steps, dt = int(keys["nsteps"]), float(keys.get("dt", "0.002"))
    every = int(keys.get("checkpoint-every", "10"))
    begin, bias = 0, None
    if "-cpi" in ARGS:
        words = open(option("-cpi")).read().split()
        if words[-1:] != ["END"]:
            fatal("Checkpoint file corrupted/truncated, or maybe you are out of disk space?")
        begin = int(words[0])
    log = open(name + ".log", "a" if begin else "w")
    log.write(f"Log file opened on Mon\n   integrator                     = {keys.get('integrator', 'md')}\n"
              f"   dt                             = {dt}\n"
              f"   nsteps                         = {steps}\n   init-step                      = 0\n")
    log.flush()
    if "-plumed" in ARGS:
        import plumed
        try:
            bias = plumed.Plumed(option("-plumed"), dt, "-cpi" in ARGS, moods.get("plumed-version", "2.11.0"))
        except plumed.Error as error:
            sys.stderr.write("\n-------------------------------------------------------\nProgram:     gmx mdrun, version 2025.2\n\n"
                             "Internal error (bug):\nAn error occurred while initializing the PLUMED force provider:\n\n"
                             f"{error}\n\nFor more information and tips for troubleshooting, please check the GROMACS\n")
            sys.exit(1)
    trajectory = open(name + ".trj", "a")
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: MOOD == "deaf" or stop.append(1))
    end = time.time() + 0.99 * 3600 * float(option("-maxh", "1000"))

    def checkpoint(step):
        if os.path.exists(name + ".cpt"):
            os.replace(name + ".cpt", name + "_prev.cpt")
        open(name + ".cpt", "w").write(f"{step} {dt} END")
        if bias:
            # PLUMED sees it at its next step.
            bias.is_checkpoint = True

    def block(step):
        log.write(f"           Step           Time\n {step:14d} {step * dt:14.5f}\n\n   Energies (kJ/mol)\n"
                  f"           Bond      Potential    Kinetic En.\n    1.00000e+00   {-10.0 - step / steps:12.5e}    2.00000e+00\n\n")
        log.flush()

    if MOOD == "lincs" and dt > 0.0015:
        fatal("Too many LINCS warnings (1000)\nIf you know what you are doing you can adjust the lincs warning threshold")
    step = begin
    block(step)
    if bias:
        bias.step(step)
    while step < steps:
        step += 1
        if bias:
            bias.step(step)
        trajectory.write(f"{step}\n")
        trajectory.flush()
        time.sleep(float(keys.get("sleep", "0")))
        if step % every == 0 and step < steps:
            checkpoint(step)
            block(step)
        if step == steps // 2 + 5:
            if MOOD == "crash" and first_time("crash"):
                os.kill(os.getpid(), signal.SIGSEGV)
            if MOOD == "partial" and first_time("partial"):
                break
            if MOOD in ("stall", "deaf") and first_time("stall"):
                while not stop:
                    time.sleep(0.01)
        if time.time() > end:
            log.write("\nRun time exceeded 0.002 hours, will terminate the run within 100 steps\n")
        if stop or time.time() > end or (MOOD == "unfinished" and step > steps // 2):
            break
    checkpoint(step)
    block(step)
    if bias:
        bias.flush()
    log.write("\t<======  ###############  ==>\n   Energies (kJ/mol)\n      Potential\n    9.99000e+02\n\n"
              f"Performance:     {1000 + begin:.3f}        0.018\nFinished mdrun on rank 0 Mon\n")
    log.close()
    if stop:
        sys.exit(1)
    if step == steps:
        open(name + ".gro", "w").write("the end\n")
