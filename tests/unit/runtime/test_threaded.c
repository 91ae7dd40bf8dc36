/* The threaded interpreter beside the reference: random programs in direct and mapped code, with every way of
 * running, compared at every stop. */
#include "cpu_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/threaded.h"
#include "tests/fuzz/fuzz.h"

#define CODE	    0x2000u /* two pages */
#define CODE_SIZE   0x2000u
#define DATA	    0x8000u /* three pages */
#define MAPPED_CODE 0x00402000u
#define MAPPED_DATA 0x00500000u
#define CPUS	    3

struct machine {
	struct cpu_fixture *fixture; /* its memory and hooks; cpus[0] is not its processor */
	struct cpu cpus[CPUS];
	struct threaded *threaded; /* NULL: the reference */
};

enum place {
	DIRECT,
	MAPPED_KERNEL,
	MAPPED_USER,
	PLACES
};

static uint32_t code_base(enum place place)
{
	return place == DIRECT ? 0x80000000u | CODE : MAPPED_CODE;
}

/* --- programs --- */

static unsigned any_source(struct chooser *chooser)
{
	return choose(chooser, 4) ? 8 + choose(chooser, 12) : choose(chooser, 32);
}

static unsigned any_target(struct chooser *chooser)
{
	return choose(chooser, 30) ? 14 + choose(chooser, 6) : choose(chooser, 32);
}

static uint32_t word_of(struct chooser *chooser, const enum mips_op *ops, unsigned count)
{
	struct mips_fields fields = {0};

	fields.value['s'] = (int32_t)any_source(chooser);
	fields.value['t'] = (int32_t)any_source(chooser);
	fields.value['d'] = (int32_t)any_target(chooser);
	fields.value['a'] = (int32_t)choose(chooser, 32);
	fields.value['i'] = fields.value['u'] = fields.value['U'] = (int32_t)choose(chooser, 0x10000);
	return mips_encode(ops[choose(chooser, count)], &fields);
}

static uint32_t immediate_of(struct chooser *chooser, const enum mips_op *ops, unsigned count)
{
	uint32_t word = word_of(chooser, ops, count);

	return (word & ~(31u << 16)) | any_target(chooser) << 16;
}

/* Accesses: registers 8 to 11 and 21 hold addresses. */
static uint32_t access_of(struct chooser *chooser, const enum mips_op *ops, unsigned count, bool load)
{
	struct mips_fields fields = {0};
	unsigned offset = choose(chooser, 0x80);

	fields.value['s'] = 8 + (int32_t)choose(chooser, 4);
	fields.value['t'] = (int32_t)(load ? any_target(chooser) : any_source(chooser));
	fields.value['o'] = (int32_t)(choose(chooser, 12) ? offset & ~3u : offset);
	return mips_encode(ops[choose(chooser, count)], &fields);
}

