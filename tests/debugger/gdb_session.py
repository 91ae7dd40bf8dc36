#!/usr/bin/env python3
"""Stock gdb and the machine's debugger stub. Usage: gdb_session.py BUILD_FOLDER [CASE...]. Exit status 77: there is no
gdb-multiarch.

Whatever is done to a machine that is then allowed to go on, its figures are those of a run that nobody looked at, and what
gdb sees is the same whoever executes the guest."""

import os
import re
import sys

from machine import GDB, Client, Machine, gdb

if len(sys.argv) < 2:
    sys.exit(__doc__)
if not GDB:
    print("skipped: there is no gdb-multiarch (the Debian package of that name)")
    sys.exit(77)

BUILD = os.path.abspath(sys.argv[1])
GUEST = BUILD + "/guest"
SYS161 = BUILD + "/sys161"
KERNEL = GUEST + "/kernel.elf"
FOUR = GUEST + "/bare/four-cpus.elf"
ONE_CPU = ["-c", GUEST + "/sys161.conf", KERNEL, "quick", "sieve", "qsort"]
FOUR_CPUS = ["-c", GUEST + "/bare/four-cpus.conf", FOUR]
ENGINES = ["--engine=jit --threshold=20", "--engine=jit", "--engine=interp", "--engine=reference"]

# A command that may fail.
TRY = """
python
class Try(gdb.Command):
    def __init__(self):
        super().__init__("try", gdb.COMMAND_USER)
    def invoke(self, text, from_tty):
        try:
            gdb.execute(text)
        except gdb.error as error:
            print(error)
Try()
end
"""

# Prints where it is at each of LIMIT stops at most.
FOLLOW = """
set $n = 0
while $n < %d
  continue
  set $n = $n + 1
  printf "at %%x sp %%x count %%x thread %%d\\n", $pc, $sp, $count, $_thread
end
delete
continue
"""

plain_figures = {}


def plain(arguments):
    key = " ".join(arguments)
    if key not in plain_figures:
        with Machine(SYS161 + " -X", arguments, wait=False) as machine:
            assert machine.finish() == 0, machine.said()
            plain_figures[key] = machine.figures()
    return plain_figures[key]


def check(condition, *what):
    if not condition:
        raise AssertionError("\n".join(str(part) for part in what))


def session(arguments, kernel, commands, engine=ENGINES[1], same_figures=True):
    """gdb's output for a machine that ends by itself, with the figures of one that was left alone."""
    with Machine(SYS161 + " " + engine, arguments) as machine:
        output = gdb(machine, kernel, commands)
        check(machine.finish() == 0, machine.said(), output)
        if same_figures:
            check(machine.figures() == plain(arguments), "figures differ", machine.figures(), plain(arguments), output)
        return output, machine.printed()


def same_everywhere(arguments, kernel, commands, least):
    """The stops under all engines; at least so many of them."""
    seen = None
    for engine in ENGINES:
        output, _ = session(arguments, kernel, commands, engine)
        stops = re.findall(r"^at .*$", output, re.M)
        check(len(stops) >= least, engine, output)
        check(seen in (None, stops), engine, "other stops than before", seen, stops)
        seen = stops
    return seen


def breakpoints_in_the_kernel():
    same_everywhere(ONE_CPU, KERNEL, "break system_call\nhbreak vm_fault\n" + FOLLOW % 20, 20)


def breakpoints_at_the_vectors():
    """Where interrupts and TLB misses arrive."""
    same_everywhere(ONE_CPU, KERNEL, "hbreak *0x80000000\nhbreak *0x80000080\n" + FOLLOW % 30, 30)


def breakpoints_in_user_code():
    """By virtual address, in whatever process; there and in the loop that runs most."""
    same_everywhere(ONE_CPU, KERNEL, "hbreak *0x400024\nbreak *0x4004a8\n" + FOLLOW % 30, 30)


