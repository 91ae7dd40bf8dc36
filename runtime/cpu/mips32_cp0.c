/* Coprocessor 0 of MIPS32: what the model's table (model.c) cannot say. Malta reference, sections 14 and 15. */
#include "runtime/cpu/cpu_internal.h"

#define CYCLES_PER_COUNT 2
#define SYNCI_STEP	 32 /* bytes that one SYNCI covers: RDHWR 1 */
#define PAIR_MASK_SHIFT	 13 /* of PageMask */
#define TIMER_BITS	 (CAUSE_TI | CAUSE_TIMER)

enum {
	MIPS32_RANDOM = LIFT_CP0_INDEX(1, 0),
	MIPS32_ENTRY_LO1 = LIFT_CP0_INDEX(3, 0),
	MIPS32_CONTEXT = LIFT_CP0_INDEX(4, 0),
	MIPS32_PAGE_MASK = LIFT_CP0_INDEX(5, 0),
	MIPS32_WIRED = LIFT_CP0_INDEX(6, 0),
	MIPS32_HWR_ENABLE = LIFT_CP0_INDEX(7, 0),
	MIPS32_COUNT = LIFT_CP0_INDEX(9, 0),
	MIPS32_ENTRY_HI = LIFT_CP0_INDEX(10, 0),
	MIPS32_COMPARE = LIFT_CP0_INDEX(11, 0),
	MIPS32_STATUS = LIFT_CP0_INDEX(12, 0),
	MIPS32_INT_CTL = LIFT_CP0_INDEX(12, 1),
	MIPS32_CAUSE = LIFT_CP0_INDEX(13, 0),
	MIPS32_EBASE = LIFT_CP0_INDEX(15, 1),
	MIPS32_CONFIG = LIFT_CP0_INDEX(16, 0),
	MIPS32_ERROR_EPC = LIFT_CP0_INDEX(30, 0),
};

/* Where a register lives that is a plain word; NULL if it is none. */
static uint32_t *mips32_register(struct cpu *cpu, unsigned number)
{
	switch (number) {
	case MIPS32_ENTRY_LO1:
		return &cpu->entry_lo1;
	case MIPS32_CONTEXT:
		return &cpu->context;
	case MIPS32_PAGE_MASK:
		return &cpu->page_mask;
	case MIPS32_WIRED:
		return &cpu->wired;
	case MIPS32_HWR_ENABLE:
		return &cpu->hwr_enable;
	case MIPS32_COMPARE:
		return &cpu->compare;
	case MIPS32_STATUS:
		return &cpu->status;
	case MIPS32_INT_CTL:
		return &cpu->interrupt_control;
	case MIPS32_CAUSE:
		return &cpu->cause;
	case MIPS32_EBASE:
		return &cpu->exception_base;
	case MIPS32_CONFIG:
		return &cpu->config;
	case MIPS32_ERROR_EPC:
		return &cpu->error_epc;
	default:
		return NULL;
	}
}

void mips32_reset(struct cpu *cpu)
{
	for (unsigned number = 0; number < LIFT_CP0_COUNT_OF_REGISTERS; number++) {
		uint32_t *at = mips32_register(cpu, number);

		if (at)
			*at = cpu->model->lift.cp0[number].value;
	}
	for (unsigned i = 0; i < cpu->model->tlb_entries; i++)
		cpu->tlb_mask[i] = MIPS32_VPN2 | MIPS32_ASID;
	mips32_update_deadline(cpu);
}

/* Counts up once in two cycles, of its own accord: active - count_base includes the time spent waiting. */
uint32_t mips32_count(const struct cpu *cpu)
{
	if (cpu->cause & CAUSE_DC)
		return cpu->stopped_count;
	return (uint32_t)((cpu_active(cpu) - cpu->count_base) / CYCLES_PER_COUNT);
}

static void mips32_set_count(struct cpu *cpu, uint32_t value)
{
	cpu->stopped_count = cpu->cause & CAUSE_DC ? value : 0;
	cpu->count_base = cpu_active(cpu) - (uint64_t)value * CYCLES_PER_COUNT;
}

