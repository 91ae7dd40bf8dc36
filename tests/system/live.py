#!/usr/bin/env python3
"""`jit161 dump --live`: the blocks of a running machine, which neither questions nor nonsense on its control socket change; and a machine
that sends nonsense. `live.py PROGRAM GUESTS`."""
import atexit
import fcntl
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

PATIENCE = 120  # seconds; only what hangs takes so long
CONTROL = "control"


def figures(text):
    """What the original says at the end, without real time."""
    own = text.index("sys161: --- jit161")
    return [line for line in text[:own].splitlines() if "real time" not in line and "compiled" not in line]


class Machine:
    def __init__(self, program, folder, *words, stdout=None):
        self.folder, self.program = folder, program
        path = os.path.join(folder, CONTROL)
        if os.path.exists(path):
            os.unlink(path)
        # Its output is a file: a pipe that nobody empties stops the machine when it is full.
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([program, "run", "-X", "--cache=off", "--control=" + CONTROL, *words], cwd=folder,
                                        stdin=subprocess.PIPE, stdout=stdout or self.output, stderr=subprocess.STDOUT, text=True)
        atexit.register(self.process.kill)  # if the test fails
        until = time.monotonic() + PATIENCE
        while not os.path.exists(path):
            assert time.monotonic() < until and self.process.poll() is None, self.written()
            time.sleep(0.01)

    def dump(self, *words, status=0):
        result = subprocess.run([self.program, "dump", "--live=" + CONTROL, *words], cwd=self.folder, capture_output=True, text=True,
                                timeout=PATIENCE)
        assert result.returncode == status, (words, result.stderr)
        return result.stdout if status == 0 else result.stderr

    def data(self, *words):
        return json.loads(self.dump("--json=-", *words))

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.connect(os.path.join(self.folder, CONTROL))
        client.settimeout(PATIENCE)
        return client

    def written(self):
        self.output.seek(0)
        return self.output.read()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE), self.written()


def stage(detail, name):
    return [line[0] for line in next(s for s in detail["stages"] if s["name"] == name)["lines"]]


def check_data(machine):
    """What it says of a block is what the kernel's file and the first tier say of it."""
    until = time.monotonic() + PATIENCE
    while True:
        data = machine.data("--details=0")
        hot = [b for b in data["blocks"] if b.get("function") == "memset" and b["tier"] == 1 and b["instructions"] >= 4]
        if hot and any(b["tier"] == 2 for b in data["blocks"]):
            break
        assert time.monotonic() < until, data["blocks"][:5]
    assert data["ran"] and data["live"] and data["counted_by"] == "samples" and data["guest"] == "kernel.elf"
    assert sum(b["samples"] for b in data["blocks"]) <= data["samples"]
    for block in data["blocks"]:
        assert ("executions" in block) == (block["tier"] == 1) and ("region" in block) == (block["tier"] == 2), block
        assert block["fate"] < len(data["fates"]) and (block["tier"] == 2) == (data["fates"][block["fate"]] == "in a region")
    # Executions only grow while the code stays.
    again = {(b["va"], b["pa"]): b for b in machine.data("--details=0")["blocks"] if b["tier"] == 1 and not b.get("user")}
    later = [(b["executions"], again[b["va"], b["pa"]]["executions"]) for b in data["blocks"]
             if (b["va"], b["pa"]) in again and b["tier"] == 1 and not b.get("user")]
    assert len(later) > 50 and sum(x > y for x, y in later) <= len(later) // 10, later[:10]
    chosen = machine.data("--function=memset", "--stages=gtr", "--details=100", "--block")
    assert chosen["blocks"] and {b["function"] for b in chosen["blocks"]} == {"memset"}
    compared = 0
    for block, detail in zip(chosen["blocks"], chosen["details"]):
        if block["tier"] != 1:
            continue
        names = [re.sub(r".*:\t(\S+).*", r"\1", line) for line in stage(detail, "running")]
        made = [re.sub(r".*:\t(\S+).*", r"\1", line) for line in stage(detail, "first") if ":\t" in line]
        assert len(names) >= len(made) and names[:4] == made[:4] and set(made) <= set(names), (names, made)
        compared += 1
    assert compared >= 3
    text = machine.dump("--function=memset", "--block", "--stages=gr")
    assert "=== host assembly, as it runs" in text and "=== guest assembly" in text


def nonsense(machine, seed):
    """What a client must not do, several at a time."""
    chance = random.Random(seed)
    try:
        clients = [machine.connect() for _ in range(6)]
    except OSError:  # it ended
        return False
    for client in clients:
        try:
            kind = chance.randrange(5)
            if kind == 0:
                client.sendall(chance.randbytes(chance.randrange(1, 5000)))
            elif kind == 1:
                client.sendall(b"blocks\n" * 50)  # and reads nothing
            elif kind == 2:
                client.sendall(b"x" * 10000 + b"\n" + b"blocks")
            elif kind == 3:
                client.sendall(b"blocks\r\n\0\nstatus blocks\nblocks\n")
                client.recv(100)
            else:
                client.sendall(b"blocks\n")
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # turned away
    for client in clients:
        client.close()
    return True