static uint32_t random_word(struct chooser *chooser, enum place place)
{
	static const enum mips_op three[] = {MIPS_OP_ADDU, MIPS_OP_SUBU, MIPS_OP_AND,  MIPS_OP_OR,
					     MIPS_OP_XOR,  MIPS_OP_NOR,	 MIPS_OP_SLT,  MIPS_OP_SLTU,
					     MIPS_OP_SLLV, MIPS_OP_SRLV, MIPS_OP_SRAV, MIPS_OP_SLL,
					     MIPS_OP_SRL,  MIPS_OP_SRA,	 MIPS_OP_ADD,  MIPS_OP_SUB};
	static const enum mips_op immediates[] = {MIPS_OP_ADDIU, MIPS_OP_SLTI, MIPS_OP_SLTIU, MIPS_OP_ANDI,
						  MIPS_OP_ORI,	 MIPS_OP_XORI, MIPS_OP_LUI,   MIPS_OP_ADDI};
	static const enum mips_op hilo[] = {MIPS_OP_MULT, MIPS_OP_MULTU, MIPS_OP_DIV,  MIPS_OP_DIVU,
					    MIPS_OP_MFHI, MIPS_OP_MFLO,	 MIPS_OP_MTHI, MIPS_OP_MTLO};
	static const enum mips_op loads[] = {MIPS_OP_LB, MIPS_OP_LBU, MIPS_OP_LH,  MIPS_OP_LHU, MIPS_OP_LW,
					     MIPS_OP_LW, MIPS_OP_LWL, MIPS_OP_LWR, MIPS_OP_LL};
	static const enum mips_op stores[] = {MIPS_OP_SB,  MIPS_OP_SH,	MIPS_OP_SW, MIPS_OP_SW,
					      MIPS_OP_SWL, MIPS_OP_SWR, MIPS_OP_SC};
	static const enum mips_op branches[] = {MIPS_OP_BEQ,  MIPS_OP_BNE,  MIPS_OP_BLEZ,   MIPS_OP_BGTZ,
						MIPS_OP_BLTZ, MIPS_OP_BGEZ, MIPS_OP_BLTZAL, MIPS_OP_BGEZAL};
	struct mips_fields fields = {0};
	uint32_t target = (code_base(place) | (choose(chooser, CODE_SIZE) & ~3u)) & 0x0FFFFFFF;

	switch (choose(chooser, 26)) {
	case 0 ... 4:
		return word_of(chooser, three, 16);
	case 5 ... 8:
		return immediate_of(chooser, immediates, 8);
	case 9:
	case 10:
		return word_of(chooser, hilo, 8);
	case 11 ... 13:
		return access_of(chooser, loads, 9, true);
	case 14:
	case 15:
		return access_of(chooser, stores, 7, false);
	case 16 ... 19:
		fields.value['s'] = choose(chooser, 3) ? (int32_t)any_source(chooser) : 0;
		fields.value['t'] = choose(chooser, 2) ? (int32_t)any_source(chooser) : fields.value['s'];
		fields.value['b'] = choose(chooser, 20) ? (int32_t)choose(chooser, 40) - 15
							: (int32_t)choose(chooser, 2000) - 1000;
		return mips_encode(branches[choose(chooser, 8)], &fields);
	case 20:
		fields.value['j'] = (int32_t)(target >> 2);
		return mips_encode(choose(chooser, 2) ? MIPS_OP_JAL : MIPS_OP_J, &fields);
	case 21:
		fields.value['s'] = choose(chooser, 3) ? 20 + (int32_t)choose(chooser, 4) : 31;
		fields.value['d'] = choose(chooser, 4) ? 31 : (int32_t)any_target(chooser);
		return mips_encode(choose(chooser, 2) ? MIPS_OP_JR : MIPS_OP_JALR, &fields);
	case 22: {
		static const int32_t registers[] = {CP0_COUNT, CP0_RANDOM, CP0_ENTRY_HI, CP0_STATUS, 16, 20};

		return MFC0((int32_t)any_target(chooser), registers[choose(chooser, 6)]);
	}
	case 23: {
		static const int32_t registers[] = {CP0_COMPARE, CP0_CONTEXT, CP0_INDEX,
						    CP0_CAUSE,	 CP0_COUNT,   15};
		static const uint32_t tlb[] = {TLBP, TLBR, TLBWI, TLBWR};

		if (!choose(chooser, 40))
			return tlb[choose(chooser, 4)];
		return choose(chooser, 20) ? MTC0((int32_t)any_source(chooser), registers[choose(chooser, 6)])
					   : MTC0((int32_t)any_source(chooser), CP0_ENTRY_HI);
	}
	case 24:
		return choose(chooser, 4)   ? NOP
		       : choose(chooser, 3) ? MIPS_WORD(SYNC, ['h'] = 0)
					    : MIPS_WORD(SYSCALL, ['c'] = 0);
	default:
		return NOP;
	}
}

/* Goes on after the exception's instruction, wherever that is, at the same place of the code. */
static void put_handlers(struct machine *machine, enum place place)
{
	uint32_t base = code_base(place);

	for (uint32_t at = 0; at <= 0x80; at += 0x80)
		PUT(machine->fixture, at, MFC0(26, CP0_EPC),
		    MIPS_WORD(ADDIU, ['t'] = 26, ['s'] = 26, ['i'] = 4),
		    MIPS_WORD(ANDI, ['t'] = 26, ['s'] = 26, ['u'] = CODE_SIZE - 4),
		    MIPS_WORD(LUI, ['t'] = 27, ['U'] = (int32_t)(base >> 16)),
		    MIPS_WORD(ORI, ['t'] = 27, ['s'] = 27, ['u'] = (int32_t)(base & 0xFFFF)),
		    MIPS_WORD(OR, ['d'] = 26, ['s'] = 26, ['t'] = 27), MTC0(0, CP0_CAUSE),
		    MTC0(29, CP0_COMPARE), MIPS_WORD(JR, ['s'] = 26), RFE);
}

/* --- machines --- */

