/*
 * EntryHi follows each look-up, also those that a HI/LO stall makes anew for the instruction that waits (section
 * 1.7): after a load from page 5, `mult; mflo` in page 1 leaves page 1 there, with one instruction between them
 * page 5.
 */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	use_vectors
	set_stack
	lui	$t2, %hi(mapped)
	addiu	$t2, $t2, %lo(mapped)
	lui	$t1, 0x1fff
	ori	$t1, $t1, 0xffff
	and	$t2, $t2, $t1		# its physical address
	ori	$t2, $t2, ENTRYLO_VALID
	li	$t1, 0x1000
	mtc0	$t1, CP0_ENTRYHI
	mtc0	$t2, CP0_ENTRYLO
	mtc0	$zero, CP0_INDEX
	tlbwi
	li	$t1, 0x5000
	mtc0	$t1, CP0_ENTRYHI
	li	$t3, 1 << INDEX_SHIFT
	mtc0	$t3, CP0_INDEX
	tlbwi				# the same frame once more
	li	$t0, 0x1000
	jalr	$t0
	nop
	report	stalled, $s0
	report	apart, $s1
	j	finish
	nop

	.section .mapped, "ax"
mapped:
	lw	$t2, 0($t1)
	mult	$t2, $t2
	mflo	$t3
	mfc0	$s0, CP0_ENTRYHI
	lw	$t2, 0($t1)
	mult	$t2, $t2
	nop
	mflo	$t3
	mfc0	$s1, CP0_ENTRYHI
	jr	$ra
	nop
