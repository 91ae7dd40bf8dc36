/* The state of one processor, shared by all engines: registers, CP0, TLB, fetch state, clock. Translated code
 * and the lowering address these fields by offset; jit/ checks the ones it bakes in with static assertions.
 *
 * Time. `active` counts the cycles this CPU executed or stalled; Count, Random and the HI/LO interlock derive
 * from it. While an engine runs, active = active_end - budget, where budget is the number of cycles left in
 * the slice; so nothing is counted per instruction. Machine cycles that do not count as active (waiting,
 * disabled, lost to a page-crossing fault) change offsets only. */
#ifndef JIT161_RUNTIME_CPU_CPU_H
#define JIT161_RUNTIME_CPU_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/bus.h"
#include "runtime/core/field.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/model.h"

#define KSEG0_BASE	  0x80000000u /* directly mapped, as kseg1 is; the kernel's */
#define TLB_ENTRIES	  64
#define SOFT_TLB_BITS	  8
#define SOFT_TLB_SIZE	  (1u << SOFT_TLB_BITS)
#define SOFT_TLB_NO_TAG	  0xFFFFFFFFu
#define JUMP_CACHE_BITS	  12
#define JUMP_CACHE_SIZE	  (1u << JUMP_CACHE_BITS)
#define JUMP_CACHE_FACTOR 0x9E3779B1u
#define JUMP_CACHE_EMPTY  1u /* not word aligned, so no code is there */

/* Status and Cause bits, System/161 reference, section 1.8. */
#define STATUS_IEC	 0x00000001u
#define STATUS_KUC	 0x00000002u
#define STATUS_STACK	 0x0000003Fu
#define STATUS_IM	 0x0000FF00u
#define STATUS_BEV	 0x00400000u
#define STATUS_WRITABLE	 0xF040FF3Fu
#define STATUS_CACHE_CTL 0x00030000u

/* And those of MIPS32 that are not the same: Malta reference, section 14. */
#define STATUS_EXL 0x00000002u
#define STATUS_ERL 0x00000004u
#define STATUS_CU0 0x10000000u
#define CAUSE_WP   0x00400000u
#define CAUSE_IV   0x00800000u
#define CAUSE_DC   0x08000000u /* Count stands still */
#define CAUSE_TI   0x40000000u
#define CAUSE_CODE 0x0000007Cu
#define CAUSE_CE   0x30000000u

#define CAUSE_CODE_SHIFT 2
#define CAUSE_SOFTWARE	 0x00000300u
#define CAUSE_LAMEBUS	 0x00000400u
#define CAUSE_IPI	 0x00000800u
#define CAUSE_TIMER	 0x00008000u
#define CAUSE_LINES	 (CAUSE_LAMEBUS | CAUSE_IPI | CAUSE_TIMER)
#define CAUSE_CE_SHIFT	 28
#define CAUSE_BD	 0x80000000u

#define ENTRY_HI_VPN  0xFFFFF000u
#define ENTRY_HI_ASID 0x00000FC0u
#define ENTRY_LO_PFN  0xFFFFF000u
#define ENTRY_LO_D    0x00000400u
#define ENTRY_LO_V    0x00000200u
#define ENTRY_LO_G    0x00000100u

/* Exception codes, section 1.12. */
enum exception_code {
	EXCEPTION_INTERRUPT = 0,
	EXCEPTION_MOD = 1,
	EXCEPTION_TLBL = 2,
	EXCEPTION_TLBS = 3,
	EXCEPTION_ADEL = 4,
	EXCEPTION_ADES = 5,
	EXCEPTION_IBE = 6,
	EXCEPTION_DBE = 7,
	EXCEPTION_SYSCALL = 8,
	EXCEPTION_BREAK = 9,
	EXCEPTION_RESERVED = 10,
	EXCEPTION_COPROCESSOR = 11,
	EXCEPTION_OVERFLOW = 12,
	EXCEPTION_TRAP = 13,
};

/* What the original calls those of MIPS-161: up to EXCEPTION_OVERFLOW. */
extern const char *const cpu_exception_names[];

/* Whether an instruction ended a basic block. */
enum transfer {
	TRANSFER_NONE,
	TRANSFER_BRANCH, /* branch or jump, taken or not: its delay slot follows */
	TRANSFER_NOW,	 /* exception or return from one */
};

enum cpu_run_state {
	CPU_DISABLED,
	CPU_WAITING,
	CPU_RUNNING
};

