#!/usr/bin/env python3
"""Machines exchange frames through a hub while others join, talk nonsense and leave (System/161 reference, section
3.5). `network.py PROGRAMS`; where JIT161_ORIGINAL names the original's sys161, also in mixed company with it."""
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile

CONFIG = "3 nic hwaddr=%d hub=%s\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n"


def frame(source, destination, payload=b"", magic=0xA4B3, length=None):
    length = 8 + len(payload) if length is None else length
    return struct.pack(">HHHH", magic, source, length, destination) + payload


STARTED = []


class Hub:
    def __init__(self, programs, folder):
        self.path = os.path.join(folder, "hub")
        # On a terminal, as it were: the original keeps its lines to itself otherwise.
        self.process = subprocess.Popen(["stdbuf", "-oL", os.path.join(programs, "hub161"), self.path],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        STARTED.append(self.process)
        self.lines = []
        self.wait_for("hub161: Listening on " + self.path)

    def wait_for(self, text):
        while not any(line.startswith(text) for line in self.lines):
            line = self.process.stdout.readline().decode()
            assert line, self.lines
            self.lines.append(line.rstrip("\n"))

    def stop(self):
        self.process.terminate()
        return self.process.communicate()[1].decode().splitlines()


class Machine:
    def __init__(self, programs, guest, folder, address, hub, extra=()):
        self.folder = os.path.join(folder, "machine%d" % address)
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, "sys161.conf"), "w") as file:
            file.write(CONFIG % (address, hub.path))
        self.process = subprocess.Popen([os.path.join(programs, "sys161"), "-X", *extra, guest], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        STARTED.append(self.process)

    def finish(self):
        output = self.process.communicate(timeout=60)[0].decode()
        assert self.process.returncode == 0, output
        assert "trace: code 1 (0x1)" in output, "it has not heard enough:\n" + output
        assert "carrier detected" in output, output
        return output


def nuisance(hub, folder):
    """A card that joins, sends what no card should, does not read what it gets, and leaves."""
    card = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    card.bind(os.path.join(folder, "nuisance"))
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    card.sendto(frame(9, 0), hub.path)
    for bad in (b"", b"1234567", frame(9, 0xFFFF, b"abc", magic=1), frame(9, 0xFFFF, b"abc", length=9),
                frame(9, 0xFFFF, b"abc", length=60000), frame(0xFFFF, 0xFFFF, b"abc"), os.urandom(4096)):
        card.sendto(bad, hub.path)
    nameless.sendto(b"nobody", hub.path)
    for size in (0, 1, 1000, 4088):
        card.sendto(frame(9, 0xFFFF, b"z" * size), hub.path)
    card.close()
    nameless.close()
    os.unlink(os.path.join(folder, "nuisance"))


def exchange(guests, hub_programs, first, second, third, extra):
    guest = os.path.join(guests, "nic-talk.elf")
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(hub_programs, folder)
        machines = [Machine(first, guest, folder, 5, hub, extra), Machine(second, guest, folder, 6, hub)]
        leaver = Machine(third, guest, folder, 7, hub)
        for address in (5, 6, 7):
            hub.wait_for("hub161: adding %04x from /" % address)
        nuisance(hub, folder)
        hub.wait_for("hub161: adding 0009 from ")
        hub.wait_for("hub161: dropping 0009")
        leaver.process.send_signal(signal.SIGKILL)
        leaver.process.communicate()
        for machine in machines:
            machine.finish()
        errors = hub.stop()
        for message in ("runt packet (size 0)", "runt packet (size 7)", "frame error [0001]", "bad size [0009 000b]",
                        "bad size [ea60 000b]", "packet came from broadcast addr (dropped)",
                        "sendto 0009: "):
            assert any(message in line for line in errors), (message, errors)


def carrier(guests, programs):
    """A machine that idles finds the hub there, gone, and back."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(programs, folder)
        with open(os.path.join(folder, "sys161.conf"), "w") as file:
            file.write("0 serial\n" + CONFIG % (5, hub.path))
        machine = subprocess.Popen(["stdbuf", "-oL", "-eL", os.path.join(programs, "sys161"), "-X", "-tn",
                                    os.path.join(guests, "..", "broken", "idle.elf")], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        STARTED.append(machine)

        def wait_for(text):
            seen = []
            for line in machine.stdout:
                seen.append(line)
                if text in line:
                    return
            raise AssertionError((text, seen))

        wait_for("nic: slot 3: carrier detected")
        wait_for("trace: -- nic: slot 3: keepalive succeeded")
        hub.stop()
        wait_for("sys161: nic: slot 3: lost carrier")
        wait_for("trace: -- nic: slot 3: keepalive rejected: ")  # the original's leaves its socket behind
        hub = Hub(programs, folder)
        wait_for("sys161: nic: slot 3: carrier detected")
        machine.terminate()
        machine.communicate()
        hub.stop()


def main():
    ours = os.path.abspath(sys.argv[1])
    guests = os.path.join(ours, "guest", "bare")
    exchange(guests, ours, ours, ours, ours, ["--engine=interp"])
    exchange(guests, ours, ours, ours, ours, ["--engine=lockstep"])
    carrier(guests, ours)
    if "JIT161_ORIGINAL" in os.environ:
        theirs = os.path.dirname(os.environ["JIT161_ORIGINAL"])
        exchange(guests, theirs, ours, theirs, ours, [])
        exchange(guests, ours, theirs, ours, theirs, [])
        carrier(guests, theirs)


try:
    main()
finally:
    for process in STARTED:
        process.kill()
