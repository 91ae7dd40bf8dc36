/* What tracing says of the processor, in the original's words and its order (System/161 reference, section 5.6).
 * Only the reference interpreter traces; MIPS-161 only. Oddities are the original's: a value is shown after a
 * load that failed, CACHE has no text, the two BC0 branches have each other's names. */
#include "frontend/decode.h"
#include "runtime/core/trace.h"
#include "runtime/cpu/cpu_internal.h"

/* How an instruction's line looks. What is after "->" is printed when it has been executed. */
enum shape {
	SHAPE_NOTHING,	 /* no text at all */
	SHAPE_NAME,	 /* sync */
	SHAPE_SIGNED3,	 /* add $d, $s, $t: 1 + 2 -> 3 */
	SHAPE_UNSIGNED3, /* sltu */
	SHAPE_HEX3,	 /* and $d, $s, $t: 0x1 & 0x3 -> 0x1 */
	SHAPE_NOR,
	SHAPE_SIGNED_IMM,   /* addiu $t, $s, 65535: 1 + -1 -> 0 */
	SHAPE_SLTI,	    /* the immediate is printed signed */
	SHAPE_UNSIGNED_IMM, /* sltiu */
	SHAPE_HEX_IMM,	    /* andi $t, $s, 255: 0x1 & 0xff -> 0x1 */
	SHAPE_SHIFT,
	SHAPE_SHIFTV,
	SHAPE_LUI,
	SHAPE_MULTIPLY, /* mult $s, $t: 2 * 3 -> 0 6 */
	SHAPE_DIVIDE,	/* div $s $t: 7 / 3 -> 2, remainder 1 */
	SHAPE_MOVE_FROM,
	SHAPE_MOVE_TO,
	SHAPE_LOAD,
	SHAPE_LOAD_HEX,
	SHAPE_LL,
	SHAPE_STORE,
	SHAPE_STORE_HEX,
	SHAPE_BRANCH2, /* beq $s, $t, 3: 1==2? no */
	SHAPE_BRANCH1, /* bltz $s, 3: 1<0? no */
	SHAPE_JUMP,
	SHAPE_JR,
	SHAPE_JALR,
	SHAPE_MFC0,
	SHAPE_MTC0,
	SHAPE_UNUSABLE, /* cfc0 $t, $d; bc0t 3; lwc1 $2, 4($s) */
	SHAPE_ILLEGAL,
};

