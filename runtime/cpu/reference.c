/* The reference interpreter: the plain statement of what the processor does in a cycle. It fetches and
 * decodes every instruction anew and searches the TLB entries itself; no engine that it is compared with
 * shares that. System/161 reference, sections 1.3 to 1.7; step numbers are those of section 1.5. */
#include "frontend/decode.h"
#include "runtime/cpu/cpu_internal.h"

#define HILO_LATENCY	 2
#define CACHE_OP_INDEXED 4 /* operations from here on translate their address (section 1.4, CACHE) */

static int32_t immediate(uint32_t word)
{
	return (int16_t)word;
}

static void jump_to(struct cpu *cpu, uint32_t target)
{
	if (target & 3) {
		cpu_exception(cpu, EXCEPTION_ADEL, target, true);
		return;
	}
	cpu->next_pc = target;
	cpu->jump_pending = true;
	/* With RFE in the delay slot the target belongs to the mode returned to: RFE looks it up. */
	if (memory_read_word(cpu->memory, cpu->pc_frame | (cpu->pc & ~PAGE_MASK)) == RFE_WORD)
		cpu->next_frame = NO_FRAME;
	else
		cpu_map_next_pc(cpu);
}

/* Branch offsets and jump regions are relative to the delay slot, where `pc` points while a jump executes. */
static void branch_if(struct cpu *cpu, bool condition, uint32_t word)
{
	cpu->transfer = TRANSFER_BRANCH;
	if (condition)
		jump_to(cpu, cpu->pc + ((uint32_t)immediate(word) << 2));
}

static void set_link(struct cpu *cpu, unsigned reg)
{
	cpu->gpr[reg] = cpu->next_pc;
}

/* HI and LO are still busy: this cycle passes, and the instruction starts again in the next one. */
static void stall(struct cpu *cpu)
{
	cpu->jump_pending = false;
	cpu->delay_slot = false;
	cpu->pc = cpu->exception_pc;
	cpu->next_pc = cpu->pc + 4;
	cpu->stalls++;
	if (cpu_map_pc(cpu))
		cpu_map_next_pc(cpu);
}

static bool hi_busy(struct cpu *cpu)
{
	if (cpu_active(cpu) >= cpu->hi_ready)
		return false;
	stall(cpu);
	return true;
}

static bool lo_busy(struct cpu *cpu)
{
	if (cpu_active(cpu) >= cpu->lo_ready)
		return false;
	stall(cpu);
	return true;
}

static void use_hi(struct cpu *cpu)
{
	cpu->hi_ready = cpu_active(cpu) + HILO_LATENCY;
}

static void use_lo(struct cpu *cpu)
{
	cpu->lo_ready = cpu_active(cpu) + HILO_LATENCY;
}

static void set_hilo(struct cpu *cpu, uint32_t hi, uint32_t lo)
{
	cpu->hi = hi;
	cpu->lo = lo;
	use_hi(cpu);
	use_lo(cpu);
}

static void divide_signed(struct cpu *cpu, int32_t dividend, int32_t divisor)
{
	if (divisor == 0)
		set_hilo(cpu, 0, dividend < 0 ? 0xFFFFFFFFu : 0x7FFFFFFFu);
	else if (divisor == -1)
		set_hilo(cpu, 0,
			 0u - (uint32_t)dividend); /* without the overflow of the most negative number */
	else
		set_hilo(cpu, (uint32_t)(dividend % divisor), (uint32_t)(dividend / divisor));
}

static void divide_unsigned(struct cpu *cpu, uint32_t dividend, uint32_t divisor)
{
	if (divisor == 0)
		set_hilo(cpu, 0, 0xFFFFFFFFu);
	else
		set_hilo(cpu, dividend % divisor, dividend / divisor);
}

