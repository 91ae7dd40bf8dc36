/* What MIPS32 release 2 adds to the operations of threaded_ops.h: included as code after it, under the same terms. */
/* clang-format off */
#define A	gpr[op->a]
#define B	gpr[op->b]
#define C	gpr[op->c]
#define IMM	((uint32_t)op->imm)
#define HILO	((uint64_t)cpu->hi << 32 | cpu->lo)

OP(ROTR) /* by 1 to 31 */
	A = B >> IMM | B << (32 - IMM);
	NEXT;
OP(ROTRV)
	A = B >> (C & 31) | B << (-C & 31);
	NEXT;
OP(MOVZ)
	if (C == 0)
		A = B;
	NEXT;
OP(MOVN)
	if (C != 0)
		A = B;
	NEXT;
OP(CLZ)
	A = B ? (uint32_t)__builtin_clz(B) : 32;
	NEXT;
OP(CLO)
	A = ~B ? (uint32_t)__builtin_clz(~B) : 32;
	NEXT;
OP(EXT) /* `c` is the position, `imm` the field's mask at bit 0 */
	A = B >> op->c & IMM;
	NEXT;
OP(INS) /* `c` is the position, `imm` the field's mask in place */
	A = (A & ~IMM) | (B << op->c & IMM);
	NEXT;
OP(WSBH)
	A = (B & 0x00FF00FFu) << 8 | (B >> 8 & 0x00FF00FFu);
	NEXT;
OP(SEB)
	A = (uint32_t)(int8_t)B;
	NEXT;
OP(SEH)
	A = (uint32_t)(int16_t)B;
	NEXT;
OP(MUL)
	A = B * C;
	NEXT;

#define MULTIPLY_ADD(name, sum)                                                                              \
	OP(name) {                                                                                           \
		uint64_t result = sum;                                                                       \
		cpu->lo = (uint32_t)result;                                                                  \
		cpu->hi = (uint32_t)(result >> 32);                                                          \
		NEXT;                                                                                        \
	}
	MULTIPLY_ADD(MADD, HILO + (uint64_t)((int64_t)(int32_t)B * (int32_t)C))
	MULTIPLY_ADD(MADDU, HILO + (uint64_t)B * C)
	MULTIPLY_ADD(MSUB, HILO - (uint64_t)((int64_t)(int32_t)B * (int32_t)C))
	MULTIPLY_ADD(MSUBU, HILO - (uint64_t)B * C)
#undef MULTIPLY_ADD

/* Traps that are taken are the reference's. */
#define TRAP(name, condition)                                                                                \
	OP(name)                                                                                             \
		if (condition)                                                                               \
			LEAVE;                                                                               \
		NEXT;
	TRAP(TGE, (int32_t)B >= (int32_t)C)
	TRAP(TGEU, B >= C)
	TRAP(TLT, (int32_t)B < (int32_t)C)
	TRAP(TLTU, B < C)
	TRAP(TEQ, B == C)
	TRAP(TNE, B != C)
	TRAP(TGEI, (int32_t)B >= op->imm)
	TRAP(TGEIU, B >= IMM)
	TRAP(TLTI, (int32_t)B < op->imm)
	TRAP(TLTIU, B < IMM)
	TRAP(TEQI, B == IMM)
	TRAP(TNEI, B != IMM)
#undef TRAP

OP(RDHWR) {
	uint32_t value;

	cpu->budget = BUDGET;
	if (!mips32_hardware_register(cpu, IMM, &value))
		LEAVE;
	A = value;
	NEXT;
}

#undef A
#undef B
#undef C
#undef IMM
#undef HILO