/* A soft TLB entry translates one page for one access mode. A tag is the page's address | ASID as in EntryHi,
 * or SOFT_TLB_NO_TAG; host address = addend + virtual address. The write tag is absent for pages that may not
 * be written and for pages that hold translated code. */
struct soft_tlb_entry {
	uint32_t read_tag;
	uint32_t write_tag;
	uint64_t addend;
};

/* Each mode's data has a table; code has its own, since programs like to put code and data at the same index.
 */
enum soft_tlb_table {
	SOFT_TLB_KERNEL,
	SOFT_TLB_USER,
	SOFT_TLB_USER_CODE,
	SOFT_TLB_TABLES
};

/* Where translated code for an indirect jump's target starts. Valid for user mode only while the soft TLB
 * translates the target's page with the same addend. */
struct jump_cache_entry {
	uint32_t va; /* JUMP_CACHE_EMPTY if none */
	uint32_t reserved;
	uint64_t addend;
	void *code;
};

/* Multiplicative hashing: return addresses are too regular for less. */
static inline unsigned jump_cache_index(uint32_t va)
{
	return va * JUMP_CACHE_FACTOR >> (32 - JUMP_CACHE_BITS);
}

/* The last exceptions, for reports on a machine that stopped. Rings by kind, so that one kind does not drive out the
 * others. */
#define EXCEPTION_RECORDS 8
enum exception_kind {
	RECORDED_INTERRUPT,
	RECORDED_TLB, /* misses, and writes to what may not be written */
	RECORDED_SYSCALL,
	RECORDED_OTHER,
	EXCEPTION_KINDS
};
struct exception_record {
	uint64_t when; /* cpu_cycles_run() */
	uint32_t pc;   /* as in EPC */
	uint32_t bad_vaddr;
	uint32_t status; /* before */
	uint32_t sp;
	uint8_t code; /* enum exception_code */
	bool delay_slot;
};
struct exception_history {
	uint64_t
	    counts[EXCEPTION_KINDS]; /* so far; the newest record is at (count - 1) mod EXCEPTION_RECORDS */
	struct exception_record records[EXCEPTION_KINDS][EXCEPTION_RECORDS];
};

struct bus;
struct machine_hooks;
struct threaded;
struct trace;
struct translated_code_helpers;
struct debug;
struct observer;

/* How often the instructions of a range of addresses were executed to their ends. */
struct execution_counts {
	uint32_t low, words; /* the range: its start, and its length in instructions */
	uint64_t *counts;
};
/* Beside the flags of traces in cpu.tracing: instructions are counted. */
#define CPU_COUNTS (1u << 31)
/* Likewise: plugins are told of what the processor does (observe.h). */
#define CPU_OBSERVED (1u << 30)

struct cpu {
	uint32_t gpr[32]; /* [0] is always 0 */
	uint32_t hi, lo;
	uint32_t lookup_va; /* address last looked up in the TLB; EntryHi.VPN is its page */
	uint32_t asid;	    /* EntryHi.ASID << asid_shift of the model; never in the bits 1:0 */

	uint64_t hi_ready, lo_ready; /* active cycle from which HI, LO are free (section 1.7) */
	uint64_t active_end;	     /* active = active_end - budget */
	int64_t budget;		     /* cycles left in the slice */
	uint64_t count_base;	     /* Count = active - count_base */
	uint64_t timer_deadline;     /* value of active at which Count matches Compare */

	uint32_t index, entry_lo, context, bad_vaddr, compare, status, cause, epc;
	bool compare_written; /* the timer is armed */

	/* MIPS32 only. EntryLo0 is entry_lo, and TLB entries are pairs: tlb_lo and tlb_lo1. */
	uint32_t entry_lo1, page_mask, wired, hwr_enable, interrupt_control, exception_base, config,
	    error_epc;
	uint32_t stopped_count; /* Count while Cause.DC is set */
	uint64_t random_base;	/* active cycle when Random was last at the top */

	/* Fetch state, section 1.5. `pc` is the instruction to execute next, `next_pc` the one after. */
	bool jump_pending; /* the instruction just executed was a taken jump */
	bool delay_slot;   /* the instruction being executed is in a delay slot */
	uint32_t pc, next_pc;
	uint32_t exception_pc;
	uint32_t pc_frame, next_frame; /* pages they are fetched from, as offsets; see memory.h */

	bool ll_active;
	uint32_t ll_address, ll_value;

	uint8_t run_state; /* enum cpu_run_state */

	/* An engine must return to the run loop before the next instruction. */
	uint32_t attention;

