#include "runtime/cpu/decoded.h"

#include <stdlib.h>
#include <string.h>

#include "frontend/decode.h"
#include "runtime/core/planted.h"
#include "runtime/cpu/cpu_internal.h"
#include "runtime/cpu/debug.h"

#define WORDS_PER_GRANULE ((1u << CODE_GRANULE_SHIFT) / 4)

struct decoded_page *decoded_page_new(struct threaded *threaded, uint32_t frame)
{
	struct decoded_page *page = aligned_alloc(64, (sizeof(*page) + 63) / 64 * 64);

	if (!page)
		abort();
	memset(page, 0, sizeof(*page));
	page->frame = frame;
	page->ops[PAGE_WORDS].first = DECODED_NEXT_PAGE;
	page->ops[PAGE_WORDS].handler = threaded->handlers[DECODED_NEXT_PAGE];
	threaded->pages[frame / PAGE_SIZE] = page;
	return page;
}

/* --- one word --- */

/* A result that goes to register 0 is dropped; an operation without effect remains. */
static void set(struct decoded_op *op, enum decoded_code code, unsigned a, unsigned b, unsigned c)
{
	if (a == 0)
		code = DECODED_NOP;
	op->code = (uint8_t)code;
	op->a = (uint8_t)a;
	op->b = (uint8_t)b;
	op->c = (uint8_t)c;
}

/* The same for operations that may fault or have other effects: with register 0 they are left alone. */
static void set_or_leave(struct decoded_op *op, enum decoded_code code, unsigned a, unsigned b, unsigned c)
{
	set(op, code, a, b, c);
	if (a == 0)
		op->code = DECODED_REFERENCE;
}

static void set_sources(struct decoded_op *op, enum decoded_code code, unsigned b, unsigned c)
{
	op->code = (uint8_t)code;
	op->b = (uint8_t)b;
	op->c = (uint8_t)c;
}

static void set_constant(struct decoded_op *op, unsigned a, uint32_t value)
{
	set(op, DECODED_LI, a, 0, 0);
	op->imm = (int32_t)value;
}

static void decode_move_or(struct decoded_op *op, enum decoded_code code, const struct insn *insn)
{
	if (insn->rt == 0)
		set(op, DECODED_MOVE, insn->rd, insn->rs, 0);
	else if (insn->rs == 0)
		set(op, DECODED_MOVE, insn->rd, insn->rt, 0);
	else
		set(op, code, insn->rd, insn->rs, insn->rt);
}

static void decode_immediate(struct decoded_op *op, enum decoded_code code, const struct insn *insn)
{
	if (insn->rs == 0 && (code == DECODED_ADDIU || code == DECODED_ORI || code == DECODED_XORI))
		set_constant(op, insn->rt, (uint32_t)insn->imm);
	else
		set(op, code, insn->rt, insn->rs, 0);
}

static void decode_branch(struct decoded_op *op, enum decoded_code near, enum decoded_code far,
			  unsigned index, const struct insn *insn, uint32_t slot_word)
{
	int target = (int)index + 1 + insn->imm;

	set_sources(op, far, insn->rs, insn->rt);
	op->imm = (int32_t)((uint32_t)insn->imm << 2);
	/* Landing on the last word of a page looks up the one after. */
	if (target < 0 || target >= (int)LAST_WORD)
		return;
	if (near == DECODED_NEAR_BEQ && insn->rs == insn->rt)
		near = DECODED_NEAR_B;
	op->code = (uint8_t)(near + (slot_word == 0));
	op->imm = (target - (int)index) * (int)sizeof(*op);
}

/* Jumps whose slot lies in another page, or whose target is for RFE to look up. */
static void leave_last(struct decoded_op *op, unsigned index, uint32_t slot_word)
{
	if (index == LAST_WORD || slot_word == RFE_WORD)
		op->code = DECODED_REFERENCE;
}

