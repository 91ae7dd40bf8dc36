/* Exception vectors of the bare programs: they note everything, and go on at the address in s7. */
#include "tests/guest/bare/macros.inc"

	.section .vectors, "ax"
	b	record
	li	$k0, 0
	.org	0x80
	li	$k0, 0x80
record:
	lui	$k1, %hi(exception_record)
	addiu	$k1, $k1, %lo(exception_record)
	sw	$k0, 0($k1)
	mfc0	$k0, CP0_CAUSE
	sw	$k0, 4($k1)
	mfc0	$k0, CP0_EPC
	sw	$k0, 8($k1)
	mfc0	$k0, CP0_BADVADDR
	sw	$k0, 12($k1)
	mfc0	$k0, CP0_ENTRYHI
	sw	$k0, 16($k1)
	mfc0	$k0, CP0_CONTEXT
	sw	$k0, 20($k1)
	mfc0	$k0, CP0_STATUS
	sw	$k0, 24($k1)
	jr	$s7
	nop

	.section .bss
	.align	2
	.globl	exception_record
exception_record:
	.space	28
