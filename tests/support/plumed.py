"""A stand-in for PLUMED within that for GROMACS. It reads and writes files as PLUMED 2.11 does under GROMACS 2025: STATE is written at the
step after a checkpoint and never at the last one, the file before is kept as bck.last.STATE, rows go through a buffer of 4096 bytes that
a kill loses, and a simulation that goes on appends to whatever is there. The bias of OPES is a sum of kernels without compression."""
import math, os

PI = math.pi
KNOWN = ("TORSION", "PRINT", "OPES_METAD", "METAD")


class Error(Exception):
    pass


class OFile:
    def __init__(self, path, restarts, heavy=False):
        if not restarts and os.path.exists(path):
            number = 0
            while os.path.exists(f"bck.{number}.{path}"):
                number += 1
            if number > int(os.environ.get("PLUMED_MAXBACKUP", "100")):
                raise Error(f"cannot backup file {path} maximum number of backup is {number}")
            os.rename(path, f"bck.{number}.{path}")
        self.path, self.heavy, self.buffer, self.has_header = path, heavy, b"", False
        self.open("ab" if restarts else "wb")

    def open(self, mode):
        self.file = open(self.path, mode, buffering=0)

    def rewind(self):
        os.rename(self.path, "bck.last." + self.path)
        self.file.close()
        self.has_header = False
        self.open("wb")

    def print(self, text):
        self.buffer += text.encode()
        while len(self.buffer) >= 4096:
            self.file.write(self.buffer[:4096])
            self.buffer = self.buffer[4096:]

    def row(self, header, row):
        if not self.has_header:
            self.print(header)
            self.has_header = True
        self.print(row)
        if self.heavy:
            self.flush()

    def flush(self):
        self.file.write(self.buffer)
        self.buffer = b""


def read_rows(path):
    """Settings and rows, as PLUMED's IFile has them: what is no row is an error."""
    settings, rows, width = {}, [], None
    for line in open(path):
        words = line.split()
        if words[:2] == ["#!", "FIELDS"]:
            width = len(words) - 2
        elif words[:2] == ["#!", "SET"]:
            settings[words[2]] = words[3]
        elif words and not words[0].startswith("#"):
            if len(line.split("#")[0].split()) != width:
                raise Error(f"file {path}: mismatch between number of fields in file and expected number\n this is the faulty line:\n{line}")
            rows.append([float(word) for word in words])
    return settings, rows


def difference(a, b):
    return (b - a + PI) % (2 * PI) - PI


class Opes:
    def __init__(self, words, restarts):
        self.pace, barrier = int(words["PACE"]), float(words.get("BARRIER", "20"))
        self.kt = 2.49433863
        self.gamma = barrier / self.kt
        self.prefactor = 1 - 1 / self.gamma
        self.epsilon = math.exp(-barrier / self.prefactor / self.kt)
        self.cutoff = math.sqrt(2 * barrier / self.prefactor / self.kt)
        self.foot = math.exp(-0.5 * self.cutoff ** 2)
        self.sigma = words.get("SIGMA")
        self.is_adaptive = self.sigma is None
        self.kernels, self.zed, self.counter, self.seen = [], 1.0, 1, 0
        self.sum = self.epsilon ** self.prefactor
        self.sum2 = self.sum ** 2
        self.state = words.get("STATE_WFILE")
        if restarts:
            self.restart(words.get("STATE_RFILE"), words.get("FILE", "KERNELS"))
        self.rows = OFile(words.get("FILE", "KERNELS"), restarts, heavy=True)
        self.out = OFile(self.state, restarts) if self.state else None

    def restart(self, state, kernels):
        path, kind = (state, "state") if state else (kernels, "kernels")
        if not os.path.exists(path):
            raise Error(f"RESTART requested, but file '{path}' was not found!\n  Set RESTART=NO or provide a restart file")
        settings, rows = read_rows(path)
        found = settings.get("action", "") if rows else ""
        if found != f"OPES_METAD_{kind}":
            raise Error(f"RESTART - mismatch between old and new action name. Expected 'OPES_METAD_{kind}', but found '{found}'")
        self.kernels = [(row[1], row[2], row[3]) for row in rows]
        if state:
            self.zed, self.sum, self.sum2 = (float(settings[key]) for key in ("zed", "sum_weights", "sum_weights2"))
            self.counter, self.seen = int(settings["counter"]), int(settings.get("adaptive_counter", "0"))
        else:
            for row in rows:
                weight = math.exp(row[4])
                self.sum, self.sum2, self.counter = self.sum + weight, self.sum2 + weight ** 2, self.counter + 1
            self.normalize()

    def density(self, x):
        total = 0.0
        for center, sigma, height in self.kernels:
            r = difference(center, x) / sigma
            total += height * (math.exp(-0.5 * r * r) - self.foot) if abs(r) < self.cutoff else 0.0
        return total / self.sum

    def normalize(self):
        self.zed = sum(self.density(kernel[0]) for kernel in self.kernels) / len(self.kernels)

    def at(self, x):
        return self.kt * self.prefactor * math.log(self.density(x) / self.zed + self.epsilon)

    def header(self, kind):
        return (f"#! FIELDS time phi sigma_phi height{' logweight' if kind == 'kernels' else ''}\n#! SET action OPES_METAD_{kind}\n"
                f"#! SET biasfactor {self.gamma!r}\n#! SET epsilon {self.epsilon!r}\n#! SET kernel_cutoff {self.cutoff!r}\n"
                "#! SET compression_threshold 0\n")

    def update(self, time, step, x, is_checkpoint):
        self.seen += 1
        if step % self.pace == 0:
            log_weight = self.at(x) / self.kt
            weight = math.exp(log_weight)
            self.sum, self.sum2, self.counter = self.sum + weight, self.sum2 + weight ** 2, self.counter + 1
            sigma = 0.3 if self.is_adaptive else float(self.sigma)
            self.kernels.append((x, sigma, weight))
            self.rows.row(self.header("kernels") + "#! SET min_phi -pi\n#! SET max_phi pi\n",
                          f" {time!r} {x!r} {sigma!r} {weight!r} {log_weight!r}\n")
            self.normalize()
        if is_checkpoint and self.out:
            self.out.rewind()
            header = self.header("state") + (f"#! SET zed {self.zed!r}\n#! SET sum_weights {self.sum!r}\n"
                                             f"#! SET sum_weights2 {self.sum2!r}\n#! SET counter {self.counter}\n")
            if self.is_adaptive:
                header += f"#! SET adaptive_counter {self.seen}\n#! SET sigma0_phi 0.3\n#! SET av_cv_phi 0.1\n#! SET av_M2_phi 0.1\n"
            for center, sigma, height in self.kernels:
                self.out.row(header + "#! SET min_phi -pi\n#! SET max_phi pi\n", f" {time!r} {center!r} {sigma!r} {height!r}\n")
            self.out.flush()


