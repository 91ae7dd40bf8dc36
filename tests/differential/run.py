#!/usr/bin/env python3
"""Runs kernels of random programs on the original System/161 and on our engines, and compares all they print.

    run.py campaign --from SEED --to SEED [--programs N] [--engines LIST] [--keep FOLDER] [--jobs N]
    run.py replay FILE...                programs that an earlier run saved, as text
    run.py record FOLDER --from ...      records results: of kernels, and of the programs that lie in FOLDER
    run.py check FOLDER [--limit N]      compares with them; needs no original

JIT161_ORIGINAL names the original's program; without it the reference engine is what is compared with.
JIT161_FAST_CLOCK names a library to preload into it, so that it never waits for the wall clock.

A difference is narrowed down to one program, which is then made as short as the difference allows and saved.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ENGINES = {
    "reference": ["--engine=reference"],
    "interp": ["--engine=interp"],
    "jit": ["--engine=jit"],
    "translated": ["--engine=jit", "--threshold=1", "--compile-threads=0"],
    "call": ["--engine=jit", "--threshold=1", "--compile-threads=0", "--sensitive=call"],
    "regions": ["--engine=jit", "--threshold=2", "--compile-threads=0", "--region=400"],
    "short": ["--engine=jit", "--threshold=1", "--compile-threads=0", "--region=3"],
    "background": ["--engine=jit", "--threshold=1", "--compile-threads=1"],
}
TIMEOUT = 20  # seconds a kernel may take on the original; longer ones ran wild
LONG_TIMEOUT = 1200
# What no two runs have in common, and what a dump says about the simulator instead of the machine.
IGNORED = re.compile(rb"compiled|Elapsed real|^sys161: ---|^sys161:     |gdb support|"
                     rb"^sys161: trace flags|^sys161:     registers: |^sys161: +[0-9a-f]+:$|randomizer state")
# In the original's trace, after register 0 was written: the driver's instructions that use it.
NOT_ZERO = re.compile(rb"(?:sll \$z0, \$z0, 0|mtc0 \$z0, [$.0-9]+): 0x[1-9a-f]|bne [^:]*, \$z0[^:]*: 0!=[1-9]")
SHUTDOWN = re.compile(rb"sys161: (?:[0-9]+ cycles|  cpu[0-9]|[0-9]+ irqs|Elapsed virtual)")
EVENT = re.compile(rb"^(sys161: clock: (?:at +[0-9]+:|[0-9.]+ secs elapsed)).*")


class Result:
    def __init__(self, status, output, seconds):
        self.status = status
        self.lines = [EVENT.sub(rb"\1", line) for line in output.splitlines() if not IGNORED.search(line)]
        self.codes = [line for line in self.lines if line.startswith(b"sys161: trace: code ")]
        self.seconds = seconds
        self.translated = None
        found = re.search(rb"([0-9.]+) % of cycles in translated code", output)
        if found:
            self.translated = float(found.group(1))

    def same(self, other):
        return self.status == other.status and self.lines == other.lines

    def first_difference(self, other):
        for index, (mine, theirs) in enumerate(zip(self.lines, other.lines)):
            if mine != theirs:
                return "%s\n  instead of\n  %s" % (mine.decode("latin-1"), theirs.decode("latin-1"))
        return "%d lines, status %s instead of %d lines, status %s" % (
            len(self.lines), self.status, len(other.lines), other.status)


def execute(command, folder, timeout, environment=None):
    start = time.time()
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, env=environment)
        return Result(done.returncode, done.stdout, time.time() - start)
    except subprocess.TimeoutExpired as expired:
        return Result("timeout", expired.stdout or b"", time.time() - start)


class Runner:
    def __init__(self, arguments, folder):
        self.generate = os.path.abspath(arguments.generate)
        self.jit161 = os.path.abspath(arguments.jit161)
        self.original = os.environ.get("JIT161_ORIGINAL")
        self.fast_clock = os.environ.get("JIT161_FAST_CLOCK")
        self.folder = folder

    def make(self, name, *words):
        subprocess.run([self.generate, "-o", name, *map(str, words)], cwd=self.folder, check=True)

    def run(self, engine, name, timeout=LONG_TIMEOUT):
        if engine == "original":
            environment = dict(os.environ)
            if self.fast_clock:
                environment["LD_PRELOAD"] = self.fast_clock
            # Unbuffered, so that what a killed run printed is not lost.
            return execute(["stdbuf", "-oL", "-eL", self.original, "-X", "-c", name + ".conf", name + ".elf"],
                           self.folder, timeout, environment)
        return execute([self.jit161, "run", "-X", *ENGINES[engine], "-c", name + ".conf", name + ".elf"],
                       self.folder, timeout)

    def wrote_register_0(self, name):
        """In the original register 0 can be written, and keeps the value: then nothing can be compared."""
        command = ["stdbuf", "-oL", "-eL", self.original, "-X", "-tku", "-c", name + ".conf", name + ".elf"]
        environment = dict(os.environ, LD_PRELOAD=self.fast_clock or "")
        found = False
        with subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environment) as process:
            end = time.time() + LONG_TIMEOUT
            for line in process.stdout:
                if NOT_ZERO.search(line) or time.time() > end:
                    found = time.time() <= end
                    process.kill()
                    break
        return found

    def base(self):
        return "original" if self.original else "reference"


# --- Narrowing down ---

def differs(runner, engine, text):
    """Whether a program given as text lines runs differently; it must end in both."""
    name = "minimal-%d" % os.getpid()
    path = os.path.join(runner.folder, name + ".program")
    pathlib.Path(path).write_text("\n".join(text) + "\n")
    runner.make(name, path)
    base = runner.run(runner.base(), name, 5)
    if base.status != 0:
        return False
    mine = runner.run(engine, name, 60)
    return not mine.same(base)


def minimise(runner, engine, text):
    """Turns words into NOPs and table entries into zeros while the difference stays."""
    def try_indices(indices, change):
        candidate = list(text)
        for index in indices:
            candidate[index] = change(candidate[index])
        if candidate != text and differs(runner, engine, candidate):
            text[:] = candidate
            return True
        return False

    words = [i for i, line in enumerate(text) if line.startswith("word ")]
    size = len(words)
    while size >= 1:
        for start in range(0, len(words), size):
            try_indices(words[start:start + size], lambda line: "word 00000000")
        size //= 2
    for index, line in enumerate(text):
        if line.startswith("table 64 "):
            for runs in (1, 2):
                if try_indices([index], lambda line: "table 64 %08x" % runs):
                    break
    for index, line in enumerate(text):
        if line.startswith("table ") and not line.startswith(("table 0 ", "table 64 ", "table 224 ")):
            try_indices([index], lambda line: line.rsplit(" ", 1)[0] + " 00000000")
    return text


def narrow(runner, engine, seed, programs, base, mine, keep):
    """Finds the program behind a difference; returns what to report."""
    index = next((i for i, pair in enumerate(zip(base.codes, mine.codes)) if pair[0] != pair[1]),
                 min(len(base.codes), len(mine.codes)))
    report = ["seed %d, %s: program %d; %s" % (seed, engine, index, mine.first_difference(base))]
    name = "narrow-%d" % os.getpid()
    index = min(index, programs - 1)
    if runner.original:
        runner.make(name, "--only=0,%d" % index, seed, programs)
        if runner.wrote_register_0(name):
            return ["seed %d: the original has written register 0 in program %d" % (seed, index)], False
    runner.make(name, "--only=%d" % index, "--text", seed, programs)
    path = os.path.join(runner.folder, name + ".txt")
    text = [line.rstrip("\n") for line in open(path)]
    if differs(runner, engine, text):
        text = minimise(runner, engine, text)
        saved = os.path.join(keep, "seed%d-program%d-%s.program" % (seed, index, engine))
        pathlib.Path(saved).write_text("\n".join(text) + "\n")
        report.append("  alone too; shortened to %s" % saved)
    else:
        first = index
        back = 1
        while back <= index + 1:
            first = max(0, index - back)
            runner.make(name, "--only=%d,%d" % (first, index), seed, programs)
            if not runner.run(engine, name, 300).same(runner.run(runner.base(), name, 10)):
                break
            back *= 2
        report.append("  only after others: generate --only=%d,%d %d %d" % (first, index, seed, programs))
    return report, True


# --- Campaigns ---

def one_kernel(runner, seed, programs, engines, keep):
    """Returns (programs compared, report lines, translated shares, seconds by engine)."""
    name = "kernel-%d-%d" % (os.getpid(), seed)
    words = ["--dump", seed, programs]
    runner.make(name, *words)
    base = runner.run(runner.base(), name, TIMEOUT)
    report, shares, seconds, compared = [], {}, {}, len(base.codes)
    if base.status not in (0, 1):
        # It ran wild in a program: the ones before it still count.
        report.append("seed %d: %s ends %s in program %d" % (seed, runner.base(), base.status, compared))
        if compared == 0:
            return 0, report, shares, seconds, False
        runner.make(name, "--only=0,%d" % (compared - 1), *words)
        base = runner.run(runner.base(), name, TIMEOUT)
    bad = False
    seconds[runner.base()] = base.seconds
    for engine in engines:
        if engine == runner.base():
            continue
        mine = runner.run(engine, name)
        seconds[engine] = mine.seconds
        if mine.translated is not None:
            shares[engine] = mine.translated
        if not mine.same(base):
            lines, real = narrow(runner, engine, seed, programs, base, mine, keep)
            report += lines
            bad |= real
    for suffix in (".elf", ".conf"):
        os.unlink(os.path.join(runner.folder, name + suffix))
    return compared, report, shares, seconds, bad


def campaign(arguments):
    engines = arguments.engines.split(",")
    keep = os.path.abspath(arguments.keep)
    os.makedirs(keep, exist_ok=True)
    total, bad, shares, seconds = 0, 0, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(arguments, folder)
        with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
            seeds = range(arguments.first, arguments.last + 1)
            jobs = [pool.submit(one_kernel, runner, seed, arguments.programs, engines, keep) for seed in seeds]
            for job in concurrent.futures.as_completed(jobs):
                compared, report, share, second, differed = job.result()
                total += compared
                bad += differed
                for engine, value in share.items():
                    shares.setdefault(engine, []).append(value)
                for engine, value in second.items():
                    seconds[engine] = seconds.get(engine, 0) + value
                for line in report:
                    print(line, flush=True)
                print("... %d programs, %d kernels with differences" % (total, bad), flush=True)
    print("%d programs compared, %d kernels with differences" % (total, bad))
    for engine, values in sorted(shares.items()):
        print("%s: %.1f %% of cycles in translated code" % (engine, sum(values) / len(values)))
    print(", ".join("%s %.0f s" % item for item in sorted(seconds.items())))
    return 1 if bad or total == 0 else 0


def replay(arguments):
    """Runs saved programs on the engines beside the original."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(arguments, folder)
        for path in arguments.paths:
            runner.make("replay", "--dump", os.path.abspath(path))
            base = runner.run(runner.base(), "replay", TIMEOUT)
            for engine in arguments.engines.split(","):
                mine = runner.run(engine, "replay")
                same = mine.same(base)
                bad += not same
                print("%s, %s: %s" % (path, engine, "same" if same else mine.first_difference(base)))
    return 1 if bad else 0


