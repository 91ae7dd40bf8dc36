#!/usr/bin/env python3
"""Names of translated code for perf and gdb: --perf-map, --gdb-jit. `code_names.py PROGRAM GUESTS`."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

GDB_SCRIPT = """
set pagination off
set debuginfod enabled off
break code_names_free
run
python
import os
lines = [line.split(None, 2) for line in open("/tmp/perf-%d.map" % gdb.selected_inferior().pid)]
newest = {int(start, 16): (int(size, 16), name.strip()) for start, size, name in lines}
right = 0
for start, (size, name) in newest.items():
    said = gdb.execute("info symbol 0x%x" % (start + size - 1), to_string=True)
    right += said.startswith(name + " + ")
print("RIGHT", right, "OF", len(newest))
os.unlink("/tmp/perf-%d.map" % gdb.selected_inferior().pid)
end
kill
"""


def run(words, folder):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600)


def check_map(program, guests, folder, *options):
    """The file has all code by the guest's names, one line each; and the run is the same run."""
    words = [program, "run", "--cache=off", "--tier=1", *options, "-c", os.path.join(guests, "sys161.conf"),
             os.path.join(guests, "kernel.elf"), "sha256"]
    plain = run(words, folder)
    process = subprocess.Popen(words[:2] + ["--perf-map"] + words[2:], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    output = process.communicate(timeout=600)
    path = f"/tmp/perf-{process.pid}.map"
    try:
        with open(path) as file:
            lines = file.read().splitlines()
        assert os.stat(path).st_mode & 0o777 == 0o600
    finally:
        if os.path.exists(path):
            os.unlink(path)
    cycles = re.findall(r"\d+ cycles.*", "".join(output))
    assert cycles and cycles[0] == re.findall(r"\d+ cycles.*", plain.stdout + plain.stderr)[0]
    entries = [re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) (.+)", line) for line in lines]
    assert all(entries), lines[:5]
    names = {entry[3] for entry in entries}
    assert any(re.fullmatch(r"strlen(\+0x[0-9a-f]+)? \[block\]", name) for name in names), sorted(names)[:50]
    assert any(re.fullmatch(r"user 00[0-9a-f]{6} \[block\]", name) for name in names)
    assert all(int(entry[2], 16) > 0 for entry in entries)
    blocks = re.search(r"first tier: (\d+) blocks", "".join(output))
    assert len(lines) == int(blocks[1]) + 1, (len(lines), blocks[0])  # and what all code shares


def check_gdb(program, guests, folder):
    """What gdb calls the end of each piece of code is what the map says."""
    script = os.path.join(folder, "script")
    with open(script, "w") as file:
        file.write(GDB_SCRIPT)
    result = run(["gdb", "-nx", "-batch", "-x", script, "--args", program, "run", "--cache=off", "--tier=1", "--perf-map", "--gdb-jit",
                  os.path.join(guests, "bare", "opcodes.elf")], folder)
    said = re.search(r"RIGHT (\d+) OF (\d+)", result.stdout)
    if not said and re.search("ptrace|not permitted", result.stdout + result.stderr):
        print("gdb may not trace here")
        return
    assert said and int(said[1]) == int(said[2]) > 20, result.stdout + result.stderr


def check_perf(program, guests, folder):
    """perf finds the names, if it may record here."""
    recorded = run(["perf", "record", "-q", "-F", "2000", "-o", "data", program, "run", "--cache=off", "--tier=1", "--perf-map", "-c",
                    os.path.join(guests, "sys161.conf"), os.path.join(guests, "kernel.elf")], folder)
    if recorded.returncode != 0:
        print("perf may not record here: " + recorded.stderr[-200:])
        return
    report = run(["perf", "report", "-i", "data", "--stdio", "--sort", "symbol"], folder).stdout
    for pid in set(re.findall(r"^\s*\S+\s+(\d+)", run(["perf", "script", "-i", "data", "-F", "comm,pid"], folder).stdout, re.M)):
        if os.path.exists(f"/tmp/perf-{pid}.map"):
            os.unlink(f"/tmp/perf-{pid}.map")
    assert re.search(r"\[\.\] \S.* \[block\]", report), report[:2000]


def main():
    program, guests = map(os.path.abspath, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        check_map(program, guests, folder)
        check_map(program, guests, folder, "--no-sandbox")
        with open(os.path.join(folder, "sys161.conf"), "w") as file:
            file.write("0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n")
        if shutil.which("perf"):
            check_perf(program, guests, folder)
        if shutil.which("gdb"):
            check_gdb(program, guests, folder)


main()
