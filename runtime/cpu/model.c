#include "runtime/cpu/model.h"

#include <string.h>

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
    .family = FAMILY_MIPS161,
    .lift =
	{
	    .isa = &mips_isa_mips161,
	    .big_endian = true,
	    .hilo_interlock = true,
	    .fetch_looks_ahead = true,
	    .links_first = true,
	    .slot_needs_jump = true,
	    .lookup_sets_entry_hi = true,
	    .division = LIFT_DIVISION_SATURATES,
	    .wait_passes = CAUSE_LINES,
	    .cache_nops = 0x0F0F0F0Fu, /* the low three bits of rt are the operation: 0 to 3 do nothing */
	    .cp0 = mips161_cp0,
	},
    .status_reset = STATUS_BEV,
    .status_user_mask = STATUS_KUC,
    .status_user = STATUS_KUC,
    .status_interrupt_mask = STATUS_IEC,
    .tlb_entries = TLB_ENTRIES,
};

/* MIPS32 (Malta reference, section 14). HELPER registers live in struct cpu (mips32_cp0.c): `value` after
 * reset, `mask` can be written. Unlisted ones read 0
 * and ignore writes; the lifter leaves them to the interpreter.
 *
 * What differs from QEMU's models, and why: no FPU, watch registers, EJTAG and MIPS16 (not built, so Config1
 * does not promise them); caches of 32 KiB, so that kernels invalidate by address. */
#define CONFIG1_MORE	   0x80000000u
#define CONFIG1_CACHES	   0x005F2F80u /* both: 128 sets of 32 bytes, 8 ways */
#define CONFIG1_TLB(size)  ((uint32_t)((size)-1) << 25)
#define CONFIG0_LITTLE	   0x80000482u
#define CONFIG0_BIG	   (CONFIG0_LITTLE | 0x8000u)
#define CONFIG3_VINT	   0x20u
#define STATUS_MASK_MIPS32 0x1040FF1Fu /* no FPU: CU1 and FR stay 0; TS, SR and NMI never come up */
#define INT_CTL_MIPS32	   0xE0000000u /* the timer is IP7 */
#define ANY		   UINT32_MAX

#define HELPER(reset, writable)                                                                              \
	.read = LIFT_CP0_HELPER, .write = LIFT_CP0_HELPER, .value = (reset), .mask = (writable)
#define STATE_WITH_EFFECT(name, reset, writable)                                                             \
	.read = LIFT_CP0_STATE, .write = LIFT_CP0_HELPER, STATE(name), .value = (reset), .mask = (writable)
#define PLAIN_STATE(name, writable)                                                                          \
	.read = LIFT_CP0_STATE, .write = LIFT_CP0_STATE, STATE(name), .mask = (writable)

