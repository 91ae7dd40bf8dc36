#!/usr/bin/env python3
"""The debugger's socket, byte by byte, without gdb. Usage: protocol.py BUILD_FOLDER [CASE...].

The figures of guests with BREAKs planted in them were recorded from the original, snapshot 20220629, with the same packets."""

import os
import sys
import time

from machine import Client, Machine

if len(sys.argv) < 2:
    sys.exit(__doc__)

BUILD = os.path.abspath(sys.argv[1])
GUEST = BUILD + "/guest"
SYS161 = BUILD + "/sys161"
ENGINES = ["--engine=jit", "--engine=interp", "--engine=reference"]
ONE_CPU = ["-c", GUEST + "/sys161.conf", GUEST + "/kernel.elf", "quick", "sieve"]
FOUR_CPUS = ["-c", GUEST + "/bare/four-cpus.conf", GUEST + "/bare/four-cpus.elf"]

# Guest, digest of its loadable bytes, its arguments, where BREAK is planted, how often it is gone on, figures.
BREAKS = [
    ("kernel.elf", "63d317bce18909d96dcf702ceba034af8ac521a723194b3af62413a188dd83e4", ONE_CPU, 0x800008d8, 1, """\
2503521 cycles (2382143 run, 121378 global-idle)
  cpu0: 429663 kern, 1844727 user, 0 idle; 35 ll, 35/0 sc, 35 sync
330 irqs 65 exns 0r/0w disk 0r/289w console 0r/0w/0m emufs 0r/0w net
Elapsed virtual time: 0.100120146 seconds (25 mhz)
"""),
    ("kernel.elf", "63d317bce18909d96dcf702ceba034af8ac521a723194b3af62413a188dd83e4", ONE_CPU, 0x800008d8, 3, """\
2503514 cycles (2382143 run, 121371 global-idle)
  cpu0: 429675 kern, 1844722 user, 0 idle; 35 ll, 35/0 sc, 35 sync
330 irqs 65 exns 0r/0w disk 0r/289w console 0r/0w/0m emufs 0r/0w net
Elapsed virtual time: 0.100120146 seconds (25 mhz)
"""),
    ("bare/four-cpus.elf", "79fcbcb3f6f4ceff51b5e602a4c128790c8d24c9a674adf7db9c53d046fcd63f", FOUR_CPUS, 0x800004dc, 1,
     """\
225168 cycles (100000 run, 125168 global-idle)
  cpu0: 58649 kern, 0 user, 0 idle; 5001 ll, 1001/1000 sc, 0 sync
  cpu1: 39046 kern, 0 user, 19603 idle; 5003 ll, 1001/1001 sc, 0 sync
  cpu2: 39055 kern, 0 user, 19594 idle; 5005 ll, 1001/1002 sc, 0 sync
  cpu3: 39064 kern, 0 user, 19585 idle; 5007 ll, 1001/1003 sc, 0 sync
0 irqs 0 exns 0r/0w disk 0r/17w console 0r/0w/0m emufs 0r/0w net
Elapsed virtual time: 0.011642023 seconds (25 mhz)
"""),
    ("bare/four-cpus.elf", "79fcbcb3f6f4ceff51b5e602a4c128790c8d24c9a674adf7db9c53d046fcd63f", FOUR_CPUS, 0x800004dc, 4,
     """\
225168 cycles (100000 run, 125168 global-idle)
  cpu0: 58646 kern, 0 user, 0 idle; 5001 ll, 1001/1000 sc, 0 sync
  cpu1: 39049 kern, 0 user, 19597 idle; 5003 ll, 1001/1001 sc, 0 sync
  cpu2: 39058 kern, 0 user, 19588 idle; 5005 ll, 1001/1002 sc, 0 sync
  cpu3: 39067 kern, 0 user, 19579 idle; 5007 ll, 1001/1003 sc, 0 sync
0 irqs 0 exns 0r/0w disk 0r/17w console 0r/0w/0m emufs 0r/0w net
Elapsed virtual time: 0.011641903 seconds (25 mhz)
"""),
]


def check(condition, *what):
    if not condition:
        raise AssertionError("\n".join(str(part) for part in what))


