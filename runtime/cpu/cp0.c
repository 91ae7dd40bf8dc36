/* Coprocessor 0 registers and the on-chip timer of MIPS-161, and the way to those of others. Which registers exist, what they read and which bits can be
 * written is the model's table (model.c); here is what the table cannot say. System/161 reference,
 * sections 1.8, 1.9. */
#include "runtime/cpu/cpu_internal.h"

#define RANDOM_FIRST 8u
#define RANDOM_COUNT 56u
#define RANDOM_PHASE 55u /* Random is 63 while the first instruction executes */

enum {
	CP0_COUNT = LIFT_CP0_INDEX(9, 0),
	CP0_COMPARE = LIFT_CP0_INDEX(11, 0),
	CP0_STATUS = LIFT_CP0_INDEX(12, 0),
	CP0_CAUSE = LIFT_CP0_INDEX(13, 0),
};

static uint32_t *state(struct cpu *cpu, enum ir_state name)
{
	switch (name) {
	case IR_STATE_INDEX:
		return &cpu->index;
	case IR_STATE_ENTRY_LO:
		return &cpu->entry_lo;
	case IR_STATE_CONTEXT:
		return &cpu->context;
	case IR_STATE_BAD_VADDR:
		return &cpu->bad_vaddr;
	case IR_STATE_COMPARE:
		return &cpu->compare;
	case IR_STATE_STATUS:
		return &cpu->status;
	case IR_STATE_CAUSE:
		return &cpu->cause;
	default:
		return &cpu->epc;
	}
}

bool cp0_readable(const struct cpu_model *model, unsigned number)
{
	return model->lift.cp0[number].read != LIFT_CP0_RESERVED || model->family == FAMILY_MIPS32;
}

bool cp0_writable(const struct cpu_model *model, unsigned number)
{
	return model->lift.cp0[number].write != LIFT_CP0_RESERVED || model->family == FAMILY_MIPS32;
}

unsigned cpu_random(struct cpu *cpu)
{
	if (is_mips32(cpu))
		return mips32_random(cpu);
	return RANDOM_FIRST + (unsigned)((cpu_active(cpu) + RANDOM_PHASE) % RANDOM_COUNT);
}

static uint32_t count(const struct cpu *cpu)
{
	return (uint32_t)(cpu_active(cpu) - cpu->count_base);
}

void cpu_update_deadline(struct cpu *cpu)
{
	if (is_mips32(cpu)) {
		mips32_update_deadline(cpu);
		return;
	}
	if (!cpu->compare_written) {
		cpu->timer_deadline = UINT64_MAX;
		return;
	}
	/* Count matches after incrementing: one that is equal now has missed it and must wrap around. */
	uint32_t distance = cpu->compare - count(cpu);
	cpu->timer_deadline = cpu_active(cpu) + (distance ? distance : UINT64_C(1) << 32);
}

void cpu_timer_match(struct cpu *cpu)
{
	if (is_mips32(cpu)) {
		mips32_timer_match(cpu);
		return;
	}
	cpu->count_base = cpu_active(cpu);
	if (is_traced(cpu, TRACE_INTERRUPT))
		cpu_trace_timer(cpu, true);
	cpu->cause |= CAUSE_TIMER;
	cpu_update_deadline(cpu);
}

uint32_t cp0_read(struct cpu *cpu, unsigned number)
{
	const struct lift_cp0 *row = &cpu->model->lift.cp0[number];

	switch ((enum lift_cp0_access)row->read) {
	case LIFT_CP0_RESERVED:
		return 0;
	case LIFT_CP0_CONSTANT:
		return row->value;
	case LIFT_CP0_STATE:
		return *state(cpu, row->state);
	case LIFT_CP0_ENTRY_HI:
		return (cpu->lookup_va & ENTRY_HI_VPN) | cpu->asid;
	case LIFT_CP0_COUNT:
		return count(cpu);
	default:
		if (is_mips32(cpu))
			return mips32_cp0_read(cpu, number);
		return cpu_random(cpu) << 8; /* the only register that needs the helper to be read */
	}
}

/* Registers whose writing does more than the table says. */
static void write_special(struct cpu *cpu, unsigned number, uint32_t value)
{
	switch (number) {
	case CP0_COUNT:
		cpu->count_base = cpu_active(cpu) - value;
		cpu_update_deadline(cpu);
		cpu->attention = 1; /* the slice may now be too long */
		break;
	case CP0_COMPARE:
		cpu->compare = value;
		cpu->compare_written = true;
		if (is_traced(cpu, TRACE_INTERRUPT) && (cpu->cause & CAUSE_TIMER))
			cpu_trace_timer(cpu, false);
		cpu->cause &= ~CAUSE_TIMER;
		if (count(cpu) > value)
			cpu->count_base = cpu_active(cpu);
		cpu_update_deadline(cpu);
		cpu->attention = 1;
		break;
	case CP0_STATUS:
		if (value & STATUS_CACHE_CTL)
			cpu->hooks->hang(cpu,
					 "Status register write attempted to use r2000/r3000 cache control");
		cpu_set_status(cpu, value & STATUS_WRITABLE, true);
		break;
	case CP0_CAUSE:
		cpu->cause = (cpu->cause & ~CAUSE_SOFTWARE) | (value & CAUSE_SOFTWARE);
		break;
	}
}

void cp0_write(struct cpu *cpu, unsigned number, uint32_t value)
{
	const struct lift_cp0 *row = &cpu->model->lift.cp0[number];

	switch ((enum lift_cp0_access)row->write) {
	case LIFT_CP0_STATE:
		*state(cpu, row->state) = value & row->mask;
		break;
	case LIFT_CP0_ENTRY_HI:
		cpu->lookup_va = value & row->mask & ENTRY_HI_VPN;
		cpu->asid = value & row->mask & ENTRY_HI_ASID;
		break;
	case LIFT_CP0_HELPER:
		if (is_mips32(cpu))
			mips32_cp0_write(cpu, number, value);
		else
			write_special(cpu, number, value);
		break;
	default:
		break; /* read-only registers ignore writes */
	}
}