def check_unchanged(program, guests, folder):
    config = ["--pace=off", "--rtc=1000000000", "--threshold=3000", "-c", os.path.join(guests, "sys161.conf"), "-C"]
    kernel = os.path.join(guests, "kernel.elf")
    alone = subprocess.run([program, "run", "-X", "--cache=off", *config, "1:file=alone.img", kernel], cwd=folder, capture_output=True,
                           stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE)
    assert alone.returncode == 0, alone.stderr
    machine = Machine(program, folder, "--sensitive=trap", *config, "1:file=asked.img", kernel)
    check_data(machine)
    machine.process.kill()  # traps take it longer than that
    machine.end()
    machine = Machine(program, folder, *config, "1:file=asked.img", kernel)
    rounds = sum(nonsense(machine, seed) for seed in range(20))
    status, output = machine.end()
    assert status == 0 and figures(output) == figures(alone.stdout + alone.stderr), output[-2000:]
    assert rounds >= 3, rounds
    # Those that ended, are none of ours or translate nothing.
    assert "There is no machine" in machine.dump(status=2)
    machine = Machine(program, folder, "--engine=interp", *config, "1:file=asked.img", kernel)
    assert "translates nothing" in machine.dump(status=2)
    machine.process.kill()
    machine.end()


def check_idle(program, guests, folder):
    """A machine that waits for a key answers at once, and goes on when the key comes."""
    machine = Machine(program, folder, "--stdin", "--tier=1", "-c", os.path.join(guests, "bare", "one-cpu.conf"),
                      os.path.join(guests, "bare", "keys.elf"))
    executed = 0
    for keys in ("x", "yyy"):
        machine.process.stdin.write(keys)
        machine.process.stdin.flush()
        until, before = time.monotonic() + PATIENCE, executed
        while True:
            assert time.monotonic() < until
            executed, last = machine.data("--details=0")["instructions"], executed
            if executed > before + 5 * len(keys) and executed == last:
                break  # it has taken them and waits
    assert executed < 10000
    assert any(b.get("function") == "_start" and b["executions"] for b in machine.data("--details=0")["blocks"])
    machine.process.stdin.write("q")
    machine.process.stdin.flush()
    status, output = machine.end()
    assert status == 0, output


def spinning(program, guests, folder, **streams):
    return Machine(program, folder, "--tier=1", "-c", os.path.join(guests, "bare", "one-cpu.conf"), os.path.join(guests, "bare", "spin.elf"),
                   **streams)


def check_stuck(program, guests, folder):
    """A machine whose output nobody takes says so, and goes on when somebody does."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    machine = spinning(program, guests, folder, stdout=writer)
    os.close(writer)
    until = time.monotonic() + PATIENCE
    while (before := queued(reader)) < 3500 or (time.sleep(0.5), queued(reader))[1] != before:
        assert time.monotonic() < until
    assert "nobody reads" in machine.dump("--details=0", status=2)
    taker = threading.Thread(target=lambda: all(iter(lambda: os.read(reader, 4096), b"")))
    taker.start()
    assert machine.data("--details=0")["blocks"]
    machine.process.kill()
    machine.end()
    taker.join()
    os.close(reader)


def queued(pipe):
    """Bytes in it."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


def check_liar(program, guests, folder):
    """A machine that a guest broke out of answers what it likes."""
    machine = spinning(program, guests, folder)
    until = time.monotonic() + PATIENCE
    while not machine.data("--details=0")["blocks"]:
        assert time.monotonic() < until
    answer = None
    while not answer:
        assert time.monotonic() < until
        with machine.connect() as client:
            client.sendall(b"blocks\n")
            stream = client.makefile("rb")
            size = json.loads(stream.readline()).get("bytes")  # none: the machine has no time for it now
            answer = size and stream.read(size)
    machine.process.kill()
    machine.end()
    head = 16 + 64 + 8 * 4 + 3 * 8 + 6 * 4 + 2 * 8
    assert answer[:14] == b"jit161 blocks " and size > head
    path = os.path.join(folder, "liar")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    chance = random.Random(1)
    refused = 0

    def reply(data):
        client, _ = server.accept()
        with client:
            client.recv(100)
            try:
                client.sendall(data)
            except OSError:
                pass

    for number in range(60):
        data = bytearray(answer)
        line = b'{"bytes":%d}\r\n' % size
        if number < 40:  # numbers of the head, or of what follows
            for _ in range(chance.randrange(1, 4)):
                at = 80 + 4 * chance.randrange((head - 80) // 4) if number < 20 else 4 * chance.randrange(head // 4, min(size, 6000) // 4)
                data[at:at + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, chance.randbytes(4), b"\1\0\0\0"])
        elif number < 50:
            del data[chance.randrange(size):]
        else:
            line = chance.choice([b"", b"{}\n", b'{"bytes":-1}\n', b'{"bytes":1e300}\n', b'{"bytes":4}\n', b"[" * 4000 + b"\n", b"\0\n",
                                  b'{"bytes":"x"}\n', b'{"bytes":%d}\n' % (1 << 30)])
        thread = threading.Thread(target=reply, args=(line + bytes(data),))
        thread.start()
        result = subprocess.run([program, "dump", "--live=" + path, "--all", "--stages=gr", "--json=-"], capture_output=True,
                                timeout=PATIENCE)
        thread.join()
        assert result.returncode in (0, 2), (number, result.returncode, result.stderr[-500:])
        assert result.returncode == 2 or json.loads(result.stdout)["format"] == "jit161-dump"
        refused += result.returncode == 2
    assert refused >= 25, refused


def main():
    program, guests = map(os.path.abspath, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        check_unchanged(program, guests, folder)
        check_idle(program, guests, folder)
        check_stuck(program, guests, folder)
        check_liar(program, guests, folder)


main()
