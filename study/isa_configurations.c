/* Configurations: the base of each mode, each resource varied alone, and several varied at once. */
#include <assert.h>
#include <string.h>

#include "runtime/cpu/cpu_internal.h"
#include "study/isa_experiment_internal.h"

#define PROBED_ENTRY 5u /* what Index names */
#define CODE_ENTRY   0u
#define DATA_ENTRY   1u
#define FOUND_ENTRY  6u /* maps LOOKUP_PAGE if the TLB is varied */
#define BASE_ASID    1u
#define START_CYCLE  1000u
#define COMBINATIONS 14u /* of each mode */

const char *const isa_dimension_names[ISA_DIMENSIONS] = {
    "mode",    "Status", "CU0",	  "Cause",  "ASID",   "TLB",   "place",	 "Count",
    "Compare", "Random", "Wired", "HWREna", "IntCtl", "EBase", "Config", "several at once"};

/* MIPS32 keeps EntryLo with the frame six bits lower, and maps pairs (Malta reference, section 14). */
static void map_page(struct cpu *cpu, unsigned index, uint32_t va, uint32_t physical, uint32_t asid,
		     bool global)
{
	if (is_mips32(cpu)) {
		uint32_t lo = physical >> 6 | 6u | global, none = global;
		bool odd = va & PAGE_SIZE;

		cpu->lookup_va = va & MIPS32_VPN2;
		cpu->entry_lo = odd ? none : lo;
		cpu->entry_lo1 = odd ? lo : none;
		cpu->page_mask = 0;
	} else {
		cpu->lookup_va = va;
		cpu->entry_lo = physical | ENTRY_LO_D | ENTRY_LO_V | (global ? ENTRY_LO_G : 0);
	}
	cpu->asid = asid << (is_mips32(cpu) ? cpu->model->asid_shift : 6);
	tlb_write(cpu, index);
}

static void set_place(struct cpu *cpu, struct configuration *configuration, uint32_t code, uint32_t data)
{
	uint32_t asid = cpu->asid, lookup = cpu->lookup_va, lo = cpu->entry_lo, lo1 = cpu->entry_lo1;

	map_page(cpu, CODE_ENTRY, CODE_PAGE, code, BASE_ASID, true);
	map_page(cpu, DATA_ENTRY, DATA_PAGE, data, BASE_ASID, true);
	cpu->asid = asid;
	cpu->lookup_va = lookup;
	cpu->entry_lo = lo;
	cpu->entry_lo1 = lo1;
	configuration->code_page = code;
	configuration->data_page = data;
}

static void set_tlb(struct cpu *cpu)
{
	uint32_t asid = cpu->asid, lookup = cpu->lookup_va, lo = cpu->entry_lo, lo1 = cpu->entry_lo1;

	map_page(cpu, PROBED_ENTRY, 0x00500000u, 0x7000, 9, false);
	map_page(cpu, FOUND_ENTRY, LOOKUP_PAGE, 0x7000, 0, true);
	cpu->asid = asid;
	cpu->lookup_va = lookup;
	cpu->entry_lo = lo;
	cpu->entry_lo1 = lo1;
}

static void set_base(struct cpu *cpu, struct configuration *configuration, struct memory *memory,
		     const struct cpu_model *model, enum isa_mode mode)
{
	const struct machine_hooks *hooks = cpu->hooks;
	void *machine = cpu->machine;

	memset(cpu, 0, sizeof(*cpu));
	cpu_init(cpu, 0, model, memory);
	cpu->hooks = hooks;
	cpu->machine = machine;
	cpu->run_state = CPU_RUNNING;
	if (is_mips32(cpu)) {
		cpu->status = mode == ISA_USER ? model->status_user : 0;
		cpu->exception_base = 0x80000000u;
		cpu->index = PROBED_ENTRY;
	} else {
		cpu->status =
		    mode == ISA_USER ? STATUS_KUC : STATUS_KUC << 2; /* a return would go to user mode */
		cpu->index = PROBED_ENTRY << 8;
	}
	map_page(cpu, PROBED_ENTRY, 0x00300000u, 0x8000, 3, false);
	cpu->entry_lo = cpu->entry_lo1 = is_mips32(cpu) ? 0x0000A006u : 0x0000A600u;
	cpu->lookup_va = LOOKUP_PAGE;
	cpu->asid = BASE_ASID << (is_mips32(cpu) ? model->asid_shift : 6);
	cpu->context = 0x12800000u;
	cpu->epc = CODE_TARGET;
	cpu->error_epc = CODE_TARGET + 0x40;
	cpu->active_end = START_CYCLE;
	cpu->count_base = 10;
	cpu->timer_deadline = UINT64_MAX;
	configuration->mode = mode;
	configuration->dimension = ISA_DIMENSION_MODE;
	set_place(cpu, configuration, CODE_PAGE, DATA_PAGE);
}

