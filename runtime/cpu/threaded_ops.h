/* What decoded operations do, once for all places that execute them: included as code, with no guards. The
 * includer defines
 *
 *   OP(name)     the label of an operation
 *   NEXT         done; on to the next instruction
 *   LEAVE        nothing done; the reference interpreter does this one
 *   STALL        HI or LO are busy: one cycle passes; comes back if that was all, or does not
 *   CYCLES       active cycles before this one
 *   BUDGET       cycles left, this one included
 *   FOR_MIPS32, FOR_BIG_ENDIAN
 *                1 or 0: the kind of processor; else MIPS-161
 *
 *   FIND_WRITABLE, TOUCH_READ(at), TOUCH_WRITE(at), if need be: instead of threaded_find_writable; `at` is about to be read
 *                or written
 *
 * and has cpu, gpr, op, ram, code_map, direct_size (bytes of RAM reached through kseg0 in this mode), data_tlb, asid. */
/* clang-format off */
#define A	gpr[op->a]
#define B	gpr[op->b]
#define C	gpr[op->c]
#define IMM	((uint32_t)op->imm)
#define ADDRESS (B + IMM)
#ifndef FIND_WRITABLE
#define FIND_WRITABLE threaded_find_writable
#define TOUCH_READ(at)
#define TOUCH_WRITE(at)
#define DEFAULT_TOUCH
#endif
#define BIG	FOR_BIG_ENDIAN

/* Whether HI or LO cannot be used yet. */
#define BUSY(reg)    (!FOR_MIPS32 && CYCLES < cpu->reg##_ready)
#define USE(ready)   (void)(FOR_MIPS32 || ((ready) = CYCLES + HILO_LATENCY))
#define USE_BOTH     (void)(FOR_MIPS32 || (cpu->hi_ready = cpu->lo_ready = CYCLES + HILO_LATENCY))
/* MIPS-161's look-ups show in EntryHi. */
#define LOOK_UP(va)  (void)(FOR_MIPS32 || planted(BUG_DECODED_LOOKUP) || (cpu->lookup_va = (va)))
/* How far the part of a word that LWL and SWL, or LWR and SWR, touch is from its other end. */
#define PARTIAL_SHIFT(va, left) ((left) == BIG ? 8 * ((va) & 3) : 24 - 8 * ((va) & 3))

OP(NOP)
	NEXT;
OP(MOVE)
	A = B;
	NEXT;
OP(LI)
	A = IMM;
	NEXT;
OP(SLL)
	A = B << IMM;
	NEXT;
OP(SRL)
	A = B >> IMM;
	NEXT;
OP(SRA)
	A = (uint32_t)((int32_t)B >> IMM);
	NEXT;
OP(SLLV)
	A = B << (C & 31);
	NEXT;
OP(SRLV)
	A = B >> (C & 31);
	NEXT;
OP(SRAV)
	A = (uint32_t)((int32_t)B >> (C & 31));
	NEXT;
OP(ADDU)
	A = B + C;
	NEXT;
OP(SUBU)
	A = B - C;
	NEXT;
OP(AND)
	A = B & C;
	NEXT;
OP(OR)
	A = B | C;
	NEXT;
OP(XOR)
	A = B ^ C;
	NEXT;
OP(NOR)
	A = ~(B | C);
	NEXT;
OP(SLT)
	A = (int32_t)B < (int32_t)C;
	NEXT;
OP(SLTU)
	A = B < C;
	NEXT;
OP(ADDIU)
	A = B + IMM;
	NEXT;
OP(SLTI)
	A = (int32_t)B < op->imm;
	NEXT;
OP(SLTIU)
	A = B < IMM;
	NEXT;
OP(ANDI)
	A = B & IMM;
	NEXT;
OP(ORI)
	A = B | IMM;
	NEXT;
OP(XORI)
	A = B ^ IMM;
	NEXT;

/* With overflow. */
OP(ADD) {
	int32_t sum;

	if (__builtin_add_overflow((int32_t)B, (int32_t)C, &sum))
		LEAVE;
	A = (uint32_t)sum;
	NEXT;
}
OP(SUB) {
	int32_t difference;

	if (__builtin_sub_overflow((int32_t)B, (int32_t)C, &difference))
		LEAVE;
	A = (uint32_t)difference;
	NEXT;
}
OP(ADDI) {
	int32_t sum;

	if (__builtin_add_overflow((int32_t)B, op->imm, &sum))
		LEAVE;
	A = (uint32_t)sum;
	NEXT;
}

