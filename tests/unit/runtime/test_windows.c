/* Several processors in turn, threaded (with its windows) beside the reference: random loops that share words, aliases of them and code,
 * interrupt one another, wait and start again. Compared at every stop. */
#include "cpu_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cpu/threaded.h"
#include "tests/fuzz/fuzz.h"

#define CODE	    0x2000u /* two pages */
#define CODE_SIZE   0x2000u
#define SHARED	    0x8000u /* a page of everybody's */
#define PRIVATE	    0x9000u /* and one for each processor */
#define MAPPED_CODE 0x00402000u
#define MAPPED	    0x00500000u /* SHARED, and again SOFT_TLB_SIZE pages further on */
#define MAPPED_OWN  0x00700000u /* PRIVATE of the processor, likewise */
#define ANEW	    0x00100000u /* the same index of the soft TLB */
#define CPUS	    8
#define ROUNDS	    60

struct machine {
	struct cpu_fixture *fixture; /* memory */
	struct machine_hooks hooks;
	unsigned count;
	struct cpu cpus[CPUS];
	struct threaded *threaded; /* NULL: the reference */
};

/* What programs of a seed have more or less of: of 100 accesses; `faults` and `odd` of 1000. */
struct mix {
	bool mapped;
	unsigned shared, to_code, device, faults, odd;
};

/* --- programs: registers 8 to 15 and 24 to 27 hold addresses, 16 to 23 values --- */

static unsigned any(struct chooser *chooser)
{
	return 16 + choose(chooser, 8);
}

static unsigned base(struct chooser *chooser, const struct mix *mix)
{
	if (choose(chooser, 100) < mix->to_code)
		return 14 + choose(chooser, 2);
	if (choose(chooser, 100) < mix->device)
		return 24;
	return (choose(chooser, 100) < mix->shared ? 8 : 11) + choose(chooser, 3);
}

static uint32_t access_word(struct chooser *chooser, const struct mix *mix)
{
	static const enum mips_op ops[] = {MIPS_OP_LB,	MIPS_OP_LBU, MIPS_OP_LH,  MIPS_OP_LHU, MIPS_OP_LW,
					   MIPS_OP_LW,	MIPS_OP_LWL, MIPS_OP_LWR, MIPS_OP_LL,  MIPS_OP_LL,
					   MIPS_OP_SB,	MIPS_OP_SH,  MIPS_OP_SW,  MIPS_OP_SW,  MIPS_OP_SWL,
					   MIPS_OP_SWR, MIPS_OP_SC,  MIPS_OP_SC};
	struct mips_fields fields = {0};
	enum mips_op op = ops[choose(chooser, 18)];
	unsigned align = op == MIPS_OP_LH || op == MIPS_OP_LHU || op == MIPS_OP_SH			? 2
			 : op == MIPS_OP_LW || op == MIPS_OP_SW || op == MIPS_OP_LL || op == MIPS_OP_SC ? 4
													: 1;

	fields.value['s'] = (int32_t)base(chooser, mix);
	if (fields.value['s'] == 24) /* devices have words only */
		op = choose(chooser, 2) ? MIPS_OP_LW : MIPS_OP_SW;
	fields.value['t'] = (int32_t)any(chooser);
	fields.value['o'] = (int32_t)(choose(chooser, 6) ? choose(chooser, 0x20) : choose(chooser, 0x400));
	if (choose(chooser, 1000) >= mix->faults)
		fields.value['o'] &= op == MIPS_OP_LW || op == MIPS_OP_SW ? ~3 : ~(int32_t)(align - 1);
	return mips_encode(op, &fields);
}

static uint32_t branch_word(struct chooser *chooser, unsigned at)
{
	static const enum mips_op branches[] = {MIPS_OP_BEQ,  MIPS_OP_BNE,  MIPS_OP_BLEZ,   MIPS_OP_BGTZ,
						MIPS_OP_BLTZ, MIPS_OP_BGEZ, MIPS_OP_BLTZAL, MIPS_OP_BGEZAL};
	struct mips_fields fields = {0};
	int32_t distance = 1 + (int32_t)choose(chooser, 15); /* short loops soon catch everybody */

	if (!choose(chooser, 10))
		return MIPS_WORD(JR, ['s'] = 25 + (int32_t)choose(chooser, 3));
	if (at > CODE_SIZE - 0x100)
		return NOP;
	fields.value['s'] = (int32_t)any(chooser);
	fields.value['t'] = choose(chooser, 2) ? (int32_t)any(chooser) : fields.value['s'];
	fields.value['b'] = distance;
	return mips_encode(branches[choose(chooser, 8)], &fields);
}

