/* The reference interpreter: the plain statement of what the processor does in a cycle. It fetches and
 * decodes every instruction anew and searches the TLB entries itself; no engine that it is compared with
 * shares that. System/161 reference, sections 1.3 to 1.7; step numbers are those of section 1.5. MIPS32: Malta
 * reference, section 14.
 *
 * What instructions compute is written once. Where the families of processors differ, `family` decides, which is a
 * constant wherever it is used: the compiler makes an interpreter of each. */
#include "frontend/decode.h"
#include "runtime/cpu/cpu_internal.h"
#include "runtime/cpu/debug.h"
#include "runtime/cpu/observe.h"

#define HILO_LATENCY	 2
#define CACHE_OP_INDEXED 4 /* operations from here on translate their address (section 1.4, CACHE) */

#define FOR_FAMILY static inline __attribute__((always_inline))

static int32_t immediate(uint32_t word)
{
	return (int16_t)word;
}

FOR_FAMILY void jump_to(struct cpu *cpu, uint32_t target, enum cpu_family family)
{
	if (family == FAMILY_MIPS32) { /* what is wrong with the target shows when it is fetched */
		cpu->next_pc = target;
		cpu->jump_pending = true;
		return;
	}
	if (is_traced(cpu, TRACE_JUMP))
		cpu_trace_jump(cpu, target);
	if (target & 3) {
		cpu_exception(cpu, EXCEPTION_ADEL, target, true);
		return;
	}
	cpu->next_pc = target;
	cpu->jump_pending = true;
	/* With RFE in the delay slot the target belongs to the mode returned to: RFE looks it up. */
	if (memory_read_word_in(cpu->memory, cpu->pc_frame | (cpu->pc & ~PAGE_MASK), true) == RFE_WORD)
		cpu->next_frame = NO_FRAME;
	else
		cpu_map_next_pc(cpu);
}

/* Branch offsets and jump regions are relative to the delay slot, where `pc` points while a jump executes. MIPS32's
 * delay slot is one whether the branch is taken or not. */
FOR_FAMILY void branch_if(struct cpu *cpu, bool condition, uint32_t word, enum cpu_family family)
{
	cpu->transfer = TRANSFER_BRANCH;
	if (condition)
		jump_to(cpu, cpu->pc + ((uint32_t)immediate(word) << 2), family);
	else if (family == FAMILY_MIPS32)
		cpu->jump_pending = true;
}