static void decode_jump(struct decoded_op *op, enum decoded_code code, unsigned index,
			const struct insn *insn, uint32_t slot_word)
{
	op->a = 31;
	op->imm = (int32_t)insn->target;
	switch (insn->op) {
	case MIPS_OP_JR:
		set_sources(op, code, insn->rs, 0);
		break;
	case MIPS_OP_JALR:
		op->a = insn->rd;
		set_sources(op, insn->rd == 0 ? DECODED_JR : code, insn->rs, 0);
		if (insn->rd == insn->rs) /* jumps to its own link address */
			op->code = DECODED_REFERENCE;
		break;
	case MIPS_OP_BLTZAL:
	case MIPS_OP_BGEZAL:
		set_sources(op, code, insn->rs, 0);
		op->imm = (int32_t)((uint32_t)insn->imm << 2);
		if (insn->rs == 31) /* tests its own link address */
			op->code = DECODED_REFERENCE;
		break;
	case MIPS_OP_BEQ:
		decode_branch(op, DECODED_NEAR_BEQ, DECODED_FAR_BEQ, index, insn, slot_word);
		break;
	case MIPS_OP_BNE:
		decode_branch(op, DECODED_NEAR_BNE, DECODED_FAR_BNE, index, insn, slot_word);
		break;
	case MIPS_OP_BLEZ:
		decode_branch(op, DECODED_NEAR_BLEZ, DECODED_FAR_BLEZ, index, insn, slot_word);
		break;
	case MIPS_OP_BGTZ:
		decode_branch(op, DECODED_NEAR_BGTZ, DECODED_FAR_BGTZ, index, insn, slot_word);
		break;
	case MIPS_OP_BLTZ:
		decode_branch(op, DECODED_NEAR_BLTZ, DECODED_FAR_BLTZ, index, insn, slot_word);
		break;
	case MIPS_OP_BGEZ:
		decode_branch(op, DECODED_NEAR_BGEZ, DECODED_FAR_BGEZ, index, insn, slot_word);
		break;
	default:
		op->code = (uint8_t)code;
		break;
	}
	leave_last(op, index, slot_word);
}

