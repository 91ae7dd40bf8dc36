#!/usr/bin/env python3
"""Recorded behaviour of the original, and the table of what is covered by it.

  original.py CASE GUESTS PROGRAMS             runs a case with the programs of a folder, compares with the record
  original.py --original CASE GUESTS           compares the original itself
  original.py --record CASE GUESTS             writes the record anew, with the original
  original.py --table FOLDER                   every item of FOLDER/items.txt has a case that covers it, or a reason;
                                               every message of FOLDER/messages.txt is in a record, or in a test

A case is a text file: lines "key: value", then what was recorded under "== " headings.

  covers   items of the table, separated by blanks; may be repeated
  program  which program, and its arguments; %G is the folder of the guests, %C the configuration below.
           One shell command in an empty folder, with standard output and error in one file and no input.
           May be repeated: they run one after the other
  setup    a shell command run before, with nothing recorded
  config   a line of the file %C; "31 mainboard" and the like. May be repeated
  extra    options that only our programs get, before the others
  files    files whose bytes are recorded too, as hexadecimal digits

JIT161_ORIGINAL names the original's sys161, beside which the others are, and JIT161_FAST_CLOCK a library that
keeps it from waiting for the wall clock. What no two runs have in common is left out: the banner, real time, host time.
"""
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT = 120
IGNORED = [
    (re.compile(rb"(?m)^sys161: System/161 .*\n"), b""),
    (re.compile(rb"(?m)^(sys161: Elapsed real time:).*"), rb"\1"),
    (re.compile(rb"start at [0-9]+\."), b"start at N."),
    (re.compile(rb"arrived: [0-9]+\."), b"arrived: N."),
    (re.compile(rb"(?m)^.*: (?:invalid option|option requires an argument) -- '.'\n"), b""),  # getopt's
]


def read_case(path):
    case = {"covers": [], "program": [], "setup": [], "config": [], "extra": [""], "files": []}
    with open(path, encoding="latin-1", newline="") as file:
        head, _, record = file.read().partition("== ")
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            case[key].append(value.strip())
    return case, head, "== " + record if record else ""


def run_case(case, guests, programs, ours):
    record = ""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "conf")
        with open(config, "w") as file:
            file.write("".join(line + "\n" for line in case["config"]))
        for command in case["setup"]:
            subprocess.run(command, shell=True, cwd=folder, check=True)
        for command in case["program"]:
            name, _, arguments = command.partition(" ")
            arguments = arguments.replace("%G", guests).replace("%C", config)
            extra = " --rtc=1600000010 " + case["extra"][-1] if ours and name in ("sys161", "trace161") else ""
            environment = dict(os.environ)
            if not ours and "JIT161_FAST_CLOCK" in os.environ:
                environment["LD_PRELOAD"] = os.environ["JIT161_FAST_CLOCK"]
            done = subprocess.run("exec %s%s %s" % (os.path.join(programs, name), extra, arguments), shell=True,
                                  cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=TIMEOUT, env=environment)
            output = done.stdout
            for pattern, replacement in IGNORED:
                output = pattern.sub(replacement, output)
            output = output.decode("latin-1").replace(folder, "%D").replace(guests, "%G")
            record += "== " + command + "\n" + output
            if output and not output.endswith("\n"):
                record += "\n(no newline)\n"
            record += "== status\n%d\n" % done.returncode
        for name in " ".join(case["files"]).split():
            with open(os.path.join(folder, name), "rb") as file:
                record += "== file %s\n%s\n" % (name, file.read().hex())
    return record


def without_hints(expected, actual):
    """Ours without the lines of explanation that may follow an error's own: commands that end with status 2."""
    def commands(record):
        return re.split(r"(?m)^(?=== (?!status))", record)

    wanted, kept = commands(expected), []
    for number, text in enumerate(commands(actual)):
        want = wanted[number].splitlines(True) if number < len(wanted) else []
        lines = text.splitlines(True)
        if want[-1:] == ["2\n"] and lines[-1:] == ["2\n"]:
            lines = [line for line in lines if line in want or not line.startswith("sys161: ")]
        kept.append("".join(lines))
    return "".join(kept)


def check_table(folder):
    covered, missing = {}, []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".case"):
            case, _, record = read_case(os.path.join(folder, name))
            if not record:
                missing.append(name + ": nothing recorded")
            for item in " ".join(case["covers"]).split():
                covered.setdefault(item, []).append(name)
    known = set()
    with open(os.path.join(folder, "items.txt")) as file:
        for line in file:
            if not line.strip() or line.startswith("#"):
                continue
            item, _, rest = line.strip().partition(" ")
            known.add(item)
            if item not in covered and "elsewhere:" not in rest:
                missing.append(item + ": no case, and no place named where it is checked")
    missing += ["%s: covered by %s but not in items.txt" % (item, names[0])
                for item, names in covered.items() if item not in known]
    print("%d items, %d of them in cases" % (len(known), len(known & set(covered))))
    print("\n".join(missing))
    return not missing


def check_messages(folder):
    tests = os.path.dirname(os.path.dirname(os.path.abspath(folder)))
    records, count, missing = "", 0, []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".case"):
            records += read_case(os.path.join(folder, name))[2]
    with open(os.path.join(folder, "messages.txt")) as file:
        for line in file:
            if not line.strip() or line.startswith("#"):
                continue
            message, _, place = (part for part in line.rstrip("\n").partition("|"))
            place = place.strip()
            message = message.rstrip() if place else message
            count += 1
            if not place:
                found = message in records
            else:
                place = "../docs/quirks.md" if place == "(none)" else place
                with open(os.path.join(tests, place), encoding="utf-8") as test:
                    found = message in test.read()
            if not found:
                missing.append("%s: not in %s" % (message, place or "any record"))
    print("%d messages" % count)
    print("\n".join(missing))
    return not missing


def main(words):
    if words[0] == "--table":
        items, messages = check_table(words[1]), check_messages(words[1])
        return items and messages
    mode = words.pop(0) if words[0].startswith("--") else ""
    path, guests = words[0], os.path.abspath(words[1])
    case, head, expected = read_case(path)
    if mode:
        if "JIT161_ORIGINAL" not in os.environ:
            sys.exit(77)
        programs = os.path.dirname(os.environ["JIT161_ORIGINAL"])
    else:
        programs = os.path.abspath(words[2])
    actual = run_case(case, guests, programs, mode == "")
    if mode == "":
        actual = without_hints(expected, actual)
    if mode == "--record":
        with open(path, "w", encoding="latin-1", newline="") as file:
            file.write(head + actual)
        return True
    if actual == expected:
        return True
    with tempfile.NamedTemporaryFile("w", encoding="latin-1") as file:
        file.write(head + actual)
        file.flush()
        subprocess.run(["diff", "-au", path, file.name])
    return False


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