/* Not taken, it skips its delay slot. */
static void branch_likely_if(struct cpu *cpu, bool condition, uint32_t word)
{
	if (condition) {
		branch_if(cpu, true, word, FAMILY_MIPS32);
		return;
	}
	cpu->pc = cpu->next_pc;
	cpu->next_pc += 4;
	cpu->transfer = TRANSFER_NOW;
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

FOR_FAMILY bool hi_busy(struct cpu *cpu, enum cpu_family family)
{
	if (family == FAMILY_MIPS32 || cpu_active(cpu) >= cpu->hi_ready)
		return false;
	stall(cpu);
	return true;
}

FOR_FAMILY bool lo_busy(struct cpu *cpu, enum cpu_family family)
{
	if (family == FAMILY_MIPS32 || cpu_active(cpu) >= cpu->lo_ready)
		return false;
	stall(cpu);
	return true;
}

FOR_FAMILY void use_hi(struct cpu *cpu, enum cpu_family family)
{
	if (family == FAMILY_MIPS161)
		cpu->hi_ready = cpu_active(cpu) + HILO_LATENCY;
}

FOR_FAMILY void use_lo(struct cpu *cpu, enum cpu_family family)
{
	if (family == FAMILY_MIPS161)
		cpu->lo_ready = cpu_active(cpu) + HILO_LATENCY;
}

FOR_FAMILY void set_hilo(struct cpu *cpu, uint32_t hi, uint32_t lo, enum cpu_family family)
{
	cpu->hi = hi;
	cpu->lo = lo;
	use_hi(cpu, family);
	use_lo(cpu, family);
}

FOR_FAMILY void set_product(struct cpu *cpu, uint64_t product, enum cpu_family family)
{
	set_hilo(cpu, (uint32_t)(product >> 32), (uint32_t)product, family);
}

/* By zero MIPS-161 gives fixed numbers, and MIPS32, which may do as it likes, divides by one as QEMU does. */
FOR_FAMILY void divide_signed(struct cpu *cpu, int32_t dividend, int32_t divisor, enum cpu_family family)
{
	if (divisor == 0 && family == FAMILY_MIPS32)
		set_hilo(cpu, 0, (uint32_t)dividend, family);
	else if (divisor == 0)
		set_hilo(cpu, 0, dividend < 0 ? 0xFFFFFFFFu : 0x7FFFFFFFu, family);
	else if (divisor == -1) /* without the overflow of the most negative number */
		set_hilo(cpu, 0, 0u - (uint32_t)dividend, family);
	else
		set_hilo(cpu, (uint32_t)(dividend % divisor), (uint32_t)(dividend / divisor), family);
}

FOR_FAMILY void divide_unsigned(struct cpu *cpu, uint32_t dividend, uint32_t divisor, enum cpu_family family)
{
	if (divisor == 0)
		set_hilo(cpu, 0, family == FAMILY_MIPS32 ? dividend : 0xFFFFFFFFu, family);
	else
		set_hilo(cpu, dividend % divisor, dividend / divisor, family);
}

/* Writes `sum` unless it does not fit: then Overflow, with the destination unchanged. */
static void set_checked(struct cpu *cpu, unsigned reg, int64_t sum)
{
	if (sum != (int32_t)sum)
		cpu_exception(cpu, EXCEPTION_OVERFLOW, 0, true);
	else
		cpu->gpr[reg] = (uint32_t)sum;
}

FOR_FAMILY void load(struct cpu *cpu, uint32_t word, unsigned size, bool sign, enum cpu_family family)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word), value;

	if (!(family == FAMILY_MIPS32 ? mips32_load(cpu, va, size, &value) : cpu_load(cpu, va, size, &value)))
		return;
	if (sign)
		value = size == 1 ? (uint32_t)(int8_t)value : (uint32_t)(int16_t)value;
	cpu->gpr[mips_word_rt(word)] = value;
}

FOR_FAMILY void store(struct cpu *cpu, uint32_t word, unsigned size, uint32_t value, enum cpu_family family)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word);

	if (family == FAMILY_MIPS32)
		mips32_store(cpu, va, size, value);
	else
		cpu_store(cpu, va, size, value);
}

/* Bits between an unaligned address and the end of its word that LWL and SWL, or LWR and SWR, do not touch. */
FOR_FAMILY unsigned partial_shift(const struct cpu *cpu, uint32_t va, bool left, enum cpu_family family)
{
	bool big_endian = family == FAMILY_MIPS161 || cpu->memory->map.big_endian;

	return left == big_endian ? 8 * (va & 3) : 24 - 8 * (va & 3);
}

FOR_FAMILY void load_partial(struct cpu *cpu, uint32_t word, bool left, enum cpu_family family)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word), data;

	if (!(family == FAMILY_MIPS32 ? mips32_load_around(cpu, va, &data)
				      : cpu_load(cpu, va & ~3u, 4, &data)))
		return;
	unsigned shift = partial_shift(cpu, va, left, family);
	uint32_t mask = left ? UINT32_MAX << shift : UINT32_MAX >> shift;
	uint32_t *rt = &cpu->gpr[mips_word_rt(word)];
	*rt = (*rt & ~mask) | (left ? data << shift : data >> shift);
}

FOR_FAMILY void store_partial(struct cpu *cpu, uint32_t word, bool left, enum cpu_family family)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word);
	uint32_t value = cpu->gpr[mips_word_rt(word)];
	unsigned shift = partial_shift(cpu, va, left, family);

	if (family == FAMILY_MIPS32)
		mips32_store_around(cpu, va, left ? UINT32_MAX >> shift : UINT32_MAX << shift,
				    left ? value >> shift : value << shift);
	else if (left)
		cpu_store_left(cpu, va, value);
	else
		cpu_store_right(cpu, va, value);
}

