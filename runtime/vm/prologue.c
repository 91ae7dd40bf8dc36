#include "runtime/vm/prologue.h"

#include <string.h>

#include "frontend/decode.h"

#define LONGEST_FUNCTION 0x4000 /* bytes read of one function */
#define LONGEST_SEARCH	 0x1000 /* bytes searched for the start of one without a name */
#define MAX_SLOTS	 64
#define LARGEST_FRAME	 0x10000

/* CP0 registers that exception frames keep: System/161 reference, section 1.8. */
#define CP0_BAD_VADDR 8
#define CP0_STATUS    12
#define CP0_CAUSE     13
#define CP0_EPC	      14

/* What a register or a word of the frame is known to hold. */
enum value_kind {
	VALUE_OTHER,
	VALUE_ENTRY, /* what register `number` held when the function was entered */
	VALUE_STACK, /* a stack pointer: `offset` from where it was, if `number` is still the base of today */
	VALUE_CP0,   /* of CP0 register `number` */
};
struct value {
	enum value_kind kind;
	unsigned number;
	int32_t offset;
};

struct slot {
	int32_t offset; /* from the base */
	struct value value;
};

/* Offsets count from the base, which is the stack pointer at the entry; or, since the stack was switched, the new one. */
struct analysis {
	struct value registers[32];
	struct slot slots[MAX_SLOTS];
	unsigned slot_count;
	unsigned base;	    /* how often the stack was switched */
	int32_t deepest;    /* where the stack pointer was with the frame made */
	bool stack_is_lost; /* it was moved by an amount unknown */
	bool reads_epc;
};

static void start_analysis(struct analysis *a)
{
	memset(a, 0, sizeof(*a));
	for (unsigned i = 1; i < 32; i++)
		a->registers[i] = (struct value){VALUE_ENTRY, i, 0};
	a->registers[REGISTER_SP] = (struct value){VALUE_STACK, 0, 0};
}

static void save(struct analysis *a, const struct value *address, int32_t offset, struct value value)
{
	if (address->kind != VALUE_STACK || address->number != a->base || value.kind == VALUE_OTHER)
		return;
	for (unsigned i = 0; i < a->slot_count; i++)
		if (a->slots[i].value.kind == value.kind && a->slots[i].value.number == value.number &&
		    value.kind != VALUE_STACK)
			return; /* the first one counts */
	if (a->slot_count < MAX_SLOTS)
		a->slots[a->slot_count++] = (struct slot){address->offset + offset, value};
}

static void move_stack(struct analysis *a, int32_t offset)
{
	struct value *sp = &a->registers[REGISTER_SP];

	sp->offset += offset;
	if (sp->offset < a->deepest)
		a->deepest = sp->offset;
}

/* Any other write of a register. */
static void write(struct analysis *a, unsigned number)
{
	if (number == REGISTER_SP) {
		/* A stack of its own: what was below the old one is out of reach. */
		a->base++;
		a->deepest = 0;
		a->slot_count = 0;
		a->registers[number] = (struct value){VALUE_STACK, a->base, 0};
	} else if (number) {
		a->registers[number].kind = VALUE_OTHER;
	}
}

static bool is_move(const struct insn *insn, unsigned *from)
{
	if (insn->op != MIPS_OP_ADDU && insn->op != MIPS_OP_OR)
		return false;
	*from = insn->rt == 0 ? insn->rs : insn->rt;
	return insn->rs == 0 || insn->rt == 0;
}

static void apply(struct analysis *a, const struct insn *insn)
{
	const struct op_info *info = &mips_op_info[insn->op];
	unsigned from;

	if (insn->op == MIPS_OP_ADDIU || insn->op == MIPS_OP_ADDI) {
		if (insn->rt == REGISTER_SP && insn->rs == REGISTER_SP) {
			move_stack(a, insn->imm);
			return;
		}
		if (a->registers[insn->rs].kind == VALUE_STACK && insn->rt && insn->rt != REGISTER_SP) {
			a->registers[insn->rt] = a->registers[insn->rs];
			a->registers[insn->rt].offset += insn->imm;
			return;
		}
	}
	if (insn->op == MIPS_OP_SW) {
		save(a, &a->registers[insn->rs], insn->imm, a->registers[insn->rt]);
		return;
	}
	if (insn->op == MIPS_OP_MFC0 && insn->sel == 0) {
		a->registers[insn->rt] = (struct value){VALUE_CP0, insn->rd, 0};
		a->reads_epc |= insn->rd == CP0_EPC;
		return;
	}
	if (is_move(insn, &from) && insn->rd) {
		if (insn->rd == REGISTER_SP &&
		    (a->registers[from].kind != VALUE_STACK || a->registers[from].number != a->base))
			write(a, REGISTER_SP);
		else
			a->registers[insn->rd] = a->registers[from];
		return;
	}
	if ((insn->op == MIPS_OP_ADDU || insn->op == MIPS_OP_SUBU) && insn->rd == REGISTER_SP &&
	    insn->rs == REGISTER_SP) {
		a->stack_is_lost = true; /* a large frame, or an array of variable length */
		return;
	}
	if (info->writes & MIPS_REG_RT)
		write(a, insn->rt);
	if (info->writes & MIPS_REG_RD)
		write(a, insn->rd);
	if (info->writes & MIPS_REG_RA)
		write(a, REGISTER_RA);
}