def watchpoints_of_the_kernel():
    for kind, least in (("watch", 10), ("rwatch", 20), ("awatch", 20)):
        same_everywhere(ONE_CPU, KERNEL, "break process_exec\ncontinue\ndelete\n%s current_directory\n" % kind +
                        FOLLOW % 20, least)


def watchpoints_of_user_data():
    """On a stack, at an address that several processes have."""
    for kind, least in (("watch", 2), ("rwatch", 10), ("awatch", 10)):
        same_everywhere(ONE_CPU, KERNEL, "break process_exec\ncontinue\ndelete\n%s *(int *)0x7ffeff30\n" % kind +
                        FOLLOW % 10, least)


def steps():
    output, _ = session(ONE_CPU, KERNEL, """
break process_exec
continue
delete
set $n = 0
while $n < 60
  stepi
  set $n = $n + 1
end
next
next
step
info registers pc
finish
continue
""")
    check("Value returned is" in output, output)


def registers_and_memory():
    """What is written is what the guest goes on with."""
    output, printed = session(FOUR_CPUS, FOUR, TRY + """
break add_one
continue
set $s0 = 10
set var *(int *)&total = 256
print *(int *)&total
print/x $status
set $epc = 0x80001234
set $lo = 77
print/x $epc
print $lo
print $f0
print *(int *)0xbfc00000
try print *(int *)0xbfe00000
try print *(int *)0x1000
try set var *(int *)0x1000 = 1
try set $prid = 1
try set $status = 0x10000
try set $pc = 0x80001001
delete
continue
""", same_figures=False)
    check("$1 = 256" in output and "$3 = 0x80001234" in output and "$4 = 77" in output, output)
    check("$5 = <unavailable>" in output and "$6 = 0" in output, output)
    check("Cannot access memory at address 0xbfe00000" in output, output)
    check(output.count("Cannot access memory at address 0x1000") == 2, output)
    check(output.count("Could not write register") == 3, output)
    # 256, and 10 rounds of CPU 0 (one of which was begun) instead of 1000.
    check("total = %08x" % (256 + 3010) in printed, printed, output)


def backtrace_through_an_exception():
    frames = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest_frames.py")
    for arguments in (ONE_CPU, ["-C", "31:cpus=4"] + ONE_CPU):
        output, _ = session(arguments, KERNEL, "source %s\nbreak system_call\ncontinue\nbacktrace\nframe 4\nx/i $pc\n"
                            "delete\ncontinue\n" % frames)
        check(re.search(r"#0  system_call .*\n#1  0x\w+ in user_exception .*\n#2  trap .*\n#3  0x\w+ in general_vector "
                        r".*\n[^#]*#4  0x00400\w+ in", output), output)
        check("syscall" in output, output)


def threads():
    output, _ = session(FOUR_CPUS, FOUR, """
info threads
break add_one
continue
info threads
thread 3
backtrace
thread apply all print/x $pc
delete
continue
""")
    check("Thread 10 \"CPU 0\" (running, kernel mode)" in output, output)
    check(len(re.findall(r"^\*? +\d +Thread", output, re.M)) == 5, output)
    check(re.search(r"#1  0x\w+ in count_up", output), output)


def four_cpus_meet_one_breakpoint():
    """All of them, in the same cycle or the next, and none is missed."""
    stops = same_everywhere(FOUR_CPUS, FOUR, "break add_one\n" + FOLLOW % 40, 40)
    check([int(stop.split()[-1]) for stop in stops] == [1, 2, 3, 4] * 10, stops)


def four_cpus_meet_one_watchpoint():
    output, _ = session(FOUR_CPUS, FOUR, "break add_one\ncontinue\ndelete\nwatch *(int *)&total\n" + FOLLOW % 25)
    values = re.findall(r"^Old value = (\d+)\nNew value = (\d+)$", output, re.M)
    check(values == [(str(i), str(i + 1)) for i in range(25)], values, output)


