//! Which known name was meant by an unknown one?
//!
//! Typing errors are found by edit distance; the terms of other programs (QC Lab, QCManyBody, QCEngine, GROMACS, gmx wham,
//! PLUMED, HyperQueue, row, SLURM) by the tables below.

/// The candidate nearest to `word`, if it is near enough to be a typing error.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = normalize(word);
    let candidates: Vec<_> = candidates.into_iter().collect();
    let by_distance = candidates.iter().map(|&candidate| (distance(&wanted, word, candidate), candidate));
    let near = by_distance.filter_map(|(distance, candidate)| Some((distance?, candidate)));
    // The first of several equally near ones.
    near.min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
        .or_else(|| unique_substring_match(&wanted, &candidates))
}

/// Whether two names differ in case and separators only.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    normalize(a) == normalize(b)
}

/// The keys for what other programs call `word`, most likely first.
pub(super) fn key_synonyms(word: &str) -> &'static [&'static str] {
    look_up(KEYS, word)
}

/// The candidate for what other programs call `word`, or the nearest one.
pub(super) fn suggest_value<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let synonym = look_up(VALUES, word).iter().find_map(|name| candidates.iter().find(|&c| c == name));
    synonym.copied().or_else(|| nearest(word, candidates.iter().copied()))
}

/// Why `word`, a feature of other programs, is not supported in a table with the keys `here`.
pub(super) fn unsupported(word: &str, here: &[&str]) -> Option<&'static str> {
    let word = normalize(word);
    let (_, _, why) =
        UNSUPPORTED.iter().find(|(words, key, _)| here.contains(key) && words.split(' ').any(|w| w == word))?;
    Some(why)
}

fn look_up(table: &[(&str, &'static [&'static str])], word: &str) -> &'static [&'static str] {
    let word = normalize(word);
    table.iter().find(|(words, _)| words.split(' ').any(|w| w == word)).map_or(&[], |(_, names)| names)
}

/// Lower case, without separators.
fn normalize(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The edit distance of a near candidate: at most a third of the letters may differ. A different order of words counts as one.
fn distance(wanted: &str, word: &str, candidate: &str) -> Option<usize> {
    let squashed = normalize(candidate);
    let allowed = wanted.chars().count().min(squashed.chars().count()) / 3;
    let distance = strsim::damerau_levenshtein(wanted, &squashed);
    if distance <= allowed.min(3) {
        return Some(distance);
    }
    (sorted_words(word) == sorted_words(candidate)).then_some(1)
}

fn sorted_words(name: &str) -> Vec<String> {
    let mut words: Vec<_> = name.split(['_', '-', ' ']).map(str::to_lowercase).collect();
    words.sort();
    words
}

/// The only candidate that contains `wanted` or is contained in it: `task_timeout_s` for `timeout`.
fn unique_substring_match<'c>(wanted: &str, candidates: &[&'c str]) -> Option<&'c str> {
    const MIN_LENGTH: usize = 4;
    let is_part = |part: &str, whole: &str| part.len() >= MIN_LENGTH && whole.contains(part);
    let mut matching = candidates.iter().filter(|candidate| {
        let candidate = normalize(candidate);
        is_part(wanted, &candidate) || is_part(&candidate, wanted)
    });
    matching.next().filter(|_| matching.next().is_none()).copied()
}

/// Terms of other programs for unsupported features, normalized; a key of the table in which they would appear; and the explanation.
const UNSUPPORTED: &[(&str, &str, &str)] = &[(
    "quadratic quadraticcoupling quadraticcouplings bilinear bilinearcoupling bilinearcouplings secondorder gamma cubic quartic anharmonic anharmonicity",
    "couplings",
    "couplings of second or higher order are not supported, only couplings linear in one coordinate: remove it",
)];