/* A jump after which this code is not reached from above: it returns, or goes on elsewhere. */
static bool leaves(const struct insn *insn)
{
	uint32_t flags = mips_op_info[insn->op].flags;

	if ((flags & MIPS_FLAG_JUMP) && !(flags & MIPS_FLAG_LINK))
		return true;
	return insn->op == MIPS_OP_BEQ && insn->rs == insn->rt;
}

static struct frame_rule at(const struct analysis *a, unsigned base, int32_t offset)
{
	return (struct frame_rule){RULE_MEMORY, base, offset - a->registers[base].offset};
}

static void put_slot(const struct analysis *a, unsigned base, const struct slot *slot,
		     struct frame_rules *rules)
{
	struct frame_rule rule = at(a, base, slot->offset);

	switch (slot->value.kind) {
	case VALUE_ENTRY:
		rules->registers[slot->value.number] = rule;
		break;
	case VALUE_STACK:
		/* Only exception frames keep it. */
		if (a->reads_epc)
			rules->registers[REGISTER_SP] = rule;
		break;
	case VALUE_CP0:
		if (slot->value.number == CP0_EPC) {
			rules->pc = rule;
			rules->exception = true;
		} else if (slot->value.number == CP0_STATUS) {
			rules->status = rule;
		} else if (slot->value.number == CP0_CAUSE) {
			rules->cause = rule;
		} else if (slot->value.number == CP0_BAD_VADDR) {
			rules->bad_vaddr = rule;
		}
		break;
	case VALUE_OTHER:
		break;
	}
}

static bool put_rules(const struct analysis *a, struct frame_rules *rules)
{
	unsigned base = REGISTER_SP;

	memset(rules, 0, sizeof(*rules));
	if (a->stack_is_lost) {
		base = REGISTER_FP;
		if (a->registers[base].kind != VALUE_STACK || a->registers[base].number != a->base)
			return false;
	}
	for (unsigned i = 1; i < 32; i++)
		rules->registers[i].kind = RULE_SAME;
	rules->registers[REGISTER_SP] = (struct frame_rule){RULE_VALUE, base, -a->registers[base].offset};
	if (a->base)
		rules->registers[REGISTER_SP].kind = RULE_UNKNOWN;
	for (unsigned i = 0; i < a->slot_count; i++)
		put_slot(a, base, &a->slots[i], rules);
	if (!rules->exception) {
		rules->pc = rules->registers[REGISTER_RA];
		if (rules->pc.kind == RULE_SAME)
			rules->pc = (struct frame_rule){RULE_VALUE, REGISTER_RA, 0};
		rules->status.kind = rules->cause.kind = rules->bad_vaddr.kind = RULE_UNKNOWN;
	}
	return true;
}

bool prologue_rules(const struct guest_reader *reader, const struct mips_isa *isa, uint32_t start,
		    uint32_t pc, struct frame_rules *rules)
{
	struct analysis a;
	int leave_in = -1; /* instructions until the code behind a jump, its delay slot included */

	if (pc < start || pc - start > LONGEST_FUNCTION)
		return false;
	start_analysis(&a);
	for (uint32_t va = start & ~3u; va < pc; va += 4) {
		struct insn insn;
		uint32_t word;

		if (!reader->word(reader->context, va, &word))
			return false;
		mips_decode(isa, word, &insn);
		apply(&a, &insn);
		if (a.deepest < -LARGEST_FRAME)
			return false;
		if (leaves(&insn))
			leave_in = 2;
		/* What follows is reached from where the frame still stood. */
		if (leave_in >= 0 && --leave_in == 0 && a.registers[REGISTER_SP].kind == VALUE_STACK)
			a.registers[REGISTER_SP].offset = a.deepest;
	}
	return put_rules(&a, rules);
}

bool prologue_guess_start(const struct guest_reader *reader, const struct mips_isa *isa, uint32_t pc,
			  uint32_t *start)
{
	for (uint32_t va = pc & ~3u; pc - va < LONGEST_SEARCH && va; va -= 4) {
		struct insn insn;
		uint32_t word;

		if (!reader->word(reader->context, va, &word))
			return false;
		mips_decode(isa, word, &insn);
		if ((insn.op == MIPS_OP_ADDIU || insn.op == MIPS_OP_ADDI) && insn.rs == REGISTER_SP &&
		    insn.rt == REGISTER_SP && insn.imm < 0) {
			*start = va;
			return true;
		}
		/* The end of the function before. */
		if (insn.op == MIPS_OP_JR && insn.rs == REGISTER_RA && pc - va > 8) {
			*start = va + 8;
			return true;
		}
	}
	return false;
}