#define MIPS32_CP0(prid, config0, config3, tlb_size, vector_spacing)                                         \
	{                                                                                                    \
		REGISTER(                                                                                    \
		    0, 0) = {PLAIN_STATE(INDEX, (tlb_size)-1)},                                              \
		       REGISTER(1, 0) = {.read = LIFT_CP0_HELPER, .write = LIFT_CP0_IGNORED}, /* Random */   \
		    REGISTER(2, 0) = {PLAIN_STATE(ENTRY_LO, 0x03FFFFFFu)},                                   \
		       REGISTER(3, 0) = {HELPER(0, 0x03FFFFFFu)}, /* EntryLo1 */                             \
		    REGISTER(4, 0) = {STATE_WITH_EFFECT(CONTEXT, 0, 0xFF800000u)},                           \
		       REGISTER(5, 0) = {HELPER(0, 0x1FFFE000u)}, /* PageMask */                             \
		    REGISTER(6, 0) = {HELPER(0, (tlb_size)-1)},	  /* Wired */                                \
		    REGISTER(7, 0) = {HELPER(0, 0x0000000Fu)},	  /* HWREna */                               \
		    REGISTER(8, 0) = {.read = LIFT_CP0_STATE, .write = LIFT_CP0_IGNORED, STATE(BAD_VADDR)},  \
		       REGISTER(9, 0) = {.read = LIFT_CP0_HELPER, .write = LIFT_CP0_HELPER}, /* Count */     \
		    REGISTER(10, 0) = {.read = LIFT_CP0_HELPER,                                              \
				       .write = LIFT_CP0_HELPER,                                             \
				       .mask = 0xFFFFE0FFu}, /* EntryHi */                                   \
		    REGISTER(11, 0) = {STATE_WITH_EFFECT(COMPARE, 0, ANY)},                                  \
		       REGISTER(12, 0) = {STATE_WITH_EFFECT(STATUS, 0x00400004u, STATUS_MASK_MIPS32)},       \
		       REGISTER(12, 1) = {HELPER(INT_CTL_MIPS32, vector_spacing)},                           \
		       REGISTER(13, 0) = {STATE_WITH_EFFECT(CAUSE, 0, 0x08C00300u)},                         \
		       REGISTER(14, 0) = {PLAIN_STATE(EPC, ANY)}, REGISTER(15, 0) = {CONSTANT(prid)},        \
		       REGISTER(15, 1) = {HELPER(0x80000000u, 0x3FFFF000u)}, /* EBase */                     \
		    REGISTER(16, 0) = {HELPER(config0, 7)},                                                  \
		       REGISTER(16, 1) = {CONSTANT(CONFIG1_MORE | CONFIG1_TLB(tlb_size) | CONFIG1_CACHES)},  \
		       REGISTER(16, 2) = {CONSTANT(0x80000000u)}, REGISTER(16, 3) = {CONSTANT(config3)},     \
		       REGISTER(30, 0) = {HELPER(0, ANY)}, /* ErrorEPC */                                    \
	}

#define PRID_24KF 0x00019300u
#define PRID_34KF 0x00019500u

static const struct lift_cp0 mips32_24k_little[LIFT_CP0_COUNT_OF_REGISTERS] =
    MIPS32_CP0(PRID_24KF, CONFIG0_LITTLE, 0, 16, 0);
static const struct lift_cp0 mips32_24k_big[LIFT_CP0_COUNT_OF_REGISTERS] =
    MIPS32_CP0(PRID_24KF, CONFIG0_BIG, 0, 16, 0);
static const struct lift_cp0 mips32_34k_little[LIFT_CP0_COUNT_OF_REGISTERS] =
    MIPS32_CP0(PRID_34KF, CONFIG0_LITTLE, CONFIG3_VINT, 64, 0x3E0);
static const struct lift_cp0 mips32_34k_big[LIFT_CP0_COUNT_OF_REGISTERS] =
    MIPS32_CP0(PRID_34KF, CONFIG0_BIG, CONFIG3_VINT, 64, 0x3E0);

#define MIPS32_MODEL(text, big, entries, table)                                                              \
	{                                                                                                    \
		.name = (text), .family = FAMILY_MIPS32,                                                     \
		.lift =                                                                                      \
		    {                                                                                        \
			.isa = &mips_isa_mips32r2,                                                           \
			.big_endian = (big),                                                                 \
			.division = LIFT_DIVISION_BY_ONE,                                                    \
			.cache_nops = UINT32_MAX, /* no cache to see: code that was written is noticed */    \
			.cp0 = (table),                                                                      \
		    },                                                                                       \
		.status_reset = 0x00400004u, .status_user_mask = 0x1E, .status_user = 0x10,                  \
		.status_interrupt_mask = 0x07, .tlb_entries = (entries), .asid_shift = 4,                    \
	}

const struct cpu_model *cpu_model_mips32(const char *name, bool big_endian)
{
	static const struct cpu_model models[] = {
	    MIPS32_MODEL("24Kf", false, 16, mips32_24k_little),
	    MIPS32_MODEL("24Kf", true, 16, mips32_24k_big),
	    MIPS32_MODEL("34Kf", false, 64, mips32_34k_little),
	    MIPS32_MODEL("34Kf", true, 64, mips32_34k_big),
	};

	for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].name, name) == 0 && models[i].lift.big_endian == big_endian)
			return &models[i];
	return NULL;
}