/* A variation of one resource; of `families`, one bit each, and of modes likewise. */
struct variation {
	enum isa_dimension dimension;
	unsigned families, modes;
	void (*apply)(struct cpu *cpu);
};

static void mask_open(struct cpu *cpu)
{
	cpu->status |= STATUS_IM;
}
static void interrupts_on(struct cpu *cpu)
{
	cpu->status |= STATUS_IEC;
}
static void old_modes(struct cpu *cpu)
{
	cpu->status ^= 0x3Cu;
}
static void boot_vectors(struct cpu *cpu)
{
	cpu->status |= STATUS_BEV;
}
static void exception_level(struct cpu *cpu)
{
	cpu->status |= STATUS_EXL | 0x10u;
}
static void error_level(struct cpu *cpu)
{
	cpu->status |= STATUS_ERL;
}
static void coprocessor_0(struct cpu *cpu)
{
	cpu->status |= STATUS_CU0;
}
static void coprocessors(struct cpu *cpu)
{
	cpu->status |= 0xE0000000u;
}
static void lines_up(struct cpu *cpu)
{
	cpu->cause |= CAUSE_LINES;
}
static void software_interrupt(struct cpu *cpu)
{
	cpu->cause |= CAUSE_SOFTWARE;
}
static void vectored(struct cpu *cpu)
{
	cpu->cause |= CAUSE_IV;
}
static void other_asid(struct cpu *cpu)
{
	cpu->asid <<= 1;
}
static void later_count(struct cpu *cpu)
{
	cpu->count_base -= 500;
}
static void compare(struct cpu *cpu)
{
	cpu->compare = 0x12345678u;
	cpu->compare_written = true;
}
/* As many cycles later, with Count as it was. */
static void later_random(struct cpu *cpu)
{
	cpu->active_end += 6;
	cpu->count_base += 6;
}
static void wired(struct cpu *cpu)
{
	cpu->wired = 2;
}
static void hardware_registers(struct cpu *cpu)
{
	cpu->hwr_enable = 0xF;
}
static void only_count_register(struct cpu *cpu)
{
	cpu->hwr_enable = 1u << 2;
}
static void interrupt_control(struct cpu *cpu)
{
	cpu->interrupt_control |= 0x20;
}
static void exception_base(struct cpu *cpu)
{
	cpu->exception_base = 0x80001000u;
}
static void config(struct cpu *cpu)
{
	cpu->config ^= 1;
}

#define MIPS161 (1u << FAMILY_MIPS161)
#define MIPS32	(1u << FAMILY_MIPS32)
#define BOTH	(MIPS161 | MIPS32)
#define KERNEL	(1u << ISA_KERNEL)
#define ANY	(KERNEL | 1u << ISA_USER)

