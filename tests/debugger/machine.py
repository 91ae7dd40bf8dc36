"""A machine with a debugger's socket, stock gdb, and a client of our own that speaks the protocol byte by byte: what the
tests in this folder are made of."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

GDB = shutil.which("gdb-multiarch")
TIMEOUT = 120


class Machine:
    """One run of `program` (sys161 or jit161 run) in a folder of its own, which listens for a debugger."""

    def __init__(self, program, arguments, wait=True, where=".sockets/gdb"):
        self.folder = tempfile.mkdtemp(prefix="jit161-debugger-")
        self.where = os.path.join(self.folder, where) if "/" in where else where
        self.messages = open(os.path.join(self.folder, "messages"), "w+")
        self.console = open(os.path.join(self.folder, "console"), "w+")
        words = program.split() + (["-w"] if wait else []) + arguments
        self.process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.console,
                                        stderr=self.messages)
        while wait and "Waiting for debugger connection" not in self.said():
            if self.process.poll() is not None:
                raise AssertionError("it did not start: " + self.said())
            time.sleep(0.01)

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read()

    def said(self):
        return self.text(self.messages)

    def printed(self):
        return self.text(self.console)

    def address(self):
        """As gdb's `target remote` takes it."""
        return self.where

    def finish(self):
        """Waits for its end; returns the exit status."""
        return self.process.wait(TIMEOUT)

    def figures(self):
        """What may not depend on whether somebody looked."""
        kept = [line for line in self.said().splitlines()
                if re.match(r"sys161: (\d+ cycles|  cpu\d|\d+ irqs|Elapsed virtual)", line)]
        return "\n".join(kept) + "\n" + self.printed()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.messages.close()
        self.console.close()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def gdb(machine, kernel, commands, interrupt_after=None):
    """A session of stock gdb; returns what it printed. With `interrupt_after` seconds, ^C is pressed once then."""
    script = os.path.join(machine.folder, "commands.gdb")
    with open(script, "w") as file:
        file.write("set pagination off\nset confirm off\nset height 0\nset width 0\n")
        file.write("target remote %s\n%s\n" % (machine.address(), commands))
    process = subprocess.Popen([GDB, "-q", "-nx", "-batch", "-x", script, kernel], cwd=machine.folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    if interrupt_after is not None:
        time.sleep(interrupt_after)
        process.send_signal(signal.SIGINT)
    try:
        output = process.communicate(timeout=TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("gdb did not end: " + process.communicate()[0])
    return output


class Client:
    """Packets by hand, with acknowledgements."""

    def __init__(self, machine=None, address=None):
        if address:
            self.socket = socket.create_connection(address, TIMEOUT)
        else:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            # The name of a socket may have 107 characters only.
            folder = os.getcwd()
            os.chdir(machine.folder)
            self.socket.connect(os.path.relpath(machine.where, machine.folder))
            os.chdir(folder)
        self.socket.settimeout(TIMEOUT)
        self.pending = b""

    def write(self, data):
        self.socket.sendall(data)

    def send(self, text):
        data = text.encode("latin-1")
        self.write(b"$" + data + b"#%02x" % (sum(data) & 255))

    def receive(self):
        """The next packet, or None at the end of the connection."""
        while True:
            match = re.match(rb"[+-]*\$([^#]*)#(..)", self.pending, re.S)
            if match:
                self.pending = self.pending[match.end():]
                assert sum(match[1]) & 255 == int(match[2], 16)
                try:
                    self.write(b"+")
                except BrokenPipeError:  # it has said its last
                    pass
                return match[1].decode("latin-1")
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:  # closed before it read our last +
                more = b""
            if not more:
                return None
            self.pending += more

    def ask(self, text):
        self.send(text)
        return self.receive()

    def close(self):
        self.socket.close()