	/* Figures of the shutdown lines (section 5.5); kernel and user cycles are complete up to
	 * `mode_since`. */
	uint64_t kernel_cycles, user_cycles;
	uint64_t mode_since; /* value of cpu_cycles_run() when the mode last changed */
	uint64_t
	    fetch_faults; /* cycles lost to page-crossing faults, and to BREAKs that stopped for a debugger */
	uint64_t ll_count, sc_succeeded, sc_failed, sync_count;
	uint64_t interrupts, exceptions;
	uint64_t stalls; /* cycles; retired = run - stalls - those that ended in an exception */
	uint64_t user_stalls, stalls_booked; /* complete up to the last change of mode */
	uint64_t kernel_faults, user_faults; /* cycles that ended in an exception */

	/* The TLB. `tlb_mask[i]` says which bits of an address and ASID entry i compares: derived from its G
	 * bit. */
	uint32_t tlb_hi[TLB_ENTRIES], tlb_lo[TLB_ENTRIES], tlb_mask[TLB_ENTRIES];
	uint32_t tlb_lo1[TLB_ENTRIES], tlb_page_mask[TLB_ENTRIES]; /* MIPS32 */

	/* Everything above is plain guest state (see cpu_fields); what follows belongs to the host side. */
	unsigned number;
	const struct cpu_model *model;
	struct mips_isa isa; /* a copy of the model's: the interpreter is in a hurry */
	struct memory *memory;
	struct bus *bus;
	const struct machine_hooks *hooks;
	void *machine;
	bool
	    restarted; /* another processor, or it itself, has put it elsewhere; cleared by who has noticed */
	uint8_t transfer; /* enum transfer: set by the instruction just executed, for reference_run_block */

	struct threaded *threaded; /* NULL: not attached to a threaded interpreter */
	struct debug *debug;	   /* NULL: no breakpoints were ever set (debug.h) */

	/* Owned by the translator; unused otherwise. jit/llvm/backend.h says how translated code uses them.
	 */
	void *jit;
	uint32_t exit_slot;   /* the unlinked slot through which translated code returned */
	uint32_t exit_reason; /* enum exit_reason */
	const struct translated_code_helpers *helpers;

	/* The device's buffer that translated code accessed last, and its virtual address. */
	struct device_buffer buffer;
	uint32_t buffer_va;

	/* MIPS-161: a bit for each entry of the TLB that is known to overlap no other, since it was written. */
	uint64_t tlb_distinct;
	struct soft_tlb_entry soft_tlb[SOFT_TLB_TABLES][SOFT_TLB_SIZE]; /* index: page number mod size */
	struct jump_cache_entry jump_cache[2][JUMP_CACHE_SIZE]; /* [user mode][jump_cache_index(va)] */

	/* The reference interpreter only. */
	const struct trace *trace;	 /* where traces go; may be NULL while `tracing` is 0 */
	uint32_t tracing;		 /* flags of TRACE_PROCESSOR that are on, and CPU_COUNTS */
	struct execution_counts *counts; /* with CPU_COUNTS; several processors may share them */
	uint32_t trace_word;		 /* the instruction at work, while tracing */
	bool trace_user;		 /* it began in user mode */
	/* A call, which counts in a profile: from the address of its delay slot. NULL: calls are not counted. */
	void (*called)(struct cpu *cpu, uint32_t from, uint32_t to);
	struct exception_history history;
	struct observer *observer; /* with CPU_OBSERVED; shared by all processors */
};

/* What processors ask of the machine around them; implemented by runtime/vm. */
struct machine_hooks {
	/* An access to a device, of 1, 2 or 4 bytes and aligned; offsets count from the memory map's bus_base. False:
	 * bus error. System/161 accesses devices by words only. */
	bool (*bus_load)(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value);
	bool (*bus_store)(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value);
	/* A load that raises no line and stops nothing; false, with nothing done, if this is not one. */
	bool (*bus_load_quietly)(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value);
	/* A store that has no effect but on a buffer; false, with nothing done, if this is not one. */
	bool (*bus_store_quietly)(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value);
	/* The buffer there, if there is one. NULL: there are none. */
	bool (*bus_find_buffer)(struct cpu *cpu, uint32_t offset, struct device_buffer *buffer);
	/* Whether a store there makes the processors' state visible outside: it has to be exact then. */
	bool (*bus_store_shows_state)(struct cpu *cpu, uint32_t offset);
	void (*stopped)(struct cpu *cpu); /* the CPU went from running to waiting */
	/* A programming error that stops the machine (section 5.7). */
	void (*hang)(struct cpu *cpu, const char *text);
	/* A BREAK in directly mapped code: true if it stops the machine for a debugger instead of raising Bp (section 5.8).
	 * NULL: it never does. */
	bool (*stops_at_break)(struct cpu *cpu);
	/* A line of the message stream. */
	void (*message)(struct cpu *cpu, const char *text);
};