/* Rows that are not here are no instructions of MIPS-161. The names are those of the instruction table. */
static const struct {
	uint8_t shape;
	const char *sign;
} shapes[MIPS_OP_COUNT] = {
    [MIPS_OP_ADD] = {SHAPE_SIGNED3, "+"},
    [MIPS_OP_ADDU] = {SHAPE_SIGNED3, "+"},
    [MIPS_OP_SUB] = {SHAPE_SIGNED3, "-"},
    [MIPS_OP_SUBU] = {SHAPE_SIGNED3, "-"},
    [MIPS_OP_SLT] = {SHAPE_SIGNED3, "<"},
    [MIPS_OP_SLTU] = {SHAPE_UNSIGNED3, "<"},
    [MIPS_OP_AND] = {SHAPE_HEX3, "&"},
    [MIPS_OP_OR] = {SHAPE_HEX3, "|"},
    [MIPS_OP_XOR] = {SHAPE_HEX3, "^"},
    [MIPS_OP_NOR] = {SHAPE_NOR, ""},
    [MIPS_OP_ADDI] = {SHAPE_SIGNED_IMM, "+"},
    [MIPS_OP_ADDIU] = {SHAPE_SIGNED_IMM, "+"},
    [MIPS_OP_SLTI] = {SHAPE_SLTI, "<"},
    [MIPS_OP_SLTIU] = {SHAPE_UNSIGNED_IMM, "<"},
    [MIPS_OP_ANDI] = {SHAPE_HEX_IMM, "&"},
    [MIPS_OP_ORI] = {SHAPE_HEX_IMM, "|"},
    [MIPS_OP_XORI] = {SHAPE_HEX_IMM, "^"},
    [MIPS_OP_LUI] = {SHAPE_LUI, ""},
    [MIPS_OP_SLL] = {SHAPE_SHIFT, "<<"},
    [MIPS_OP_SRL] = {SHAPE_SHIFT, ">>"},
    [MIPS_OP_SRA] = {SHAPE_SHIFT, ">>"},
    [MIPS_OP_SLLV] = {SHAPE_SHIFTV, "<<"},
    [MIPS_OP_SRLV] = {SHAPE_SHIFTV, ">>"},
    [MIPS_OP_SRAV] = {SHAPE_SHIFTV, ">>"},
    [MIPS_OP_MULT] = {SHAPE_MULTIPLY, ""},
    [MIPS_OP_MULTU] = {SHAPE_MULTIPLY, "u"},
    [MIPS_OP_DIV] = {SHAPE_DIVIDE, ""},
    [MIPS_OP_DIVU] = {SHAPE_DIVIDE, "u"},
    [MIPS_OP_MFHI] = {SHAPE_MOVE_FROM, ""},
    [MIPS_OP_MFLO] = {SHAPE_MOVE_FROM, ""},
    [MIPS_OP_MTHI] = {SHAPE_MOVE_TO, ""},
    [MIPS_OP_MTLO] = {SHAPE_MOVE_TO, ""},
    [MIPS_OP_LB] = {SHAPE_LOAD, ""},
    [MIPS_OP_LBU] = {SHAPE_LOAD, ""},
    [MIPS_OP_LH] = {SHAPE_LOAD, ""},
    [MIPS_OP_LHU] = {SHAPE_LOAD, ""},
    [MIPS_OP_LW] = {SHAPE_LOAD, ""},
    [MIPS_OP_LWL] = {SHAPE_LOAD_HEX, ""},
    [MIPS_OP_LWR] = {SHAPE_LOAD_HEX, ""},
    [MIPS_OP_LL] = {SHAPE_LL, ""},
    [MIPS_OP_SB] = {SHAPE_STORE, ""},
    [MIPS_OP_SH] = {SHAPE_STORE, ""},
    [MIPS_OP_SW] = {SHAPE_STORE, ""},
    [MIPS_OP_SC] = {SHAPE_STORE, ""},
    [MIPS_OP_SWL] = {SHAPE_STORE_HEX, ""},
    [MIPS_OP_SWR] = {SHAPE_STORE_HEX, ""},
    [MIPS_OP_BEQ] = {SHAPE_BRANCH2, "=="},
    [MIPS_OP_BNE] = {SHAPE_BRANCH2, "!="},
    [MIPS_OP_BLEZ] = {SHAPE_BRANCH1, "<="},
    [MIPS_OP_BGTZ] = {SHAPE_BRANCH1, ">"},
    [MIPS_OP_BLTZ] = {SHAPE_BRANCH1, "<"},
    [MIPS_OP_BGEZ] = {SHAPE_BRANCH1, ">="},
    [MIPS_OP_BLTZAL] = {SHAPE_BRANCH1, "<"},
    [MIPS_OP_BGEZAL] = {SHAPE_BRANCH1, ">="},
    [MIPS_OP_J] = {SHAPE_JUMP, ""},
    [MIPS_OP_JAL] = {SHAPE_JUMP, ""},
    [MIPS_OP_JR] = {SHAPE_JR, ""},
    [MIPS_OP_JALR] = {SHAPE_JALR, ""},
    [MIPS_OP_SYSCALL] = {SHAPE_NAME, ""},
    [MIPS_OP_BREAK] = {SHAPE_NAME, ""},
    [MIPS_OP_SYNC] = {SHAPE_NAME, ""},
    [MIPS_OP_MFC0] = {SHAPE_MFC0, ""},
    [MIPS_OP_MTC0] = {SHAPE_MTC0, ""},
    [MIPS_OP_TLBR] = {SHAPE_NAME, ""},
    [MIPS_OP_TLBWI] = {SHAPE_NAME, ""},
    [MIPS_OP_TLBWR] = {SHAPE_NAME, ""},
    [MIPS_OP_TLBP] = {SHAPE_NAME, ""},
    [MIPS_OP_RFE] = {SHAPE_NAME, ""},
    [MIPS_OP_WAIT] = {SHAPE_NAME, ""},
    [MIPS_OP_CACHE] = {SHAPE_NOTHING, ""},
    [MIPS_OP_COP_UNUSABLE] = {SHAPE_UNUSABLE, ""},
    [MIPS_OP_COP0_RESERVED] = {SHAPE_ILLEGAL, ""},
    [MIPS_OP_RESERVED] = {SHAPE_ILLEGAL, ""},
};

