/* Processors that stand still in a loop of WAIT while another one runs: whatever that one does to them, at whatever cycle, all
 * engines arrive at the state of the reference interpreter, which executes every cycle of the loop. */
#include "vm_fixture.h"

#include <string.h>

#include "runtime/core/random.h"

#define CPUS	 3
#define MOVER	 0x80001200u /* its code */
#define HALTED	 0x80001400u /* of the two others, a page apart */
#define LOOP	 8	     /* their loop, from there on */
#define NOP_WORD 0x80001410u /* of the first one's loop */
#define BOARD_OF "31 mainboard ramsize=512K cpus=3\n"

/* Instructions of which operands vary. */
#define LUI(rt, high)	      (0x3C000000u | (rt) << 16 | (uint32_t)(high))
#define ORI(rt, rs, low)      (0x34000000u | (rs) << 21 | (rt) << 16 | (uint32_t)(low))
#define ADDIU(rt, rs, number) (0x24000000u | (rs) << 21 | (rt) << 16 | ((uint32_t)(number)&0xFFFFu))
#define ANDI(rt, rs, low)     (0x30000000u | (rs) << 21 | (rt) << 16 | (low))
#define XORI(rt, rs, low)     (0x38000000u | (rs) << 21 | (rt) << 16 | (low))
#define SW(rt, rs, offset)    (0xAC000000u | (rs) << 21 | (rt) << 16 | ((uint32_t)(offset)&0xFFFFu))
#define LW(rt, rs, offset)    (0x8C000000u | (rs) << 21 | (rt) << 16 | ((uint32_t)(offset)&0xFFFFu))
#define LL(rt, rs)	      (0xC0000000u | (rs) << 21 | (rt) << 16)
#define SC(rt, rs)	      (0xE0000000u | (rs) << 21 | (rt) << 16)
#define BNE(rs, rt, words)    (0x14000000u | (rs) << 21 | (rt) << 16 | ((uint32_t)(words)&0xFFFFu))
#define BEQ(rs, rt, words)    (0x10000000u | (rs) << 21 | (rt) << 16 | ((uint32_t)(words)&0xFFFFu))
#define B(words)	      BEQ(0, 0, words)
#define J(va)		      (0x08000000u | ((va) >> 2 & 0x03FFFFFFu))
#define SRL(rd, rt, amount)   ((rt) << 16 | (rd) << 11 | (amount) << 6 | 2u)
#define ADDU(rd, rs, rt)      ((rs) << 21 | (rt) << 16 | (rd) << 11 | 0x21u)
#define MULTU(rs, rt)	      ((rs) << 21 | (rt) << 16 | 0x19u)
#define MFLO(rd)	      ((rd) << 11 | 0x12u)
#define MTC0(rt, rd)	      (0x40800000u | (rt) << 16 | (rd) << 11)
#define TLBWI		      0x42000002u
#define WAIT		      0x42000020u
#define NOP		      0u
#define REGION(number)	      (0x8000u + 0x400u * (number)) /* control region, from 0xBFFF0000 */

struct program {
	uint32_t words[128];
	unsigned count;
};