static uint32_t odd_word(struct chooser *chooser)
{
	switch (choose(chooser, 12)) {
	case 0:
		return MTC0((int32_t)any(chooser), CP0_COUNT);
	case 1:
		return MTC0(29, CP0_COMPARE);
	case 2:
		return TLBWR;
	case 3:
		return TLBP;
	case 4:
		return WAIT;
	case 5:
		return MIPS_WORD(SYSCALL, ['c'] = 0);
	case 6:
		return MTC0(28, CP0_ENTRY_HI);
	case 7:
		return MIPS_WORD(
		    ADD, ['d'] = 16, ['s'] = (int32_t)any(chooser), ['t'] = (int32_t)any(chooser));
	default:
		return MIPS_WORD(SYNC, ['h'] = 0);
	}
}

static uint32_t random_word(struct chooser *chooser, const struct mix *mix, unsigned at)
{
	static const enum mips_op three[] = {MIPS_OP_ADDU, MIPS_OP_SUBU, MIPS_OP_AND,  MIPS_OP_OR,
					     MIPS_OP_XOR,  MIPS_OP_NOR,	 MIPS_OP_SLTU, MIPS_OP_SLLV,
					     MIPS_OP_MULT, MIPS_OP_DIVU, MIPS_OP_MFHI, MIPS_OP_MFLO};
	static const int32_t readable[] = {CP0_COUNT, CP0_RANDOM, CP0_ENTRY_HI, CP0_CAUSE, CP0_STATUS};
	struct mips_fields fields = {0};

	if (choose(chooser, 1000) < mix->odd)
		return odd_word(chooser);
	switch (choose(chooser, 10)) {
	case 0 ... 2:
		fields.value['s'] = (int32_t)any(chooser);
		fields.value['t'] = (int32_t)any(chooser);
		fields.value['d'] = (int32_t)any(chooser);
		return mips_encode(three[choose(chooser, 12)], &fields);
	case 3:
		return MIPS_WORD(ADDIU, ['t'] = (int32_t)any(chooser), ['s'] = (int32_t)any(chooser),
				 ['i'] = (int32_t)choose(chooser, 200) - 100);
	case 4:
		return branch_word(chooser, at);
	case 5:
		return choose(chooser, 3) ? NOP : MFC0((int32_t)any(chooser), readable[choose(chooser, 5)]);
	default:
		return access_word(chooser, mix);
	}
}

/* Interrupts: quiet the lines, and on. Others: on after the instruction, at the same place of the code. */
static void put_handlers(struct machine *machine, const struct mix *mix)
{
	uint32_t code = mix->mapped ? MAPPED_CODE : 0x80000000u | CODE;

	for (uint32_t at = 0; at <= 0x80; at += 0x80)
		PUT(machine->fixture, at, MFC0(30, CP0_CAUSE),
		    MIPS_WORD(ANDI, ['t'] = 30, ['s'] = 30, ['u'] = CAUSE_CODE),
		    MIPS_WORD(BNE, ['s'] = 30, ['t'] = 0, ['b'] = 5), MFC0(31, CP0_EPC),
		    MIPS_WORD(LW, ['t'] = 30, ['s'] = 24, ['o'] = 0), MTC0(29, CP0_COMPARE),
		    MIPS_WORD(JR, ['s'] = 31), RFE,
		    /* others */
		    MIPS_WORD(ADDIU, ['t'] = 31, ['s'] = 31, ['i'] = 4),
		    MIPS_WORD(ANDI, ['t'] = 31, ['s'] = 31, ['u'] = CODE_SIZE - 4),
		    MIPS_WORD(LUI, ['t'] = 30, ['U'] = (int32_t)(code >> 16)),
		    MIPS_WORD(ORI, ['t'] = 30, ['s'] = 30, ['u'] = (int32_t)(code & 0xFFFF)),
		    MIPS_WORD(OR, ['d'] = 31, ['s'] = 31, ['t'] = 30), MIPS_WORD(JR, ['s'] = 31), RFE);
}

/* --- machines --- */

/* A device that interrupts others: the value says whom. Each load takes one's own interrupt away. */
static bool store_device(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t value)
{
	struct machine *machine = cpu->machine;
	struct cpu *other = &machine->cpus[value % machine->count];

	(void)size;
	machine->fixture->device = value + offset;
	if (value >> 8 & 1) {
		cpu_set_lines(other, CAUSE_IPI);
		cpu->attention = 1;
	}
	return true;
}

static bool load_device(struct cpu *cpu, uint32_t offset, unsigned size, uint32_t *value)
{
	struct machine *machine = cpu->machine;

	(void)size;
	cpu_set_lines(cpu, 0);
	*value = machine->fixture->device ^ offset;
	return true;
}