/* LL: a load whose address and value SC asks for. */
FOR_FAMILY void load_linked(struct cpu *cpu, uint32_t word, enum cpu_family family)
{
	uint32_t va = cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word), value;

	if (family == FAMILY_MIPS161) {
		if (cpu_load_linked(cpu, va, &value))
			cpu->gpr[mips_word_rt(word)] = value;
		return;
	}
	if (!mips32_load(cpu, va, 4, &value))
		return;
	cpu->ll_active = true;
	cpu->ll_address = va;
	cpu->ll_value = value;
	cpu->ll_count++;
	cpu->gpr[mips_word_rt(word)] = value;
}

static void cache_operation(struct cpu *cpu, uint32_t word)
{
	uint32_t physical;

	if ((mips_word_rt(word) & 7) >= CACHE_OP_INDEXED)
		cpu_translate_inline(cpu, cpu->gpr[mips_word_rs(word)] + (uint32_t)immediate(word),
				     ACCESS_LOAD, &physical);
}

static void wait_for_interrupt(struct cpu *cpu, bool awake)
{
	if (awake)
		return;
	cpu->run_state = CPU_WAITING;
	cpu->attention = 1;
	cpu->hooks->stopped(cpu);
}

static void write_tlb(struct cpu *cpu, const char *name, unsigned index)
{
	if (is_traced(cpu, TRACE_TLB))
		cpu_trace_tlb_write(cpu, name, index);
	tlb_write(cpu, index);
	if (is_traced(cpu, CPU_OBSERVED))
		observe_tlb_write(cpu, index);
	/* The mapping of the running code may have changed. If that raises an exception, the second look-up
	 * is of the handler's address, as in the original. */
	cpu_map_pc(cpu);
	cpu_map_next_pc(cpu);
}