class Metad:
    def __init__(self, words, restarts):
        self.pace, path = int(words["PACE"]), words.get("FILE", "HILLS")
        self.hills = []
        if restarts:
            if not os.path.exists(path):
                raise Error(f"restarting from {path}, which was not found")
            self.hills = [row[1] for row in read_rows(path)[1]]
        self.rows = OFile(path, restarts, heavy=True)

    def at(self, x):
        return sum(math.exp(-0.5 * (difference(center, x) / 0.3) ** 2) for center in self.hills)

    def update(self, time, step, x, _):
        if step % self.pace == 0:
            self.hills.append(x)
            self.rows.row("#! FIELDS time phi sigma_phi height biasf\n#! SET min_phi -pi\n#! SET max_phi pi\n",
                          f" {time!r} {x!r} 0.3 1 10\n")


class Plumed:
    def __init__(self, path, dt, restarts, version):
        self.dt, self.is_first, self.is_checkpoint, self.bias, self.prints = dt, True, False, None, []
        log = OFile("PLUMED.OUT", False)
        log.print(f"PLUMED: PLUMED is starting\nPLUMED: Version: {version} (git: Unknown) compiled on Nov 28 2026\n")
        log.flush()
        for line in open(path):
            words = line.split("#")[0].split()
            if not words:
                continue
            words = words[1:] if words[0].endswith(":") else words
            if words[0] not in KNOWN:
                raise Error(f'Action "{words[0]}" is not known.')
            keys = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            if words[0] == "OPES_METAD":
                self.bias = Opes(keys, restarts)
            elif words[0] == "METAD":
                self.bias = Metad(keys, restarts)
            elif words[0] == "PRINT":
                self.prints.append((OFile(keys["FILE"], restarts), int(keys.get("STRIDE", "1"))))

    def step(self, step):
        time, x = step * self.dt, PI * math.sin(0.37 * step)
        bias = self.bias.at(x) if self.bias else 0.0
        if not self.is_first and self.bias:
            self.bias.update(time, step, x, self.is_checkpoint)
        self.is_first = False
        kernels = len(getattr(self.bias, "kernels", getattr(self.bias, "hills", [])))
        for file, stride in self.prints:
            if step % stride == 0:
                file.row("#! FIELDS time phi bias kernels\n#! SET min_phi -pi\n#! SET max_phi pi\n",
                         f" {time:.6f} {x:.6f} {bias:.6f} {kernels:.6f}\n")
        if self.is_checkpoint:
            self.flush()
        self.is_checkpoint = False

    def flush(self):
        for file, _ in self.prints:
            file.flush()
