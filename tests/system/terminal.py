#!/usr/bin/env python3
"""The console on a terminal: its mode, suspending and resuming, the background, the end of input, and that nothing typed is
lost. `terminal.py PROGRAMS`. The guest, bare/echo.S, writes `!', is deaf for a second and a half of its time, and then
writes back what comes, up to ^D."""
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

PROGRAMS = os.path.abspath(sys.argv[1])
KERNEL = os.path.join(PROGRAMS, "guest/bare/echo.elf")
TIMEOUT = 300
CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = b"\x03", b"\x04", b"\x1a", b"\x1c"


def wait_until(true, what):
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, "no " + what
        time.sleep(0.01)


def is_raw(terminal):
    return not termios.tcgetattr(terminal)[3] & (termios.ICANON | termios.ECHO)


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


class Session:
    """A machine in the foreground of a terminal of its own, as the leader of its session."""

    def __init__(self, *options, typed=b"", program="jit161"):
        self.master, self.terminal = pty.openpty()
        fcntl.fcntl(self.master, fcntl.F_SETFL, os.O_NONBLOCK)
        self.before = termios.tcgetattr(self.terminal)
        self.output = b""
        os.write(self.master, typed)

        def start():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        words = [os.path.join(PROGRAMS, program)] + (["run"] if program == "jit161" else [])
        self.process = subprocess.Popen(words + ["-X", *options, KERNEL], stdin=self.terminal, stdout=self.terminal,
                                        stderr=subprocess.DEVNULL, preexec_fn=start)

    def read(self):
        if select.select([self.master], [], [], 0.05)[0]:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                pass

    def expect(self, text):
        end = time.monotonic() + TIMEOUT
        while text not in self.output:
            assert time.monotonic() < end, (text, self.output)
            assert self.process.poll() is None or select.select([self.master], [], [], 0)[0], (text, self.output)
            self.read()

    def type(self, text):
        """What the terminal has no room for yet is typed later."""
        while text:
            try:
                text = text[os.write(self.master, text):]
            except BlockingIOError:
                self.read()

    def end(self, status):
        self.process.wait(TIMEOUT)
        assert self.process.returncode == status, (self.process.returncode, self.output)
        self.read()
        assert termios.tcgetattr(self.terminal) == self.before, "the mode was not restored"
        os.close(self.master)
        os.close(self.terminal)
        return self.output.removesuffix(b"\r\r\n")  # which ends the guest's last line


def test_mode_and_typing():
    session = Session()
    session.expect(b"!")
    assert is_raw(session.terminal)
    session.type(b"a\rb\x7f" + CTRL_D)  # Enter is 13, and nothing is edited
    output = session.end(0)
    assert output == b"!a\rb\x7f", output


def test_typed_before_the_start():
    session = Session(typed=b"early")
    session.expect(b"!")
    session.type(b"late" + CTRL_D)
    assert session.end(0).endswith(b"!earlylate"), session.output  # the terminal echoed the first, before it was ours


def test_more_than_the_guest_has_room_for():
    text = bytes(97 + i % 26 for i in range(1500))
    session = Session("--transcript=transcript")
    session.expect(b"!")
    session.type(text + CTRL_D)
    output = session.end(0)
    assert output == b"!" + text, output
    with open("transcript", "rb") as file:
        assert file.read() == b"!" + text


def test_pipe_and_end_of_input():
    text = bytes(97 + i % 26 for i in range(1500))
    result = subprocess.run([PROGRAMS + "/jit161", "run", "-X", "--limit=6s", KERNEL], input=text, capture_output=True)
    assert result.returncode == 4, result  # the end of input ends nothing
    assert result.stdout == b"!" + text + b"\n", result.stdout
    assert b"overrun" not in result.stderr, result.stderr
    # What comes after ^D is for the next program.
    reader, writer = os.pipe()
    os.write(writer, b"x" + CTRL_D + b"rest")
    os.close(writer)
    result = subprocess.run([PROGRAMS + "/jit161", "run", "-X", KERNEL], stdin=reader, capture_output=True)
    assert result.returncode == 0 and result.stdout == b"!x\n", result
    left = os.read(reader, 100)
    os.close(reader)
    assert b"rest".endswith(left), left


def test_suspend_and_resume():
    session = Session()
    session.expect(b"!")
    session.type(b"a")
    session.expect(b"a")
    for letter in b"b", b"c":
        session.type(CTRL_Z)
        wait_until(lambda: state(session.process.pid) == "T", "stop")
        assert termios.tcgetattr(session.terminal) == session.before
        session.process.send_signal(signal.SIGCONT)
        wait_until(lambda: is_raw(session.terminal), "raw mode after resuming")
        session.type(letter)
        session.expect(letter)
    session.type(CTRL_D)
    assert session.end(0) == b"!abc"


def test_signals_of_the_keyboard():
    for key, number in (CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT):
        session = Session()
        session.expect(b"!")
        session.type(key)
        session.end(128 + number)
        session = Session("-s")  # they are the guest's
        session.expect(b"!")
        session.type(key + CTRL_Z + CTRL_D)
        assert session.end(0) == b"!" + key + CTRL_Z
    session = Session()
    session.expect(b"!")
    session.process.send_signal(signal.SIGHUP)
    session.end(-signal.SIGHUP)


def test_background():
    """In the background the terminal is left alone, and the machine runs on; brought to the foreground it takes over."""
    master, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    reader, writer = os.pipe()
    shell = os.fork()
    if shell == 0:  # as a shell does it
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        job = subprocess.Popen([PROGRAMS + "/jit161", "run", "-X", KERNEL], stdin=terminal, stdout=writer,
                               stderr=subprocess.DEVNULL, preexec_fn=lambda: os.setpgid(0, 0))
        os.read(terminal, 100)  # a line: bring it to the foreground
        os.tcsetpgrp(terminal, job.pid)
        os.killpg(job.pid, signal.SIGCONT)
        os._exit(job.wait(TIMEOUT))
    os.close(writer)
    assert os.read(reader, 1) == b"!"  # the guest runs
    assert termios.tcgetattr(terminal) == before
    os.write(master, b"fg\n")
    wait_until(lambda: is_raw(terminal), "raw mode in the foreground")
    os.write(master, b"x" + CTRL_D)
    assert os.read(reader, 1) == b"x"
    assert os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]) == 0
    assert termios.tcgetattr(terminal) == before
    for descriptor in master, terminal, reader:
        os.close(descriptor)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sys161.conf", "w") as file:
            file.write("0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n")
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test()
                print(name, "ok", flush=True)
        os.chdir("/")


main()