static void add(struct program *program, const uint32_t *words, unsigned count)
{
	assert_true(program->count + count <= 128);
	memcpy(program->words + program->count, words, count * sizeof(*words));
	program->count += count;
}
#define ADD(program, ...)                                                                                    \
	add(program, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

/* CPU 0: gives the others their entries, starts them and goes to its own. */
static void start_all(struct program *program, const uint32_t *entries)
{
	ADD(program, LUI(8, 0xBFFF), ORI(8, 8, 0x8000), ADDIU(12, 0, 7));
	for (unsigned cpu = 0; cpu < CPUS; cpu++) /* 0 may be stopped and started, too */
		ADD(program, LUI(9, entries[cpu] >> 16), ORI(9, 9, entries[cpu] & 0xFFFF),
		    SW(9, 8, 0x400 * cpu + 0x300));
	ADD(program, SW(12, 8, -0x1EC) /* CPUE */, J(entries[0]), NOP);
}

/* Its interrupts are off, and the mover raises its line. */
static void halted(struct program *program, bool jumps, uint32_t at)
{
	ADD(program, ADDIU(3, 0, 1), ADDIU(4, 0, 1));
	ADD(program, WAIT, jumps ? J(at + LOOP) : B(-2), NOP);
}

/* The mover, for ever: waits a while, then does one of sixteen things to the two others, `first` and `second`. $20 is the word
 * for the delay slot of the first one's loop, $21 its address, $22 the same address through the TLB. */
static void mover(struct program *program, unsigned first, unsigned second)
{
	unsigned top, own = (first | second) ==
			    3; /* the mover's bit in CPUE: CPU 0 goes on with 1, the others with 0 */

	ADD(program, LUI(8, 0xBFFF), LUI(21, NOP_WORD >> 16), ORI(21, 21, NOP_WORD & 0xFFFF));
	ADD(program, LUI(22, 0xC000), ORI(22, 22, NOP_WORD & 0xFFF), MTC0(22, 10), ADDIU(9, 0, 0x1700),
	    MTC0(9, 2), MTC0(0, 0), TLBWI);
	ADD(program, LUI(14, 0x0001), ORI(14, 14, 0x9660 + 0xD), ORI(8, 8, 0), ADDIU(13, 0, 77));
	ADD(program, ADDIU(12, 0, 1), ORI(10, 8, REGION(first)), ORI(11, 8, REGION(second)));
	ADD(program, SW(12, 10, 4), SW(12, 11, 4));
	top = program->count;
	ADD(program, MULTU(13, 14), MFLO(13), ADDIU(13, 13, 0x3C7), SRL(15, 13, 20), ANDI(9, 15, 0xFF));
	ADD(program, BNE(9, 0, -1), ADDIU(9, 9, -1));
	ADD(program, SRL(15, 13, 28), ADDIU(9, 0, 0), ADDIU(19, 0, 0x1C7));
#define WHEN(number, ...)                                                                                    \
	do {                                                                                                 \
		const unsigned size = sizeof((const uint32_t[]){__VA_ARGS__}) / 4;                           \
		ADD(program, ADDIU(9, 0, number), BNE(9, 15, 1 + size), NOP);                                \
		ADD(program, __VA_ARGS__);                                                                   \
	} while (0)
	WHEN(0, SW(12, 10, 4)); /* lines */
	WHEN(1, SW(0, 10, 4));
	WHEN(2, SW(12, 11, 4));
	WHEN(3, SW(0, 11, 4));
	WHEN(4, LUI(20, 0x2442), ORI(20, 20, 1), SW(20, 21, 0)); /* the first one counts in $2 */
	WHEN(5, SW(0, 21, 0));
	WHEN(6, LUI(20, 0x2442), B(1), SW(20, 21, 0)); /* from a delay slot */
	WHEN(7, B(1), SW(0, 21, 0));
	WHEN(8, SW(0, 22, 0)); /* through the TLB */
	WHEN(9, LL(16, 21), ADDIU(17, 0, 0), SC(17, 21));
	WHEN(10, ADDIU(16, 0, own), SW(16, 8, 0x7E14)); /* CPUE: stops the first one, if it is CPU 0 */
	WHEN(11, ADDIU(16, 0, own | 1u << first), SW(16, 8, 0x7E14)); /* starts it anew */
	WHEN(12, LW(16, 10, 4), ADDU(18, 18, 16));
#undef WHEN
	ADD(program, B((int)top - (int)program->count - 1), NOP);
}

static struct vm_fixture *machine(enum vm_engine engine, uint32_t quantum, unsigned mover_number)
{
	struct vm_fixture *fixture = vm_fixture_new(engine);
	struct program start = {.count = 0}, moves = {.count = 0}, halts[2] = {{.count = 0}, {.count = 0}};
	unsigned first = (mover_number + 1) % CPUS, second = (mover_number + 2) % CPUS;
	uint32_t entries[CPUS];

	entries[mover_number] = MOVER;
	entries[first] = HALTED;
	entries[second] = HALTED + 0x1000;
	start_all(&start, entries);
	mover(&moves, first, second);
	halted(&halts[0], false, HALTED);
	halted(&halts[1], true, HALTED + 0x1000);
	elf_add_segment(&fixture->image, ENTRY, start.words, start.count);
	elf_add_segment(&fixture->image, MOVER, moves.words, moves.count);
	elf_add_segment(&fixture->image, HALTED, halts[0].words, halts[0].count);
	elf_add_segment(&fixture->image, HALTED + 0x1000, halts[1].words, halts[1].count);
	fixture->options.turns.quantum = quantum;
	fixture->jit.tiers = TIERS_FIRST;
	vm_fixture_start(fixture, DEVICES BOARD_OF);
	return fixture;
}

static void engines_agree(void **state)
{
	static const uint32_t quanta[] = {1, 100};
	struct random_state random;
	char where[512];

	(void)state;
	random_seed(&random, 5);
	for (unsigned i = 0; i < 2 * CPUS; i++) {
		struct vm_fixture *machines[3];
		uint64_t cycle = 0;

		for (int m = 0; m < 3; m++)
			machines[m] = machine((enum vm_engine)m, quanta[i % 2], i / 2);
		while (cycle < 400000) {
			cycle += random_next(&random) % 4 ? 1 + random_next(&random) % 3000
							  : 1 + random_next(&random) % 4;
			for (int m = 0; m < 3; m++) {
				vm_run(machines[m]->vm, cycle);
				if (!vm_equal(machines[0]->vm, machines[m]->vm, where, sizeof(where)))
					fail_msg("engine %d, turns of %u, CPU %u moves, cycle %u: %s", m,
						 quanta[i % 2], i / 2, (unsigned)cycle, where);
			}
		}
		assert_int_equal(machines[ENGINE_REFERENCE]->vm->still.cycles, 0);
		assert_true(machines[ENGINE_JIT]->vm->still.cycles > 50000);
		for (int m = 0; m < 3; m++)
			vm_fixture_free(machines[m]);
	}
}

/* What shows the machine as a whole shows those that stand still where they are. */
static void shown(void **state)
{
	char dumps[2][sizeof(((struct vm_fixture *)0)->messages)];

	(void)state;
	for (unsigned number = 0; number < CPUS; number++) {
		for (int i = 0; i < 2; i++) {
			struct vm_fixture *fixture = machine(i ? ENGINE_JIT : ENGINE_REFERENCE, 1, number);
			struct vm *vm = fixture->vm;

			vm_run(vm, 150);
			/* Something else for the mover: two thousand cycles, then the trace card's dump. */
			const uint32_t words[] = {ADDIU(9, 0, 999),
						  BNE(9, 0, -1),
						  ADDIU(9, 9, -1),
						  LUI(9, 0xBFFE),
						  SW(0, 9, 12),
						  B(-1),
						  NOP};
			struct cpu *cpu = &vm->cpus[number];

			for (unsigned k = 0; k < sizeof(words) / 4; k++)
				memory_write_word(&vm->memory, 0x6000 + 4 * k, words[k]);
			cpu_set_entry(cpu, 0x80006000);
			cpu->jump_pending = cpu->delay_slot = false;
			vm_run(vm, 150 + 2100);
			assert_true(i == 0 || vm->still.cycles > 3000);
			strcpy(dumps[i], fixture->messages);
			vm_fixture_free(fixture);
		}
		assert_non_null(strstr(dumps[0], "cpu 2"));
		assert_string_equal(dumps[0], dumps[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(engines_agree),
	    cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