/* As the original calls them, which is not as our disassembler does. */
static const char *const register_names[32] = {
    "$z0", "$at", "$v0", "$v1", "$a0", "$a1", "$a2", "$a3", "$t0", "$t1", "$t2",
    "$t3", "$t4", "$t5", "$t6", "$t7", "$s0", "$s1", "$s2", "$s3", "$s4", "$s5",
    "$s6", "$s7", "$t8", "$t9", "$k0", "$k1", "$gp", "$sp", "$s8", "$ra",
};

const char *const cpu_exception_names[] = {
    "interrupt",	   "TLB modify",	   "TLB miss - load",
    "TLB miss - store",	   "Address error - load", "Address error - store",
    "Bus error - code",	   "Bus error - data",	   "System call",
    "Breakpoint",	   "Illegal instruction",  "Coprocessor unusable",
    "Arithmetic overflow",
};

/* Fields of coprocessor instructions. */
#define OPCODE(word)	((word) >> 26)
#define OPCODE_COP0	16u
#define OPCODE_CACHE	47u
#define OPCODE_SWC0	56u
#define OPCODE_LWC0	48u
#define COP_MOVE_FROM	2u
#define COP_BRANCH_BIT	8u
#define COP_BRANCH_TRUE 1u /* of rt */
#define UNIT(word)	((word) >> 26 & 3)

#define say(cpu, ...) trace_text((cpu)->trace, (int)(cpu)->number, __VA_ARGS__)

static int32_t offset_of(uint32_t word)
{
	return (int16_t)word;
}

static bool is_cop_branch(uint32_t word)
{
	return OPCODE(word) == OPCODE_COP0 && (mips_word_rs(word) & ~4u) == COP_BRANCH_BIT;
}

/* What a branch against 0 or between registers decides; B*AL test their link address, which is written first. */
static bool branch_taken(const struct cpu *cpu, enum mips_op op, uint32_t word)
{
	uint32_t rs = cpu->gpr[mips_word_rs(word)], rt = cpu->gpr[mips_word_rt(word)];

	if ((op == MIPS_OP_BLTZAL || op == MIPS_OP_BGEZAL) && mips_word_rs(word) == 31)
		rs = cpu->next_pc;
	switch (op) {
	case MIPS_OP_BEQ:
		return rs == rt;
	case MIPS_OP_BNE:
		return rs != rt;
	case MIPS_OP_BLEZ:
		return (int32_t)rs <= 0;
	case MIPS_OP_BGTZ:
		return (int32_t)rs > 0;
	case MIPS_OP_BLTZ:
	case MIPS_OP_BLTZAL:
		return (int32_t)rs < 0;
	default:
		return (int32_t)rs >= 0;
	}
}

