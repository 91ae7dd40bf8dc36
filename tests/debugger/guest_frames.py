"""For gdb: unwinds the shipped guest kernel's trap frames (tests/guest/kernel/frame.h), from trap() into what was interrupted.
gdb 13 looks up kseg0 addresses in .debug_frame without their sign, in vain, so call frame information cannot say it."""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

ARGUMENT_AREA = 16
FRAME_EPC = 36
REGISTERS = ("at v0 v1 a0 a1 a2 a3 t0 t1 t2 t3 t4 t5 t6 t7 s0 s1 s2 s3 s4 s5 s6 s7 t8 t9 k0 k1 gp sp s8 ra").split()


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TrapFrames(Unwinder):
    def __init__(self):
        super().__init__("guest traps")

    def __call__(self, pending):
        pc, sp = pending.read_register("pc"), pending.read_register("sp")
        if int(pc) & 0xffffffff != int(gdb.parse_and_eval("(unsigned)&trap_return")):
            return None  # not where trap() returns to

        def word(index):
            return gdb.Value((int(sp) & 0xffffffff) + ARGUMENT_AREA + 4 * index).cast(
                gdb.lookup_type("int").pointer()).dereference()

        info = pending.create_unwind_info(FrameId(sp, pc))
        for number, name in enumerate(REGISTERS, 1):
            if name not in ("k0", "k1"):
                info.add_saved_register(name, word(number))
        info.add_saved_register("pc", word(FRAME_EPC))
        return info


register_unwinder(None, TrapFrames())
