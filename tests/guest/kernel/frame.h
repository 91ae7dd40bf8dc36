/* The registers of an interrupted program as trap_entry stores them, for C and for the assembler. */
#ifndef GUEST_KERNEL_FRAME_H
#define GUEST_KERNEL_FRAME_H

#define FRAME_HI     128
#define FRAME_LO     132
#define FRAME_STATUS 136
#define FRAME_CAUSE  140
#define FRAME_EPC    144
#define FRAME_VADDR  148
#define FRAME_SIZE   152

#define REG_V0 2
#define REG_A0 4
#define REG_A1 5
#define REG_A2 6
#define REG_SP 29

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct trap_frame {
	uint32_t reg[32]; /* reg[0] is not stored */
	uint32_t hi, lo;
	uint32_t status, cause, epc, vaddr;
};

_Static_assert(offsetof(struct trap_frame, hi) == FRAME_HI, "trap frame layout");
_Static_assert(offsetof(struct trap_frame, vaddr) == FRAME_VADDR, "trap frame layout");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "trap frame layout");
#endif

#endif
