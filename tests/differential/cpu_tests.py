#!/usr/bin/env python3
"""Runs CPU test images and compares the machine they leave with what the original left.

    cpu_tests.py --jit161 PROGRAM [FOLDER]

FOLDER, or the environment variable JIT161_CPU_TESTS, has NAME.img, sys161.conf, and ref/NAME.plain.txt: what the
original printed, with its exit status in a last line `exit N`. Each test ends with a dump of the machine, whose
registers, coprocessor 0, TLB and RAM have to be the same; other lines that differ are only listed.
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
            done = subprocess.run([os.path.abspath(arguments.jit161), "run", "-X", *options, "-c", "sys161.conf",
                                   image.name], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=120)
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
    return 1 if failures or not images else 0


if __name__ == "__main__":
    sys.exit(main())