/* Writes `sum` unless it does not fit: then Overflow, with the destination unchanged. */
static void set_checked(struct cpu *cpu, unsigned reg, int64_t sum)
{
	if (sum != (int32_t)sum)
		cpu_exception(cpu, EXCEPTION_OVERFLOW, 0, true);
	else
		cpu->gpr[reg] = (uint32_t)sum;
}

static void load(struct cpu *cpu, uint32_t word, unsigned size, bool sign)
{
	uint32_t value;

	if (!cpu_load(cpu, cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word), size, &value))
		return;
	if (sign)
		value = size == 1 ? (uint32_t)(int8_t)value : (uint32_t)(int16_t)value;
	cpu->gpr[mips_word_rt(word)] = value;
}

static void load_partial(struct cpu *cpu, uint32_t word, bool left)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word), data;

	if (!cpu_load(cpu, va & ~3u, 4, &data))
		return;
	unsigned shift = left ? 8 * (va & 3) : 24 - 8 * (va & 3);
	uint32_t mask = left ? UINT32_MAX << shift : UINT32_MAX >> shift;
	uint32_t *rt = &cpu->gpr[mips_word_rt(word)];
	*rt = (*rt & ~mask) | (left ? data << shift : data >> shift);
}

static void cache_operation(struct cpu *cpu, uint32_t word)
{
	uint32_t physical;

	if ((mips_word_rt(word) & 7) >= CACHE_OP_INDEXED)
		cpu_translate_inline(cpu, cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word),
				     ACCESS_LOAD, &physical);
}

static void wait_for_interrupt(struct cpu *cpu)
{
	if (cpu->cause & CAUSE_LINES)
		return;
	cpu->run_state = CPU_WAITING;
	cpu->attention = 1;
	cpu->hooks->stopped(cpu);
}

static void write_tlb(struct cpu *cpu, unsigned index)
{
	tlb_write(cpu, index);
	/* The mapping of the running code may have changed. If that raises an exception, the second look-up
	 * is of the handler's address, as in the original. */
	cpu_map_pc(cpu);
	cpu_map_next_pc(cpu);
}

static void move_from_cp0(struct cpu *cpu, uint32_t word)
{
	unsigned number = mips_word_rd(word) * 8u + (word & 7);

	if (cp0_readable(cpu->model, number))
		cpu->gpr[mips_word_rt(word)] = cp0_read(cpu, number);
	else
		cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
}

static void move_to_cp0(struct cpu *cpu, uint32_t word)
{
	unsigned number = mips_word_rd(word) * 8u + (word & 7);

	if (cp0_writable(cpu->model, number))
		cp0_write(cpu, number, cpu->gpr[mips_word_rt(word)]);
	else
		cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
}

