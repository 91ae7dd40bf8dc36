#!/usr/bin/env python3
"""The monitor and its guests (tests/guest/monitor): guests end as on the bare machine, whoever else runs beside them.

    monitor.py JIT161 GUEST_DIR [OPTION...]      options of `jit161 run`

That all engines agree, and agree with the original, is the business of tests/guest/expected/monitor.
"""
import re
import subprocess
import sys

PROGRAMS = {"alpha": "quick sieve pages trespass", "beta": "quick sha256 nap calls lists"}

# How the rogue ends, by its argument: what the monitor says.
ENDS = {
    "loop": "its time is up",
    "overwrite": "its time is up",
    "zero": "its time is up",
    "wait": "its time is up",
    "flood": "its time is up",
    "duplicate": "duplicate TLB entries, which stop the machine",
    "power": "an invalid power state, which stops the machine",
    "caches": "it isolated or swapped the caches, which stops the machine",
}

jit161, guest_dir, options = sys.argv[1], sys.argv[2] + "/monitor", sys.argv[3:]


def run(kernel, configuration, words):
    result = subprocess.run(
        [jit161, "run", "-X", "--limit=300s", *options, "-c", configuration, kernel, *words],
        cwd=guest_dir, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=600)
    assert result.returncode == 0, (words, result.returncode, result.stdout[-500:], result.stderr[-2000:])
    return result.stdout


def bare(arguments):
    return run("solo.elf", "solo.conf", arguments.split()).splitlines()


def monitored(*guests):
    """What each guest printed, what the monitor did, and its figures."""
    lines = {}
    for line in run("monitor.elf", "monitor.conf", guests).splitlines():
        who, _, text = line.partition(": ")
        lines.setdefault(who, []).append(text)
    figures = {}
    for text in lines["monitor"]:
        if cycles := re.match(r"(\w+): (\d+) cycles of its own, (\d+) of the monitor's; (\d+) instructions emulated", text):
            figures[cycles[1]] = dict(zip(("own", "monitor", "emulated"), map(int, cycles.groups()[1:])))
        elif traps := re.match(r"(\w+): traps: (.*)", text):
            figures[traps[1]] |= {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", traps[2])}
    return lines, figures


def solo(name):
    return f"{name}=solo:{PROGRAMS[name].replace(' ', ',')}"


expected = {name: bare(arguments) for name, arguments in PROGRAMS.items()}
assert all(line[-1].startswith("solo: ") and " ok; " in line[-1] for line in expected.values()), expected


def check_guests(lines, what):
    for name in PROGRAMS:
        assert lines[name] == expected[name], (what, name, lines[name], expected[name])
        assert f"{name} has switched itself off" in lines["monitor"], what


# Both together, either alone, and the first four times.
lines, _ = monitored(solo("alpha"), solo("beta"))
check_guests(lines, "two guests")
lines, _ = monitored(*(f"g{i}=solo:{PROGRAMS['alpha'].replace(' ', ',')}" for i in range(4)))
assert all(lines[f"g{i}"] == expected["alpha"] for i in range(4)), lines

# Whatever the third does.
survived = None
for deed, end in ENDS.items():
    lines, figures = monitored(solo("alpha"), f"rogue=rogue:{deed}", solo("beta"), "limit=8000")
    check_guests(lines, deed)
    assert f"rogue is stopped: {end}" in lines["monitor"], (deed, lines["monitor"])
    tried = [line for line in lines["rogue"] if not "and again".startswith(line)]  # it may be cut off
    assert survived in (None, tried) and len(tried) == 26, (deed, tried, survived)
    survived = tried
    assert ("and again" in lines["rogue"]) == (deed == "flood"), deed
outcome = dict(re.match(r"(\w+): code (\d+), ", line).groups() for line in survived)
harmless = {"keep_k0", "count_fast", "map_device", "fill_memory", "tick_for_ever"}
assert {name for name, code in outcome.items() if code == "0"} == harmless, outcome

# Turns: three that never wait have had the same, by 2 of 100.
_, figures = monitored("a=solo:sieve", "b=solo:sha256", "rogue=rogue", "limit=1000")
used = [figure["own"] + figure["monitor"] for figure in figures.values()]
assert len(used) == 3 and min(used) > 0.98 * max(used) > 5e6, figures

# A kernel in kseg0: it ends the same, but every instruction of it traps; what the other one's does is counted by kind.
lines, figures = monitored("low=solo:quick,sieve", "high=solo-kseg0:quick,sieve")
assert lines["low"] == lines["high"] == bare("quick sieve"), lines
low, high = figures["low"], figures["high"]
assert low["fetch"] == 0 and high["privileged"] == high["device"] == 0, figures
# A jump takes the instruction in its delay slot along.
assert 0.5 * high["emulated"] < high["fetch"] <= high["emulated"], figures
assert high["monitor"] > 20 * low["monitor"], figures
assert abs(high["own"] - low["own"]) < 0.02 * low["own"], figures