static void ignore_stop(struct cpu *cpu)
{
	(void)cpu;
}

static void ignore_text(struct cpu *cpu, const char *text)
{
	(void)cpu;
	(void)text;
}

static void map(struct cpu *cpu, unsigned index, uint32_t va, uint32_t physical, uint32_t flags)
{
	cpu->tlb_hi[index] = va | cpu->asid;
	cpu->tlb_lo[index] = physical | flags;
	cpu->tlb_mask[index] = flags & ENTRY_LO_G ? ENTRY_HI_VPN : ENTRY_HI_VPN | ENTRY_HI_ASID;
}

/* kseg1, whose stores end windows, is rare. */
static unsigned any_base(struct chooser *chooser)
{
	static const unsigned bases[] = {0, 0, 0, 2, 2, 2, 3, 3, 3, 1};

	return bases[choose(chooser, 10)];
}

static void set_up(struct machine *machine, unsigned number, struct chooser *chooser, const struct mix *mix)
{
	struct cpu *cpu = &machine->cpus[number];
	uint32_t own = PRIVATE + number * PAGE_SIZE, code = mix->mapped ? MAPPED_CODE : 0x80000000u | CODE;
	const uint32_t shared_bases[] = {0x80000000u | SHARED, 0xA0000000u | SHARED, MAPPED, MAPPED + ANEW};
	const uint32_t own_bases[] = {0x80000000u | own, 0xA0000000u | own, MAPPED_OWN, MAPPED_OWN + ANEW};

	cpu_init(cpu, number, &cpu_model_mips161, &machine->fixture->memory);
	cpu->hooks = &machine->hooks;
	cpu->machine = machine;
	cpu->run_state = CPU_RUNNING;
	cpu->status = 0x8800 | choose(chooser, 2);
	cpu->asid = 5u << 6;
	for (unsigned page = 0; page < 2; page++) {
		map(cpu, page, MAPPED_CODE + page * PAGE_SIZE, CODE + page * PAGE_SIZE,
		    ENTRY_LO_V | ENTRY_LO_D | ENTRY_LO_G);
		map(cpu, 2 + page, MAPPED + page * ANEW, SHARED, ENTRY_LO_V | ENTRY_LO_D);
		map(cpu, 4 + page, MAPPED_OWN + page * ANEW, own, ENTRY_LO_V | ENTRY_LO_D);
	}
	for (unsigned reg = 0; reg < 3; reg++) {
		cpu->gpr[8 + reg] = shared_bases[any_base(chooser)];
		cpu->gpr[11 + reg] = own_bases[any_base(chooser)];
	}
	cpu->gpr[14] = (choose(chooser, 2) ? code : 0xA0000000u | CODE) + (choose(chooser, 0x1800) & ~3u);
	cpu->gpr[15] = code + 0xFE0;
	for (unsigned reg = 16; reg < 24; reg++)
		cpu->gpr[reg] = choose(chooser, UINT32_MAX);
	cpu->gpr[24] = 0xBFE00000u;
	for (unsigned reg = 25; reg < 28; reg++)
		cpu->gpr[reg] = code + (choose(chooser, CODE_SIZE - 0x100) & ~3u);
	cpu->gpr[28] = (5u + choose(chooser, 2)) << 6;
	cpu->gpr[29] = 200 + choose(chooser, 3000);
	cpu->pc = code + 4 * choose(chooser, 100);
	cpu->next_pc = cpu->pc + 4;
	assert_true(cpu_map_pc(cpu) && cpu_map_next_pc(cpu));
}

static struct machine *machine_new(bool threaded, uint64_t seed)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct chooser chooser = {.state = seed};
	static const unsigned shares[] = {0, 0, 2, 10, 60}, rarely[] = {0, 0, 1, 5};
	struct mix mix = {.mapped = choose(&chooser, 2)};

	assert_non_null(machine);
	mix.shared = shares[choose(&chooser, 5)];
	mix.to_code = rarely[choose(&chooser, 4)];
	mix.device = rarely[choose(&chooser, 4)];
	mix.faults = 2 * rarely[choose(&chooser, 4)];
	mix.odd = 2 * rarely[choose(&chooser, 4)];
	machine->count = 2 + choose(&chooser, CPUS - 1);
	machine->fixture = cpu_fixture_new();
	machine->hooks = *machine->fixture->cpu.hooks;
	machine->hooks.bus_store = store_device;
	machine->hooks.bus_load = machine->hooks.bus_load_quietly = load_device;
	machine->hooks.stopped = ignore_stop;
	machine->hooks.hang = machine->hooks.message = ignore_text;
	put_handlers(machine, &mix);
	for (uint32_t at = 0; at < CODE_SIZE; at += 4)
		PUT(machine->fixture, CODE + at, random_word(&chooser, &mix, at));
	PUT(machine->fixture, CODE + CODE_SIZE - 12, MIPS_WORD(JR, ['s'] = 25));
	for (unsigned i = 0; i < machine->count; i++)
		set_up(machine, i, &chooser, &mix);
	if (threaded)
		machine->threaded = threaded_new(&machine->fixture->memory, machine->cpus, machine->count);
	return machine;
}

