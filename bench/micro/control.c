/* From block to block: within a region, chained, by an indirect jump, through the run loop; and into the guest's
 * exception handlers and back. */
#include "bench/micro/groups.h"
#include "bench/micro/loop.h"

#include <stdio.h>

#define BLOCKS	    8u
#define USER_CODE   0x00001000u
#define REFILL	    0x80000000u
#define GENERAL	    0x80000080u
#define USER_PAGES  0x00100000u /* 128 pages from here, more than the TLB holds */
#define USER_SPAN   0x0007F000u
#define ONE_BLOCK   1u /* instructions in a region: no more than a block fits */
#define RING_CYCLES 2u /* of a block of the rings */

enum path {
	IN_REGION,
	CHAINED,
	INDIRECT,
	RUN_LOOP,
	EXCEPTION,
	REFILLS,
	PATHS
};

static const char *const names[PATHS] = {
    "jump-in-region", "jump-chained", "jump-indirect", "run-loop", "exception", "tlb-refill",
};

struct variant {
	enum path path;
	enum machine_kind kind;
};
static struct variant variants[PATHS][MACHINE_KINDS]; /* filled once, before anything runs */

/* Blocks of a jump and its delay slot, each leading to the next but one, so that none falls into another. */
static struct machine *ring(struct micro_state *state, const struct variant *variant)
{
	bool indirect = variant->path == INDIRECT,
	     alone = variant->path == CHAINED || variant->path == RUN_LOOP;
	uint32_t words[BLOCKS * 2];

	for (unsigned i = 0; i < BLOCKS; i++) {
		words[2 * i] = indirect ? JR(S0 + (int32_t)i) : J(MACHINE_ENTRY + 8 * ((i + 3) % BLOCKS));
		words[2 * i + 1] = ADDIU(T0, T0, 1);
	}

	struct machine_words pieces[] = {WORDS(MACHINE_ENTRY, words)};
	struct machine *machine = machine_new(state, variant->kind, pieces, 1, alone ? ONE_BLOCK : 0);

	for (unsigned i = 0; machine && i < BLOCKS; i++)
		machine_cpu(machine)->gpr[S0 + i] = MACHINE_ENTRY + 8 * ((i + 3) % BLOCKS);
	return machine;
}

/* One call of the run loop per block: the way in and out of translated code. */
static void measure_run_loop(struct micro_state *state, struct machine *machine)
{
	double blocks = 0;

	if (!machine)
		return;
	machine_run(machine, state, 20000); /* translated by then */
	while (micro_running(state)) {
		for (unsigned i = 0; i < 1000; i++)
			machine_run(machine, state, RING_CYCLES);
		blocks += 1000;
	}
	micro_per(state, "block", blocks);
	machine_free(machine);
}

static void measure(struct micro_state *state, const void *context)
{
	const struct variant *variant = context;
	const uint32_t general[] = {MFC0(K0, CP0_EPC), ADDIU(K0, K0, 4), JR(K0), RFE};
	const uint32_t refill[] = {MFC0(K0, CP0_BAD_VADDR),
				   LUI(K1, 3),
				   ORI(K1, K1, 0xF000),
				   AND(K0, K0, K1), /* one of the first 64 frames */
				   ORI(K0, K0, ENTRY_LO_V),
				   MFC0(K1, CP0_EPC),
				   MTC0(K0, CP0_ENTRY_LO),
				   TLBWR,
				   JR(K1),
				   RFE};
	const uint32_t call[] = {SYSCALL, BRANCH(-2), NOP};
	const uint32_t touch[] = {LW(T0, T1, 0), ADDIU(T1, T1, 0x1000), AND(T1, T1, T2), BRANCH(-4),
				  OR(T1, T1, T3)};
	const struct machine_words calls[] = {WORDS(GENERAL, general), WORDS(MACHINE_ENTRY, call)};
	const struct machine_words touches[] = {WORDS(REFILL, refill), WORDS(MACHINE_ENTRY, touch)};
	struct machine *machine;

	switch (variant->path) {
	case RUN_LOOP:
		measure_run_loop(state, ring(state, variant));
		break;
	case EXCEPTION:
		loop_measure_exceptions(state, machine_new(state, variant->kind, calls, 2, 0), "round-trip");
		break;
	case REFILLS:
		machine = machine_new(state, variant->kind, touches, 2, 0);
		if (machine) {
			struct cpu *cpu = machine_cpu(machine);

			cpu->gpr[T1] = cpu->gpr[T3] = USER_PAGES;
			cpu->gpr[T2] = USER_SPAN;
			machine_map(machine, 0, USER_CODE, MACHINE_ENTRY - 0x80000000u);
			machine_enter_user(machine, USER_CODE);
		}
		loop_measure_exceptions(state, machine, "round-trip");
		break;
	default:
		loop_measure(state, ring(state, variant), "block", 1, RING_CYCLES);
	}
}

void register_control(void)
{
	for (unsigned path = 0; path < PATHS; path++) {
		for (unsigned kind = MACHINE_REFERENCE; kind <= MACHINE_INLINE; kind++) {
			char name[64];

			variants[path][kind] = (struct variant){(enum path)path, (enum machine_kind)kind};
			snprintf(name, sizeof(name), "control/%s/%s", names[path],
				 kind == MACHINE_REFERENCE ? "reference" : "jit");
			micro_register(name, measure, &variants[path][kind]);
		}
	}
}