def plain(arguments):
    with Machine(SYS161 + " -X", arguments, wait=False) as machine:
        check(machine.finish() == 0, machine.said())
        return machine.figures()


def ends_as_if_alone(machine, arguments):
    check(machine.finish() == 0, machine.said())
    check(machine.figures() == plain(arguments), machine.figures(), plain(arguments))


def planted_breaks():
    """The original's way: BREAKs in memory, and time that passes at them."""
    for guest, digest, arguments, address, stops, figures in BREAKS:
        with open("%s/%s.sha256" % (GUEST, guest)) as file:
            if file.read().strip() != digest:
                print("another compiler's guest: its BREAKs are not compared")
                continue
        for engine in ENGINES:
            with Machine(SYS161 + " " + engine, arguments) as machine:
                client = Client(machine)
                word = client.ask("m%x,4" % address)
                check(client.ask("M%x,4:0000000d" % address) == "OK")
                for _ in range(stops):
                    check(client.ask("c") == "T05thread:a;")
                    check(int(client.ask("p25"), 16) == address)
                check(client.ask("M%x,4:%s" % (address, word)) == "OK")
                check(client.ask("D") == "OK")
                check(machine.finish() == 0)
                check(machine.figures().replace("sys161: ", "").startswith(figures), machine.figures(), figures)


def nobody_to_stop_for():
    """With -X and nobody connected BREAK is an exception: the guest kernel panics. Without -X it waits for somebody."""
    def plant(machine):
        client = Client(machine)
        check(client.ask("M800008d8,4:0000000d") == "OK" and client.ask("D") == "OK")

    with Machine(SYS161 + " -X", ONE_CPU) as machine:
        plant(machine)
        check(machine.finish() == 1, machine.said())
        check("panic" in machine.printed(), machine.printed())
        check("sys161: Not waiting for debugger..." in machine.said(), machine.said())
    with Machine(SYS161, ONE_CPU) as machine:
        plant(machine)
        while machine.said().count("Waiting for debugger connection...") < 2:
            time.sleep(0.01)
        client = Client(machine)
        check(client.ask("?") == "T05thread:a;" and client.ask("p25") == "800008d8")
        client.send("k")
        check(machine.finish() == 3, machine.said())


def a_hang_can_be_looked_at():
    """A programming error of the guest stops it; gone on, the access counts as done (section 5.7)."""
    def store(machine):  # an invalid command to the disk in slot 1
        client = Client(machine)
        code = "3c08bfe1" + "34090055" + "ad090004" + "00000000"
        check(client.ask("M80080000,10:" + code) == "OK" and client.ask("P25=80080000") == "OK")
        return client

    with Machine(SYS161, ONE_CPU) as machine:
        client = store(machine)
        stop = client.ask("c")
        check(stop == "T05thread:a;", stop, machine.said())
        check("You did something the hardware didn't like." in machine.said(), machine.said())
        check(client.ask("p25") == "8008000c", client.ask("p25"))
        client.send("k")
        check(machine.finish() == 3, machine.said())
    with Machine(SYS161 + " -X", ONE_CPU) as machine:
        client = store(machine)
        check(client.ask("D") == "OK")
        check(machine.finish() == 1, machine.said())
        check("Exiting instead of waiting for debugger..." in machine.said(), machine.said())


def registers():
    with Machine(SYS161, ONE_CPU) as machine:
        client = Client(machine)
        all_of_them = client.ask("g")
        check(len(all_of_them) % 8 == 0 and all_of_them[8 * 38:8 * 39] == "xxxxxxxx", all_of_them)
        check(client.ask("p25") == all_of_them[8 * 37:8 * 38] == "800001e0")
        check(client.ask("P2=12345678") == "OK" and client.ask("p2") == "12345678")
        check(client.ask("P0=12345678") == "OK" and client.ask("p0") == "00000000")
        changed = all_of_them[:8] + "89abcdef" + all_of_them[16:]
        check(client.ask("G" + changed) == "OK" and client.ask("g")[8:16] == "89abcdef")
        for wrong in ("p", "p100", "px", "P2", "P2=", "P2=1234", "P2=xxxxxxxx", "P26=00000000", "P25=80000001",
                      "P100=00000000", "G12"):
            check(client.ask(wrong) == "E01", wrong)
        client.send("k")
        check(machine.finish() == 3)