static void write_tlb32(struct cpu *cpu, unsigned index)
{
	tlb_write(cpu, index);
	if (is_traced(cpu, CPU_OBSERVED))
		observe_tlb_write(cpu, index);
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

/* A bit field of `size` bits from bit 0. */
static uint32_t low_bits(unsigned size)
{
	return size == 32 ? UINT32_MAX : (1u << size) - 1;
}

static uint32_t rotate_right(uint32_t value, unsigned amount)
{
	return amount ? value >> amount | value << (32 - amount) : value;
}

static void trap_if(struct cpu *cpu, bool condition)
{
	if (condition)
		cpu_exception(cpu, EXCEPTION_TRAP, 0, true);
}

static void set_interrupt_enable(struct cpu *cpu, uint32_t word, bool enable)
{
	uint32_t status = cpu->status;

	cpu_set_status(cpu, enable ? status | STATUS_IEC : status & ~STATUS_IEC, true);
	cpu->gpr[mips_word_rt(word)] = status;
}

static void read_hardware_register(struct cpu *cpu, uint32_t word)
{
	uint32_t value;

	if (mips32_hardware_register(cpu, mips_word_rd(word), &value))
		cpu->gpr[mips_word_rt(word)] = value;
	else
		cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
}

/* Coprocessor 0 of MIPS-161. */
static void execute_system161(struct cpu *cpu, enum mips_op op, uint32_t word)
{
	if (cpu_user_mode(cpu)) {
		cpu_exception_coprocessor(cpu, 0);
		return;
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
		if (is_traced(cpu, TRACE_TLB))
			cpu_trace_tlb_read(cpu);
		break;
	case MIPS_OP_TLBWI:
		write_tlb(cpu, "tlbwi", tlb_index(cpu));
		break;
	case MIPS_OP_TLBWR:
		write_tlb(cpu, "tlbwr", cpu_random(cpu));
		break;
	case MIPS_OP_TLBP:
		tlb_probe(cpu);
		if (is_traced(cpu, TRACE_TLB))
			cpu_trace_tlb_probe(cpu);
		break;
	case MIPS_OP_RFE:
		cpu_return_from_exception(cpu);
		break;
	case MIPS_OP_WAIT:
		wait_for_interrupt(cpu, cpu->cause & CAUSE_LINES);
		break;
	case MIPS_OP_CACHE:
		cache_operation(cpu, word);
		break;
	default:
		cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
		break;
	}
}

/* Coprocessor 0 of MIPS32. CU0 opens it to user mode. */
static void execute_system32(struct cpu *cpu, enum mips_op op, uint32_t word)
{
	if (cpu_user_mode(cpu) && !(cpu->status & STATUS_CU0)) {
		cpu_exception_coprocessor(cpu, 0);
		return;
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
		write_tlb32(cpu, tlb_index(cpu));
		break;
	case MIPS_OP_TLBWR:
		write_tlb32(cpu, cpu_random(cpu));
		break;
	case MIPS_OP_TLBP:
		tlb_probe(cpu);
		break;
	case MIPS_OP_ERET:
		mips32_return_from_exception(cpu);
		break;
	case MIPS_OP_WAIT:
		wait_for_interrupt(cpu, cpu_interrupt_due(cpu));
		break;
	case MIPS_OP_DI:
		set_interrupt_enable(cpu, word, false);
		break;
	case MIPS_OP_EI:
		set_interrupt_enable(cpu, word, true);
		break;
	case MIPS_OP_RDPGPR: /* there is one set of registers */
	case MIPS_OP_WRPGPR:
		cpu->gpr[mips_word_rd(word)] = cpu->gpr[mips_word_rt(word)];
		break;
	case MIPS_OP_CACHE: /* there are no caches to see */
		break;
	default:
		cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
		break;
	}
}

/* What MIPS32 release 2 adds to MIPS I. */
static void execute_mips32(struct cpu *cpu, enum mips_op op, uint32_t word)
{
	uint32_t *gpr = cpu->gpr;
	uint32_t rs = gpr[mips_word_rs(word)], rt = gpr[mips_word_rt(word)], mask;
	uint64_t hilo = (uint64_t)cpu->hi << 32 | cpu->lo;
	unsigned position = mips_word_sa(word), last = mips_word_rd(word);

	switch (op) {
	case MIPS_OP_BEQL:
		branch_likely_if(cpu, rs == rt, word);
		break;
	case MIPS_OP_BNEL:
		branch_likely_if(cpu, rs != rt, word);
		break;
	case MIPS_OP_BLEZL:
		branch_likely_if(cpu, (int32_t)rs <= 0, word);
		break;
	case MIPS_OP_BGTZL:
		branch_likely_if(cpu, (int32_t)rs > 0, word);
		break;
	case MIPS_OP_BLTZL:
		branch_likely_if(cpu, (int32_t)rs < 0, word);
		break;
	case MIPS_OP_BGEZL:
		branch_likely_if(cpu, (int32_t)rs >= 0, word);
		break;
	case MIPS_OP_BLTZALL:
		set_link(cpu, 31);
		branch_likely_if(cpu, (int32_t)rs < 0, word);
		break;
	case MIPS_OP_BGEZALL:
		set_link(cpu, 31);
		branch_likely_if(cpu, (int32_t)rs >= 0, word);
		break;

	case MIPS_OP_ROTR:
		gpr[mips_word_rd(word)] = rotate_right(rt, mips_word_sa(word));
		break;
	case MIPS_OP_ROTRV:
		gpr[mips_word_rd(word)] = rotate_right(rt, rs & 31);
		break;
	case MIPS_OP_MOVZ:
		if (rt == 0)
			gpr[mips_word_rd(word)] = rs;
		break;
	case MIPS_OP_MOVN:
		if (rt != 0)
			gpr[mips_word_rd(word)] = rs;
		break;
	case MIPS_OP_CLZ:
		gpr[mips_word_rd(word)] = rs ? (uint32_t)__builtin_clz(rs) : 32;
		break;
	case MIPS_OP_CLO:
		gpr[mips_word_rd(word)] = ~rs ? (uint32_t)__builtin_clz(~rs) : 32;
		break;
	case MIPS_OP_EXT: /* `last` is the size less one */
		gpr[mips_word_rt(word)] = rs >> position & low_bits(last + 1);
		break;
	case MIPS_OP_INS:
		mask = low_bits(last - position + 1) << position;
		gpr[mips_word_rt(word)] = (rt & ~mask) | (rs << position & mask);
		break;
	case MIPS_OP_WSBH:
		gpr[mips_word_rd(word)] = (rt & 0x00FF00FFu) << 8 | (rt >> 8 & 0x00FF00FFu);
		break;
	case MIPS_OP_SEB:
		gpr[mips_word_rd(word)] = (uint32_t)(int8_t)rt;
		break;
	case MIPS_OP_SEH:
		gpr[mips_word_rd(word)] = (uint32_t)(int16_t)rt;
		break;

	case MIPS_OP_MUL:
		gpr[mips_word_rd(word)] = rs * rt;
		break;
	case MIPS_OP_MADD:
		set_product(cpu, hilo + (uint64_t)((int64_t)(int32_t)rs * (int32_t)rt), FAMILY_MIPS32);
		break;
	case MIPS_OP_MADDU:
		set_product(cpu, hilo + (uint64_t)rs * rt, FAMILY_MIPS32);
		break;
	case MIPS_OP_MSUB:
		set_product(cpu, hilo - (uint64_t)((int64_t)(int32_t)rs * (int32_t)rt), FAMILY_MIPS32);
		break;
	case MIPS_OP_MSUBU:
		set_product(cpu, hilo - (uint64_t)rs * rt, FAMILY_MIPS32);
		break;

	case MIPS_OP_TGE:
		trap_if(cpu, (int32_t)rs >= (int32_t)rt);
		break;
	case MIPS_OP_TGEU:
		trap_if(cpu, rs >= rt);
		break;
	case MIPS_OP_TLT:
		trap_if(cpu, (int32_t)rs < (int32_t)rt);
		break;
	case MIPS_OP_TLTU:
		trap_if(cpu, rs < rt);
		break;
	case MIPS_OP_TEQ:
		trap_if(cpu, rs == rt);
		break;
	case MIPS_OP_TNE:
		trap_if(cpu, rs != rt);
		break;
	case MIPS_OP_TGEI:
		trap_if(cpu, (int32_t)rs >= immediate(word));
		break;
	case MIPS_OP_TGEIU:
		trap_if(cpu, rs >= (uint32_t)immediate(word));
		break;
	case MIPS_OP_TLTI:
		trap_if(cpu, (int32_t)rs < immediate(word));
		break;
	case MIPS_OP_TLTIU:
		trap_if(cpu, rs < (uint32_t)immediate(word));
		break;
	case MIPS_OP_TEQI:
		trap_if(cpu, rs == (uint32_t)immediate(word));
		break;
	case MIPS_OP_TNEI:
		trap_if(cpu, rs != (uint32_t)immediate(word));
		break;

	case MIPS_OP_PREF:
	case MIPS_OP_SYNCI: /* code that was written is noticed */
		break;
	case MIPS_OP_RDHWR:
		read_hardware_register(cpu, word);
		break;

	default:
		if (mips_op_info[op].flags & MIPS_FLAG_COP0)
			execute_system32(cpu, op, word);
		else if (mips_op_info[op].flags & MIPS_FLAG_COP1) /* no FPU is built: CU1 is never set */
			cpu_exception_coprocessor(cpu, 1);
		else
			cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
		break;
	}
}

/* Step 5. `pc` and `next_pc` already name the two instructions that follow. */
/* Stops the machine at a BREAK (section 5.8): the processor stands at it, or at its branch. The cycle is charged, but
 * neither Random nor the interlock sees it, and Count goes one back. */
static bool stops_at_break(struct cpu *cpu)
{
	if (!va_is_direct(cpu->exception_pc) || !cpu->hooks->stops_at_break ||
	    !cpu->hooks->stops_at_break(cpu))
		return false;
	cpu_resume_at(cpu, cpu->exception_pc);
	cpu->fetch_faults++;
	cpu->active_end--;
	cpu->count_base++;
	cpu_update_deadline(cpu);
	cpu->transfer = TRANSFER_NOW;
	return true;
}

FOR_FAMILY void execute(struct cpu *cpu, uint32_t word, enum cpu_family family)
{
	enum mips_op op = mips_decode_op(&cpu->isa, word);
	uint32_t *gpr = cpu->gpr;
	uint32_t rs = gpr[mips_word_rs(word)], rt = gpr[mips_word_rt(word)], value;

	/* As QEMU has it; the architecture leaves jumps in delay slots open. */
	if (family == FAMILY_MIPS32 && cpu->delay_slot && (mips_op_info[op].flags & MIPS_FLAG_DELAY))
		op = MIPS_OP_RESERVED;

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
		jump_to(cpu, (cpu->pc & 0xF0000000u) | (word << 2 & 0x0FFFFFFCu), family);
		break;
	case MIPS_OP_JAL:
		cpu->transfer = TRANSFER_BRANCH;
		set_link(cpu, 31);
		jump_to(cpu, (cpu->pc & 0xF0000000u) | (word << 2 & 0x0FFFFFFCu), family);
		/* One that faults counts as a call from the vector, as in the original. */
		if (__builtin_expect(cpu->called != NULL, 0))
			cpu->called(cpu, cpu->pc, cpu->next_pc);
		break;
	case MIPS_OP_JR:
		cpu->transfer = TRANSFER_BRANCH;
		jump_to(cpu, rs, family);
		break;
	case MIPS_OP_JALR:
		cpu->transfer = TRANSFER_BRANCH;
		set_link(cpu, mips_word_rd(word));
		/* With rd = rs: the link address in the original, the old value in QEMU. */
		if (family == FAMILY_MIPS161)
			rs = mips_word_rs(word) ? gpr[mips_word_rs(word)] : 0;
		jump_to(cpu, rs, family);
		/* The original counts these only in the processor that traces. */
		if (__builtin_expect(cpu->called != NULL, 0) && is_traced(cpu, TRACE_PROCESSOR))
			cpu->called(cpu, cpu->pc, cpu->next_pc);
		break;
	case MIPS_OP_BEQ:
		branch_if(cpu, rs == rt, word, family);
		break;
	case MIPS_OP_BNE:
		branch_if(cpu, rs != rt, word, family);
		break;
	case MIPS_OP_BLEZ:
		branch_if(cpu, (int32_t)rs <= 0, word, family);
		break;
	case MIPS_OP_BGTZ:
		branch_if(cpu, (int32_t)rs > 0, word, family);
		break;
	case MIPS_OP_BLTZ:
		branch_if(cpu, (int32_t)rs < 0, word, family);
		break;
	case MIPS_OP_BGEZ:
		branch_if(cpu, (int32_t)rs >= 0, word, family);
		break;
	case MIPS_OP_BLTZAL: /* the original links first, then tests: matters for register 31 */
		set_link(cpu, 31);
		if (family == FAMILY_MIPS161)
			rs = gpr[mips_word_rs(word)];
		branch_if(cpu, (int32_t)rs < 0, word, family);
		break;
	case MIPS_OP_BGEZAL:
		set_link(cpu, 31);
		if (family == FAMILY_MIPS161)
			rs = gpr[mips_word_rs(word)];
		branch_if(cpu, (int32_t)rs >= 0, word, family);
		break;

	case MIPS_OP_MFHI:
		if (hi_busy(cpu, family))
			break;
		gpr[mips_word_rd(word)] = cpu->hi;
		use_hi(cpu, family);
		break;
	case MIPS_OP_MTHI:
		if (hi_busy(cpu, family))
			break;
		cpu->hi = rs;
		use_hi(cpu, family);
		break;
	case MIPS_OP_MFLO:
		if (lo_busy(cpu, family))
			break;
		gpr[mips_word_rd(word)] = cpu->lo;
		use_lo(cpu, family);
		break;
	case MIPS_OP_MTLO:
		if (lo_busy(cpu, family))
			break;
		cpu->lo = rs;
		use_lo(cpu, family);
		break;
	case MIPS_OP_MULT:
		if (hi_busy(cpu, family) || lo_busy(cpu, family))
			break;
		set_product(cpu, (uint64_t)((int64_t)(int32_t)rs * (int32_t)rt), family);
		break;
	case MIPS_OP_MULTU:
		if (hi_busy(cpu, family) || lo_busy(cpu, family))
			break;
		set_product(cpu, (uint64_t)rs * rt, family);
		break;
	case MIPS_OP_DIV:
		if (hi_busy(cpu, family) || lo_busy(cpu, family))
			break;
		divide_signed(cpu, (int32_t)rs, (int32_t)rt, family);
		break;
	case MIPS_OP_DIVU:
		if (hi_busy(cpu, family) || lo_busy(cpu, family))
			break;
		divide_unsigned(cpu, rs, rt, family);
		break;

	case MIPS_OP_LB:
		load(cpu, word, 1, true, family);
		break;
	case MIPS_OP_LBU:
		load(cpu, word, 1, false, family);
		break;
	case MIPS_OP_LH:
		load(cpu, word, 2, true, family);
		break;
	case MIPS_OP_LHU:
		load(cpu, word, 2, false, family);
		break;
	case MIPS_OP_LW:
		load(cpu, word, 4, false, family);
		break;
	case MIPS_OP_LWL:
		load_partial(cpu, word, true, family);
		break;
	case MIPS_OP_LWR:
		load_partial(cpu, word, false, family);
		break;
	case MIPS_OP_SB:
		store(cpu, word, 1, rt & 0xFF, family);
		break;
	case MIPS_OP_SH:
		store(cpu, word, 2, rt & 0xFFFF, family);
		break;
	case MIPS_OP_SW:
		store(cpu, word, 4, rt, family);
		break;
	case MIPS_OP_SWL:
		store_partial(cpu, word, true, family);
		break;
	case MIPS_OP_SWR:
		store_partial(cpu, word, false, family);
		break;
	case MIPS_OP_LL:
		load_linked(cpu, word, family);
		break;
	case MIPS_OP_SC:
		if (family == FAMILY_MIPS32
			? mips32_store_conditional(cpu, rs + (uint32_t)immediate(word), rt, &value)
			: cpu_store_conditional(cpu, rs + (uint32_t)immediate(word), rt, &value))
			gpr[mips_word_rt(word)] = value;
		break;

	case MIPS_OP_SYNC:
		cpu->sync_count++;
		break;
	case MIPS_OP_SYSCALL:
		cpu_exception(cpu, EXCEPTION_SYSCALL, 0, true);
		break;
	case MIPS_OP_BREAK:
		if (family == FAMILY_MIPS161 && stops_at_break(cpu))
			break;
		cpu_exception(cpu, EXCEPTION_BREAK, 0, true);
		break;
	case MIPS_OP_COP_UNUSABLE:
		cpu_exception_coprocessor(cpu, word >> 26 & 3);
		break;

	default:
		if (family == FAMILY_MIPS32)
			execute_mips32(cpu, op, word);
		else if (mips_op_info[op].flags & MIPS_FLAG_COP0)
			execute_system161(cpu, op, word);
		else
			cpu_exception(cpu, EXCEPTION_RESERVED, 0, true);
		break;
	}
	gpr[0] = 0;
}

