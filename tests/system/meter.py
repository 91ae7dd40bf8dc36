#!/usr/bin/env python3
"""The meter and stat161 (System/161 reference, section 5.9). `meter.py PROGRAMS`; where JIT161_ORIGINAL names the
original's sys161, our stat161 also reads its meter, and its stat161 ours."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

CONFIG = "0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n"
# What the original answers; None: nothing.
COMMANDS = [
    (b"INTERVAL 100\r\n", b"BAD Interval too small"), (b"interval 9999\n", b"BAD Interval too small"),
    (b"INTERVAL 3000000000\n", b"BAD Interval too large"), (b"INTERVAL x\r\n", b"BAD Invalid number"),
    (b"interval 10000000abc\n", b"BAD Invalid number"), (b"FOO\r\n", b"BAD Invalid command"),
    (b"INTERVAL\r\n", b"BAD Invalid command"), (b"INTERVAL 1000000 5\n", b"BAD Invalid command"), (b"\r\n", None),
    (b"INTERVAL " + b"1 " * 20 + b"\n", b"BAD Too many words in command"), (b"interval 0x10000000\n", None),
    (b"A" * 200, b"BAD Input overflow"),
]


class Machine:
    """One that idles by the wall clock, as the original does always and ours while somebody could type."""

    def __init__(self, programs, guests, ours, *extra):
        self.folder = tempfile.TemporaryDirectory()
        with open(os.path.join(self.folder.name, "sys161.conf"), "w") as file:
            file.write(CONFIG)
        words = [os.path.join(programs, "sys161"), "-X", *(["--stdin"] if ours else []), *extra]
        self.process = subprocess.Popen(words + [os.path.join(guests, "ticks.elf")], cwd=self.folder.name,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def connect(self):
        os.chdir(self.folder.name)
        meter = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for _ in range(100):
            try:
                meter.connect(".sockets/meter")
                return meter.makefile("rwb", buffering=0)
            except OSError:
                time.sleep(0.05)
        raise AssertionError("no meter")

    def finish(self):
        self.process.wait(60)
        output = self.process.communicate()[0].decode()
        assert self.process.returncode == 0, output
        self.folder.cleanup()
        return output


def lines(meter):
    """Answers without the figures that come at any time."""
    while True:
        line = meter.readline()
        assert line.endswith(b"\r\n"), line
        if not line.startswith(b"DATA "):
            yield line[:-2]


def protocol(programs, guests, ours, *extra):
    machine = Machine(programs, guests, ours, *extra)
    meter = machine.connect()
    answers = lines(meter)
    assert next(answers) == b"HELLO 2"
    assert next(answers) == b"HEAD nsec kinsns uinsns udud idle irqs exns disk con emu net"
    assert next(answers) == b"WIDTH 11 9 9 4 9 4 4 4 5 4 4"
    for command, answer in COMMANDS:
        meter.write(command)
        if answer:
            assert next(answers) == answer, (command, answer)
    other = machine.connect()  # two clients at once
    assert next(lines(other)) == b"HELLO 2"
    other.close()
    meter.write(b"INTERVAL 50000000\r\n")
    figures = []
    for line in meter:
        if line.startswith(b"DATA ") and line.endswith(b"\r\n"):
            figures.append([int(word) for word in line.split()[1:]])
    assert len(figures) > 10 and all(len(row) == 11 for row in figures), figures
    for earlier, later in zip(figures, figures[1:]):
        assert all(a <= b for a, b in zip(earlier, later)), (earlier, later)
        assert earlier[0] < later[0]
    output = machine.finish()
    # 20 ticks: the figures of the last report are about those at the end.
    assert figures[-1][7:] == [0, 20, 0, 0] or figures[-1][7:] == [0, 19, 0, 0], figures[-1]
    assert "0r/20w console" in output, output
    kern = int(re.search(r"cpu0: (\d+) kern", output).group(1))
    assert 0 <= kern - figures[-1][1] < 30, (kern, figures[-1])


def table(stat_programs, machine_programs, guests, ours):
    machine = Machine(machine_programs, guests, ours)
    machine.connect().close()
    stat = subprocess.Popen(["stdbuf", "-oL", os.path.join(stat_programs, "stat161"), "-i", "0.05"],
                            cwd=machine.folder.name, stdout=subprocess.PIPE)
    rows = []
    for line in stat.stdout:
        rows.append(line.decode().rstrip("\n"))
        if rows[-1] == "stat161: Disconnected." or len(rows) > 10000:
            break
    stat.kill()
    stat.communicate()
    machine.finish()
    assert rows[:4] == ["stat161: Connecting...", "stat161: Connected.", "",
                        "nsec        kinsns    uinsns    udud idle      irqs exns disk con   emu  net  "], rows[:4]
    assert all(re.fullmatch(r"(\d+ +){11}", row) for row in rows[4:26]), rows
    assert rows[26:28] == rows[2:4], rows[20:30]


def main():
    ours = os.path.abspath(sys.argv[1])
    guests = os.path.join(ours, "guest", "bare")
    protocol(ours, guests, True)
    protocol(ours, guests, True, "--engine=lockstep", "--threshold=1")
    table(ours, ours, guests, True)
    if "JIT161_ORIGINAL" in os.environ:
        theirs = os.path.dirname(os.environ["JIT161_ORIGINAL"])
        protocol(theirs, guests, False)
        table(ours, theirs, guests, False)
        table(theirs, ours, guests, True)


main()