# --- Recorded results ---

def summary(result):
    """What is kept of a run: digests of programs, shutdown lines, a digest of everything."""
    everything = hashlib.sha256(b"\n".join(line for line in result.lines)).hexdigest()
    codes = [line.rsplit(b"(0x", 1)[1].rstrip(b")").decode() for line in result.codes]
    lines = [" ".join(codes[i:i + 12]) for i in range(0, len(codes), 12)]
    lines += [line.decode("latin-1") for line in result.lines if SHUTDOWN.match(line)][-4:]
    return lines + ["output " + everything, "status %s" % result.status]


def digest_of_kernel(runner, name):
    with open(os.path.join(runner.folder, name + ".elf"), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def record(arguments):
    folder = pathlib.Path(arguments.paths[0])
    recorded = 0
    with tempfile.TemporaryDirectory() as work:
        runner = Runner(arguments, work)

        def write(path, source, words):
            runner.make("record", "--dump", *words)
            result = runner.run(runner.base(), "record", TIMEOUT)
            if result.status != 0:
                return False
            lines = [source, "kernel " + digest_of_kernel(runner, "record")] + summary(result)
            path.write_text("\n".join(lines) + "\n")
            return True

        for program in sorted(folder.glob("*.program")):
            if not write(program.with_suffix(".expected"), "program", [program.resolve()]):
                print("%s does not end" % program)
        seed = arguments.first
        while recorded < arguments.last - arguments.first + 1:
            path = folder / ("kernel%02d.expected" % (recorded + 1))
            recorded += write(path, "generate %d %d" % (seed, arguments.programs), [seed, arguments.programs])
            seed += 1
    return 0


def check(arguments):
    folder = pathlib.Path(arguments.paths[0])
    bad = 0
    programs = sorted(folder.glob("*.program"))
    kernels = sorted(folder.glob("kernel*.expected"))[arguments.skip:]
    if arguments.limit is not None:
        kernels = kernels[:arguments.limit]
    with tempfile.TemporaryDirectory() as work:
        runner = Runner(arguments, work)
        for path in kernels + [program.with_suffix(".expected") for program in programs]:
            expected = path.read_text().splitlines()
            words = expected[0].split()[1:] or [path.with_suffix(".program").resolve()]
            runner.make("check", "--dump", *words)
            if "kernel " + digest_of_kernel(runner, "check") != expected[1]:
                print("%s: this is not the kernel whose results are recorded; record them again" % path.name)
                bad += 1
                continue
            for engine in arguments.engines.split(","):
                actual = summary(runner.run(engine, "check"))
                if actual != expected[2:]:
                    bad += 1
                    print("%s, %s: differs" % (path.name, engine))
                    for mine, theirs in zip(actual, expected[2:]):
                        if mine != theirs:
                            print("  %s\n  instead of\n  %s" % (mine, theirs))
                            break
    print("%d kernels, %d programs on %s: %d differences" % (len(kernels), len(programs), arguments.engines, bad))
    return 1 if bad or not kernels else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["campaign", "replay", "check", "record"])
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--generate", default="generate")
    parser.add_argument("--jit161", default="jit161")
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=10)
    parser.add_argument("--programs", type=int, default=500, help="in a kernel")
    parser.add_argument("--engines", default="reference,translated,call,jit")
    parser.add_argument("--keep", default="differences", help="folder for programs that differ")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="recorded kernels to leave out at the start")
    parser.add_argument("--limit", type=int, help="recorded kernels to check")
    arguments = parser.parse_intermixed_args()
    return {"campaign": campaign, "replay": replay, "record": record, "check": check}[arguments.action](arguments)


if __name__ == "__main__":
    sys.exit(main())
