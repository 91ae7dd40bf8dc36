#!/usr/bin/env python3
"""Runs random programs for MIPS32 release 2 on QEMU's Malta board and on ours, and compares their digests.

    qemu.py [--base qemu|reference] [--engines LIST] [--from SEED] [--to SEED] [--programs N] [--endian big,little] ...

A program that differs is run alone, and words of it become NOPs while the difference stays; what is left is printed,
with the command that makes it again.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
END_WORDS = 12  # what ends a program, and its subroutine, at least
QEMU = {"big": "qemu-system-mips", "little": "qemu-system-mipsel"}
ENGINES = {
    "reference": ["--engine=reference"],
    "jit": ["--engine=jit"],
    "tier1": ["--engine=jit", "--tier=1", "--threshold=1"],
    "tier2": ["--engine=jit", "--tier=2", "--threshold=1", "--compile-threads=0"],
    "call": ["--engine=jit", "--tier=2", "--threshold=1", "--compile-threads=0", "--sensitive=call"],
}


class Runner:
    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.seconds = arguments, folder, {}

    def make(self, order, seed, *options):
        path = os.path.join(self.folder, "kernel")
        subprocess.run([self.arguments.generate, "--target=24kf-" + order, "--defined", *options, "-o", path, str(seed),
                        str(self.arguments.programs)], check=True)
        return path + ".elf"

    def run(self, engine, order, kernel, timeout=300):
        if engine == "qemu":
            command = [QEMU[order], "-M", "malta", "-cpu", "24Kf", "-m", "64", "-nographic", "-no-reboot", "-net",
                       "none", "-vga", "none", "-icount", "shift=0,sleep=off", "-kernel", kernel]
        else:
            command = [self.arguments.jit161, "run", "--machine=malta", "--memory=64M", "--endian=" + order,
                       "--kernel=" + kernel, *ENGINES[engine]]
        start = time.time()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  timeout=timeout)
            output = done.stdout
        except subprocess.TimeoutExpired as expired:
            output = expired.stdout or b""
        self.seconds[engine] = self.seconds.get(engine, 0) + time.time() - start
        return output.decode("latin-1").split()

    def differs(self, engine, order, seed, *options):
        kernel = self.make(order, seed, *options)
        return self.run(engine, order, kernel, 20) != self.run(self.arguments.base, order, kernel, 20)

    def narrow(self, engine, order, seed, index):
        """Prints the program, or the programs up to it, with as few instructions as the difference needs."""
        only = "--only=%d" % index
        if not self.differs(engine, order, seed, only):
            print("  only after others: --target=24kf-%s --only=0,%d" % (order, index))
            return
        self.make(order, seed, only, "--text")
        words = self.text().count("\nword ") - END_WORDS
        dropped, size = [], words
        while size >= 1:
            for first in range(0, words, size):
                chunk = [str(word) for word in range(first, min(first + size, words)) if str(word) not in dropped]
                if chunk and self.differs(engine, order, seed, only, "--nop=" + ",".join(dropped + chunk)):
                    dropped += chunk
            size //= 2
        nop = "--nop=" + ",".join(dropped)
        self.make(order, seed, only, nop, "--text")
        print("  generate --target=24kf-%s --defined %s %s -o NAME %d %d" %
              (order, only, nop, seed, self.arguments.programs))
        print("\n".join("    " + line for line in self.text().splitlines() if not line.startswith("word 00000000")),
              flush=True)

    def text(self):
        with open(os.path.join(self.folder, "kernel.txt"), encoding="ascii") as file:
            return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generate", required=True)
    parser.add_argument("--jit161", default="")
    parser.add_argument("--base", default="qemu")
    parser.add_argument("--engines", default="reference,tier1")
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=1)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--endian", default="big,little")
    parser.add_argument("--no-narrow", action="store_true")
    arguments = parser.parse_args()
    if "qemu" in [arguments.base, *arguments.engines.split(",")] and not all(map(shutil.which, QEMU.values())):
        print("QEMU is not installed: skipped")
        return SKIPPED
    total = bad = incomplete = 0
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(arguments, folder)
        for seed in range(arguments.first, arguments.last + 1):
            for order in arguments.endian.split(","):
                kernel = runner.make(order, seed)
                base = runner.run(arguments.base, order, kernel)
                total += len(base)
                incomplete += len(base) != arguments.programs
                if len(base) != arguments.programs:
                    print("seed %d, %s: %s ends after %d programs" % (seed, order, arguments.base, len(base)))
                for engine in arguments.engines.split(","):
                    kernel = runner.make(order, seed)
                    mine = runner.run(engine, order, kernel)
                    if mine == base:
                        continue
                    bad += 1
                    index = next((i for i, pair in enumerate(zip(base, mine)) if pair[0] != pair[1]),
                                 min(len(base), len(mine), arguments.programs - 1))
                    print("seed %d, %s, %s: program %d differs" % (seed, order, engine, index), flush=True)
                    if not arguments.no_narrow:
                        runner.narrow(engine, order, seed, index)
    print("%d programs, %d kernels with differences; %s" %
          (total, bad, ", ".join("%s %.1f s" % item for item in sorted(runner.seconds.items()))))
    return 1 if bad or incomplete or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
