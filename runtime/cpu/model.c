#include "runtime/cpu/model.h"

#include "runtime/cpu/cpu.h"

#define REGISTER(number, select) [LIFT_CP0_INDEX(number, select)]
#define STATE(name)		 .state = IR_STATE_##name
#define CONSTANT(number)	 .read = LIFT_CP0_CONSTANT, .write = LIFT_CP0_IGNORED, .value = (number)

/* The CP0 file of System/161 (reference, section 1.8); registers that are not listed are reserved. */
static const struct lift_cp0 mips161_cp0[LIFT_CP0_COUNT_OF_REGISTERS] = {
    REGISTER(0, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_STATE, STATE(INDEX), .mask = 0x80003F00u},
    REGISTER(1, 0) = {.read = LIFT_CP0_HELPER, .write = LIFT_CP0_IGNORED}, /* Random */
    REGISTER(2, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_STATE, STATE(ENTRY_LO), .mask = 0xFFFFFF00u},
    REGISTER(4, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_STATE, STATE(CONTEXT), .mask = UINT32_MAX},
    REGISTER(8, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_STATE, STATE(BAD_VADDR), .mask = UINT32_MAX},
    REGISTER(9, 0) = {.read = LIFT_CP0_COUNT, .write = LIFT_CP0_HELPER},
    REGISTER(10, 0) = {.read = LIFT_CP0_ENTRY_HI, .write = LIFT_CP0_ENTRY_HI, .mask = 0xFFFFFFC0u},
    REGISTER(11, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_HELPER, STATE(COMPARE)},
    REGISTER(12, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_HELPER, STATE(STATUS)},
    REGISTER(13, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_HELPER, STATE(CAUSE)},
    REGISTER(14, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_IGNORED, STATE(EPC)},
    REGISTER(15, 0) = {CONSTANT(0x000000A1u)}, /* PRId */
    REGISTER(15, 1) = {CONSTANT(0)},	       /* CFEAT */
    REGISTER(15, 2) = {CONSTANT(0)},	       /* IFEAT */
    REGISTER(16, 0) = {CONSTANT(0x800083F3u)}, /* Config0 */
    REGISTER(16, 1) = {CONSTANT(0x7E1B0D80u)}, /* Config1 */
    REGISTER(16, 2) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
    REGISTER(16, 3) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
    REGISTER(16, 4) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
    REGISTER(16, 5) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
    REGISTER(16, 6) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
    REGISTER(16, 7) = {.read = LIFT_CP0_RESERVED, .write = LIFT_CP0_IGNORED},
};

const struct cpu_model cpu_model_mips161 = {
    .name = "MIPS-161",
    .lift =
	{
	    .isa = &mips_isa_mips161,
	    .hilo_interlock = true,
	    .lookup_sets_entry_hi = true,
	    .division = LIFT_DIVISION_SATURATES,
	    .cache_nops = 0x0F0F0F0Fu, /* the low three bits of rt are the operation: 0 to 3 do nothing */
	    .cp0 = mips161_cp0,
	},
    .status_reset = STATUS_BEV,
};