/* Step 5. `pc` and `next_pc` already name the two instructions that follow. */
static inline void execute(struct cpu *cpu, uint32_t word)
{
	enum mips_op op = mips_decode_op(&cpu->isa, word);
	uint32_t *gpr = cpu->gpr;
	uint32_t rs = gpr[mips_word_rs(word)], rt = gpr[mips_word_rt(word)], value;
	uint64_t product;

	switch (op) {
	case MIPS_OP_SLL:
		gpr[mips_word_rd(word)] = rt << mips_word_sa(word);
		break;
	case MIPS_OP_SRL:
		gpr[mips_word_rd(word)] = rt >> mips_word_sa(word);
		break;
	case MIPS_OP_SRA:
		gpr[mips_word_rd(word)] = (uint32_t)((int32_t)rt >> mips_word_sa(word));
		break;
	case MIPS_OP_SLLV:
		gpr[mips_word_rd(word)] = rt << (rs & 31);
		break;
	case MIPS_OP_SRLV:
		gpr[mips_word_rd(word)] = rt >> (rs & 31);
		break;
	case MIPS_OP_SRAV:
		gpr[mips_word_rd(word)] = (uint32_t)((int32_t)rt >> (rs & 31));
		break;
	case MIPS_OP_ADD:
		set_checked(cpu, mips_word_rd(word), (int64_t)(int32_t)rs + (int32_t)rt);
		break;
	case MIPS_OP_ADDU:
		gpr[mips_word_rd(word)] = rs + rt;
		break;
	case MIPS_OP_SUB:
		set_checked(cpu, mips_word_rd(word), (int64_t)(int32_t)rs - (int32_t)rt);
		break;
	case MIPS_OP_SUBU:
		gpr[mips_word_rd(word)] = rs - rt;
		break;
	case MIPS_OP_AND:
		gpr[mips_word_rd(word)] = rs & rt;
		break;
	case MIPS_OP_OR:
		gpr[mips_word_rd(word)] = rs | rt;
		break;
	case MIPS_OP_XOR:
		gpr[mips_word_rd(word)] = rs ^ rt;
		break;
	case MIPS_OP_NOR:
		gpr[mips_word_rd(word)] = ~(rs | rt);
		break;
	case MIPS_OP_SLT:
		gpr[mips_word_rd(word)] = (int32_t)rs < (int32_t)rt;
		break;
	case MIPS_OP_SLTU:
		gpr[mips_word_rd(word)] = rs < rt;
		break;
	case MIPS_OP_ADDI:
		set_checked(cpu, mips_word_rt(word), (int64_t)(int32_t)rs + immediate(word));
		break;
	case MIPS_OP_ADDIU:
		gpr[mips_word_rt(word)] = rs + (uint32_t)immediate(word);
		break;
	case MIPS_OP_SLTI:
		gpr[mips_word_rt(word)] = (int32_t)rs < immediate(word);
		break;
	case MIPS_OP_SLTIU:
		gpr[mips_word_rt(word)] = rs < (uint32_t)immediate(word);
		break;
	case MIPS_OP_ANDI:
		gpr[mips_word_rt(word)] = rs & (word & 0xFFFF);
		break;
	case MIPS_OP_ORI:
		gpr[mips_word_rt(word)] = rs | (word & 0xFFFF);
		break;
	case MIPS_OP_XORI:
		gpr[mips_word_rt(word)] = rs ^ (word & 0xFFFF);
		break;
	case MIPS_OP_LUI:
		gpr[mips_word_rt(word)] = word << 16;
		break;

	case MIPS_OP_J:
		cpu->transfer = TRANSFER_BRANCH;
		jump_to(cpu, (cpu->pc & 0xF0000000u) | (word << 2 & 0x0FFFFFFCu));
		break;
	case MIPS_OP_JAL:
		cpu->transfer = TRANSFER_BRANCH;
		set_link(cpu, 31);
		jump_to(cpu, (cpu->pc & 0xF0000000u) | (word << 2 & 0x0FFFFFFCu));
		break;
	case MIPS_OP_JR:
		cpu->transfer = TRANSFER_BRANCH;
		jump_to(cpu, rs);
		break;
	case MIPS_OP_JALR:
		cpu->transfer = TRANSFER_BRANCH;
		set_link(cpu, mips_word_rd(word));
		jump_to(cpu, mips_word_rs(word) ? gpr[mips_word_rs(word)]
						: 0); /* with rd = rs: the link address, as in the original */
		break;
	case MIPS_OP_BEQ:
		branch_if(cpu, rs == rt, word);
		break;
	case MIPS_OP_BNE:
		branch_if(cpu, rs != rt, word);
		break;
	case MIPS_OP_BLEZ:
		branch_if(cpu, (int32_t)rs <= 0, word);
		break;
	case MIPS_OP_BGTZ:
		branch_if(cpu, (int32_t)rs > 0, word);
		break;
	case MIPS_OP_BLTZ:
		branch_if(cpu, (int32_t)rs < 0, word);
		break;
	case MIPS_OP_BGEZ:
		branch_if(cpu, (int32_t)rs >= 0, word);
		break;
	case MIPS_OP_BLTZAL: /* links first, then tests: matters for register 31 */
		set_link(cpu, 31);
		branch_if(cpu, (int32_t)gpr[mips_word_rs(word)] < 0, word);
		break;
	case MIPS_OP_BGEZAL:
		set_link(cpu, 31);
		branch_if(cpu, (int32_t)gpr[mips_word_rs(word)] >= 0, word);
		break;

	case MIPS_OP_MFHI:
		if (hi_busy(cpu))
			break;
		gpr[mips_word_rd(word)] = cpu->hi;
		use_hi(cpu);
		break;
	case MIPS_OP_MTHI:
		if (hi_busy(cpu))
			break;
		cpu->hi = rs;
		use_hi(cpu);
		break;
	case MIPS_OP_MFLO:
		if (lo_busy(cpu))
			break;
		gpr[mips_word_rd(word)] = cpu->lo;
		use_lo(cpu);
		break;
	case MIPS_OP_MTLO:
		if (lo_busy(cpu))
			break;
		cpu->lo = rs;
		use_lo(cpu);
		break;
	case MIPS_OP_MULT:
		if (hi_busy(cpu) || lo_busy(cpu))
			break;
		product = (uint64_t)((int64_t)(int32_t)rs * (int32_t)rt);
		set_hilo(cpu, (uint32_t)(product >> 32), (uint32_t)product);
		break;
	case MIPS_OP_MULTU:
		if (hi_busy(cpu) || lo_busy(cpu))
			break;
		product = (uint64_t)rs * rt;
		set_hilo(cpu, (uint32_t)(product >> 32), (uint32_t)product);
		break;
	case MIPS_OP_DIV:
		if (hi_busy(cpu) || lo_busy(cpu))
			break;
		divide_signed(cpu, (int32_t)rs, (int32_t)rt);
		break;
	case MIPS_OP_DIVU:
		if (hi_busy(cpu) || lo_busy(cpu))
			break;
		divide_unsigned(cpu, rs, rt);
		break;

	case MIPS_OP_LB:
		load(cpu, word, 1, true);
		break;
	case MIPS_OP_LBU:
		load(cpu, word, 1, false);
		break;
	case MIPS_OP_LH:
		load(cpu, word, 2, true);
		break;
	case MIPS_OP_LHU:
		load(cpu, word, 2, false);
		break;
	case MIPS_OP_LW:
		load(cpu, word, 4, false);
		break;
	case MIPS_OP_LWL:
		load_partial(cpu, word, true);
		break;
	case MIPS_OP_LWR:
		load_partial(cpu, word, false);
		break;
	case MIPS_OP_SB:
		cpu_store(cpu, rs + (uint32_t)immediate(word), 1, rt & 0xFF);
		break;
	case MIPS_OP_SH:
		cpu_store(cpu, rs + (uint32_t)immediate(word), 2, rt & 0xFFFF);
		break;
	case MIPS_OP_SW:
		cpu_store(cpu, rs + (uint32_t)immediate(word), 4, rt);
		break;
	case MIPS_OP_SWL:
		cpu_store_left(cpu, rs + (uint32_t)immediate(word), rt);
		break;
	case MIPS_OP_SWR:
		cpu_store_right(cpu, rs + (uint32_t)immediate(word), rt);
		break;
	case MIPS_OP_LL:
		if (cpu_load_linked(cpu, rs + (uint32_t)immediate(word), &value))
			gpr[mips_word_rt(word)] = value;
		break;
	case MIPS_OP_SC:
		if (cpu_store_conditional(cpu, rs + (uint32_t)immediate(word), rt, &value))
			gpr[mips_word_rt(word)] = value;
		break;

	case MIPS_OP_SYNC:
		cpu->sync_count++;
		break;
	case MIPS_OP_SYSCALL:
		cpu_exception(cpu, EXCEPTION_SYSCALL, 0, true);
		break;
	case MIPS_OP_BREAK:
		cpu_exception(cpu, EXCEPTION_BREAK, 0, true);
		break;
	case MIPS_OP_COP_UNUSABLE:
		cpu_exception_coprocessor(cpu, word >> 26 & 3);
		break;

	default:
		if (!(mips_op_info[op].flags & MIPS_FLAG_COP0)) {
			cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
			break;
		}
		if (cpu_user_mode(cpu)) {
			cpu_exception_coprocessor(cpu, 0);
			break;
		}
		switch (op) {
		case MIPS_OP_MFC0:
			move_from_cp0(cpu, word);
			break;
		case MIPS_OP_MTC0:
			move_to_cp0(cpu, word);
			break;
		case MIPS_OP_TLBR:
			tlb_read(cpu);
			break;
		case MIPS_OP_TLBWI:
			write_tlb(cpu, cpu->index >> 8 & (TLB_ENTRIES - 1));
			break;
		case MIPS_OP_TLBWR:
			write_tlb(cpu, cpu_random(cpu));
			break;
		case MIPS_OP_TLBP:
			tlb_probe(cpu);
			break;
		case MIPS_OP_RFE:
			cpu_return_from_exception(cpu);
			break;
		case MIPS_OP_WAIT:
			wait_for_interrupt(cpu);
			break;
		case MIPS_OP_CACHE:
			cache_operation(cpu, word);
			break;
		default:
			cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
			break;
		}
	}
	gpr[0] = 0;
}

