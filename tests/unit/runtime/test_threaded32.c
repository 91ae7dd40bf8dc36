/* The threaded interpreter beside the reference for MIPS32: all instructions of the table in random order, with random
 * slices, compared at every stop: both models and byte orders, direct and mapped, in all modes. What whole programs show is
 * tests/differential's. */
#include "cpu_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/threaded.h"
#include "tests/fuzz/fuzz.h"

#define CODE		    0x2000u /* two pages */
#define CODE_SIZE	    0x2000u
#define DATA		    0x8000u /* four pages */
#define MAPPED_CODE	    0x00402000u
#define MAPPED_DATA	    0x00500000u
#define ERET		    0x42000018u
#define LO(physical, flags) ((physical) >> 6 | (flags))
#define LO_V		    2u
#define LO_D		    4u
#define LO_G		    1u
#define MASK_16K	    0x6000u /* of PageMask */
#define KSU_SUPERVISOR	    0x08u
#define KSU_USER	    0x10u
#define ENABLED		    0x8001u /* the timer's interrupts */

enum {
	GOOD_STATUS = 28,      /* the register with the Status that handlers return with */
	COMPARE_DISTANCE = 29, /* and what they add to Count for the next match */
};

enum place {
	DIRECT,
	MAPPED_KERNEL,
	MAPPED_SUPERVISOR,
	MAPPED_USER,
	PLACES
};

struct machine {
	struct cpu_fixture *fixture;
	struct threaded *threaded; /* NULL: the reference */
};

static uint32_t code_base(enum place place)
{
	return place == DIRECT ? 0x80000000u | CODE : MAPPED_CODE;
}

/* --- programs --- */

static unsigned any_register(struct chooser *chooser)
{
	return choose(chooser, 30) ? 12 + choose(chooser, 8) : choose(chooser, 32);
}

/* CP0 is what its own instructions make it; these are the registers that do not end the program. */
static void choose_cp0(struct chooser *chooser, const struct op_info *info, struct mips_fields *fields)
{
	static const uint8_t read[] = {0, 1, 2, 3, 4, 5, 6, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 20, 30};
	static const uint8_t written[] = {0, 2, 3, 4, 5, 6, 7, 9, 11, 11, 12, 12, 13, 30};
	bool store = info == &mips_op_info[MIPS_OP_MTC0];

	fields->value['l'] = 0;
	fields->value['r'] =
	    store ? written[choose(chooser, sizeof(written))] : read[choose(chooser, sizeof(read))];
	if (store && fields->value['r'] == CP0_STATUS)
		fields->value['t'] = 24 + (int32_t)choose(chooser, 2);
}

static uint32_t word_of(struct chooser *chooser, enum mips_op op, enum place place)
{
	const struct op_info *info = &mips_op_info[op];
	struct mips_fields fields = {0};
	uint32_t target = code_base(place) | (choose(chooser, CODE_SIZE) & ~3u);

	for (const char *letter = "stdc"; *letter; letter++)
		fields.value[(unsigned char)*letter] = (int32_t)any_register(chooser);
	fields.value['a'] = (int32_t)choose(chooser, 32);
	fields.value['m'] =
	    op == MIPS_OP_INS ? fields.value['a'] + (int32_t)choose(chooser, 32 - (uint32_t)fields.value['a'])
			      : (int32_t)choose(chooser, 32 - (uint32_t)fields.value['a']);
	fields.value['i'] = fields.value['u'] = fields.value['U'] = (int32_t)choose(chooser, 0x10000);
	fields.value['b'] =
	    choose(chooser, 20) ? (int32_t)choose(chooser, 40) - 15 : (int32_t)choose(chooser, 2000) - 1000;
	fields.value['j'] = (int32_t)((target & 0x0FFFFFFF) >> 2);
	fields.value['h'] = 0;
	fields.value['p'] = (int32_t)choose(chooser, 32);
	fields.value['r'] = (int32_t)choose(chooser, 6); /* RDHWR's */
	if (info->flags & (MIPS_FLAG_LOAD | MIPS_FLAG_STORE)) {
		uint32_t offset = choose(chooser, 0x80);

		fields.value['s'] = 8 + (int32_t)choose(chooser, 4);
		fields.value['o'] = (int32_t)(choose(chooser, 12) ? offset & ~3u : offset);
	}
	if (info->flags & MIPS_FLAG_INDIRECT)
		fields.value['s'] = choose(chooser, 3) ? 20 + (int32_t)choose(chooser, 4) : 31;
	if (op == MIPS_OP_JALR && choose(chooser, 4))
		fields.value['d'] = 31;
	if (info->flags & MIPS_FLAG_BRANCH && !choose(chooser, 3))
		fields.value['t'] = fields.value['s'];
	if (op == MIPS_OP_MFC0 || op == MIPS_OP_MTC0)
		choose_cp0(chooser, info, &fields);
	return mips_encode(op, &fields);
}