def four_cpus_step():
    same_everywhere(FOUR_CPUS, FOUR, """
break add_one
continue
delete
set $n = 0
while $n < 25
  stepi
  set $n = $n + 1
  printf "at %x count %x thread %d\\n", $pc, $count, $_thread
  thread apply all print/x $pc
end
continue
""", 25)


def interrupt():
    with Machine(SYS161, FOUR_CPUS) as machine:
        output = gdb(machine, FOUR, """
break add_one
continue
delete
set $s0 = 0x7fffffff
continue
printf "stopped, total %d\\n", *(int *)&total > 1000
set $s0 = 1
thread 1
set $s0 = 1
continue
""", interrupt_after=3)
        check("received signal SIGINT" in output and "stopped, total 1" in output, output)
        check(machine.finish() == 0, machine.said())


def interrupt_one_cpu():
    """A kernel in an endless loop, and no other way to stop it."""
    arguments = ["-c", GUEST + "/bare/one-cpu.conf", GUEST + "/bare/spin.elf"]
    with Machine(SYS161, arguments) as machine:
        output = gdb(machine, arguments[-1], "continue\nprintf \"stopped at %x\\n\", $pc\nstepi\nkill\n",
                     interrupt_after=3)
        check("received signal SIGINT" in output and "stopped at 800004" in output, output)
        check(machine.finish() == 3, machine.said())


def writes_on_one_cpu():
    """The first line that the kernel prints: another letter in memory, another length in a register."""
    _, printed = session(ONE_CPU, KERNEL, "break *console_write\ncontinue\nset var *(char *)$a0 = 'K'\nset $a1 = 6\n"
                         "delete\ncontinue\n", same_figures=False)
    check(printed.startswith("Kernel"), printed)
    check(not printed.startswith("Kernel:"), printed)


def four_cpus_read():
    """Watchpoints for reading and access."""
    for kind in ("rwatch", "awatch"):
        stops = same_everywhere(FOUR_CPUS, FOUR, "break add_one\ncontinue\ndelete\n%s *(int *)&total\n" % kind +
                                FOLLOW % 20, 20)
        check({int(stop.split()[-1]) for stop in stops} == {1, 2, 3, 4}, kind, stops)


# What a machine of each size is stopped by, and what to watch.
SIZES = [(ONE_CPU, KERNEL, "break system_call", "watch current_directory"),
         (FOUR_CPUS, FOUR, "break add_one", "awatch *(int *)&total")]


def detach():
    for arguments, kernel, stop, watch in SIZES:
        with Machine(SYS161, arguments) as machine:
            output = gdb(machine, kernel, "%s\n%s\ncontinue\ncontinue\ndetach\n" % (stop, watch))
            check("detached" in output, output)
            check(machine.finish() == 0, machine.said())
            check(machine.figures() == plain(arguments), machine.said())


def kill():
    for arguments, kernel, stop, watch in SIZES:
        with Machine(SYS161, arguments) as machine:
            gdb(machine, kernel, "%s\n%s\ncontinue\nkill\n" % (stop, watch))
            check(machine.finish() == 3, machine.said())
            check("sys161: Debugger requested kill" in machine.said(), machine.said())


def quit_leaves_it_running():
    for arguments, kernel, stop, watch in SIZES:
        with Machine(SYS161, arguments) as machine:
            gdb(machine, kernel, "%s\n%s\ncontinue\nquit\n" % (stop, watch))
            check(machine.finish() == 0, machine.said())
            check(machine.figures() == plain(arguments), machine.said())


def another_gdb_is_refused():
    with Machine(SYS161, ONE_CPU) as machine:
        first = Client(machine)
        check(first.ask("?").startswith("T05"))
        output = gdb(machine, KERNEL, "info registers pc\n")
        check("pc" not in output.split("Error")[-1], output)
        check(len(first.ask("g")) > 8 * 37)
        check("refused" in machine.said(), machine.said())
        first.send("c")
        check(first.receive() == "W00")
        check(machine.finish() == 0 and machine.figures() == plain(ONE_CPU), machine.said())


