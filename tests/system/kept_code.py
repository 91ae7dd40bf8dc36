#!/usr/bin/env python3
"""Compiled code that is kept between runs: the second run compiles nothing and shows the same; what was made from other bytes, with
other options or by another build is not used; and whatever is wrong with the files, the guest does not notice.

    kept_code.py BUILD_DIR [--sanitized]
"""
import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])
SANITIZED = sys.argv[2:] == ["--sanitized"]
GUESTS = BUILD + "/guest"
FIGURES = re.compile(rb"^(?:sys|jit)161: (?:[0-9]+ cycles|  cpu[0-9]|[0-9]+ irqs|Elapsed virtual)")
# What is compiled depends on the guest alone, and is not given up for slow accesses.
AT_ONCE = ["--compile-threads=0", "--threshold=50", "--slow-exits=0"]
BARE = ["-X", "-c", GUESTS + "/bare/one-cpu.conf"]

failures = 0


def check(condition, *what):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", *what)


class Place:
    """A directory with a cache, and another for runs."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kept-")
        self.cache = self.folder + "/cache"

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.folder)

    def files(self):
        return [os.path.join(self.cache, name) for name in sorted(os.listdir(self.cache))]

    def command(self, guest, options=(), program=BUILD + "/jit161", cache=True):
        words = [program] if os.path.basename(program) == "sys161" else [program, "run"]
        if cache:
            words.append("--cache=" + self.cache)
        return [*words, *options, "--stats=" + self.folder + "/stats.json", *guest]

    def run(self, guest, options=(), environment=None, **more):
        """What the guest shows, what is said beside it, and the figures of kept code."""
        done = subprocess.run(self.command(guest, options, **more), cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, env={**os.environ, **(environment or {})})
        self.said = done.stderr.decode(errors="replace")
        with open(self.folder + "/stats.json") as file:
            jit = json.load(file).get("jit", {})
        self.kept = jit.get("kept")
        self.compiled = jit.get("compile_cpu_seconds", 0) > 0
        return [done.stdout, done.returncode, *filter(FIGURES.match, done.stderr.splitlines())]


def bare(name):
    return [*BARE, f"{GUESTS}/bare/{name}.elf"]


def malta(name):
    return ["--machine=malta", "--memory=4M", f"--kernel={GUESTS}/malta/{name}.elf"]


KERNEL = ["-X", "-c", GUESTS + "/sys161.conf", GUESTS + "/kernel.elf"]


def second_run():
    """Kernel and user code, both machines and byte orders."""
    cases = [("opcodes", bare("opcodes"), AT_ONCE),
             ("second tier only", bare("opcodes"), [*AT_ONCE, "--tier=2"]),
             ("crc32", [*KERNEL, "crc32"], ["--compile-threads=0", "--threshold=3000", "--slow-exits=0"])]
    for order in ("little", "big"):
        cases.append((order + " endian", malta("compute." + order), ["--compile-threads=0", "--threshold=500", "--slow-exits=0"]))
    for name, guest, options in cases:
        with Place() as place:
            plain = place.run(guest, ["--engine=reference"], cache=False)
            first = place.run(guest, options)
            stored = place.kept["stored"]
            check(first == plain, name, first, "is not", plain)
            check(stored > 0 and place.kept["loaded"] == 0 and place.compiled, name, place.kept)
            for _ in range(2):
                again = place.run(guest, options)
                check(again == plain, name, "again:", again, "is not", plain)
                check(place.kept["records"] == stored and place.kept["loaded"] > 0, name, place.kept)
                check(place.kept["missed"] == 0 and not place.compiled, name, "compiled again", place.kept)
            lockstep = place.run(guest, [*options, "--engine=lockstep", "--lockstep-stretch=20000"])
            check(lockstep == plain and "no difference" in place.said, name, "lockstep:", place.said)
            check(place.kept["loaded"] > 0, name, "lockstep", place.kept)


def background():
    """With compile threads, whose regions are installed whenever they are done."""
    with Place() as place:
        plain = place.run([*KERNEL, "crc32"], ["--engine=interp"], cache=False)
        for _ in range(4):
            check(place.run([*KERNEL, "crc32"], ["--threshold=500"]) == plain, "background", place.said)
        check(place.kept["loaded"] > 0, "background", place.kept)


def slow_accesses():
    """Regions that were given up for slow accesses, and made anew: sooner or later nothing is missing."""
    if SANITIZED:  # compiles for minutes then, and guest.malta.calls does as much
        return
    with Place() as place:
        guest, options = malta("calls.big"), ["--compile-threads=0", "--threshold=500"]
        plain = place.run(guest, ["--engine=reference"], cache=False)
        for _ in range(4):
            check(place.run(guest, options) == plain, "slow accesses", place.said)
        check(place.kept["loaded"] > 0 and place.kept["missed"] == 0 and not place.compiled, place.kept)


def other_options():
    with Place() as place:
        guest = bare("opcodes")
        place.run(guest, AT_ONCE)
        stored = place.kept["stored"]
        for options in (["--sensitive=call"], ["--region=30"], ["-C", "31:ramsize=2M"]):
            place.run(guest, [*AT_ONCE, *options])
            check(place.kept["records"] == 0 and place.kept["loaded"] == 0, options, place.kept)
        place.run(guest, AT_ONCE)
        check(place.kept["records"] == stored and place.kept["loaded"] == stored, place.kept)
        place.run(guest, ["--tier=1"])
        check(not place.kept["on"], "--tier=1", place.kept)
        place.run(guest, [*AT_ONCE, "--cache=off"])
        check(not place.kept["on"] and place.compiled, "--cache=off", place.kept)


def other_bytes():
    """One immediate of a hot loop is another: the code made from the old one must not be used."""
    with Place() as place:
        with open(GUESTS + "/bare/opcodes.elf", "rb") as file:
            image = bytearray(file.read())
        place.run(bare("opcodes"), AT_ONCE)
        stored, found = place.kept["stored"], 0
        # ADDIU, SLTIU and ORI in what is loaded.
        phoff, = struct.unpack_from(">I", image, 28)
        entries, = struct.unpack_from(">H", image, 44)
        segments = [struct.unpack_from(">8I", image, phoff + 32 * i) for i in range(entries)]
        offsets = [at for kind, start, _, _, size, *_ in segments if kind == 1
                   for at in range(start, start + size - 3, 4) if image[at] >> 2 in (0x09, 0x0B, 0x0D)]
        for at in offsets[::max(1, len(offsets) // 16)]:
            changed = bytearray(image)
            changed[at + 3] ^= 1
            name = place.folder + "/changed.elf"
            with open(name, "wb") as file:
                file.write(changed)
            guest = ["--limit=300ms", *BARE, name]
            plain = place.run(guest, ["--engine=interp"], cache=False)
            shutil.copytree(place.cache, place.cache + ".saved", dirs_exist_ok=True)
            check(place.run(guest, AT_ONCE) == plain, "changed at", at, place.said)
            found += place.kept["loaded"] < stored
            shutil.rmtree(place.cache)
            os.rename(place.cache + ".saved", place.cache)
        check(found > 0, "no change met a hot loop")


def other_build():
    """The same program, but its build id says that it is another; and so for the back end's."""
    if SANITIZED:
        return
    head = struct.pack("<3I4s", 4, 20, 3, b"GNU\0")
    with Place() as place:
        os.mkdir(place.folder + "/copy")
        for name in ("jit161", "libjit161-llvm.so"):
            shutil.copy(f"{BUILD}/{name}", place.folder + "/copy")
        program = place.folder + "/copy/jit161"
        guest = bare("opcodes")
        place.run(guest, AT_ONCE)
        stored = place.kept["stored"]
        place.run(guest, AT_ONCE, program=program)
        check(place.kept["records"] == stored, "the same build", place.kept)
        for name in ("jit161", "libjit161-llvm.so"):
            with open(f"{place.folder}/copy/{name}", "r+b") as file:
                data = file.read()
                check(data.count(head) == 1, name, "has no build id")
                file.seek(data.index(head) + len(head))
                file.write(b"another")
            place.run(guest, AT_ONCE, program=program)
            check(place.kept["on"] and place.kept["records"] == 0, name, place.kept)