/// Terms of other programs for keys, normalized, and the keys here.
const KEYS: &[(&str, &[&str])] = &[
    // campaign, partition, limits
    ("type task campaign campaigntype", &["kind"]),
    ("randomseed rngseed genseed ldseed masterseed randseed", &["seed"]),
    ("out outputfile outfile result results resultfile h5 hdf5 filename", &["output"]),
    ("chunk chunksize chunks batch maximumsize tasksperbatch", &["batch_size"]),
    ("scheduler scheduling policy mode driver loadbalancing", &["schedule", "driver"]),
    ("timelimit timeout tasktimeout timeouts tasktimelimit", &["task_timeout_s"]),
    ("retries retry maxretry nretries crashlimit attempts maxattempts", &["max_retries"]),
    ("maxfails maxfailed maxerrors failures", &["max_failures"]),
    ("blacklist blacklistafter excluderank excludenode exclude badnode", &["exclude_after"]),
    ("walltime maxwalltime timerequest wallclock", &["walltime_s"]),
    ("mem memory memorymib memorygb memorygib maxmem mempercpu memorypercpu memorylimit", &["memory_mb"]),
    // trajectories: settings of QC Lab
    (
        "numtrajs numtraj ntraj ntrajs trajs ntrajectories numtrajectories trajectories nsamples numsamples samples",
        &["count", "samples"],
    ),
    ("tmax maxtime timemax totaltime endtime tend tfinal simulationtime runtime", &["duration"]),
    ("dt dtupdate deltat timestep timestepsize stepsize dtfs", &["time_step"]),
    (
        "dtcollect dtoutput dtsample collectevery outputevery sampleinterval writeevery nstxout nstout",
        &["sample_every"],
    ),
    ("propagator splitting solver", &["integrator", "engine"]),
    ("method dynamics dynamicsmethod", &["algorithm", "estimator"]),
    ("gaugefixing gaugefix phasefixing phasecorrection", &["gauge"]),
    ("reversefrustratedhops frustratedhops reversal velocityreversal", &["frustrated"]),
    ("fsshdeterministic deterministic initsurface initialsurfaces activesurface", &["initial_surface"]),
    ("msmashmaxhops mashmaxhops maxnhops", &["max_hops"]),
    ("msmashnumbisections numbisections nbisections maxbisections", &["bisections"]),
    ("edcc edcparameter edccorrection decoherenceconstant", &["edc_constant"]),
    // trajectories: constants of QC Lab's models
    ("kbt kt boltzmann", &["thermal_energy", "temperature_k"]),
    (
        "temperature temp t tempk reft gentemp temperaturekelvin simulationtemperature",
        &["temperature_k", "thermal_energy"],
    ),
    ("e e0 epsilon eps energybias halfgap", &["bias"]),
    ("v electroniccoupling delta diabaticcoupling couplingstrength", &["coupling"]),
    ("a nummodes nmodes numbosons nbosons nbath nosc", &["modes", "modes_per_site"]),
    ("n", &["sites", "modes_per_site", "modes"]),
    ("numsites nsites nummolecules size latticesize", &["sites"]),
    (
        "w wc omegac cutoff cutofffrequency",
        &["characteristic_frequency", "characteristic_frequency_per_cm", "frequency"],
    ),
    ("omega w0 omega0 phononfrequency", &["frequency", "characteristic_frequency"]),
    ("lreorg reorg lambda reorganisationenergy er", &["reorganization_energy", "reorganization_energy_per_cm"]),
    ("g phononcoupling holsteincoupling", &["coupling"]),
    ("j hoppingstrength transferintegral", &["hopping"]),
    ("bosonmass phononmass m masses", &["mass"]),
    ("pbc periodicboundary periodicboundaryconditions", &["periodic"]),
    ("initposition initialposition q0 x0 r0 startposition", &["position"]),
    ("initmomentum initialmomentum p0 k0 startmomentum", &["momentum"]),
    ("wfdb wavefunction psi0 initialwavefunction initialamplitudes coefficients", &["amplitudes", "state"]),
    ("initstate initialstate startstate electronicstate", &["state"]),
    ("sampler distribution initclassical samplingmethod", &["sampling", "file"]),
    // fragments: QCManyBody, QCSchema, QCEngine
    ("maxnbody nbody maxbody maxn nmax bodies truncation", &["max_order"]),
    ("returntotaldata rtd returntotal totaldata", &["total"]),
    ("bssetype bssecorrection bssetreatment counterpoise", &["bsse"]),
    ("supersystemieonly sio interactiononly", &["supersystem_interaction_only"]),
    ("fragmentcharges molecularcharge charge", &["charges"]),
    ("fragmentmultiplicities molecularmultiplicity multiplicity mult spins", &["multiplicities"]),
    ("levels specification specifications modelchemistry nbodylevels", &["level"]),
    ("program qcprogram calculator", &["engine", "argv", "command"]),
    ("geometry xyz mol system coordinates", &["molecule", "structure"]),
    ("fragmentation frags monomers", &["fragments"]),
    ("basisset basissets ao", &["basis"]),
    ("theory levelofmethod functional", &["method"]),
    ("scfreference ref wavefunctiontype", &["reference"]),
    ("freezecore fc frozen nfrozen", &["frozen_core"]),
    ("df ri scftype densityfit mp2type", &["density_fitting"]),
    ("econvergence dconvergence scftol convtol scfthreshold convergence", &["scf_convergence"]),
    ("options extras programkeywords", &["keywords"]),
    ("unit", &["units"]),
    ("input manybody manybodyinput inputfile", &["input"]),
    // threads and programs: QCEngine, GROMACS, HyperQueue, SLURM
    ("ncores cores nthreads numthreads ntomp nt omp ompnumthreads cpus cpuspertask threadsperprocess", &["threads"]),
    ("ntmpi threadmpi tmpi nranks", &["thread_mpi_ranks"]),
    ("gpu gpuid gpuids gputasks device deviceid cudavisibledevices gpuspertask", &["gpus"]),
    ("gmx gmxbinary executable exe gmxbin", &["binary"]),
    ("cmd command args commandline", &["argv", "command"]),
    ("cwd workdir workingdirectory dir folder multidir path workspace", &["directory"]),
    ("replicas nreplicas numreplicas array arrays seedlist", &["seeds"]),
    ("plumedfile plumeddat plumedinput", &["plumed"]),
    ("mdrunoptions mdrunflags mdrunextra mdargs", &["mdrun_args"]),
    ("gromppoptions gromppflags maxwarn", &["grompp_args"]),
    ("stagger delay startdelay", &["stagger_s"]),
    ("stalltimeout stall hangtimeout", &["stall_timeout_s"]),
    ("templates template inputs", &["files"]),
    ("fields names header", &["columns"]),
    ("colvar cv arg collectivevariables variables", &["cvs", "variables", "coordinate"]),
    ("metadbias opesbias weight", &["bias"]),
    ("ngrid gridbin nbin gridpoints", &["grid", "bins"]),
    ("sigma kernelwidth smoothing", &["bandwidth"]),
    // umbrella and wham: mdp options and flags
    ("nsteps numsteps mdsteps nstep", &["steps"]),
    ("traj xtc trr trajfile trajectoryfile", &["trajectory"]),
    ("gro conf pdb tpr reference structurefile", &["structure"]),
    ("top topologyfile", &["topology"]),
    ("mdpfile", &["mdp"]),
    ("sel group atoms atomselection indexgroup", &["selection"]),
    ("fit fitgroup alignment alignselection superpose", &["align"]),
    ("alignreference fitto", &["align_to"]),
    ("ncomponents numcomponents npc numpcs npcs pcs last", &["components"]),
    ("pc pcindex eigenvector whichpc", &["component"]),
    ("nwindows numwindows umbrellas", &["windows"]),
    ("centres positions pullcoord1init", &["centers"]),
    ("init at centre reference0 location pullinit kappaat", &["center", "centers"]),
    (
        "k kappa springconstant forceconstant forceconst pullcoord1k pullk kforce",
        &["force_constant_kj_mol_nm2", "force_constant"],
    ),
    ("analysis reweighting unbiasing", &["estimator"]),
    ("nbins numbins", &["bins"]),
    ("nbootstrap nbootstraps bootstraps bs numbootstrap bsres", &["bootstrap"]),
    ("b begin skip discard equilibration equilibrationps equil burnin discardps", &["discard_ps"]),
    ("min max zmin zmax limits bounds", &["range"]),
    ("cycl cycle", &["period"]),
    ("col", &["column"]),
];

