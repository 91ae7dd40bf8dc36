#!/usr/bin/env python3
"""Plugins (plugins/): what the examples count against counts made from traces, and that nothing else changes.

    plugins.py BUILD_DIR SOURCE_DIR
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

build, source = map(os.path.abspath, sys.argv[1:3])
jit161, guest, plugins = build + "/jit161", build + "/guest", build + "/plugins"
os.chdir(tempfile.mkdtemp())

SYSTEM161 = [
    # configuration, kernel, arguments
    ("monitor/solo.conf", "monitor/solo.elf", ["quick", "nap", "trespass"]),
    ("bare/one-cpu.conf", "bare/opcodes.elf", []),
    ("bare/one-cpu.conf", "bare/quirks.elf", []),
    ("bare/four-cpus.conf", "bare/four-cpus.elf", []),
]


def run(*words, status=0):
    result = subprocess.run([jit161, "run", "-X", "--rtc=1000000000", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            errors="replace", timeout=300)
    assert result.returncode == status, (words, result.returncode, result.stderr[-2000:])
    return result.stdout, result.stderr


def figures(messages):
    """The original's lines at the end: cycles, instructions by kind, interrupts, virtual time."""
    return re.findall(r"^sys161: (?:\d+ cycles .*|  cpu\d.*|\d+ irqs .*|Elapsed virtual.*)$", messages, re.M)


def executed(trace):
    """From a trace: per processor the instructions that came to their ends, as (pc, name, user, accessed address); and counts of the rest."""
    instructions, events = [], collections.Counter()
    last = {}

    def settle(cpu):
        if cpu in last and last[cpu]:
            instructions.append((cpu, *last[cpu]))
        last[cpu] = None

    for line in trace.splitlines():
        source = re.match(r"trace: (\d\d) (.*)", line)
        if not source:
            continue
        cpu, text = source.groups()
        if at := re.match(r"at ([0-9a-f]{8}): (\S+)?(.*)", text):
            pc, name, rest = int(at[1], 16), at[2], at[3]
            before = last.get(cpu)
            if before and before[0] == pc and re.match(r"m[ft](hi|lo)$|multu?$|divu?$", before[1] or ""):
                last[cpu] = None  # it had to wait, and is begun anew
            elif before and before[0] == pc:
                pc += 4  # a delay slot goes by the address of its branch
            settle(cpu)
            address = re.search(r"\[0x([0-9a-f]+)\]", rest)
            last[cpu] = (pc, name, int(address[1], 16) if address else None)
        # Also behind what an instruction had to say.
        if raised := re.search(r"exception: code (\d+)", text):
            code = int(raised[1])
            events["exception", code] += 1
            if code != 0:
                last[cpu] = None
            else:
                settle(cpu)
        elif re.match(r"tlbw[ir]:", text):
            events["tlb"] += 1
    for cpu in list(last):
        settle(cpu)
    return instructions, events