/* The top right after Wired was written, one less each cycle, down to Wired. */
unsigned mips32_random(const struct cpu *cpu)
{
	unsigned top = cpu->model->tlb_entries - 1;

	return top - (unsigned)((cpu_active(cpu) - cpu->random_base) % (top + 1 - cpu->wired));
}

void mips32_update_deadline(struct cpu *cpu)
{
	uint64_t ticks = (cpu_active(cpu) - cpu->count_base) / CYCLES_PER_COUNT;
	uint32_t distance = cpu->compare - (uint32_t)ticks;

	if (cpu->cause & CAUSE_DC) {
		cpu->timer_deadline = UINT64_MAX;
		return;
	}
	ticks += distance ? distance : UINT64_C(1) << 32;
	cpu->timer_deadline = cpu->count_base + ticks * CYCLES_PER_COUNT;
}

void mips32_timer_match(struct cpu *cpu)
{
	cpu->cause |= TIMER_BITS;
	mips32_update_deadline(cpu);
}

/* After Count or Compare was written. Equal values match at once. */
static void timer_changed(struct cpu *cpu)
{
	if (mips32_count(cpu) == cpu->compare && !(cpu->cause & CAUSE_DC))
		cpu->cause |= TIMER_BITS;
	mips32_update_deadline(cpu);
	cpu->attention = 1; /* the slice may now be too long */
}

bool mips32_hardware_register(const struct cpu *cpu, unsigned number, uint32_t *value)
{
	const uint32_t values[] = {0, SYNCI_STEP, mips32_count(cpu), CYCLES_PER_COUNT};

	if (number >= sizeof(values) / sizeof(values[0]))
		return false;
	if (cpu_user_mode(cpu) && !(cpu->status & STATUS_CU0) && !(cpu->hwr_enable >> number & 1))
		return false;
	*value = values[number];
	return true;
}

uint32_t mips32_cp0_read(const struct cpu *cpu, unsigned number)
{
	switch (number) {
	case MIPS32_RANDOM:
		return mips32_random(cpu);
	case MIPS32_COUNT:
		return mips32_count(cpu);
	case MIPS32_ENTRY_HI:
		return (cpu->lookup_va & MIPS32_VPN2) | cpu->asid >> cpu->model->asid_shift;
	default:
		return *mips32_register((struct cpu *)cpu, number);
	}
}

/* Pages are 4 KiB times a power of 4; what is no such mask is stored as 0. */
static uint32_t legal_page_mask(uint32_t mask)
{
	uint32_t ones = mask >> PAIR_MASK_SHIFT;

	return (ones & (ones + 1)) == 0 && __builtin_popcount(ones) % 2 == 0 ? mask : 0;
}

static void write_cause(struct cpu *cpu, uint32_t value)
{
	uint32_t count = mips32_count(cpu), old = cpu->cause;

	cpu->cause = value;
	if ((old ^ value) & CAUSE_DC) {
		mips32_set_count(cpu, count);
		mips32_update_deadline(cpu);
		cpu->attention = 1;
	}
}

void mips32_cp0_write(struct cpu *cpu, unsigned number, uint32_t value)
{
	uint32_t mask = cpu->model->lift.cp0[number].mask, *at = mips32_register(cpu, number);

	if (at)
		value = (*at & ~mask) | (value & mask);
	switch (number) {
	case MIPS32_COUNT:
		mips32_set_count(cpu, value);
		timer_changed(cpu);
		break;
	case MIPS32_COMPARE:
		cpu->compare = value;
		cpu->cause &= ~TIMER_BITS;
		timer_changed(cpu);
		break;
	case MIPS32_ENTRY_HI:
		cpu->lookup_va = value & MIPS32_VPN2;
		cpu->asid = (value & MIPS32_ASID) << cpu->model->asid_shift;
		break;
	case MIPS32_STATUS:
		mips32_set_status(cpu, value);
		break;
	case MIPS32_CAUSE:
		write_cause(cpu, value);
		break;
	case MIPS32_PAGE_MASK:
		cpu->page_mask = legal_page_mask(value);
		break;
	case MIPS32_WIRED:
		cpu->wired = value;
		cpu->random_base = cpu_active(cpu);
		break;
	default:
		*at = value;
		break;
	}
}
