#!/usr/bin/env python3
"""Line coverage: `coverage.py JIT161 GUESTS SOURCES`. The counts of bare/covered.S are in its comments; those of the kernel
are compared with the figures that it counts and prints itself. Every engine gives the same, and coverage changes nothing."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

JIT161, GUESTS, SOURCES = (os.path.abspath(path) for path in sys.argv[1:4])


def run(kernel, *options, status=0):
    result = subprocess.run([JIT161, "run", "-X", "-c", "sys161.conf", *options, kernel], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert result.returncode == status, result
    figures = [line for line in result.stderr.split("--- jit161")[0].splitlines()
               if "compiled" not in line and "real time" not in line]
    return result.stdout, figures


def read(path):
    """By the last part of the file's name: counts of lines, and of functions."""
    lines, functions, name = {}, {}, None
    with open(path) as file:
        text = file.read()
    for line in text.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            assert os.path.isfile(rest), rest  # what genhtml needs
            name = os.path.basename(rest)
        elif kind == "DA":
            number, count = map(int, rest.split(","))
            lines.setdefault(name, {})
            assert number not in lines[name], (name, number)
            lines[name][number] = count
        elif kind == "FNDA":
            count, function = rest.split(",")
            functions[function] = int(count)
        elif kind in ("LF", "LH"):
            counts = lines[name].values()
            assert int(rest) == (len(counts) if kind == "LF" else sum(count > 0 for count in counts)), (name, line)
        else:
            assert kind in ("TN", "FN", "FNF", "FNH", "end_of_record"), line
    return text, lines, functions


def check_covered():
    with open(SOURCES + "/bare/covered.S") as file:
        wanted = {number: int(match[1]) for number, line in enumerate(file, 1) if (match := re.search(r"# (\d+)", line))}
    assert len(wanted) > 20
    kernel = GUESTS + "/bare/covered.elf"
    plain = run(kernel)
    texts = set()
    for engine in "reference", "interp", "jit":
        assert run(kernel, "--engine=" + engine, "--coverage=covered.info") == plain
        text, lines, functions = read("covered.info")
        texts.add(text)
        assert lines == {"covered.S": wanted}, lines
        assert functions == {"_start": 1, "twice": 2, "never": 0}, functions
    assert len(texts) == 1


def counting_line(figure):
    with open(SOURCES + "/kernel/vm.c") as file:
        return [number for number, line in enumerate(file, 1) if f"vm_figures.{figure}++" in line][0]


def check_kernel():
    shutil.copy(GUESTS + "/sys161.conf", ".")
    kernel = GUESTS + "/kernel.elf"

    def boot(*options):
        if os.path.exists("guest.img"):
            os.remove("guest.img")
        result = subprocess.run([JIT161, "run", "-c", "sys161.conf", *options, kernel, "paging", "cow"], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert result.returncode == 0, result
        return result.stdout, re.findall(r"\d+ cycles.*|cpu0.*|.*irqs.*", result.stderr)[:3]

    plain = boot()
    assert boot("--engine=jit", "--coverage=kernel.info") == plain
    text, lines, functions = read("kernel.info")
    assert boot("--engine=interp", "--coverage=again.info") == plain
    assert read("again.info")[0] == text
    figures = {name: int(number) for number, name in re.findall(r"(\d+) (switches|faults|zeroed|loaded|copied|pages out|in)\b",
                                                                 plain[0].split("figures:", 1)[1])}
    assert figures["switches"] > 100 and figures["copied"] > 10 and figures["pages out"] > 100, figures
    assert functions["switch_stacks"] == figures["switches"], figures
    assert functions["vm_fault"] == figures["faults"], figures
    for name, figure in ("zeroed", "zeroed"), ("loaded", "loaded"), ("copied", "copied"), ("pages out", "swapped_out"), \
            ("in", "swapped_in"):
        assert lines["vm.c"][counting_line(figure)] == figures[name], (name, figures)


def check_errors():
    subprocess.run(["mips-linux-gnu-strip", "-g", "-o", "stripped.elf", GUESTS + "/bare/covered.elf"], check=True)
    for words, status, text in ((["--coverage=x", "stripped.elf"], 2, "does not say what lines"),
                                (["--coverage=none/x", GUESTS + "/bare/covered.elf"], 2, "Cannot write coverage to none/x"),
                                (["--coverage=x", "--engine=lockstep", "k"], 2, "not for --engine=lockstep")):
        result = subprocess.run([JIT161, "run", "-X", "-c", "sys161.conf", *words], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True)
        assert result.returncode == status and text in result.stderr, result


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sys161.conf", "w") as file:
            file.write("0 serial\n28 random seed=1\n29 timer\n30 trace\n31 mainboard ramsize=512K\n")
        check_covered()
        check_errors()
        check_kernel()
        os.chdir("/")


main()
