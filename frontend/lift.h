// The lifter: one guest basic block to IR.
//
// Uses the decoder and ir/. What differs between CPU models are parameters; it names no machine. Used by the
// translators and by dumps. Semantics: System/161 reference, sections 1.3 to 1.8 and 1.14.
#ifndef FRONTEND_LIFT_H
#define FRONTEND_LIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/isa.h"
#include "ir/ir.h"

// How MFC0 and MTC0 treat a register. All but RESERVED call the helpers where sensitive instructions are not
// translated inline.
enum lift_cp0_access {
	LIFT_CP0_RESERVED, // no such register: RI
	LIFT_CP0_IGNORED,  // write: nothing happens
	LIFT_CP0_CONSTANT, // read: `value`
	LIFT_CP0_STATE,	   // read: `state`; write: the value under `mask` to `state`
	LIFT_CP0_ENTRY_HI, // page of lookup_va and asid; write: the value under `mask`
	LIFT_CP0_COUNT,	   // read: active cycles less count_base
	LIFT_CP0_HELPER,   // cp0_read, cp0_write
};

struct lift_cp0 {
	uint8_t read, write; // enum lift_cp0_access
	uint8_t state;	     // enum ir_state
	uint32_t value;	     // CONSTANT: the value; else what it is after reset, where the model uses this
	uint32_t mask;	     // the bits that can be written
};

#define LIFT_CP0_COUNT_OF_REGISTERS    256
#define LIFT_CP0_INDEX(number, select) ((number)*8 + (select))

// Results of a division by zero. All give LO = 0x80000000, HI = 0 for 0x80000000 / -1.
enum lift_division {
	// DIV: LO = 0xFFFFFFFF for negative dividends, else 0x7FFFFFFF; DIVU: LO = 0xFFFFFFFF; HI = 0.
	LIFT_DIVISION_SATURATES,
	// DIV: LO = 1 for negative dividends, else -1; DIVU: LO = 0xFFFFFFFF; HI = the dividend.
	LIFT_DIVISION_KEEPS_DIVIDEND,
	// LO = the dividend; HI = 0.
	LIFT_DIVISION_BY_ONE,
};

// The part of a CPU model that the lifter needs. Not changed while translations exist.
struct lift_model {
	const struct mips_isa *isa;
	bool big_endian;
	bool hilo_interlock;	// System/161 reference, section 1.7
	bool fetch_looks_ahead; // jumps look up their target, page ends the next page: section 1.5; else no
				// instruction is looked up before it is executed
	bool links_first;	// branches write the link, then read their registers: section 1.4
	bool slot_needs_jump;	// the word after a branch that is not taken is no delay slot
	bool lookup_sets_entry_hi; // every look-up in the TLB leaves its page in EntryHi
	enum lift_division division;
	uint32_t
	    wait_passes;     // bits of Cause any of which makes WAIT do nothing; 0: WAIT is the interpreter's
	uint32_t cache_nops; // bit n: CACHE with n in its rt field does nothing; others are not inline
	const struct lift_cp0 *cp0; // LIFT_CP0_COUNT_OF_REGISTERS entries, by LIFT_CP0_INDEX
};

struct lift_options {
	bool sensitive_inline;	   // else MFC0 and MTC0 are helper calls
	uint16_t max_instructions; // a branch that comes first still brings its delay slot
	// Physical addresses below this are RAM. 0: not known, then whoever follows a jump to a direct-mapped
	// address has to check, though the delay slot has been executed by then.
	uint32_t ram_size;
};

// Appends the block at `va` (physical `pa`) to the region, whose mode decides how. `words` are the
// instructions from there to the end of the 4 KiB page, in host byte order. `last_page`: no RAM follows this
// physical page. False, with the region unchanged: nothing can be translated at `va`.
bool lift_block(struct ir_region *region, const struct lift_model *model, const struct lift_options *options,
		uint32_t va, uint32_t pa, const uint32_t *words, unsigned word_count, bool last_page);

#endif
