/* What jumps and branches do in lanes, once for both of their loops: included as code, as threaded_ops.h, with what that has
 * defined and
 *
 *   BRANCHED     the block ends with the next instruction
 *   TO_SLOT      a jump to lane->target is taken: on to its delay slot
 */
/* Labels and statements outside of functions are taken for something else. */
/* clang-format off */
#define B gpr[op->b]
#define C gpr[op->c]
#define X(name, condition)                                                                                   \
	near_##name : BRANCHED;                                                                              \
	if (!(condition))                                                                                    \
		NEXT;                                                                                        \
	lane->target = (struct decoded_op *)((char *)op + op->imm);                                          \
	lane->target_page = lane->page;                                                                      \
	lane->target_page_va = lane->page_va;                                                                \
	if (!va_is_direct(lane->page_va))                                                                    \
		cpu->lookup_va = lane->page_va;                                                              \
	TO_SLOT;
	DECODED_NEAR(X)
#undef X
#define X(name, condition)                                                                                   \
	far_##name : target_va = PC + 4 + (uint32_t)op->imm;                                                 \
	if (condition)                                                                                       \
		goto jump;                                                                                   \
	BRANCHED;                                                                                            \
	NEXT;
	DECODED_FAR(X)
#undef X
first_J:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
	goto jump;
first_JR:
	target_va = B;
	goto jump;
first_BLTZAL:
	target_va = PC + 4 + (uint32_t)op->imm;
	if ((int32_t)B < 0)
		goto call;
	goto not_called;
first_BGEZAL:
	target_va = PC + 4 + (uint32_t)op->imm;
	if ((int32_t)B >= 0)
		goto call;
not_called:
	gpr[31] = PC + 8; /* linked all the same */
	BRANCHED;
	NEXT;
first_JALR:
	target_va = B;
	goto call;
first_JAL:
	target_va = ((PC + 4) & 0xF0000000u) | (uint32_t)op->imm;
call:
	if (!lane_jump(lane, target_va))
		goto leave;
	gpr[op->a] = PC + 8;
	BRANCHED;
	TO_SLOT;
jump:
	if (!lane_jump(lane, target_va))
		goto leave;
	BRANCHED;
	TO_SLOT;
#undef B
#undef C