static void count_instruction(const struct cpu *cpu, uint32_t pc)
{
	uint32_t at = (pc - cpu->counts->low) / 4;

	if (pc >= cpu->counts->low && at < cpu->counts->words)
		cpu->counts->counts[at]++;
}

/* With what it does on the trace, where each thing appears as it happens, and counted. */
static void execute_traced(struct cpu *cpu, uint32_t word)
{
	uint64_t exceptions = cpu->exceptions, stalls = cpu->stalls;
	uint32_t pc = cpu->delay_slot ? cpu->exception_pc + 4 : cpu->exception_pc;
	bool shown = is_traced(cpu, TRACE_PROCESSOR | CPU_COUNTS) && cpu_trace_instruction(cpu, word);
	struct observed seen;

	if (is_traced(cpu, CPU_OBSERVED))
		observe_before(cpu, word, &seen);
	execute(cpu, word, FAMILY_MIPS161);
	if (is_traced(cpu, CPU_OBSERVED))
		observe_after(cpu, &seen);
	if (is_traced(cpu, CPU_COUNTS) && cpu->exceptions == exceptions && cpu->stalls == stalls)
		count_instruction(cpu, pc);
	if (shown)
		cpu_trace_result(cpu, word, cpu->exceptions != exceptions, cpu->stalls != stalls);
}