def monitor():
    output, _ = session(ONE_CPU, KERNEL, """
break *0x4004a8
continue
monitor help
monitor tlb
monitor cp0
monitor devices
monitor stats
monitor translate 4004a8
monitor translate 12345678
monitor phys 0 20
monitor phys 1fe00000 8
monitor dump 80003d84
monitor dump 80003d84 q
monitor nonsense
delete
continue
""")
    for text in ("dump ", "index 63", "$12.0  0x", "Slot 31", "global-idle)", "0x004004a8: physical 0x000",
                 "0x12345678: no valid entry", "0x00000000: 40", "0x1fe00000: -------- --------",
                 "=== guest assembly", "=== host assembly", "stages are g", "There is no command `nonsense'"):
        check(text in output, text, output)


def kernel_views():
    """What the kernel of broken/processes.c knows: it waits for ever, with nobody but the debugger to end that."""
    kernel = GUEST + "/broken/processes.elf"
    with Machine(SYS161, ["-c", GUEST + "/broken/broken.conf", kernel]) as machine:
        output = gdb(machine, kernel, """
monitor threads
monitor spaces
break wait_for_interrupt
continue
monitor threads
monitor spaces
monitor tlb
kill
""")
        check(machine.finish() == 3, machine.said(), output)
    check("no thread was found" not in output, output)  # they are there from the start
    for text in ('"shell" at 0x8', 'process "shell": S_SLEEP on "waitpid"', 'process "palin": S_SLEEP on "disk"',
                 'process "palin": S_RUN, on a processor', 'of process "shell" at 0x8', "as_npages1 0x9", "index 63",
                 '0x00400000-0x00402fff: physical 0x00040000, read only, region 1 of "palin"'):
        check(text in output, text, output)


def jit161_on_tcp():
    where = "127.0.0.1:%d" % (20000 + os.getpid() % 20000)
    with Machine(BUILD + "/jit161 run --gdb=" + where, ONE_CPU, where=where) as machine:
        output = gdb(machine, KERNEL, "break system_call\n" + FOLLOW % 3)
        check(len(re.findall("^at ", output, re.M)) == 3, output)
        check(machine.finish() == 0 and machine.figures() == plain(ONE_CPU), machine.said())


def malta():
    """Both byte orders: registers, breakpoints, watchpoints, memory."""
    for order in ("big", "little"):
        program = "%s/malta/compute.%s.elf" % (GUEST, order)
        outputs = set()
        for engine in ("jit", "jit --threshold=20", "reference"):
            run = "%s/jit161 run --machine=malta --engine=%s --gdb=unix:./socket" % (BUILD, engine)
            with Machine(run, [program], where="./socket") as machine:
                output = gdb(machine, program, """
break random_word
continue
backtrace 2
print/x $config
print *(int *)$sp
delete
watch *(int *)&seed
rwatch *(int *)&seed
continue
continue
continue
backtrace 2
print/x $prid
delete
continue
""")
                check(machine.finish() == 0, machine.said(), output)
                check("Breakpoint 1, 0x" in output and "Hardware watchpoint 2" in output and
                      "Hardware read watchpoint 3" in output, output)
                outputs.add((re.sub(r"/tmp/\S*", "", output), machine.printed()))
        check(len(outputs) == 1, *outputs)


CASES = [breakpoints_in_the_kernel, breakpoints_at_the_vectors, breakpoints_in_user_code, watchpoints_of_the_kernel,
         watchpoints_of_user_data, steps, registers_and_memory, backtrace_through_an_exception, threads,
         four_cpus_meet_one_breakpoint, four_cpus_meet_one_watchpoint, four_cpus_step, four_cpus_read,
         interrupt, interrupt_one_cpu, writes_on_one_cpu, detach, kill,
         quit_leaves_it_running, another_gdb_is_refused, monitor, kernel_views, jit161_on_tcp, malta]

if __name__ == "__main__":
    for case in CASES:
        if not sys.argv[2:] or case.__name__ in sys.argv[2:]:
            case()
            print("ok", case.__name__, flush=True)