def memory():
    with Machine(SYS161, ONE_CPU) as machine:
        client = Client(machine)
        check(client.ask("M80080001,3:010203") == "OK")
        check(client.ask("m80080000,8") == "0001020300000000")
        check(client.ask("mffffffff80080001,2") == "0102")  # gdb may extend addresses by their sign
        check(client.ask("ma0080002,2") == "0203")
        check(client.ask("X80080000,4:\x7d\x03\x7d\x5d\x00a") == "OK")  # 23, 7d, 00, 61 with two escapes
        check(client.ask("m80080000,4") == "237d0061")
        check(client.ask("mbfc00ffc,4") == "0000000d")
        check(client.ask("m800ffffc,10") == "800ffff0" or len(client.ask("m800ffffc,10")) == 8)  # up to the end of RAM
        for nothing in ("m80100000,4", "m1000,4", "mbfe00000,4", "M80100000,4:00000000", "M800ffffe,4:00000000",
                        "Mbfc00000,4:00000000", "M1000,1:00"):
            check(client.ask(nothing) == "E03", nothing)
        for wrong in ("m", "m80080000", "m80080000,", "mx,4", "M80080000,4:00", "M80080000,4", "M80080000,1:0",
                      "M80080000,1:xx", "X80080000,3:ab"):
            check(client.ask(wrong) == "E01", wrong)
        client.send("k")
        check(machine.finish() == 3)


def steps():
    with Machine(SYS161, ONE_CPU) as machine:
        client = Client(machine)
        check(client.ask("s") == "T05thread:a;" and client.ask("p25") == "800001e4")
        check(client.ask("vCont;s:a") == "T05thread:a;" and client.ask("p25") == "800001e8")
        check(client.ask("vCont;s:a;c") == "T05thread:a;" and client.ask("p25") == "800001ec")
        # The jump at 800001ec and what is in its slot are one.
        check(client.ask("S05") == "T05thread:a;")
        main = int(client.ask("p25"), 16)
        check(main not in (0x800001ec, 0x800001f0, 0x800001f4), hex(main))
        check(client.ask("vCont;r%x,%x:a" % (main, main + 12)) == "T05thread:a;")
        check(int(client.ask("p25"), 16) == main + 12, client.ask("p25"), hex(main))
        for wrong in ("vCont", "vCont;", "vCont;t", "vCont;s:b", "vCont;x", "vCont;r1", "vCont;c:", "cx", "S", "s1"):
            check(client.ask(wrong) == "E01", wrong)
        client.send("D")
        ends_as_if_alone(machine, ONE_CPU)


def queries():
    with Machine(SYS161, FOUR_CPUS) as machine:
        client = Client(machine)
        check("qXfer:features:read+" in client.ask("qSupported:swbreak+;hwbreak+"))
        check(client.ask("qC") == "QCa" and client.ask("qfThreadInfo") == "m0a" and client.ask("qsThreadInfo") == "l")
        check(client.ask("Ta") == "OK" and client.ask("Tb") == "E00" and client.ask("Hg0") == "OK")
        check(client.ask("Hg-1") == "OK" and client.ask("Hgb") == "E00" and client.ask("Hga") == "OK")
        check(bytes.fromhex(client.ask("qThreadExtraInfo,a")).startswith(b"CPU 0"))
        whole, at = "", 0
        while True:
            piece = client.ask("qXfer:features:read:target.xml:%x,100" % at)
            whole, at = whole + piece[1:], at + len(piece) - 1
            if piece[0] == "l":
                break
        check(whole.rstrip().endswith("</target>") and "org.gnu.gdb.mips.cpu" in whole, whole)
        check(client.ask("qXfer:features:read:target.xml:%x,100" % at) == "l")
        for wrong in ("qXfer:features:read:target.xml:ffff,1", "qXfer:features:read:target.xml:0", "qRcmd,1x"):
            check(client.ask(wrong) == "E01", wrong)
        for unknown in ("vMustReplyEmpty", "qNonsense", "!", "Z9,80000000,4", "x", ""):
            check(client.ask(unknown) == "", unknown)
        check(client.ask("Z0,80000002,4") == "E22" and client.ask("Z2,80000000,0") == "E22")
        check(client.ask("Z2,80000000,fffffff") == "E22" and client.ask("z0,80000000,4") == "E02")
        check(client.ask("Z0,80000000") == "E01")
        client.send("k")
        check(machine.finish() == 3)