/// Terms of other programs for values, normalized, and the values here.
const VALUES: &[(&str, &[&str])] = &[
    ("trajectory qclab dynamics mqc surfacehopping", &["trajectories", "fssh"]),
    ("fragment manybody qcmanybody nbody mbe mbexpansion", &["fragments", "nocp"]),
    ("replica replicas md gmx mdrun", &["ensemble", "gromacs"]),
    ("us umbrellasampling wham pmf windows", &["umbrella", "wham"]),
    ("fail error strict no", &["refuse"]),
    ("pad fill allow yes", &["idle"]),
    ("block even", &["static"]),
    ("managerworker masterworker queue workqueue", &["dynamic"]),
    ("mf meanfield ehrenfest", &["mean-field"]),
    ("sh tsh fewestswitches fewestswitchessurfacehopping", &["fssh"]),
    ("mash msmash multistatemash", &["ms-mash"]),
    ("sbm spinboson spinbosonmodel", &["spin-boson"]),
    ("fmocomplex fennamatthewsolson", &["fmo"]),
    ("holsteinlattice holsteinlatticemodel", &["holstein"]),
    ("holsteinlatticereciprocalspace holsteinlatticereciprocalspacemodel holsteinreciprocal", &["holstein-k"]),
    ("tullyproblemone tullyone tullyi simpleavoidedcrossing sac", &["tully-1"]),
    ("tullyproblemtwo tullytwo tullyii dualavoidedcrossing dac", &["tully-2"]),
    ("tullyproblemthree tullythree tullyiii extendedcoupling ecr", &["tully-3"]),
    ("lvc vibronic linearvibroniccoupling", &["linear-vibronic"]),
    ("verlet velocityverlet symmetric secondorder", &["strang"]),
    ("rk4 firstorder lietrotter lie euler", &["sequential"]),
    ("phasedercouple dercouple derivativecoupling", &["phase-coupling"]),
    ("stochastic random", &["sampled"]),
    ("deterministic", &["all"]),
    ("average averages none", &["mean", "nocp"]),
    ("classical thermal maxwell", &["boltzmann"]),
    ("quantum", &["wigner"]),
    ("db diab site", &["diabatic"]),
    ("adb adiab eigen", &["adiabatic"]),
    ("ssfc boysbernardi counterpoise", &["cp"]),
    ("singlepoint sp e", &["energy"]),
    ("grad force forces gradients", &["gradient"]),
    ("hess frequencies hessians", &["hessian"]),
    ("scf rhf uhf", &["hf"]),
    ("builtin native internal pyscf integral", &["embedded"]),
    ("shell executable program", &["command"]),
    ("whole full all", &["supersystem"]),
    ("angstroms ang a", &["angstrom"]),
    ("au atomic", &["bohr"]),
    ("pymbar fastmbar", &["mbar"]),
    ("deg degrees", &["degree"]),
    ("rad radians", &["radian"]),
    ("langevin mueller muellerbrown", &["model"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_the_intended_name() {
        let keys = [
            "count",
            "duration",
            "time_step",
            "sample_every",
            "task_timeout_s",
            "temperature_k",
            "reorganization_energy",
        ];
        for (word, expected) in [
            ("cuont", "count"),
            ("Duration", "duration"),
            ("step_time", "time_step"),
            ("time-step", "time_step"),
            ("sampel_every", "sample_every"),
            ("timeout", "task_timeout_s"),
            ("temperature", "temperature_k"),
            ("reorganisation_energy", "reorganization_energy"),
        ] {
            assert_eq!(nearest(word, keys), Some(expected), "{word}");
        }
        for word in ["x", "", "foo", "periodic", "ä"] {
            assert_eq!(nearest(word, keys), None, "{word}");
        }
    }

    #[test]
    fn terms_of_other_programs_map_to_ours() {
        for (word, expected) in [
            ("num_trajs", "count"),
            ("tmax", "duration"),
            ("dt_update", "time_step"),
            ("dt_collect", "sample_every"),
            ("max_nbody", "max_order"),
            ("return_total_data", "total"),
            ("nsteps", "steps"),
            ("kBT", "thermal_energy"),
            ("l_reorg", "reorganization_energy"),
            ("W", "characteristic_frequency"),
            ("w_c", "characteristic_frequency"),
            ("A", "modes"),
            ("bsse_type", "bsse"),
            ("time_limit", "task_timeout_s"),
            ("pull-coord1-k", "force_constant_kj_mol_nm2"),
            ("ref-t", "temperature_k"),
        ] {
            assert_eq!(key_synonyms(word).first(), Some(&expected), "{word}");
        }
        assert_eq!(suggest_value("FewestSwitchesSurfaceHopping", &["mean-field", "fssh"]), Some("fssh"));
        assert_eq!(suggest_value("Strang", &["strang", "sequential"]), Some("strang"));
    }

    #[test]
    fn every_term_is_unique_and_normalized() {
        let unsupported: Vec<_> =
            UNSUPPORTED.iter().map(|(words, key, _)| (*words, std::slice::from_ref(key))).collect();
        for table in [KEYS, VALUES, &unsupported] {
            let words: Vec<_> = table.iter().flat_map(|(words, _)| words.split(' ')).collect();
            let unique: std::collections::BTreeSet<_> = words.iter().collect();
            let twice: Vec<_> = words.iter().filter(|word| words.iter().filter(|w| w == word).count() > 1).collect();
            assert_eq!(unique.len(), words.len(), "{twice:?}");
            assert!(words.iter().all(|word| normalize(word) == **word), "{words:?}");
        }
    }
}