OP(MFHI)
	if (BUSY(hi))
		STALL;
	A = cpu->hi;
	USE(cpu->hi_ready);
	NEXT;
OP(MTHI)
	if (BUSY(hi))
		STALL;
	cpu->hi = B;
	USE(cpu->hi_ready);
	NEXT;
OP(MFLO)
	if (BUSY(lo))
		STALL;
	A = cpu->lo;
	USE(cpu->lo_ready);
	NEXT;
OP(MTLO)
	if (BUSY(lo))
		STALL;
	cpu->lo = B;
	USE(cpu->lo_ready);
	NEXT;
OP(MULT) {
	uint64_t product;

	if (BUSY(hi) || BUSY(lo))
		STALL;
	product = (uint64_t)((int64_t)(int32_t)B * (int32_t)C);
	cpu->lo = (uint32_t)product;
	cpu->hi = (uint32_t)(product >> 32);
	USE_BOTH;
	NEXT;
}
OP(MULTU) {
	uint64_t product;

	if (BUSY(hi) || BUSY(lo))
		STALL;
	product = (uint64_t)B * C;
	cpu->lo = (uint32_t)product;
	cpu->hi = (uint32_t)(product >> 32);
	USE_BOTH;
	NEXT;
}
OP(DIV)
	if (BUSY(hi) || BUSY(lo))
		STALL;
	divide(cpu, (int32_t)B, (int32_t)C, FOR_MIPS32);
	USE_BOTH;
	NEXT;
OP(DIVU)
	if (BUSY(hi) || BUSY(lo))
		STALL;
	divide_unsigned(cpu, B, C, FOR_MIPS32);
	USE_BOTH;
	NEXT;

/* `at`: where an address is in memory, NULL if the access is the reference's. The first test covers RAM in kseg0 and
 * misalignment at once. */
#define READABLE(va, size)                                                                                   \
	const uint8_t *at = ram + ((va)-KSEG0_BASE);                                                         \
	if (__builtin_expect(!within_direct((va)-KSEG0_BASE, size, direct_size), 0)) {                       \
		const struct soft_tlb_entry *entry = &data_tlb[(va) >> 12 & (SOFT_TLB_SIZE - 1)];            \
		if (__builtin_expect(entry->read_tag == (((va) & (PAGE_MASK | ((size)-1))) | asid), 1)) {    \
			LOOK_UP(va);                                                                         \
			at = (const uint8_t *)(uintptr_t)(entry->addend + (va));                             \
		} else if (!(at = threaded_find_readable(cpu, va, size))) {                                  \
			LEAVE;                                                                               \
		}                                                                                            \
	}                                                                                                    \
	TOUCH_READ(at);

OP(LB) {
	uint32_t va = ADDRESS;
	READABLE(va, 1)
	A = (uint32_t)(int8_t)*at;
	NEXT;
}
OP(LBU) {
	uint32_t va = ADDRESS;
	READABLE(va, 1)
	A = *at;
	NEXT;
}
OP(LH) {
	uint32_t va = ADDRESS;
	READABLE(va, 2)
	A = (uint32_t)(int16_t)get_half(at, BIG);
	NEXT;
}
OP(LHU) {
	uint32_t va = ADDRESS;
	READABLE(va, 2)
	A = get_half(at, BIG);
	NEXT;
}
OP(LW) {
	uint32_t va = ADDRESS;
	READABLE(va, 4)
	A = get_word(at, BIG);
	NEXT;
}
OP(LWL) {
	uint32_t va = ADDRESS, word_va = va & ~3u, shift = PARTIAL_SHIFT(va, 1);
	READABLE(word_va, 4)
	A = (A & ~(UINT32_MAX << shift)) | get_word(at, BIG) << shift;
	NEXT;
}
OP(LWR) {
	uint32_t va = ADDRESS, word_va = va & ~3u, shift = PARTIAL_SHIFT(va, 0);
	READABLE(word_va, 4)
	A = (A & ~(UINT32_MAX >> shift)) | get_word(at, BIG) >> shift;
	NEXT;
}
OP(LL) {
	uint32_t va = ADDRESS;
	READABLE(va, 4)
	cpu->ll_active = true;
	cpu->ll_address = va;
	cpu->ll_value = get_word(at, BIG);
	cpu->ll_count++;
	A = cpu->ll_value;
	NEXT;
}