static uint32_t random_word(struct chooser *chooser, enum place place)
{
	const uint32_t levels = MIPS_LEVEL_MIPS1 | MIPS_LEVEL_MIPS2 | MIPS_LEVEL_MIPS32 | MIPS_LEVEL_MIPS32R2;

	if (!choose(chooser, 12))
		return NOP;
	for (;;) {
		enum mips_op op = (enum mips_op)choose(chooser, MIPS_OP_COUNT);
		uint32_t flags = mips_op_info[op].flags;

		if (!mips_op_info[op].mnemonic || !(mips_op_info[op].levels & levels))
			continue;
		/* What ends a sequence, less often. */
		if ((flags & (MIPS_FLAG_COP1 | MIPS_FLAG_COP0) || op == MIPS_OP_SYSCALL ||
		     op == MIPS_OP_BREAK || op == MIPS_OP_SDBBP) &&
		    choose(chooser, flags & MIPS_FLAG_COP1 ? 40 : 8))
			continue;
		if (op != MIPS_OP_WAIT)
			return word_of(chooser, op, place);
	}
}

/* Goes on after the exception's instruction, wherever that is, at the same place of the code. */
static void put_handlers(struct machine *machine, enum place place)
{
	static const uint32_t offsets[] = {0, 0x180};
	uint32_t base = code_base(place);

	for (unsigned i = 0; i < 2; i++)
		PUT(machine->fixture, offsets[i], MFC0(26, CP0_EPC),
		    MIPS_WORD(ADDIU, ['t'] = 26, ['s'] = 26, ['i'] = 4),
		    MIPS_WORD(ANDI, ['t'] = 26, ['s'] = 26, ['u'] = CODE_SIZE - 4),
		    MIPS_WORD(LUI, ['t'] = 27, ['U'] = (int32_t)(base >> 16)),
		    MIPS_WORD(ORI, ['t'] = 27, ['s'] = 27, ['u'] = (int32_t)(base & 0xFFFF)),
		    MIPS_WORD(OR, ['d'] = 26, ['s'] = 26, ['t'] = 27), MTC0(26, CP0_EPC), MFC0(27, CP0_COUNT),
		    MIPS_WORD(ADDU, ['d'] = 27, ['s'] = 27, ['t'] = COMPARE_DISTANCE), MTC0(27, CP0_COMPARE),
		    MTC0(0, CP0_CAUSE), MTC0(GOOD_STATUS, CP0_STATUS), ERET);
}

/* --- machines --- */

static void map_pair(struct cpu *cpu, unsigned index, uint32_t va, uint32_t mask, uint32_t even, uint32_t odd)
{
	uint32_t global = even & odd & LO_G;

	cpu->tlb_hi[index] = va | cpu->asid >> cpu->model->asid_shift;
	cpu->tlb_page_mask[index] = mask;
	cpu->tlb_lo[index] = (even & ~LO_G) | global;
	cpu->tlb_lo1[index] = (odd & ~LO_G) | global;
	cpu->tlb_mask[index] = (0xFFFFE000u & ~mask) | (global ? 0 : 0xFF);
}

static void map_all(struct cpu *cpu, struct chooser *chooser)
{
	static const uint32_t flags[] = {LO_V | LO_D, LO_V | LO_D | LO_G, LO_V, 0};
	uint32_t even = flags[choose(chooser, 4)], odd = flags[choose(chooser, 4)];
	bool large = choose(chooser, 2);

	cpu->asid = 5u << cpu->model->asid_shift;
	map_pair(cpu, 0, MAPPED_CODE, 0, LO(CODE, LO_V | LO_D),
		 LO(CODE + PAGE_SIZE, flags[choose(chooser, 4)]));
	if (large)
		map_pair(cpu, 1, MAPPED_DATA, MASK_16K, LO(DATA, even), LO(DATA, odd));
	else
		map_pair(cpu, 1, MAPPED_DATA, 0, LO(DATA, even), LO(DATA + 0x1000, odd));
}

static struct machine *machine_new(bool threaded, uint64_t seed, enum place place)
{
	static const uint32_t modes[PLACES] = {0, 0, KSU_SUPERVISOR, KSU_USER};
	struct machine *machine = calloc(1, sizeof(*machine));
	struct chooser chooser = {.state = seed};
	uint32_t base = code_base(place), data = MAPPED_DATA;
	struct cpu *cpu;

