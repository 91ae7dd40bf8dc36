#!/usr/bin/env python3
"""Guests that make code for ever, or change the same code again and again: the same results as from the plain interpreter,
with little memory, and without translating what is overwritten at once.

    code_cache.py JIT161 GUEST_DIR [--sanitized]
"""
import json
import os
import re
import subprocess
import sys
import tempfile

JIT161, GUESTS = (os.path.abspath(argument) for argument in sys.argv[1:3])
FIGURES = re.compile(rb"^sys161: (?:[0-9]+ cycles|  cpu[0-9]|[0-9]+ irqs|Elapsed virtual)")
SANITIZED = sys.argv[3:] == ["--sanitized"]  # then memory says nothing

# Options; what the figures of the two programs have to say. Without them only the results count.
RUNS = [
    ("makes-code", ["--engine=interp"], None),
    ("makes-code", [], lambda jit: [
        # Of 12,000 functions half are called 16 times or more; of those most are lost before they have paid.
        ("blocks", jit["first_tier"]["blocks"], 1000, 12000),
        ("bytes taken", jit["cache"]["taken_bytes"], 1, 2 << 20),
        ("bytes of metadata", jit["cache"]["metadata_bytes"], 1, 512 << 10),
        ("translated cycles", jit["translated_cycles"], 5_000_000, 30_000_000),
    ]),
    # Translates at once: far more code than is ever alive.
    ("makes-code", ["--tier=1", "--threshold=4000000000"], lambda jit: [
        ("bytes of code made", jit["first_tier"]["code_bytes"], 8 << 20, 64 << 20),
        ("bytes taken", jit["cache"]["taken_bytes"], 1, 3 << 20),
        ("bytes of metadata", jit["cache"]["metadata_bytes"], 1, 1 << 20),
        ("invalidated", jit["invalidated"], 20000, 1000000),
        ("bytes reclaimed", jit["cache"]["reclaimed_bytes"], 6 << 20, 64 << 20),
    ]),
    ("makes-code", ["--tier=1", "--code-size=64K"], lambda jit: [
        ("bytes taken", jit["cache"]["taken_bytes"], 1, 64 << 10),
        ("evictions", jit["cache"]["evictions"], 100, 100000),
        ("flushes", jit["flushes"], 0, 0),
    ]),
    ("makes-code", ["--engine=lockstep"], None),
    ("makes-code", ["--engine=lockstep", "--tier=1", "--threshold=4000000000", "--code-size=256K"], None),
    ("patches-code", [], lambda jit: [
        # 16,000 changes; a function that is called 8 times between two of its own waits longer and longer.
        ("blocks", jit["first_tier"]["blocks"], 50, 1000),
        ("bytes taken", jit["cache"]["taken_bytes"], 1, 512 << 10),
        # The loop, and the function that is changed seldom.
        ("translated cycles", jit["translated_cycles"], 2_500_000, 5_000_000),
    ]),
    ("patches-code", ["--tier=1"], lambda jit: [
        ("blocks", jit["first_tier"]["blocks"], 50, 2500),
        ("translated cycles", jit["translated_cycles"], 2_500_000, 5_000_000),
    ]),
    ("patches-code", ["--engine=lockstep", "--tier=1", "--threshold=4000000000"], None),
    ("patches-code", ["--engine=lockstep", "--threshold=50", "--code-size=128K"], None),
]
MORE_THAN_PLAIN_KIB = 8 << 10  # that a run may take beside the plain interpreter's; none of these needs LLVM


def run(program, options, folder):
    """What the guest shows, the figures of --stats, and the most memory in KiB."""
    stats = os.path.join(folder, "stats.json")
    command = [JIT161, "run", *options, "--stats=" + stats, "-X", "-c", GUESTS + "/bare/one-cpu.conf",
               f"{GUESTS}/bare/{program}.elf"]
    with open(os.path.join(folder, "console"), "w+b") as console, \
            open(os.path.join(folder, "messages"), "w+b") as messages:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=console, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        console.seek(0)
        messages.seek(0)
        said = messages.read()
        shown = [console.read(), process.returncode, *filter(FIGURES.match, said.splitlines())]
    if process.returncode != 0:
        sys.stderr.buffer.write(said)
        return shown, {}, 0
    with open(stats) as file:
        return shown, json.load(file).get("jit", {}), usage.ru_maxrss


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        plain = {program: run(program, ["--engine=reference"], folder)
                 for program in ("makes-code", "patches-code")}
        for program, options, wanted in RUNS:
            shown, jit, memory = run(program, options, folder)
            wrong = []
            if shown != plain[program][0]:
                wrong.append(f"shows {shown} instead of {plain[program][0]}")
            elif wanted:
                wrong += [f"{what}: {value} is not from {low} to {high}"
                          for what, value, low, high in wanted(jit) if not low <= value <= high]
                limit = plain[program][2] + MORE_THAN_PLAIN_KIB
                if not SANITIZED and memory > limit:
                    wrong.append(f"{memory} KiB of memory, more than {limit}")
            print(program, *options, "ok" if not wrong else "; ".join(wrong))
            failures += len(wrong)
    return failures > 0


sys.exit(main())