/* `at`: where to store. Whoever has code there is told; if that is this interpreter, `op` is empty afterwards. */
#define WRITABLE(va, size)                                                                                   \
	uint8_t *at = ram + ((va)-KSEG0_BASE);                                                               \
	if (__builtin_expect(!within_direct((va)-KSEG0_BASE, size, direct_size) ||                           \
				 code_map[((va)-KSEG0_BASE) >> CODE_GRANULE_SHIFT],                          \
			     0)) {                                                                           \
		const struct soft_tlb_entry *entry = &data_tlb[(va) >> 12 & (SOFT_TLB_SIZE - 1)];            \
		if (__builtin_expect(entry->write_tag == (((va) & (PAGE_MASK | ((size)-1))) | asid), 1)) {   \
			LOOK_UP(va);                                                                         \
			at = (uint8_t *)(uintptr_t)(entry->addend + (va));                                   \
		} else if (!(at = FIND_WRITABLE(cpu, va, size))) {                                           \
			LEAVE;                                                                               \
		}                                                                                            \
	}                                                                                                    \
	TOUCH_WRITE(at);

OP(SB) {
	uint32_t va = ADDRESS, value = C;
	WRITABLE(va, 1)
	*at = (uint8_t)value;
	NEXT;
}
OP(SH) {
	uint32_t va = ADDRESS, value = C;
	WRITABLE(va, 2)
	put_half(at, value, BIG);
	NEXT;
}
OP(SW) {
	uint32_t va = ADDRESS, value = C;
	WRITABLE(va, 4)
	put_word(at, value, BIG);
	NEXT;
}
OP(SWL) {
	uint32_t va = ADDRESS, value = C, word_va = va & ~3u, shift = PARTIAL_SHIFT(va, 1);
	WRITABLE(word_va, 4)
	put_word(at, (get_word(at, BIG) & ~(UINT32_MAX >> shift)) | value >> shift, BIG);
	NEXT;
}
OP(SWR) {
	uint32_t va = ADDRESS, value = C, word_va = va & ~3u, shift = PARTIAL_SHIFT(va, 0);
	WRITABLE(word_va, 4)
	put_word(at, (get_word(at, BIG) & ~(UINT32_MAX << shift)) | value << shift, BIG);
	NEXT;
}
OP(SC) {
	uint32_t va = ADDRESS, *reg = &A;
	bool stored = false;

	if (FOR_MIPS32 && (va & 3))
		LEAVE;
	if (cpu->ll_active && cpu->ll_address == va) {
		WRITABLE(va, 4)
		stored = get_word(at, BIG) == cpu->ll_value;
		if (stored)
			put_word(at, *reg, BIG);
	}
	if (FOR_MIPS32 && !planted(BUG_DECODED_LINK))
		cpu->ll_active = false;
	if (stored)
		cpu->sc_succeeded++;
	else
		cpu->sc_failed++;
	*reg = stored;
	NEXT;
}
OP(SYNC)
	cpu->sync_count++;
	NEXT;
OP(MFC0)
	if (cpu_user_mode(cpu))
		LEAVE;
	cpu->budget = BUDGET;
	A = cp0_read(cpu, (unsigned)op->imm);
	NEXT;
OP(PRIVILEGED_NOP)
	if (cpu_user_mode(cpu))
		LEAVE;
	NEXT;
OP(WAIT)
	/* Only where it does nothing. */
	if (cpu_user_mode(cpu) || !(cpu->cause & cpu->model->lift.wait_passes))
		LEAVE;
	NEXT;

#undef READABLE
#undef WRITABLE
#undef A
#undef B
#undef C
#undef IMM
#undef ADDRESS
#undef BIG
#undef BUSY
#undef USE
#undef USE_BOTH
#undef LOOK_UP
#undef PARTIAL_SHIFT
#ifdef DEFAULT_TOUCH
#undef FIND_WRITABLE
#undef TOUCH_READ
#undef TOUCH_WRITE
#undef DEFAULT_TOUCH
#endif