/* The guest-visible part of struct cpu, for comparison and dumps. */
extern const struct field cpu_fields[];

/* Sets up a processor in memory that is all zero, as after reset. */
void cpu_init(struct cpu *cpu, unsigned number, const struct cpu_model *model, struct memory *memory);

/* Sets the program counter of a CPU that starts (sections 2.5, 4.2); returns the text of the hang or NULL. */
const char *cpu_set_entry(struct cpu *cpu, uint32_t entry);

static inline uint64_t cpu_active(const struct cpu *cpu)
{
	return cpu->active_end - (uint64_t)cpu->budget;
}

/* Machine cycles in which this CPU ran: executed, stalled or lost to a fetch fault. */
static inline uint64_t cpu_cycles_run(const struct cpu *cpu)
{
	return cpu_active(cpu) + cpu->fetch_faults;
}

static inline bool cpu_user_mode(const struct cpu *cpu)
{
	return (cpu->status & cpu->model->status_user_mask) == cpu->model->status_user;
}

/* Stalls of user mode; translated code counts none. */
static inline uint64_t cpu_user_stalls(const struct cpu *cpu)
{
	return cpu->user_stalls + (cpu_user_mode(cpu) ? cpu->stalls - cpu->stalls_booked : 0);
}

/* An enabled interrupt is pending: the next cycle takes it. */
static inline bool cpu_interrupt_due(const struct cpu *cpu)
{
	return (cpu->status & cpu->model->status_interrupt_mask) == STATUS_IEC &&
	       (cpu->status & cpu->cause & STATUS_IM);
}

/* At an instruction boundary with nothing pending but the two addresses in sequence: translated code may
 * start. */
static inline bool cpu_fetch_clean(const struct cpu *cpu)
{
	return !cpu->jump_pending && !cpu->delay_slot && cpu->next_pc == cpu->pc + 4;
}

/* Kernel and user cycles up to now. */
void cpu_mode_cycles(const struct cpu *cpu, uint64_t *kernel, uint64_t *user);

/* Puts `lines` (CAUSE_LAMEBUS, CAUSE_IPI) to a level; wakes a waiting CPU as section 1.15 says. True if it
 * woke. */
bool cpu_set_lines(struct cpu *cpu, uint32_t asserted);

/* The page of RAM or ROM that the next instruction lies in, or NO_FRAME if it cannot be told without an
 * effect. */
uint32_t cpu_code_frame(const struct cpu *cpu);

/* --- address translation (tlb.c) --- */

enum access {
	ACCESS_LOAD,
	ACCESS_STORE,
	ACCESS_FETCH
};

/* Index of the lowest matching entry for a page under an ASID, or -1. */
int tlb_search(const struct cpu *cpu, uint32_t va);

/* Translates as the hardware does: records the look-up, raises the exception and returns false if it fails.
 * Word addresses only. */
bool cpu_translate(struct cpu *cpu, uint32_t va, enum access access, uint32_t *physical);

/* Translates without any effect; false if it would fault. For debuggers and for refilling the soft TLB. */
bool cpu_translate_quietly(const struct cpu *cpu, uint32_t va, enum access access, bool user,
			   uint32_t *physical);

/* The entry that Index names. */
unsigned tlb_index(const struct cpu *cpu);
void tlb_read(struct cpu *cpu);
/* Only the entry: TLBWI and TLBWR also map pc and next_pc again. */
void tlb_write(struct cpu *cpu, unsigned index);
void tlb_probe(struct cpu *cpu);

/* The RAM offset of an address, found through the soft TLB, which is filled on the way; NO_FRAME if the access
 * would fault or is not to RAM. Without any effect that the guest could see: whoever then makes the access
 * records the look-up. Alignment is the caller's business. */
uint32_t soft_tlb_find(struct cpu *cpu, uint32_t va, enum access access, bool user);

/* Drops what the soft TLBs hold for the page of `va`, or everything. */
void soft_tlb_drop(struct cpu *cpu, uint32_t va);
void soft_tlb_clear(struct cpu *cpu);

/* Takes away write permission for a page of RAM wherever a soft TLB grants it. */
void soft_tlb_protect(struct cpu *cpu, uint32_t frame);

/* --- exceptions and fetching (exception.c) --- */