static struct machine *machine_new(bool threaded, uint64_t seed, enum place place)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct chooser chooser = {.state = seed};
	static const uint32_t flags[] = {ENTRY_LO_V | ENTRY_LO_D, ENTRY_LO_V,
					 ENTRY_LO_V | ENTRY_LO_D | ENTRY_LO_G};

	assert_non_null(machine);
	machine->fixture = cpu_fixture_new();
	put_handlers(machine, place);
	for (uint32_t at = 0; at < CODE_SIZE; at += 4)
		PUT(machine->fixture, CODE + at, random_word(&chooser, place));
	for (unsigned i = 0; i < CPUS; i++) {
		struct cpu *cpu = &machine->cpus[i];
		uint32_t base = code_base(place);

		cpu_init(cpu, i, &cpu_model_mips161, &machine->fixture->memory);
		cpu->hooks = machine->fixture->cpu.hooks;
		cpu->machine = machine->fixture;
		cpu->run_state = CPU_RUNNING;
		cpu->status = place == MAPPED_USER ? STATUS_KUC | 0x8001 : 0x8001;
		cpu->asid = 5u << 6;
		for (unsigned page = 0; page < 2; page++) {
			cpu->tlb_hi[page] = (MAPPED_CODE + page * PAGE_SIZE) | cpu->asid;
			cpu->tlb_lo[page] = (CODE + page * PAGE_SIZE) | ENTRY_LO_V | ENTRY_LO_D;
			if (page && !choose(&chooser, 4))
				cpu->tlb_lo[page] ^= ENTRY_LO_V;
		}
		for (unsigned page = 0; page < 3; page++) {
			uint32_t flag = flags[choose(&chooser, 3)];

			cpu->tlb_hi[2 + page] = (MAPPED_DATA + page * PAGE_SIZE) | cpu->asid;
			cpu->tlb_lo[2 + page] = (DATA + page * PAGE_SIZE) | flag;
			cpu->tlb_mask[2 + page] =
			    flag & ENTRY_LO_G ? ENTRY_HI_VPN : ENTRY_HI_VPN | ENTRY_HI_ASID;
		}
		for (unsigned reg = 12; reg < 20; reg++)
			cpu->gpr[reg] = choose(&chooser, UINT32_MAX);
		cpu->gpr[8] = place == MAPPED_USER ? MAPPED_DATA + 0x1FC0 : 0x80000000u + DATA;
		cpu->gpr[9] = MAPPED_DATA + 0xF80;
		cpu->gpr[10] = MAPPED_DATA + 0x400;
		cpu->gpr[11] = base + choose(&chooser, CODE_SIZE);
		cpu->gpr[29] = 200 + choose(&chooser, 300);
		for (unsigned reg = 20; reg < 24; reg++)
			cpu->gpr[reg] = base + (choose(&chooser, CODE_SIZE) & ~3u);
		cpu->gpr[23] = base + 0xFFC;
		cpu->pc = base + 4 * choose(&chooser, 100);
		cpu->next_pc = cpu->pc + 4;
		assert_true(cpu_map_pc(cpu) && cpu_map_next_pc(cpu));
	}
	if (threaded)
		machine->threaded = threaded_new(&machine->fixture->memory, machine->cpus, CPUS);
	return machine;
}

static void machine_free(struct machine *machine)
{
	threaded_free(machine->threaded);
	cpu_fixture_free(machine->fixture);
	free(machine);
}

static void check_equal(const struct machine *a, const struct machine *b, const char *what, uint64_t seed)
{
	char where[256];

	for (unsigned i = 0; i < CPUS; i++) {
		const struct cpu *x = &a->cpus[i], *y = &b->cpus[i];

		if (!fields_equal(cpu_fields, x, y, where, sizeof(where)))
			fail_msg("%s, program %d, cpu %u: %s", what, (int)seed, i, where);
		assert_int_equal(x->lookup_va & ENTRY_HI_VPN, y->lookup_va & ENTRY_HI_VPN);
		assert_int_equal(x->budget, y->budget);
		assert_int_equal(x->active_end, y->active_end);
		assert_int_equal(x->stalls, y->stalls);
		assert_int_equal(x->timer_deadline, y->timer_deadline);
		assert_int_equal(x->hi_ready, y->hi_ready);
		assert_int_equal(x->lo_ready, y->lo_ready);
	}
	assert_memory_equal(a->fixture->memory.ram, b->fixture->memory.ram, RAM_SIZE);
}

/* --- ways of running --- */

enum way {
	ALONE,
	BY_BLOCKS,
	IN_TURN,
	WAYS
};

