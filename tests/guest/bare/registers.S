/* CP0 registers: what they hold at power-up, and which of their bits can be written (sections 1.2, 1.8). */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	mfc0	$s0, CP0_RANDOM		# first instruction
	mfc0	$s1, CP0_COUNT		# second
	mfc0	$s2, CP0_RANDOM		# third
	mfc0	$s3, CP0_COUNT		# fourth
	mfc0	$s4, CP0_ENTRYHI
	mfc0	$s5, CP0_STATUS
	set_stack
	report	random-1, $s0
	report	count-2, $s1
	report	random-3, $s2
	report	count-4, $s3
	report	entryhi, $s4
	report	status, $s5
	mfc0	$s0, CP0_PRID
	.word	0x40117801		# mfc0 s1, $15, 1
	mfc0	$s2, CP0_CONFIG
	.word	0x40138001		# mfc0 s3, $16, 1
	report	prid, $s0
	report	cfeat, $s1
	report	config0, $s2
	report	config1, $s3
	li	$t0, -1
	mtc0	$t0, CP0_CONTEXT
	mtc0	$t0, CP0_BADVADDR
	mtc0	$t0, CP0_ENTRYHI
	mtc0	$t0, CP0_ENTRYLO
	mtc0	$t0, CP0_INDEX
	mfc0	$s0, CP0_CONTEXT
	mfc0	$s1, CP0_BADVADDR
	mfc0	$s2, CP0_ENTRYHI
	mfc0	$s3, CP0_ENTRYLO
	mfc0	$s4, CP0_INDEX
	lui	$t0, 0xfffc
	ori	$t0, $t0, 0xfffc
	mtc0	$t0, CP0_STATUS
	mfc0	$s5, CP0_STATUS
	mtc0	$zero, CP0_STATUS
	report	context-written, $s0
	report	badvaddr-written, $s1
	report	entryhi-written, $s2
	report	entrylo-written, $s3
	report	index-written, $s4
	report	status-written, $s5
	j	finish
	nop
