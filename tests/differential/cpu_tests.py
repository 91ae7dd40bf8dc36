#!/usr/bin/env python3
"""Runs CPU test images and compares the machine they leave with what the original left.

    cpu_tests.py --jit161 PROGRAM [FOLDER]

FOLDER, or the environment variable JIT161_CPU_TESTS, has NAME.img, sys161.conf, and ref/NAME.plain.txt: what the
original printed, with its exit status in a last line `exit N`. Each test ends with a dump of the machine, whose
registers, coprocessor 0, TLB and RAM have to be the same; other lines that differ are only listed.

Where JIT161_ORIGINAL names the original's sys161 (and JIT161_FAST_CLOCK a library that keeps it from waiting), both run
each test with -tkujtxi, too: trace, dump, figures and exit status must be the same byte for byte, but for the banner
and real time.
"""
import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys

ENGINES = {
    "reference": ["--engine=reference"],
    "translated": ["--engine=jit", "--threshold=1", "--compile-threads=0"],
}
SKIPPED = 77
NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9][0-9.:]*")
CLOCK_START = "1600000010"  # of the library's clock
NOT_COMPARED = re.compile(rb"(?m)^sys161: (System/161|Elapsed real time:) .*\n")
STATE = re.compile(r"sys161: (cpu [0-9]+:|r[0-9]+:|lo:|TLB:|tlb |Status register|Cause register|VAddr|Context|EPC)")


def state_and_rest(text):
    """The lines of the dump that show processors and RAM, and the others."""
    state, rest, in_ram = [], [], False
    for line in text.splitlines():
        if line == "sys161: RAM:":
            in_ram = True
        elif line.startswith("sys161: trace: dump complete"):
            in_ram = False
        (state if in_ram or STATE.match(line) else rest).append(line)
    return state, rest


def run(command, folder, environment=None):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, env=environment)


def traced_runs_differ(program, folder, images):
    """How many images' traced runs differ from the original's, and the bytes compared."""
    original = os.environ["JIT161_ORIGINAL"]
    environment = dict(os.environ)
    if "JIT161_FAST_CLOCK" in environment:
        environment["LD_PRELOAD"] = environment["JIT161_FAST_CLOCK"]
    options = ["-X", "-tkujtxi", "-c", "sys161.conf"]
    differences = size = 0
    for image in images:
        theirs = run([original, *options, image.name], folder, environment)
        mine = run([program, "run", "--report=off", "--rtc=" + CLOCK_START, *options, image.name], folder)
        expected, actual = (NOT_COMPARED.sub(b"", done.stdout) for done in (theirs, mine))
        actual = actual.partition(b"sys161: --- jit161")[0]
        size += len(expected)
        if actual != expected or mine.returncode != theirs.returncode:
            differences += 1
            print("%s, traced: differs" % image.stem)
    return differences, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jit161", required=True)
    parser.add_argument("folder", nargs="?", default=os.environ.get("JIT161_CPU_TESTS"))
    arguments = parser.parse_args()
    if not arguments.folder:
        print("JIT161_CPU_TESTS names no folder: skipped")
        return SKIPPED
    folder = pathlib.Path(arguments.folder)
    images = sorted(folder.glob("*.img"))
    failures, others = 0, collections.Counter()
    for image in images:
        expected_text = (folder / "ref" / (image.stem + ".plain.txt")).read_text("latin-1")
        expected, expected_rest = state_and_rest(expected_text)
        for engine, options in ENGINES.items():
            done = run([os.path.abspath(arguments.jit161), "run", "-X", *options, "-c", "sys161.conf", image.name],
                       folder)
            actual, actual_rest = state_and_rest(done.stdout.decode("latin-1"))
            if actual != expected or "exit %d" % done.returncode not in expected_rest:
                failures += 1
                print("%s, %s: differs" % (image.stem, engine))
                for mine, theirs in zip(actual, expected):
                    if mine != theirs:
                        print("  %s\n  instead of\n  %s" % (mine, theirs))
                        break
            for line in set(expected_rest) - set(actual_rest):
                others["- " + NUMBER.sub("N", line)] += 1
            for line in set(actual_rest) - set(expected_rest):
                others["+ " + NUMBER.sub("N", line)] += 1
    print("%d tests on %d engines, %d differences; lines outside of the state that differ:" %
          (len(images), len(ENGINES), failures))
    for line, count in sorted(others.items()):
        print("%5d %s" % (count, line))
    if "JIT161_ORIGINAL" in os.environ:
        different, size = traced_runs_differ(os.path.abspath(arguments.jit161), folder, images)
        print("%d tests with -tkujtxi beside the original, %d bytes each side, %d differences" %
              (len(images), size, different))
        failures += different
    return 1 if failures or not images else 0


if __name__ == "__main__":
    sys.exit(main())