/* Raises an exception of the instruction being executed. `charged`: this cycle is already part of the mode's
 * time. */
void cpu_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr, bool charged);
void cpu_exception_tlb_miss(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr);
void cpu_exception_coprocessor(struct cpu *cpu, unsigned unit);
/* Notes one in cpu->history, before it takes effect. */
void cpu_record_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr);

/* Enters the handler of an interrupt that is due, at the start of a cycle and as part of it: the handler's first
 * instruction, not executed here, is in this same cycle. */
void cpu_take_interrupt(struct cpu *cpu);

/* Translates pc or next_pc for execution; false if that raised an exception. */
bool cpu_map_pc(struct cpu *cpu);
bool cpu_map_next_pc(struct cpu *cpu);

void cpu_return_from_exception(struct cpu *cpu);
void cpu_set_status(struct cpu *cpu, uint32_t status, bool charged);

/* Sets the fetch state to `pc` with everything in sequence, finding the pages again without any effect. For
 * engines that leave translated code, where the look-ups are already accounted for. */
void cpu_resume_at(struct cpu *cpu, uint32_t pc);

/* --- CP0 (cp0.c); `number` is register * 8 + select --- */

bool cp0_readable(const struct cpu_model *model, unsigned number);
bool cp0_writable(const struct cpu_model *model, unsigned number); /* writing it does not raise RI */
uint32_t cp0_read(struct cpu *cpu, unsigned number);
void cp0_write(struct cpu *cpu, unsigned number, uint32_t value);
unsigned cpu_random(struct cpu *cpu); /* the slot that TLBWR takes at this cycle */

/* Sets timer_deadline from Count and Compare as they are at the start of the current cycle. */
void cpu_update_deadline(struct cpu *cpu);
/* The match: the line is asserted (and System/161's Count goes to 0). Called when active has reached
 * timer_deadline. */
void cpu_timer_match(struct cpu *cpu);
/* `cycles` have passed while the CPU waited; no more than up to its timer's match. A Count that runs on has moved. */
void cpu_waited(struct cpu *cpu, uint64_t cycles);
/* Whether the timer goes on while the CPU waits. */
static inline bool cpu_timer_runs_on(const struct cpu *cpu)
{
	return cpu->model->family == FAMILY_MIPS32;
}
/* Whether its match would end the waiting of such a CPU. */
static inline bool cpu_timer_can_wake(const struct cpu *cpu)
{
	return (cpu->status & cpu->model->status_interrupt_mask) == STATUS_IEC && (cpu->status & CAUSE_TIMER);
}

/* --- memory accesses (access.c): the only path to devices --- */

/* A word of physical memory or a device; false: bus error (not yet raised). */
bool cpu_physical_load(struct cpu *cpu, uint32_t physical, uint32_t *value);
bool cpu_physical_store(struct cpu *cpu, uint32_t physical, uint32_t value);

/* Whole guest accesses with all faults raised; false if one was. `size` is 1, 2 or 4 bytes; values
 * zero-extended. */
bool cpu_load(struct cpu *cpu, uint32_t va, unsigned size, uint32_t *value);
bool cpu_store(struct cpu *cpu, uint32_t va, unsigned size, uint32_t value);
bool cpu_store_left(struct cpu *cpu, uint32_t va, uint32_t value);
bool cpu_store_right(struct cpu *cpu, uint32_t va, uint32_t value);
bool cpu_load_linked(struct cpu *cpu, uint32_t va, uint32_t *value);
bool cpu_store_conditional(struct cpu *cpu, uint32_t va, uint32_t value, uint32_t *success);

/* --- engines --- */

/* Executes instructions until the slice is used up or attention is asked for. */
void reference_run(struct cpu *cpu);

/* Executes instructions as reference_run does, but returns also at the first clean instruction boundary after
 * a jump, branch (taken or not) or exception. */
void reference_run_block(struct cpu *cpu);

/* Executes, at a clean pc where no interrupt is due, what translated code leaves most often and what needs no decoding:
 * SYSCALL, a return by JR and RFE, ERET. False, with nothing done, if this is not one of them or needs more care.
 * pc_frame and next_frame need not be valid. */
bool cpu_step_quickly(struct cpu *cpu);

/* Executes one cycle. */
void reference_step(struct cpu *cpu);

/* Executes `cycles` cycles of several processors in turn, with `*current` set to the one at work. Returns
 * after the processor that asked for attention, or before the one that a debugger's point stops (debug.h); the value is the
 * number of complete cycles. */
uint64_t reference_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles,
			       struct cpu **current);

#endif