def framing():
    """Noise, wrong checksums, packets that are too long, cut off or asked for again."""
    with Machine(SYS161, ONE_CPU) as machine:
        client = Client(machine)
        client.write(b"++-\0nonsense#00\x03")
        check(client.ask("qC") == "QCa")
        client.write(b"$qC#00")
        check(client.socket.recv(1) == b"-")
        client.write(b"$qC$qC#b4")
        check(client.receive() == "QCa")
        client.write(b"$" + b"A" * 100000 + b"#%02x" % (ord("A") * 100000 & 255))
        check(client.receive().startswith("E"))
        client.send("qC")
        time.sleep(0.1)
        client.write(b"-")
        check(client.receive() == "QCa" and client.receive() == "QCa")
        check(client.ask("QStartNoAckMode") == "OK")
        client.write(b"$qC#00")  # nobody looks at checksums any more
        check(client.receive() == "QCa")
        client.send("D")
        ends_as_if_alone(machine, ONE_CPU)


def connection_drops():
    """With breakpoints set, in the middle of a packet, while the machine runs: it goes on as if alone."""
    def says_goodbye(client):
        check(client.ask("Z0,800008d8,4") == "OK" and client.ask("Z4,80024000,4") == "OK")
        check(client.ask("c").startswith("T05"))

    def in_a_packet(client):
        client.write(b"$M80080000,4:0000")

    def in_an_answer(client):
        for _ in range(50):
            client.send("m80000000,1000")

    def while_it_runs(client):
        client.send("c")

    for way in (says_goodbye, in_a_packet, in_an_answer, while_it_runs):
        with Machine(SYS161, ONE_CPU) as machine:
            client = Client(machine)
            way(client)
            client.close()
            ends_as_if_alone(machine, ONE_CPU)
            check("sys161: New debugger connection" in machine.said())
            if way is not while_it_runs:  # else it may have ended first
                check("sys161: gdbcomm: read: EOF from debugger" in machine.said(), machine.said())


def one_after_the_other():
    """A second debugger is turned away while there is one, and welcome afterwards; it stops the running machine."""
    with Machine(SYS161, FOUR_CPUS) as machine:
        first = Client(machine)
        check(first.ask("Z0,800004dc,4") == "OK" and first.ask("c").startswith("T05"))
        check(first.ask("P10=7fffffff") == "OK")  # s0: it counts for long
        second = Client(machine)
        check(second.receive() == "E99" and second.receive() is None)
        check(first.ask("qC") == "QCa")
        check("refused" in machine.said(), machine.said())
        first.close()
        second = Client(machine)
        check(second.ask("?") == "T05thread:a;")
        check(second.ask("qfThreadInfo") == "m0a,0b,0c,0d")
        second.send("c")
        second.write(b"\x03")
        check(second.receive() == "T02thread:a;")
        second.send("k")
        check(machine.finish() == 3)


def looking_while_it_runs():
    """Packets are answered between runs, and the machine goes on."""
    with Machine(SYS161, FOUR_CPUS) as machine:
        client = Client(machine)
        check(client.ask("Z0,800004dc,4") == "OK" and client.ask("c").startswith("T05"))
        check(client.ask("P10=7fffffff") == "OK" and client.ask("z0,800004dc,4") == "OK")
        client.send("c")
        before = client.ask("p4c")  # Count
        time.sleep(0.1)
        check(client.ask("p4c") != before)
        check(client.ask("?") == "T02thread:a;")
        stopped = client.ask("p4c")
        check(client.ask("p4c") == stopped)
        client.send("k")
        check(machine.finish() == 3)


CASES = [planted_breaks, nobody_to_stop_for, a_hang_can_be_looked_at, registers, memory, steps, queries, framing, connection_drops,
         one_after_the_other, looking_while_it_runs]

if __name__ == "__main__":
    for case in CASES:
        if not sys.argv[2:] or case.__name__ in sys.argv[2:]:
            case()
            print("ok", case.__name__, flush=True)