def damage():
    """Bytes that change in the file, anywhere."""
    with Place() as place:
        guest = bare("opcodes")
        plain = place.run(guest, AT_ONCE)
        file, = place.files()
        with open(file, "rb") as stream:
            good = stream.read()
        noticed = 0
        for i in range(8):
            bad = bytearray(good)
            for at in range(7 + 13 * i, len(bad), 997 + 400 * i):
                bad[at] ^= 1 << i % 8
            with open(file, "wb") as stream:
                stream.write(bad[:len(bad) - 100 * (i % 3)])
            checked = subprocess.run([BUILD + "/jit161", "cache", "check", "--cache=" + place.cache], capture_output=True)
            check(checked.returncode == 1, "the check finds nothing", checked.stdout)
            check(place.run(guest, AT_ONCE) == plain, "damaged", i, place.said)
            noticed += place.kept["refused"] > 0 or place.kept["missed"] > 0
            for name in place.files():
                if name != file:
                    os.unlink(name)
        check(noticed == 8, "damage noticed", noticed, "times of 8")


def locked():
    with Place() as place:
        guest = bare("opcodes")
        plain = place.run(guest, AT_ONCE, cache=False)
        place.run(guest, ["--threshold=4000000000"])
        with open(place.files()[0]) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            check(place.run(guest, AT_ONCE) == plain, "locked", place.said)
        check(place.said.count("locked by another program") == 1, "locked", place.said)
        check(place.kept["stored"] == 0, "locked", place.kept)
        check(place.run(guest, AT_ONCE) == plain and place.kept["stored"] > 0, "free again", place.kept)