static void say_unusable(const struct cpu *cpu, uint32_t word)
{
	unsigned opcode = OPCODE(word), unit = UNIT(word);

	if (opcode > OPCODE_LWC0) {
		say(cpu, "%s%u $%u, %d(%s)\n", opcode > OPCODE_SWC0 ? "swc" : "lwc", unit, mips_word_rt(word),
		    offset_of(word), register_names[mips_word_rs(word)]);
	} else if (is_cop_branch(word)) {
		say(cpu, "bc%u%s %d\n", unit, mips_word_rt(word) & COP_BRANCH_TRUE ? "f" : "t",
		    offset_of(word));
	} else if (opcode == OPCODE_COP0) {
		say(cpu, "%s%u %s, $%u\n", mips_word_rs(word) == COP_MOVE_FROM ? "cfc" : "ctc", unit,
		    register_names[mips_word_rt(word)], mips_word_rd(word));
	}
}

bool cpu_trace_instruction(struct cpu *cpu, uint32_t word)
{
	bool user = cpu_user_mode(cpu);
	enum mips_op op = mips_decode_op(&cpu->isa, word);
	const char *name = mips_op_info[op].mnemonic, *sign = shapes[op].sign;
	const char *s = register_names[mips_word_rs(word)], *t = register_names[mips_word_rt(word)];
	const char *d = register_names[mips_word_rd(word)];
	uint32_t rs = cpu->gpr[mips_word_rs(word)], rt = cpu->gpr[mips_word_rt(word)];
	uint32_t va = rs + (uint32_t)offset_of(word), low = word & 0xFFFF;

	cpu->trace_word = word;
	cpu->trace_user = user;
	if (!(cpu->tracing & (user ? TRACE_USER : TRACE_KERNEL)))
		return false;
	say(cpu, "at %08x: ", cpu->exception_pc);
	if (user && OPCODE(word) == OPCODE_COP0)
		return true;
	switch ((enum shape)shapes[op].shape) {
	case SHAPE_NOTHING:
		break;
	case SHAPE_NAME:
		say(cpu, "%s\n", name);
		break;
	case SHAPE_SIGNED3:
		say(cpu, "%s %s, %s, %s: %d %s %d -> ", name, d, s, t, (int32_t)rs, sign, (int32_t)rt);
		break;
	case SHAPE_UNSIGNED3:
		say(cpu, "%s %s, %s, %s: %u %s %u -> ", name, d, s, t, rs, sign, rt);
		break;
	case SHAPE_HEX3:
		say(cpu, "%s %s, %s, %s: 0x%x %s 0x%x -> ", name, d, s, t, rs, sign, rt);
		break;
	case SHAPE_NOR:
		say(cpu, "%s %s, %s, %s: ~(0x%x | 0x%x) -> ", name, d, s, t, rs, rt);
		break;
	case SHAPE_SIGNED_IMM:
		say(cpu, "%s %s, %s, %u: %d %s %d -> ", name, t, s, low, (int32_t)rs, sign, offset_of(word));
		break;
	case SHAPE_SLTI:
		say(cpu, "%s %s, %s, %d: %d %s %d -> ", name, t, s, offset_of(word), (int32_t)rs, sign,
		    offset_of(word));
		break;
	case SHAPE_UNSIGNED_IMM:
		say(cpu, "%s %s, %s, %u: %u %s %u -> ", name, t, s, low, rs, sign, (uint32_t)offset_of(word));
		break;
	case SHAPE_HEX_IMM:
		say(cpu, "%s %s, %s, %u: 0x%x %s 0x%x -> ", name, t, s, low, rs, sign, low);
		break;
	case SHAPE_SHIFT:
		say(cpu, "%s %s, %s, %u: 0x%x %s %u -> ", name, d, t, mips_word_sa(word), rt, sign,
		    mips_word_sa(word));
		break;
	case SHAPE_SHIFTV:
		say(cpu, "%s %s, %s, %s: 0x%x %s %u -> ", name, d, t, s, rt, sign, rs & 31);
		break;
	case SHAPE_LUI:
		say(cpu, "%s %s, 0x%x\n", name, t, low);
		break;
	case SHAPE_MULTIPLY:
		say(cpu, *sign ? "%s %s, %s: %u * %u -> " : "%s %s, %s: %d * %d -> ", name, s, t, rs, rt);
		break;
	case SHAPE_DIVIDE:
		say(cpu, *sign ? "%s %s %s: %u / %u -> " : "%s %s %s: %d / %d -> ", name, s, t, rs, rt);
		break;
	case SHAPE_MOVE_FROM:
		say(cpu, "%s %s: ... -> ", name, d);
		break;
	case SHAPE_MOVE_TO:
		say(cpu, "%s %s: 0x%x -> ...\n", name, s, rs);
		break;
	case SHAPE_LOAD:
	case SHAPE_LOAD_HEX:
	case SHAPE_LL:
		say(cpu, "%s %s, %d(%s): [0x%x] -> ", name, t, offset_of(word), s, va);
		break;
	case SHAPE_STORE:
		rt = op == MIPS_OP_SB ? rt & 0xFF : op == MIPS_OP_SH ? rt & 0xFFFF : rt;
		say(cpu, "%s %s, %d(%s): %d -> [0x%x]\n", name, t, offset_of(word), s, (int32_t)rt, va);
		break;
	case SHAPE_STORE_HEX:
		say(cpu, "%s %s, %d(%s): 0x%x -> [0x%x]\n", name, t, offset_of(word), s, rt, va);
		break;
	case SHAPE_BRANCH2:
		say(cpu, "%s %s, %s, %d: %u%s%u? %s\n", name, s, t, offset_of(word), rs, sign, rt,
		    branch_taken(cpu, op, word) ? "yes" : "no");
		break;
	case SHAPE_BRANCH1:
		say(cpu, "%s %s, %d: %d%s0? %s\n", name, s, offset_of(word), (int32_t)rs, sign,
		    branch_taken(cpu, op, word) ? "yes" : "no");
		break;
	case SHAPE_JUMP:
		say(cpu, "%s 0x%x\n", name, word << 2 & 0x0FFFFFFC);
		break;
	case SHAPE_JR:
		say(cpu, "%s %s: 0x%x\n", name, s, rs);
		break;
	case SHAPE_JALR: /* with one register it jumps to its link address all the same */
		say(cpu, "%s %s, %s: 0x%x\n", name, d, s, rs);
		break;
	case SHAPE_MFC0:
		say(cpu, word & 7 ? "%s %s, $%u.%u: ... -> " : "%s %s, $%u: ... -> ", name, t,
		    mips_word_rd(word), word & 7);
		break;
	case SHAPE_MTC0:
		if (word & 7)
			say(cpu, "%s %s, $%u.%u: 0x%x -> ...\n", name, t, mips_word_rd(word), word & 7, rt);
		else
			say(cpu, "%s %s, $%u: 0x%x -> ...\n", name, t, mips_word_rd(word), rt);
		break;
	case SHAPE_UNUSABLE:
		say_unusable(cpu, word);
		break;
	case SHAPE_ILLEGAL:
		say(cpu, "[illegal instruction %08x]\n", word);
		break;
	}
	return true;
}

