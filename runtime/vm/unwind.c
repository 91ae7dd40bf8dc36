#include "runtime/vm/unwind.h"

#define CALL_BYTES  8 /* a call and its delay slot: a return address is this far behind the call */
#define KERNEL_BASE 0x80000000u

static bool fetch(const struct unwind_registers *registers, const struct guest_reader *reader,
		  const struct frame_rule *rule, unsigned self, uint32_t *value)
{
	unsigned base = rule->kind == RULE_SAME ? self : rule->base;
	uint32_t address = registers->gpr[base] + (uint32_t)rule->offset;

	if (rule->kind == RULE_UNKNOWN || (base && !(registers->known >> base & 1)))
		return false;
	if (rule->kind == RULE_MEMORY)
		return (address & 3) == 0 && reader->word(reader->context, address, value);
	*value = rule->kind == RULE_SAME ? registers->gpr[self] : address;
	return true;
}

static bool rules_from_code(struct symbols *symbols, const struct guest_reader *reader,
			    const struct mips_isa *isa, uint32_t at, uint32_t pc, struct frame_rules *rules)
{
	struct place place = symbols_place(symbols, at);
	uint32_t start = place.start;

	if (!place.function && !prologue_guess_start(reader, isa, at, &start))
		return false;
	return prologue_rules(reader, isa, start, pc, rules);
}

/* The rules for leaving the frame. Call frame information knows functions, their code knows exception frames. */
static bool find_rules(struct symbols *symbols, const struct guest_reader *reader, const struct mips_isa *isa,
		       const struct unwind_registers *registers, struct frame_rules *rules)
{
	uint32_t at = registers->exact ? registers->pc : registers->pc - CALL_BYTES;
	struct frame_rules own;
	bool have = rules_from_code(symbols, reader, isa, at, registers->pc, &own);

	if (symbols_frame(symbols, registers->exact ? registers->pc : registers->pc - 1, rules)) {
		if (rules->exception && have && own.exception) {
			rules->status = own.status;
			rules->cause = own.cause;
			rules->bad_vaddr = own.bad_vaddr;
		}
		return true;
	}
	*rules = own;
	return have;
}

/* Replaces the registers by the caller's. NULL, or why that is not possible. */
static const char *leave_frame(const struct guest_reader *reader, const struct frame_rules *rules,
			       struct unwind_registers *registers, struct frame *frame)
{
	struct unwind_registers caller = {.exact = rules->exception};

	if (!fetch(registers, reader, &rules->pc, REGISTER_RA, &caller.pc))
		return rules->pc.kind == RULE_MEMORY ? "the stack cannot be read" : "end of the stack";
	if (!rules->exception && caller.pc == 0) /* where a thread begins */
		return "end of the stack";
	for (unsigned i = 1; i < 32; i++)
		if (fetch(registers, reader, &rules->registers[i], i, &caller.gpr[i]))
			caller.known |= 1u << i;
	/* A function that has called others has its return address on the stack. */
	if (!rules->exception)
		caller.known &= ~(1u << REGISTER_RA);
	*frame = (struct frame){.interrupted = rules->exception};
	frame->has_cause = rules->exception && fetch(registers, reader, &rules->cause, 0, &frame->cause) &&
			   fetch(registers, reader, &rules->bad_vaddr, 0, &frame->bad_vaddr);
	if (!(caller.known >> REGISTER_SP & 1))
		return "the stack pointer is lost";
	if (!rules->exception && caller.pc == registers->pc &&
	    caller.gpr[REGISTER_SP] == registers->gpr[REGISTER_SP])
		return "end of the stack";
	if (!rules->exception && caller.gpr[REGISTER_SP] < registers->gpr[REGISTER_SP])
		return "the stack is damaged: it runs backwards";
	*registers = caller;
	return NULL;
}

/* Nothing is known of the place: it was perhaps jumped to by mistake, by a call. */
static const char *leave_wild_place(struct unwind_registers *registers, struct frame *frame, bool first)
{
	if (!first || !(registers->known >> REGISTER_RA & 1) || registers->gpr[REGISTER_RA] == registers->pc)
		return "no function is known here";
	*frame = (struct frame){0};
	registers->pc = registers->gpr[REGISTER_RA];
	registers->known &= ~(1u << REGISTER_RA);
	registers->exact = false;
	return NULL;
}

/* An exception whose handler has not saved anything yet. */
static const char *leave_vector(struct unwind_registers *registers, struct frame *frame)
{
	*frame = (struct frame){.interrupted = true,
				.has_cause = true,
				.cause = registers->cause,
				.bad_vaddr = registers->bad_vaddr};
	registers->pc = registers->epc;
	registers->at_vector = false;
	return NULL;
}

static const char *check(const struct unwind_registers *registers, const struct backtrace *backtrace)
{
	const struct frame *last = &backtrace->frames[backtrace->count - 1];

	if (registers->pc < KERNEL_BASE)
		return registers->exact && last->interrupted ? "user mode" : "not an address of the kernel";
	for (unsigned i = 0; last->interrupted && i + 1 < backtrace->count; i++)
		if (backtrace->frames[i].pc == last->pc && backtrace->frames[i].sp == last->sp)
			return "the stack leads in circles";
	if (backtrace->count == MAX_FRAMES)
		return "more frames are not shown";
	return NULL;
}

void unwind(struct symbols *symbols, const struct guest_reader *reader, const struct mips_isa *isa,
	    const struct unwind_registers *from, struct backtrace *backtrace)
{
	struct unwind_registers registers = *from;
	struct frame next = {0};

	backtrace->count = 0;
	backtrace->end = NULL;
	for (;;) {
		next.pc = registers.exact ? registers.pc : registers.pc - CALL_BYTES;
		next.sp = registers.gpr[REGISTER_SP];
		backtrace->frames[backtrace->count++] = next;
		backtrace->end = check(&registers, backtrace);
		if (backtrace->end)
			return;

		struct frame_rules rules;
		uint32_t place = next.pc;
		bool first = backtrace->count == 1 || next.interrupted;

		if (registers.at_vector)
			backtrace->end = leave_vector(&registers, &next);
		else if (registers.exact && !symbols_is_code(symbols, place) &&
			 symbols_has_functions(symbols))
			backtrace->end = leave_wild_place(&registers, &next, first);
		else if (!find_rules(symbols, reader, isa, &registers, &rules))
			backtrace->end = "no function is known here";
		else
			backtrace->end = leave_frame(reader, &rules, &registers, &next);
		if (backtrace->end)
			return;
	}
}