/* What MIPS32 release 2 adds to MIPS I. */
static void decode_word32(struct decoded_op *op, unsigned index, const struct insn *insn, uint32_t slot_word)
{
	uint32_t field;

	switch (insn->op) {
#define THREE_REGISTERS(name)                                                                                \
	case MIPS_OP_##name:                                                                                 \
		set(op, DECODED_##name, insn->rd, insn->rs, insn->rt);                                       \
		break;
		THREE_REGISTERS(MOVZ)
		THREE_REGISTERS(MOVN)
		THREE_REGISTERS(CLZ)
		THREE_REGISTERS(CLO)
		THREE_REGISTERS(MUL)
#define OF_ONE(name)                                                                                         \
	case MIPS_OP_##name:                                                                                 \
		set(op, DECODED_##name, insn->rd, insn->rt, insn->rs);                                       \
		break;
		OF_ONE(WSBH)
		OF_ONE(SEB)
		OF_ONE(SEH)
		OF_ONE(ROTRV)
	case MIPS_OP_ROTR:
		set(op, insn->sa ? DECODED_ROTR : DECODED_MOVE, insn->rd, insn->rt, 0);
		op->imm = insn->sa;
		break;
	case MIPS_OP_EXT: /* rd holds the size less one */
		set(op, DECODED_EXT, insn->rt, insn->rs, insn->sa);
		op->imm = (int32_t)(UINT32_MAX >> (31 - insn->rd));
		break;
	case MIPS_OP_INS: /* rd holds the last bit */
		field = UINT32_MAX >> (31 - (insn->rd - insn->sa));
		field &= planted(BUG_DECODED_FIELD) ? field >> 1 : UINT32_MAX;
		set(op, DECODED_INS, insn->rt, insn->rs, insn->sa);
		op->imm = (int32_t)(field << insn->sa);
		break;
#define TWO_SOURCES(name)                                                                                    \
	case MIPS_OP_##name:                                                                                 \
		set_sources(op, DECODED_##name, insn->rs, insn->rt);                                         \
		break;
		TWO_SOURCES(MADD)
		TWO_SOURCES(MADDU)
		TWO_SOURCES(MSUB)
		TWO_SOURCES(MSUBU)
		TWO_SOURCES(TGE)
		TWO_SOURCES(TGEU)
		TWO_SOURCES(TLT)
		TWO_SOURCES(TLTU)
		TWO_SOURCES(TEQ)
		TWO_SOURCES(TNE)
		TWO_SOURCES(TGEI)
		TWO_SOURCES(TGEIU)
		TWO_SOURCES(TLTI)
		TWO_SOURCES(TLTIU)
		TWO_SOURCES(TEQI)
		TWO_SOURCES(TNEI)
	case MIPS_OP_PREF:
	case MIPS_OP_SYNCI: /* code that is written is noticed */
		op->code = DECODED_NOP;
		break;
	case MIPS_OP_RDHWR:
		set_or_leave(op, DECODED_RDHWR, insn->rt, 0, 0);
		op->imm = insn->rd;
		break;
#define LIKELY(name, condition)                                                                              \
	case MIPS_OP_##name:                                                                                 \
		set_sources(op, DECODED_LIKELY_##name, insn->rs, insn->rt);                                  \
		op->imm = (int32_t)((uint32_t)insn->imm << 2);                                               \
		leave_last(op, index, slot_word);                                                            \
		break;
		DECODED_LIKELY(LIKELY)
	default:
		break;
	}
}
#undef THREE_REGISTERS
#undef OF_ONE
#undef TWO_SOURCES
#undef LIKELY

#define JUMPS(X) X(J) X(JAL) X(JR) X(JALR) X(BLTZAL) X(BGEZAL)

/* Fills in everything but how the word is reached. */
static void decode_word(const struct cpu *cpu, struct decoded_op *op, unsigned index, uint32_t word,
			uint32_t slot_word)
{
	struct insn insn;

	mips_decode(&cpu->isa, word, &insn);
	op->code = DECODED_REFERENCE;
	op->imm = insn.imm;
	switch (insn.op) {
#define SHIFT(name)                                                                                          \
	case MIPS_OP_##name:                                                                                 \
		set(op, insn.sa ? DECODED_##name : DECODED_MOVE, insn.rd, insn.rt, 0);                       \
		op->imm = insn.sa;                                                                           \
		break;
		SHIFT(SLL)
		SHIFT(SRL)
		SHIFT(SRA)
#define SHIFT_BY_REGISTER(name)                                                                              \
	case MIPS_OP_##name:                                                                                 \
		set(op, DECODED_##name, insn.rd, insn.rt, insn.rs);                                          \
		break;
		SHIFT_BY_REGISTER(SLLV)
		SHIFT_BY_REGISTER(SRLV)
		SHIFT_BY_REGISTER(SRAV)
#define MOVE_OR(name)                                                                                        \
	case MIPS_OP_##name:                                                                                 \
		decode_move_or(op, DECODED_##name, &insn);                                                   \
		break;
		MOVE_OR(ADDU)
		MOVE_OR(OR)
		MOVE_OR(XOR)
#define THREE_REGISTERS(name)                                                                                \
	case MIPS_OP_##name:                                                                                 \
		set(op, DECODED_##name, insn.rd, insn.rs, insn.rt);                                          \
		break;
		THREE_REGISTERS(SUBU)
		THREE_REGISTERS(AND)
		THREE_REGISTERS(NOR)
		THREE_REGISTERS(SLT)
		THREE_REGISTERS(SLTU)
#define IMMEDIATE(name)                                                                                      \
	case MIPS_OP_##name:                                                                                 \
		decode_immediate(op, DECODED_##name, &insn);                                                 \
		break;
		IMMEDIATE(ADDIU)
		IMMEDIATE(SLTI)
		IMMEDIATE(SLTIU)
		IMMEDIATE(ANDI)
		IMMEDIATE(ORI)
		IMMEDIATE(XORI)
#define CHECKED(name, to, c)                                                                                 \
	case MIPS_OP_##name:                                                                                 \
		set_or_leave(op, DECODED_##name, to, insn.rs, c);                                            \
		break;
		CHECKED(ADD, insn.rd, insn.rt)
		CHECKED(SUB, insn.rd, insn.rt)
		CHECKED(ADDI, insn.rt, 0)
#define LOAD(name)                                                                                           \
	case MIPS_OP_##name:                                                                                 \
		set_or_leave(op, DECODED_##name, insn.rt, insn.rs, 0);                                       \
		break;
		LOAD(LB)
		LOAD(LBU)
		LOAD(LH)
		LOAD(LHU)
		LOAD(LW)
		LOAD(LWL)
		LOAD(LWR)
		LOAD(LL)
#define STORE(name)                                                                                          \
	case MIPS_OP_##name:                                                                                 \
		set_sources(op, DECODED_##name, insn.rs, insn.rt);                                           \
		break;
		STORE(SB)
		STORE(SH)
		STORE(SW)
		STORE(SWL)
		STORE(SWR)
#define HILO(name)                                                                                           \
	case MIPS_OP_##name:                                                                                 \
		set_sources(op, DECODED_##name, insn.rs, insn.rt);                                           \
		break;
		HILO(MTHI)
		HILO(MTLO)
		HILO(MULT)
		HILO(MULTU)
		HILO(DIV)
		HILO(DIVU)
#define JUMP(name)                                                                                           \
	case MIPS_OP_##name:                                                                                 \
		decode_jump(op, DECODED_##name, index, &insn, slot_word);                                    \
		break;
		JUMPS(JUMP)
	case MIPS_OP_BEQ:
	case MIPS_OP_BNE:
	case MIPS_OP_BLEZ:
	case MIPS_OP_BGTZ:
	case MIPS_OP_BLTZ:
	case MIPS_OP_BGEZ:
		decode_jump(op, DECODED_REFERENCE, index, &insn, slot_word);
		break;
	case MIPS_OP_LUI:
		set_constant(op, insn.rt, (uint32_t)insn.imm);
		break;
	case MIPS_OP_MFHI:
		set_or_leave(op, DECODED_MFHI, insn.rd, 0, 0);
		break;
	case MIPS_OP_MFLO:
		set_or_leave(op, DECODED_MFLO, insn.rd, 0, 0);
		break;
	case MIPS_OP_SC:
		set_or_leave(op, DECODED_SC, insn.rt, insn.rs, 0);
		break;
	case MIPS_OP_SYNC:
		op->code = DECODED_SYNC;
		break;
	case MIPS_OP_MFC0:
		op->imm = insn.rd * 8 + insn.sel;
		if (cp0_readable(cpu->model, (unsigned)op->imm))
			set_or_leave(op, DECODED_MFC0, insn.rt, 0, 0);
		break;
	case MIPS_OP_WAIT:
		if (cpu->model->lift.wait_passes)
			op->code = DECODED_WAIT;
		break;
	case MIPS_OP_MTC0:
		op->imm = insn.rd * 8 + insn.sel;
		if (cp0_writable(cpu->model, (unsigned)op->imm))
			set_sources(op, DECODED_MTC0, insn.rt, 0);
		break;
	case MIPS_OP_CACHE: /* cannot be seen */
		if (cpu->model->lift.cache_nops >> insn.rt & 1)
			op->code = DECODED_PRIVILEGED_NOP;
		break;
	default:
		if (is_mips32(cpu))
			decode_word32(op, index, &insn, slot_word);
		break;
	}
	/* A stall at the end of a page looks up two pages; MTC0 may change how the next page is looked up. */
	if (index >= LAST_WORD - 1 &&
	    ((op->code >= DECODED_MFHI && op->code <= DECODED_DIVU) || op->code == DECODED_MTC0))
		op->code = DECODED_REFERENCE;
}

static bool leaves_alone(unsigned code)
{
	return code == DECODED_REFERENCE || code == DECODED_MTC0;
}

static bool jumps_always(unsigned code)
{
	return code == DECODED_NEAR_B || code == DECODED_NEAR_B_NOP ||
	       (code >= DECODED_J && code <= DECODED_JALR);
}

static bool has_slot(unsigned code)
{
	return code >= DECODED_SIMPLE_END && code < DECODED_MTC0;
}

static unsigned own_cost(unsigned code)
{
	if (code == DECODED_REFERENCE)
		return 0;					     /* leaves before it starts */
	return code >= DECODED_MFHI && code <= DECODED_DIVU ? 2 : 1; /* with a stall */
}

/* --- filling --- */

static void mark(struct threaded *threaded, const struct decoded_page *page, unsigned first, unsigned last)
{
	struct memory *memory = threaded->memory;

	last = planted(BUG_DECODED_MARK) ? first : last;

	if (!memory_page_has_code(memory, page->frame))
		for (unsigned i = 0; i < threaded->cpu_count; i++)
			soft_tlb_protect(&threaded->cpus[i], page->frame);
	for (unsigned i = first / WORDS_PER_GRANULE; i <= last / WORDS_PER_GRANULE; i++)
		memory_mark_code(memory, (page->frame >> CODE_GRANULE_SHIFT) + i, CODE_DECODED, true);
}

static void decode_at(struct threaded *threaded, const struct cpu *cpu, struct decoded_page *page,
		      unsigned index)
{
	uint32_t at = page->frame + 4 * index;
	uint32_t slot_word = index < LAST_WORD ? memory_read_word(threaded->memory, at + 4) : 0;

	decode_word(cpu, &page->ops[index], index, memory_read_word(threaded->memory, at), slot_word);
	if (debug_splits_word(cpu, index) ||
	    (index < LAST_WORD && debug_splits_word(cpu, index + 1) && has_slot(page->ops[index].code)))
		page->ops[index].code = DECODED_REFERENCE;
}

void decoded_fill_slot(struct threaded *threaded, struct cpu *cpu, struct decoded_page *page,
		       struct decoded_op *slot)
{
	unsigned index = (unsigned)(slot - page->ops);

	mark(threaded, page, index, index);
	decode_at(threaded, cpu, page, index);
}

void decoded_fill(struct threaded *threaded, struct cpu *cpu, struct decoded_page *page,
		  struct decoded_op *from)
{
	struct decoded_op *ops = page->ops;
	unsigned first = (unsigned)(from - ops), last = first, cost = 0;

	for (;; last++) {
		decode_at(threaded, cpu, page, last);
		if (leaves_alone(ops[last].code) || jumps_always(ops[last].code) || last == LAST_WORD ||
		    ops[last + 1].first != DECODED_NOTHING)
			break;
	}
	if (jumps_always(ops[last].code)) {
		/* The slot is not part of the sequence: reached on its own it would go on. */
		if (ops[last + 1].code == DECODED_NOTHING)
			decode_at(threaded, cpu, page, last + 1);
		mark(threaded, page, first, last + 1);
	} else {
		mark(threaded, page, first, last);
		if (!leaves_alone(ops[last].code) && last < LAST_WORD)
			cost = ops[last + 1].cost / (unsigned)sizeof(*ops);
	}
	for (unsigned index = last + 1; index-- > first;) {
		struct decoded_op *op = &ops[index];

		if (has_slot(op->code) && cost == 0)
			cost = 1; /* the delay slot */
		cost += own_cost(op->code);
		op->cost = (uint16_t)(cost * sizeof(*op));
		op->first = op->code;
		if (index == LAST_WORD - 1 && op->code != DECODED_REFERENCE &&
		    cpu->model->lift.fetch_looks_ahead)
			op->first = DECODED_CROSS;
		op->handler = threaded->handlers[op->first];
	}
}

/* --- forgetting --- */

static void forget(struct threaded *threaded, struct decoded_page *page)
{
	memset(page->ops, 0, PAGE_WORDS * sizeof(page->ops[0]));
	for (uint32_t i = 0; i < PAGE_SIZE >> CODE_GRANULE_SHIFT; i++)
		memory_mark_code(threaded->memory, (page->frame >> CODE_GRANULE_SHIFT) + i, CODE_DECODED,
				 false);
}

void decoded_code_written(void *context, uint32_t offset, uint32_t size)
{
	struct threaded *threaded = context;
	uint32_t last = (offset + size - 1) / 4;

	for (uint32_t word = offset / 4; word <= last; word++) {
		struct decoded_page *page = threaded->pages[word / PAGE_WORDS];

		if (page && page->ops[word % PAGE_WORDS].code != DECODED_NOTHING &&
		    !planted(BUG_DECODED_WRITE))
			forget(threaded, page);
	}
}

/* --- building --- */

void threaded_flush(struct threaded *threaded)
{
	for (uint32_t i = 0; i < threaded->memory->ram_size / PAGE_SIZE; i++)
		if (threaded->pages[i])
			forget(threaded, threaded->pages[i]);
}

struct threaded *threaded_new(struct memory *memory, struct cpu *cpus, unsigned cpu_count)
{
	struct threaded *threaded = calloc(1, sizeof(*threaded));

	if (!threaded)
		abort();
	threaded->memory = memory;
	threaded->cpus = cpus;
	threaded->cpu_count = cpu_count;
	threaded->handlers = threaded_handlers(cpus->model);
	threaded->outside.code = threaded->outside.first = DECODED_REFERENCE;
	threaded->pages = calloc(memory->ram_size / PAGE_SIZE, sizeof(*threaded->pages));
	if (!threaded->pages)
		abort();
	memory->listeners[CODE_DECODED] =
	    (struct code_listener){.written = decoded_code_written, .context = threaded};
	for (unsigned i = 0; i < cpu_count; i++)
		cpus[i].threaded = threaded;
	return threaded;
}

uint64_t threaded_reference_cycles(const struct threaded *threaded)
{
	return threaded->steps;
}

void threaded_free(struct threaded *threaded)
{
	if (!threaded)
		return;
	for (uint32_t i = 0; i < threaded->memory->ram_size / PAGE_SIZE; i++)
		free(threaded->pages[i]);
	free(threaded->pages);
	free(threaded->ahead);
	free(threaded);
}