void cpu_trace_result(struct cpu *cpu, uint32_t word, bool raised, bool stalled)
{
	enum mips_op op = mips_decode_op(&cpu->isa, word);
	uint32_t rt = cpu->gpr[mips_word_rt(word)], rd = cpu->gpr[mips_word_rd(word)];

	if (stalled || (raised && cpu->trace_user && OPCODE(word) == OPCODE_COP0))
		return;
	switch ((enum shape)shapes[op].shape) {
	case SHAPE_SIGNED3:
		if (!raised)
			say(cpu, "%d\n", (int32_t)rd);
		break;
	case SHAPE_UNSIGNED3:
		say(cpu, "%u\n", rd);
		break;
	case SHAPE_HEX3:
	case SHAPE_NOR:
	case SHAPE_SHIFT:
	case SHAPE_SHIFTV:
	case SHAPE_MOVE_FROM:
		say(cpu, "0x%x\n", rd);
		break;
	case SHAPE_SIGNED_IMM:
	case SHAPE_SLTI:
		if (!raised)
			say(cpu, "%d\n", (int32_t)rt);
		break;
	case SHAPE_UNSIGNED_IMM:
		say(cpu, "%u\n", rt);
		break;
	case SHAPE_HEX_IMM:
	case SHAPE_LOAD_HEX:
	case SHAPE_MFC0:
		say(cpu, "0x%x\n", rt);
		break;
	case SHAPE_LOAD:
		say(cpu, "%d\n", (int32_t)rt);
		break;
	case SHAPE_LL:
		if (!raised)
			say(cpu, "%d\n", (int32_t)rt);
		break;
	case SHAPE_MULTIPLY:
		say(cpu, *shapes[op].sign ? "%u %u\n" : "%d %d\n", cpu->hi, cpu->lo);
		break;
	case SHAPE_DIVIDE:
		if (rt == 0)
			say(cpu, "ERR\n");
		else
			say(cpu, *shapes[op].sign ? "%u, remainder %u\n" : "%d, remainder %d\n", cpu->lo,
			    cpu->hi);
		break;
	default:
		break;
	}
}