FOR_FAMILY void step161(struct cpu *cpu)
{
	/* Step 1. */
	if (cpu->jump_pending) {
		cpu->jump_pending = false;
		cpu->delay_slot = true;
	} else {
		cpu->exception_pc = cpu->pc;
	}

	/* Step 2: the handler's first instruction executes in this same cycle. */
	if (mips161_interrupt_due(cpu)) {
		if (is_traced(cpu, TRACE_INTERRUPT))
			cpu_trace_taking_interrupt(cpu);
		cpu_exception(cpu, EXCEPTION_INTERRUPT, 0, false);
		cpu->exception_pc = cpu->pc;
	}

	/* Nothing was mapped if a look-up was left to an RFE that then was not executed. */
	if (__builtin_expect(cpu->pc_frame == NO_FRAME, 0) && !cpu_map_pc(cpu)) {
		cpu->budget--;
		return;
	}

	/* Step 4. */
	uint32_t word = memory_read_word_in(cpu->memory, cpu->pc_frame | (cpu->pc & ~PAGE_MASK), true);
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
	if (is_traced(cpu, TRACE_PROCESSOR | CPU_COUNTS | CPU_OBSERVED))
		execute_traced(cpu, word);
	else
		execute(cpu, word, FAMILY_MIPS161);
	cpu->delay_slot = false;
	cpu->budget--;
}