static const struct variation variations[] = {
    {ISA_DIMENSION_STATUS, BOTH, ANY, mask_open},
    {ISA_DIMENSION_STATUS, BOTH, ANY, interrupts_on},
    {ISA_DIMENSION_STATUS, MIPS161, ANY, old_modes},
    {ISA_DIMENSION_STATUS, BOTH, ANY, boot_vectors},
    {ISA_DIMENSION_STATUS, MIPS32, KERNEL, exception_level},
    {ISA_DIMENSION_STATUS, MIPS32, KERNEL, error_level},
    {ISA_DIMENSION_STATUS, MIPS161, ANY, coprocessors},
    {ISA_DIMENSION_CU0, BOTH, ANY, coprocessor_0},
    {ISA_DIMENSION_CAUSE, BOTH, ANY, lines_up},
    {ISA_DIMENSION_CAUSE, BOTH, ANY, software_interrupt},
    {ISA_DIMENSION_CAUSE, MIPS32, ANY, vectored},
    {ISA_DIMENSION_ASID, BOTH, ANY, other_asid},
    {ISA_DIMENSION_TLB, BOTH, ANY, set_tlb},
    {ISA_DIMENSION_PLACE, BOTH, ANY, NULL},
    {ISA_DIMENSION_COUNT, BOTH, ANY, later_count},
    {ISA_DIMENSION_COMPARE, BOTH, ANY, compare},
    {ISA_DIMENSION_RANDOM, BOTH, ANY, later_random},
    {ISA_DIMENSION_WIRED, MIPS32, ANY, wired},
    {ISA_DIMENSION_HWRENA, MIPS32, ANY, hardware_registers},
    {ISA_DIMENSION_HWRENA, MIPS32, ANY, only_count_register},
    {ISA_DIMENSION_INTCTL, MIPS32, ANY, interrupt_control},
    {ISA_DIMENSION_EBASE, MIPS32, ANY, exception_base},
    {ISA_DIMENSION_CONFIG, MIPS32, ANY, config},
};
#define VARIATIONS (sizeof(variations) / sizeof(variations[0]))

static bool applies(const struct variation *variation, const struct cpu *cpu, enum isa_mode mode)
{
	return (variation->families >> cpu->model->family & 1) && (variation->modes >> mode & 1);
}

static void apply(const struct variation *variation, struct cpu *cpu, struct configuration *configuration)
{
	if (variation->apply)
		variation->apply(cpu);
	else
		set_place(cpu, configuration, OTHER_CODE_PAGE, OTHER_DATA_PAGE);
}

/* Takes the state for one of the configurations; no interrupt may be due, or it would come before the instruction. */
static void keep(struct cpu *cpu, struct configuration *configuration)
{
	if (cpu_interrupt_due(cpu))
		cpu->status &= ~STATUS_IEC;
	configuration->grants =
	    (cpu->status & STATUS_CU0 ? ISA_GRANT_CU0 : 0) | (cpu->hwr_enable ? ISA_GRANT_HWRENA : 0);
	memcpy(configuration->state, cpu, CPU_STATE_SIZE);
}

unsigned isa_configurations(struct cpu *cpu, struct configuration *configurations)
{
	const struct cpu_model *model = cpu->model;
	struct memory *memory = cpu->memory;
	unsigned count = ISA_MODES;
	uint32_t random = 0x2545F491u;

	memset(configurations, 0, MAX_CONFIGURATIONS * sizeof(*configurations));
	for (unsigned mode = 0; mode < ISA_MODES; mode++) {
		set_base(cpu, &configurations[mode], memory, model, mode);
		keep(cpu, &configurations[mode]);
		for (unsigned i = 0; i < VARIATIONS; i++) {
			struct configuration *configuration = &configurations[count];

			if (!applies(&variations[i], cpu, mode))
				continue;
			set_base(cpu, configuration, memory, model, mode);
			apply(&variations[i], cpu, configuration);
			configuration->dimension = variations[i].dimension;
			keep(cpu, configuration);
			count++;
		}
		for (unsigned n = 0; n < COMBINATIONS; n++) {
			struct configuration *configuration = &configurations[count++];

			set_base(cpu, configuration, memory, model, mode);
			for (unsigned i = 0; i < VARIATIONS; i++) {
				random ^= random << 13;
				random ^= random >> 17;
				random ^= random << 5;
				/* ERL maps code and data to where they are in the base. */
				if (applies(&variations[i], cpu, mode) && random % 3 == 0 &&
				    variations[i].apply != error_level)
					apply(&variations[i], cpu, configuration);
			}
			configuration->dimension = ISA_DIMENSION_SEVERAL;
			keep(cpu, configuration);
		}
	}
	assert(count <= MAX_CONFIGURATIONS);
	return count;
}
