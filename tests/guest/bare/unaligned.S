/* LWL, LWR, SWL, SWR at each byte of a word, big-endian (section 1.10). */
#include "tests/guest/bare/macros.inc"

.macro load name, instruction, offset
	li	$s0, -1
	\instruction $s0, \offset($s1)
	report	\name, $s0
.endm

.macro store name, instruction, offset
	sw	$s2, 4($s1)
	\instruction $s3, 4+\offset($s1)
	lw	$s0, 4($s1)
	report	\name, $s0
.endm

	.globl	_start
_start:
	set_stack
	lui	$s1, 0x8005		# a word of RAM
	lui	$s2, 0x1122
	ori	$s2, $s2, 0x3344
	lui	$s3, 0xaabb
	ori	$s3, $s3, 0xccdd
	sw	$s2, 0($s1)
	load	lwl-0, lwl, 0
	load	lwl-1, lwl, 1
	load	lwl-2, lwl, 2
	load	lwl-3, lwl, 3
	load	lwr-0, lwr, 0
	load	lwr-1, lwr, 1
	load	lwr-2, lwr, 2
	load	lwr-3, lwr, 3
	store	swl-0, swl, 0
	store	swl-1, swl, 1
	store	swl-2, swl, 2
	store	swl-3, swl, 3
	store	swr-0, swr, 0
	store	swr-1, swr, 1
	store	swr-2, swr, 2
	store	swr-3, swr, 3
	j	finish
	nop