static void machine_free(struct machine *machine)
{
	threaded_free(machine->threaded);
	cpu_fixture_free(machine->fixture);
	free(machine);
}

static void check_equal(const struct machine *a, const struct machine *b, unsigned round, uint64_t seed)
{
	char where[256];

	for (unsigned i = 0; i < a->count; i++) {
		const struct cpu *x = &a->cpus[i], *y = &b->cpus[i];

		if (!fields_equal(cpu_fields, x, y, where, sizeof(where)))
			fail_msg("program %d, round %u, cpu %u: %s", (int)seed, round, i, where);
		assert_int_equal(x->lookup_va & ENTRY_HI_VPN, y->lookup_va & ENTRY_HI_VPN);
		assert_int_equal(x->budget, y->budget);
		assert_int_equal(x->active_end, y->active_end);
		assert_int_equal(x->stalls, y->stalls);
		assert_int_equal(x->timer_deadline, y->timer_deadline);
		assert_int_equal(x->hi_ready, y->hi_ready);
		assert_int_equal(x->lo_ready, y->lo_ready);
		assert_memory_equal(&x->history, &y->history, sizeof(x->history));
	}
	assert_int_equal(a->fixture->device, b->fixture->device);
	if (memcmp(a->fixture->memory.ram, b->fixture->memory.ram, RAM_SIZE) != 0)
		fail_msg("program %d, round %u: memory", (int)seed, round);
}

/* --- a slice as the run loop has them --- */

static void run(struct machine *machine, uint64_t slice)
{
	struct cpu *together[CPUS], *current = NULL;
	unsigned count = 0;
	uint64_t done;

	for (unsigned i = 0; i < machine->count; i++) {
		struct cpu *cpu = &machine->cpus[i];
		uint64_t to_match = cpu->timer_deadline - cpu_active(cpu);

		if (cpu->run_state != CPU_RUNNING)
			continue;
		together[count++] = cpu;
		if (to_match < slice)
			slice = to_match;
	}
	if (count == 0)
		return;
	for (unsigned i = 0; i < count; i++) {
		together[i]->active_end += slice;
		together[i]->budget = (int64_t)slice;
		together[i]->attention = 0;
	}
	done = (machine->threaded ? threaded_run_in_turn : reference_run_in_turn)(together, count, slice,
										  &current);
	/* The rest of the cycle that one has ended early. */
	for (unsigned i = 0; done < slice && i < count; i++)
		if (together[i] > current && together[i]->run_state == CPU_RUNNING)
			reference_step(together[i]);
	for (unsigned i = 0; i < count; i++) {
		struct cpu *cpu = together[i];

		cpu->active_end -= (uint64_t)cpu->budget;
		cpu->budget = 0;
		if (cpu_active(cpu) == cpu->timer_deadline)
			cpu_timer_match(cpu);
	}
}

static unsigned programs = 150; /* arguments of this test program: how many, and the first */
static uint64_t first_program = 1;

static void random_programs(void **state)
{
	(void)state;
	for (uint64_t seed = first_program; seed < first_program + programs; seed++) {
		struct machine *threaded = machine_new(true, seed), *reference = machine_new(false, seed);
		struct chooser chooser = {.state = seed ^ 0x5555};

		for (unsigned round = 0; round < ROUNDS; round++) {
			uint64_t slice = 1 + choose(&chooser, choose(&chooser, 3) ? 200 : 5000);
			unsigned woken = choose(&chooser, threaded->count);

			run(threaded, slice);
			run(reference, slice);
			check_equal(threaded, reference, round, seed);
			if (round % 2 && threaded->cpus[woken].run_state == CPU_WAITING)
				threaded->cpus[woken].run_state = reference->cpus[woken].run_state =
				    CPU_RUNNING;
		}
		machine_free(threaded);
		machine_free(reference);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_programs)};

	if (argc > 1)
		programs = (unsigned)atoi(argv[1]);
	if (argc > 2)
		first_program = strtoull(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