static void execute_observed(struct cpu *cpu, uint32_t word)
{
	struct observed seen;

	observe_before(cpu, word, &seen);
	execute(cpu, word, FAMILY_MIPS32);
	observe_after(cpu, &seen);
}

/* A cycle of MIPS32: nothing is looked at before its time. */
FOR_FAMILY void step32(struct cpu *cpu)
{
	uint32_t word;

	if (cpu->jump_pending) {
		cpu->jump_pending = false;
		cpu->delay_slot = true;
	} else {
		cpu->exception_pc = cpu->pc;
	}
	if (cpu_interrupt_due(cpu)) {
		cpu_exception(cpu, EXCEPTION_INTERRUPT, 0, false);
		cpu->exception_pc = cpu->pc;
	}
	if (mips32_fetch(cpu, &word)) {
		cpu->pc = cpu->next_pc;
		cpu->next_pc += 4;
		if (is_traced(cpu, CPU_OBSERVED))
			execute_observed(cpu, word);
		else
			execute(cpu, word, FAMILY_MIPS32);
	}
	cpu->delay_slot = false;
	cpu->budget--;
}

FOR_FAMILY void step(struct cpu *cpu, enum cpu_family family)
{
	if (family == FAMILY_MIPS32)
		step32(cpu);
	else
		step161(cpu);
}