static inline void step(struct cpu *cpu)
{
	/* Step 1. */
	if (cpu->jump_pending) {
		cpu->jump_pending = false;
		cpu->delay_slot = true;
	} else {
		cpu->exception_pc = cpu->pc;
	}

	/* Step 2: the handler's first instruction executes in this same cycle. */
	if (cpu_interrupt_due(cpu)) {
		cpu_exception(cpu, EXCEPTION_INTERRUPT, 0, false);
		cpu->exception_pc = cpu->pc;
	}

	/* Nothing was mapped if a look-up was left to an RFE that then was not executed. */
	if (__builtin_expect(cpu->pc_frame == NO_FRAME, 0) && !cpu_map_pc(cpu)) {
		cpu->budget--;
		return;
	}

	/* Step 4. */
	uint32_t word = memory_read_word(cpu->memory, cpu->pc_frame | (cpu->pc & ~PAGE_MASK));
	cpu->pc = cpu->next_pc;
	cpu->pc_frame = cpu->next_frame;
	cpu->next_pc += 4;
	if ((cpu->next_pc & ~PAGE_MASK) == 0) {
		if (word == RFE_WORD) {
			cpu->next_frame = NO_FRAME;
		} else if (!cpu_map_next_pc(cpu)) {
			/* The cycle is charged, but neither Count nor Random nor the interlock sees it. */
			cpu->fetch_faults++;
			cpu->active_end--;
			cpu->budget--;
			return;
		}
	}

	/* Steps 5 and 6; Count, Random and the interlock follow from the budget. */
	execute(cpu, word);
	cpu->delay_slot = false;
	cpu->budget--;
}

void reference_step(struct cpu *cpu)
{
	step(cpu);
}

uint64_t reference_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles, struct cpu **current)
{
	for (uint64_t done = 0; done < cycles; done++) {
		for (unsigned i = 0; i < count; i++) {
			*current = cpus[i];
			step(cpus[i]);
			if (cpus[i]->attention)
				return done;
		}
	}
	return cycles;
}

void reference_run(struct cpu *cpu)
{
	while (cpu->budget > 0 && !cpu->attention)
		step(cpu);
}

void reference_run_block(struct cpu *cpu)
{
	cpu->transfer = TRANSFER_NONE;
	while (cpu->budget > 0 && !cpu->attention) {
		bool in_slot = cpu->transfer == TRANSFER_BRANCH;

		step(cpu);
		if (cpu->transfer == TRANSFER_NOW || in_slot)
			return;
	}
}
