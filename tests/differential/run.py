#!/usr/bin/env python3
"""Results of random programs that the original System/161 left, against our programs as they are shipped.

    run.py record FOLDER --from ...      records results: of kernels, and of the programs that lie in FOLDER
    run.py check FOLDER [--limit N]      compares with them; needs no original

Campaigns, with many more programs, are differ's.

JIT161_ORIGINAL names the original's program; without it the reference engine is what is compared with.
JIT161_FAST_CLOCK names a library to preload into it, so that it never waits for the wall clock.
"""
import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

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
SHUTDOWN = re.compile(rb"sys161: (?:[0-9]+ cycles|  cpu[0-9]|[0-9]+ irqs|Elapsed virtual)")
EVENT = re.compile(rb"^(sys161: clock: (?:at +[0-9]+:|[0-9.]+ secs elapsed)).*")


class Result:
    def __init__(self, status, output):
        self.status = status
        self.lines = [EVENT.sub(rb"\1", line) for line in output.splitlines() if not IGNORED.search(line)]
        self.codes = [line for line in self.lines if line.startswith(b"sys161: trace: code ")]


def execute(command, folder, timeout, environment=None):
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, env=environment)
        return Result(done.returncode, done.stdout)
    except subprocess.TimeoutExpired as expired:
        return Result("timeout", expired.stdout or b"")


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

    def base(self):
        return "original" if self.original else "reference"


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
    parser.add_argument("action", choices=["check", "record"])
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--generate", default="generate")
    parser.add_argument("--jit161", default="jit161")
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=10)
    parser.add_argument("--programs", type=int, default=500, help="in a kernel")
    parser.add_argument("--engines", default="reference,jit")
    parser.add_argument("--skip", type=int, default=0, help="recorded kernels to leave out at the start")
    parser.add_argument("--limit", type=int, help="recorded kernels to check")
    arguments = parser.parse_intermixed_args()
    return {"record": record, "check": check}[arguments.action](arguments)


if __name__ == "__main__":
    sys.exit(main())