FOR_FAMILY void run(struct cpu *cpu, enum cpu_family family)
{
	while (cpu->budget > 0 && !cpu->attention && !debug_stops(cpu))
		step(cpu, family);
}

FOR_FAMILY void run_block(struct cpu *cpu, enum cpu_family family)
{
	cpu->transfer = TRANSFER_NONE;
	while (cpu->budget > 0 && !cpu->attention && !debug_stops(cpu)) {
		bool in_slot = cpu->transfer == TRANSFER_BRANCH;

		step(cpu, family);
		if (cpu->transfer == TRANSFER_NOW || in_slot)
			return;
	}
}

void reference_step(struct cpu *cpu)
{
	step(cpu, cpu->model->family);
}

uint64_t reference_run_in_turn(struct cpu *const *cpus, unsigned count, uint64_t cycles, struct cpu **current)
{
	for (uint64_t done = 0; done < cycles; done++) {
		for (unsigned i = 0; i < count; i++) {
			*current = cpus[i];
			if (debug_stops(cpus[i]))
				return done;
			step(cpus[i], cpus[i]->model->family);
			if (cpus[i]->attention)
				return done;
		}
	}
	return cycles;
}

void reference_run(struct cpu *cpu)
{
	if (is_mips32(cpu))
		run(cpu, FAMILY_MIPS32);
	else
		run(cpu, FAMILY_MIPS161);
}

void reference_run_block(struct cpu *cpu)
{
	if (is_mips32(cpu))
		run_block(cpu, FAMILY_MIPS32);
	else
		run_block(cpu, FAMILY_MIPS161);
}
