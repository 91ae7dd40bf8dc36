/*
 * The end of a page (section 1.5): the instruction at offset 0xff8 is not executed while the next page is
 * unmapped, and the fault is no cycle for Count and Random.
 */
#include "tests/guest/bare/macros.inc"

	.section .vectors, "ax"
	mflo	$s0			# stalls: the handler comes right after the multiplication
	mfc0	$s1, CP0_COUNT
	mfc0	$s2, CP0_RANDOM
	mfc0	$s3, CP0_EPC
	mfc0	$s4, CP0_CAUSE
	mfc0	$s5, CP0_BADVADDR
	j	done
	nop

	.text
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS
	li	$t0, 0x1000
	mtc0	$t0, CP0_ENTRYHI
	lui	$t1, %hi(mapped - 0x80000000 + ENTRYLO_VALID)
	addiu	$t1, $t1, %lo(mapped - 0x80000000 + ENTRYLO_VALID)
	mtc0	$t1, CP0_ENTRYLO
	mtc0	$zero, CP0_INDEX
	tlbwi
	li	$t2, 0x1ff0
	nop
	jr	$t2
	nop
done:
	set_stack
	report	count, $s1
	report	random, $s2
	report	epc, $s3
	report	cause, $s4
	report	badvaddr, $s5
	j	finish
	nop

	.section .mapped, "ax"
mapped:
	.space	0xff0
	nop
	mult	$t2, $t2
	nop				# here: the next page is looked up, and is not there
	nop