def not_ones_own():
    with Place() as place:
        guest = bare("opcodes")
        plain = place.run(guest, AT_ONCE)
        os.chmod(place.cache, 0o755)
        check(place.run(guest, AT_ONCE) == plain and not place.kept["on"], "open to others", place.kept)
        check("others may have access" in place.said, place.said)
        shown = subprocess.run([BUILD + "/jit161", "cache", "--cache=" + place.cache], capture_output=True)
        check(shown.returncode == 2, shown)
        os.chmod(place.cache, 0o700)
        os.chmod(place.files()[0], 0o622)
        check(place.run(guest, AT_ONCE) == plain and place.kept["records"] == 0, "a file open to others", place.kept)
        check("no file that only you can write" in place.said, place.said)
        # No directory can be there: not a word under the original's name, unless it was asked for.
        blocked = {"JIT161_CACHE": place.folder + "/stats.json/cache"}
        check(place.run(guest, AT_ONCE, blocked, program=BUILD + "/sys161", cache=False) == plain, "blocked")
        check("cache" not in place.said and not place.kept["on"], place.said)
        place.cache = place.folder + "/stats.json/cache"
        check(place.run(guest, AT_ONCE, program=BUILD + "/sys161") == plain, "blocked")
        check("cannot open the cache" in place.said, place.said)


def default_directory():
    with Place() as place:
        guest = bare("opcodes")
        here = {"XDG_CACHE_HOME": place.folder + "/xdg", "JIT161_CACHE": ""}
        place.run(guest, AT_ONCE, here, cache=False)
        check(place.kept["stored"] > 0, "default", place.kept)
        status = os.stat(place.folder + "/xdg/jit161")
        check(status.st_mode & 0o777 == 0o700, "mode", oct(status.st_mode))
        environment = {**os.environ, **here}
        shown = subprocess.run([BUILD + "/jit161", "cache"], capture_output=True, env=environment)
        check(shown.returncode == 0 and b"opcodes.elf" in shown.stdout and b"MIPS-161" in shown.stdout, shown)
        cleared = subprocess.run([BUILD + "/jit161", "cache", "clear"], capture_output=True, env=environment)
        check(cleared.returncode == 0 and b"1 files removed" in cleared.stdout, cleared)
        place.run(guest, AT_ONCE, here, cache=False)
        check(place.kept["records"] == 0, "cleared", place.kept)
        place.run(guest, AT_ONCE, {"HOME": place.folder, "XDG_CACHE_HOME": "", "JIT161_CACHE": ""}, cache=False)
        check(os.path.isdir(place.folder + "/.cache/jit161"), "home directory")
        wrong = subprocess.run([BUILD + "/jit161", "cache", "burn"], capture_output=True)
        check(wrong.returncode == 2 and b"Usage" in wrong.stderr, wrong)
    check(os.environ.get("JIT161_CACHE") == "off" or "CTEST_INTERACTIVE_DEBUG_MODE" not in os.environ,
          "ctest does not switch the cache off")


def at_once():
    """Several runs that begin and end together."""
    with Place() as place:
        guest = bare("opcodes")
        plain = place.run(guest, AT_ONCE, cache=False)
        runs = [subprocess.Popen([BUILD + "/jit161", "run", "--cache=" + place.cache, *AT_ONCE, *guest], cwd=place.folder,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                for _ in range(4)]
        for run in runs:
            check(run.communicate()[0] == plain[0] and run.returncode == 0, "together")
        check(place.run(guest, AT_ONCE) == plain, "afterwards")
        check(place.kept["missed"] == 0 and place.kept["records"] == place.kept["loaded"], place.kept)


for test in (second_run, background, slow_accesses, other_options, other_bytes, other_build, damage, locked, not_ones_own, default_directory,
             at_once):
    before = failures
    test()
    print(test.__name__, "ok" if failures == before else "failed", flush=True)
sys.exit(failures > 0)