void cpu_trace_jump(struct cpu *cpu, uint32_t target)
{
	say(cpu, "jump: %x -> %x\n", cpu->pc - 4, target);
}

/* --- the TLB --- */

static void say_page(const struct cpu *cpu, uint32_t hi)
{
	say(cpu, "%05x/%03x -> ", hi >> 12, (hi & ENTRY_HI_ASID) >> 6);
}

static void say_frame(const struct cpu *cpu, uint32_t lo)
{
	say(cpu, "%05x %s%s%s%s", lo >> 12, lo & ENTRY_LO_G ? "G" : "-", lo & ENTRY_LO_V ? "V" : "-",
	    lo & ENTRY_LO_D ? "D" : "-", lo & 0x800 ? "N" : "-");
}

void cpu_trace_lookup(struct cpu *cpu, uint32_t va, enum access access)
{
	int entry = tlb_search(cpu, va);

	say(cpu, "tlblookup:  ");
	say_page(cpu, (va & ENTRY_HI_VPN) | cpu->asid);
	if (entry < 0) {
		say(cpu, "no match\n");
		return;
	}
	uint32_t lo = cpu->tlb_lo[entry];
	say_frame(cpu, lo);
	say(cpu, ": [%d] - %s\n", entry,
	    !(lo & ENTRY_LO_V)				   ? "INVALID"
	    : access == ACCESS_STORE && !(lo & ENTRY_LO_D) ? "READONLY"
							   : "OK");
}

static uint32_t entry_hi(const struct cpu *cpu)
{
	return (cpu->lookup_va & ENTRY_HI_VPN) | cpu->asid;
}

void cpu_trace_tlb_write(struct cpu *cpu, const char *name, unsigned index)
{
	say(cpu, "%s: [%2u] ", name, index);
	say_page(cpu, cpu->tlb_hi[index]);
	say_frame(cpu, cpu->tlb_lo[index]);
	say(cpu, " ==> ");
	say_page(cpu, entry_hi(cpu));
	say_frame(cpu, cpu->entry_lo);
	say(cpu, " \n");
}

void cpu_trace_tlb_read(struct cpu *cpu)
{
	say(cpu, "tlbr:  [%2u] ", tlb_index(cpu));
	say_page(cpu, entry_hi(cpu));
	say_frame(cpu, cpu->entry_lo);
	say(cpu, " \n");
}

void cpu_trace_tlb_probe(struct cpu *cpu)
{
	say(cpu, "tlbp:       ");
	say_page(cpu, entry_hi(cpu));
	if (cpu->index >> 31) {
		say(cpu, "NOT FOUND\n");
		return;
	}
	say_frame(cpu, cpu->tlb_lo[tlb_index(cpu)]);
	say(cpu, ": [%u]\n", tlb_index(cpu));
}