static void run(struct machine *machine, enum way way, uint64_t slice)
{
	struct cpu *together[CPUS], *current = NULL;
	unsigned count = way == IN_TURN ? CPUS : 1;

	for (unsigned i = 0; i < count; i++) {
		struct cpu *cpu = &machine->cpus[i];
		uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

		together[i] = cpu;
		if (to_match < slice)
			slice = to_match;
	}
	for (unsigned i = 0; i < count; i++) {
		together[i]->active_end += slice;
		together[i]->budget = (int64_t)slice;
		together[i]->attention = 0;
	}
	if (way == ALONE)
		(machine->threaded ? threaded_run : reference_run)(together[0]);
	else if (way == BY_BLOCKS)
		(machine->threaded ? threaded_run_block : reference_run_block)(together[0]);
	else
		(machine->threaded ? threaded_run_in_turn : reference_run_in_turn)(together, count, slice,
										   &current);
}

/* What the run loop does after a slice. */
static void close_slice(struct machine *machine)
{
	for (unsigned i = 0; i < CPUS; i++) {
		struct cpu *cpu = &machine->cpus[i];

		cpu->active_end -= (uint64_t)cpu->budget;
		cpu->budget = 0;
		if (cpu_active(cpu) == cpu->timer_deadline)
			cpu_timer_match(cpu);
	}
}

static unsigned programs = 150; /* an argument of this test program asks for more */

static void random_programs(void **state)
{
	static const char *const names[] = {"alone", "by blocks", "in turn"};

	(void)state;
	for (uint64_t seed = 1; seed <= programs; seed++) {
		enum place place = (enum place)(seed % PLACES);
		struct machine *threaded = machine_new(true, seed, place);
		struct machine *reference = machine_new(false, seed, place);
		struct chooser chooser = {.state = seed ^ 0x5555};

		check_equal(threaded, reference, "start", seed);
		for (unsigned round = 0; round < 120; round++) {
			enum way way = (enum way)choose(&chooser, WAYS);
			uint64_t slice = 1 + choose(&chooser, choose(&chooser, 2) ? 10 : 300);

			run(threaded, way, slice);
			run(reference, way, slice);
			check_equal(threaded, reference, names[way], seed);
			close_slice(threaded);
			close_slice(reference);
		}
		machine_free(threaded);
		machine_free(reference);
	}
}

/* --- what is decoded and forgotten --- */

static void run_one(struct cpu_fixture *fixture, unsigned cycles)
{
	fixture->cpu.active_end += cycles;
	fixture->cpu.budget = cycles;
	fixture->cpu.attention = 0;
	threaded_run(&fixture->cpu);
	assert_int_equal(fixture->cpu.budget, 0);
}

static void writers(void **state)
{
	struct cpu_fixture *fixture = cpu_fixture_new();
	struct threaded *threaded = threaded_new(&fixture->memory, &fixture->cpu, 1);
	const uint8_t *mark =
	    fixture->memory.ram + fixture->memory.code_map_offset + (0x1000 >> CODE_GRANULE_SHIFT);
	uint32_t *gpr = fixture->cpu.gpr;

	(void)state;
	/* 1: addiu $2, 1; b 1b; nop */
	PROGRAM(fixture, MIPS_WORD(ADDIU, ['t'] = 2, ['s'] = 2, ['i'] = 1), MIPS_WORD(BEQ, ['b'] = -2), NOP);
	assert_int_equal(*mark, 0);
	run_one(fixture, 300);
	assert_int_equal(gpr[2], 100);
	assert_int_equal(*mark, 1 << CODE_DECODED);
	assert_int_equal(mark[1], 0);

	/* A write beside it leaves it alone; one into it is seen, whoever makes it. */
	memory_write_word(&fixture->memory, 0x1040, 0);
	assert_int_equal(*mark, 1 << CODE_DECODED);
	PROGRAM(fixture, MIPS_WORD(ADDIU, ['t'] = 2, ['s'] = 2, ['i'] = 2));
	assert_int_equal(*mark, 0);
	run_one(fixture, 300);
	assert_int_equal(gpr[2], 300);

	/* The slot of a jump counts as decoded. */
	PUT(fixture, 0x1008, MIPS_WORD(ADDIU, ['t'] = 3, ['s'] = 3, ['i'] = 1));
	run_one(fixture, 300);
	assert_int_equal(gpr[3], 100);

	/* Memory replaced behind everybody's back. */
	memset(fixture->memory.ram + 0x1008, 0, 4);
	threaded_flush(threaded);
	assert_int_equal(*mark, 0);
	run_one(fixture, 300);
	assert_int_equal(gpr[3], 100);
	assert_int_equal(gpr[2], 700);
	threaded_free(threaded);
	cpu_fixture_free(fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_programs),
	    cmocka_unit_test(writers),
	};

	if (argc > 1)
		programs = (unsigned)atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