def lru(addresses, size, line, ways):
    sets, misses = [[] for _ in range(size // line // ways)], 0
    for address in addresses:
        tag = address // line
        chosen = sets[tag % len(sets)]
        if tag in chosen:
            chosen.remove(tag)
        else:
            misses += 1
            if len(chosen) == ways:
                chosen.pop(0)
        chosen.append(tag)
    return misses


def said(messages, plugin):
    return "\n".join(re.findall(rf"^\w+: {plugin}: (.*)$", messages, re.M))


checked = []
for configuration, kernel, arguments in SYSTEM161:
    what = ["-c", f"{guest}/{configuration}", f"{guest}/{kernel}", *arguments]
    plain_console, plain = run(*what)
    # Whatever engine was asked for, and with several at a time.
    for engine in "jit", "reference":
        console, messages = run(f"--engine={engine}", f"--plugin={plugins}/mix.so,500", f"--plugin={plugins}/cache.so,1024,16,2", *what)
        assert console == plain_console and figures(messages) == figures(plain) and len(figures(plain)) >= 4, (kernel, messages)
    assert re.search(r"translated", plain), plain

    run("-tkuxt", "-f", "trace.txt", *what)
    instructions, events = executed(open("trace.txt", errors="replace").read())
    mix = said(messages, "mix")
    total, in_kernel, in_user, blocks, in_blocks = map(int, re.findall(r"\d+", mix.splitlines()[0]))
    assert total == len(instructions) == in_kernel + in_user == in_blocks and 0 < blocks < total, (kernel, mix[:300], len(instructions))
    for code, count in re.findall(r"exception (\d+): (\d+)", mix):
        assert events.pop(("exception", int(code))) == int(count), (kernel, code)
    assert events.pop("tlb", 0) == int(re.search(r"(\d+) TLB writes", mix)[1]) and not events, (kernel, events, mix)
    # By name. The original says "[illegal" and such of what it does not know; those raise exceptions.
    names = collections.Counter(name for _, _, name, _ in instructions if name)
    counted = {name: int(k) + int(u) for name, k, u in re.findall(r"^(\S+) +(\d+) kernel +(\d+) user$", mix, re.M)}
    assert counted.pop("cache", 0) == sum(1 for i in instructions if not i[2]), kernel  # has no text in traces
    assert counted == dict(names), (kernel, set(counted.items()) ^ set(names.items()))

    loads, stores, device_loads, device_stores = map(int, re.findall(r"\d+", mix.splitlines()[1])[:4])
    accesses = [i for i in instructions if i[3] is not None and i[2] != "sc"]
    def on_bus(i):
        return 0x1FE00000 <= i[3] & 0x1FFFFFFF < 0x20000000 and 0x80000000 <= i[3] < 0xC0000000
    succeeded = sum(int(n) for n in re.findall(r"(\d+)/\d+ sc", plain))
    assert loads + stores + device_loads + device_stores == len(accesses) + succeeded, kernel
    assert device_loads + device_stores == sum(map(on_bus, accesses)), kernel

    # Where all addresses are in kseg0, the trace has physical ones; one processor, so that the order is known.
    if configuration == "bare/one-cpu.conf" and all(i[1] >> 29 == 4 for i in instructions):
        cache = said(messages, "cache")
        data = [i[3] & 0x1FFFFFFF & ~3 if i[2] in ("lwl", "lwr", "swl", "swr") else i[3] & 0x1FFFFFFF for i in accesses if not on_bus(i)]
        expected = [len(instructions), lru([i[1] & 0x1FFFFFFF for i in instructions], 1024, 16, 2)]
        assert list(map(int, re.findall(r"(\d+) accesses, (\d+) misses", cache)[0])) == expected, (kernel, cache, expected)
        if not succeeded and all(i[3] >> 29 in (4, 5) for i in accesses):
            expected = [len(data), lru(data, 1024, 16, 2)]
            assert list(map(int, re.findall(r"(\d+) accesses, (\d+) misses", cache)[1])) == expected, (kernel, cache, expected)
            checked.append(kernel)

assert checked, "no data cache was compared"

# Malta: every cycle is an instruction or ends in an exception.
for endian in "big", "little":
    for program in "alu", "memory", "tlb":
        what = ["--machine=malta", "--memory=16M", "--stats=stats.json", f"--kernel={guest}/malta/{program}.{endian}.elf"]
        plain, _ = run(*what)
        console, messages = run(f"--plugin={plugins}/mix.so", f"--plugin={plugins}/cache.so", *what)
        assert console == plain, program
        mix = said(messages, "mix")
        cycles = int(re.search(r"(\d+) guest cycles", messages)[1])
        raised = sum(int(n) for code, n in re.findall(r"exception (\d+): (\d+)", mix) if code != "0")
        assert int(mix.split()[0]) + raised == cycles, (program, cycles, mix)

# Mistakes.
what = ["-c", f"{guest}/bare/one-cpu.conf", f"{guest}/bare/example-a.elf"]
for plugin, text in (("nowhere.so", "Cannot load the plugin nowhere.so"), (f"{build}/libjit161-symbols.so", "is no plugin"),
                     (f"{plugins}/cache.so,100", "powers of two"), (f"{plugins}/mix.so,x", "does not want to run")):
    _, messages = run(f"--plugin={plugin}", *what, status=2)
    assert text in messages, messages
_, messages = run("--engine=lockstep", f"--plugin={plugins}/mix.so", *what, status=2)
assert "--plugin is not for --engine=lockstep" in messages, messages

# Without plugins nothing is different: the fields in struct cpu come last (asserted in runtime/cpu/observe.c), so that code refers to
# everything by the same numbers, and nothing that makes code knows of them.
for folder in "frontend", "ir", "jit":
    found = subprocess.run(["grep", "-rniE", r"CPU_OBSERVED|observe\.h|\bobserver\b|plugin", f"{source}/{folder}"], capture_output=True, text=True)
    assert found.returncode == 1, found.stdout