	assert_non_null(machine);
	machine->fixture = cpu_fixture_new_mips32(seed & 1 ? "24Kf" : "34Kf", seed & 2);
	cpu = &machine->fixture->cpu;
	put_handlers(machine, place);
	for (uint32_t at = 0; at < CODE_SIZE; at += 4)
		PUT(machine->fixture, CODE + at, random_word(&chooser, place));
	map_all(cpu, &chooser);
	for (unsigned reg = 12; reg < 20; reg++)
		cpu->gpr[reg] = choose(&chooser, UINT32_MAX);
	if (place != MAPPED_USER && choose(&chooser, 2))
		data = 0x80000000u + DATA;
	cpu->gpr[8] = data + 0x1FC0;
	cpu->gpr[9] = MAPPED_DATA + 0xF80;
	cpu->gpr[10] = choose(&chooser, 8) ? MAPPED_DATA + 0x400 : 0x1000; /* which ERL maps */
	cpu->gpr[11] = base + choose(&chooser, CODE_SIZE);
	for (unsigned reg = 20; reg < 24; reg++)
		cpu->gpr[reg] = base + (choose(&chooser, CODE_SIZE) & ~3u);
	cpu->gpr[23] = base + 0xFFC;
	cpu->status = modes[place] | ENABLED;
	cpu->gpr[24] = cpu->status | STATUS_CU0;
	cpu->gpr[25] = choose(&chooser, 2) ? cpu->status | STATUS_ERL : cpu->status ^ KSU_USER;
	cpu->gpr[GOOD_STATUS] = cpu->status | STATUS_EXL | (choose(&chooser, 3) ? 0 : STATUS_CU0);
	cpu->gpr[COMPARE_DISTANCE] = 40 + choose(&chooser, 300);
	cpu->hwr_enable = choose(&chooser, 16);
	cpu->pc = base + 4 * choose(&chooser, 100);
	cpu->next_pc = cpu->pc + 4;
	if (threaded)
		machine->threaded = threaded_new(&machine->fixture->memory, cpu, 1);
	return machine;
}

static void machine_free(struct machine *machine)
{
	threaded_free(machine->threaded);
	cpu_fixture_free(machine->fixture);
	free(machine);
}

static void check_equal(const struct machine *a, const struct machine *b, uint64_t seed)
{
	const struct cpu *x = &a->fixture->cpu, *y = &b->fixture->cpu;
	char where[256];

	if (!fields_equal(cpu_fields, x, y, where, sizeof(where)))
		fail_msg("program %d, at cycle %d: %s", (int)seed, (int)cpu_active(y), where);
	assert_int_equal(x->lookup_va & 0xFFFFE000u, y->lookup_va & 0xFFFFE000u);
	assert_int_equal(x->budget, y->budget);
	assert_int_equal(x->active_end, y->active_end);
	assert_int_equal(x->timer_deadline, y->timer_deadline);
	assert_int_equal(x->mode_since, y->mode_since);
	assert_int_equal(x->kernel_cycles, y->kernel_cycles);
	assert_memory_equal(a->fixture->memory.ram, b->fixture->memory.ram, RAM_SIZE);
}

/* --- running --- */

/* A slice, and what the run loop does after it. */
static void run(struct machine *machine, uint64_t slice)
{
	struct cpu *cpu = &machine->fixture->cpu;
	uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

	slice = to_match < slice ? to_match : slice;
	cpu->active_end += slice;
	cpu->budget = (int64_t)slice;
	cpu->attention = 0;
	(machine->threaded ? threaded_run : reference_run)(cpu);
	cpu->active_end -= (uint64_t)cpu->budget;
	cpu->budget = 0;
	if (cpu_active(cpu) == cpu->timer_deadline)
		cpu_timer_match(cpu);
}

static unsigned programs = 300; /* an argument of this test program asks for more */

static void random_programs(void **state)
{
	uint64_t cycles = 0, left = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= programs; seed++) {
		enum place place = (enum place)(seed / 4 % PLACES);
		struct machine *threaded = machine_new(true, seed, place);
		struct machine *reference = machine_new(false, seed, place);
		struct chooser chooser = {.state = seed ^ 0x5555};

		check_equal(threaded, reference, seed);
		for (unsigned round = 0; round < 120; round++) {
			uint64_t slice = 1 + choose(&chooser, choose(&chooser, 2) ? 10 : 300);

			run(threaded, slice);
			run(reference, slice);
			check_equal(threaded, reference, seed);
		}
		cycles += cpu_active(&threaded->fixture->cpu);
		left += threaded_reference_cycles(threaded->threaded);
		machine_free(threaded);
		machine_free(reference);
	}
	/* Short slices are much of what is left to it. */
	assert_true(left < cycles / 2);
	print_message("%llu of %llu cycles by the reference interpreter\n", (unsigned long long)left,
		      (unsigned long long)cycles);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_programs),
	};

	if (argc > 1)
		programs = (unsigned)atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