/* --- exceptions and interrupts --- */

static uint32_t pending(const struct cpu *cpu)
{
	return cpu->cause & cpu->status & (CAUSE_LINES | CAUSE_SOFTWARE);
}

static const char *detail(const struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr, bool miss)
{
	uint32_t word = cpu->trace_word;

	switch (code) {
	case EXCEPTION_INTERRUPT:
		return pending(cpu) & CAUSE_LAMEBUS ? ", LAMEbus"
		       : pending(cpu) & CAUSE_IPI   ? ", IPI"
		       : pending(cpu) & CAUSE_TIMER ? ", timer"
						    : ", softirq";
	case EXCEPTION_TLBL:
	case EXCEPTION_TLBS:
		return miss ? ", miss" : ", invalid";
	case EXCEPTION_ADEL: /* a register jump itself looks up nothing else that could be misaligned */
		return (bad_vaddr & 3) && shapes[mips_decode_op(&cpu->isa, word)].shape >= SHAPE_JR &&
			       shapes[mips_decode_op(&cpu->isa, word)].shape <= SHAPE_JALR
			   ? ", branch"
			   : "";
	case EXCEPTION_RESERVED:
		return OPCODE(word) == OPCODE_COP0 &&
			       shapes[mips_decode_op(&cpu->isa, word)].shape != SHAPE_ILLEGAL
			   ? ", invalid cop0 register"
			   : "";
	case EXCEPTION_COPROCESSOR:
		if (OPCODE(word) == OPCODE_CACHE)
			return ", cache instruction";
		if (OPCODE(word) > OPCODE_SWC0)
			return ", swc instruction";
		if (OPCODE(word) > OPCODE_LWC0)
			return ", lwc instruction";
		if (OPCODE(word) != OPCODE_COP0 || cpu_user_mode(cpu))
			return ", copz instruction";
		if (is_cop_branch(word))
			return mips_word_rt(word) & COP_BRANCH_TRUE ? ", bcf instruction"
								    : ", bct instruction";
		return mips_word_rs(word) == COP_MOVE_FROM ? ", cfc instruction" : ", ctc instruction";
	default:
		return "";
	}
}

void cpu_trace_exception(struct cpu *cpu, enum exception_code code, uint32_t bad_vaddr, bool miss)
{
	say(cpu, "exception: code %d (%s%s), expc %x, vaddr %x, sp %x\n", code, cpu_exception_names[code],
	    detail(cpu, code, bad_vaddr, miss), cpu->exception_pc, bad_vaddr, cpu->gpr[29]);
}

void cpu_trace_return(struct cpu *cpu)
{
	say(cpu, "Return from exception: %s mode, interrupts %s, sp %x\n",
	    cpu_user_mode(cpu) ? "user" : "kernel", cpu->status & STATUS_IEC ? "on" : "off", cpu->gpr[29]);
}

void cpu_trace_taking_interrupt(struct cpu *cpu)
{
	say(cpu, "Taking interrupt:%s%s%s%s\n", pending(cpu) & CAUSE_LAMEBUS ? " LAMEbus" : "",
	    pending(cpu) & CAUSE_IPI ? " IPI" : "", pending(cpu) & CAUSE_TIMER ? " timer" : "",
	    pending(cpu) & CAUSE_SOFTWARE ? " soft" : "");
}

void cpu_trace_lines(struct cpu *cpu)
{
	say(cpu, "cpu_set_irqs: LB %s IPI %s\n", cpu->cause & CAUSE_LAMEBUS ? "ON" : "off",
	    cpu->cause & CAUSE_IPI ? "ON" : "off");
}

void cpu_trace_timer(struct cpu *cpu, bool on)
{
	say(cpu, "Timer irq %s\n", on ? "ON" : "OFF");
}
