/* The on-chip timer (section 1.9): Count goes back to 0 when it meets Compare; WAIT freezes it. */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	set_stack
	li	$t0, 100
	mtc0	$t0, CP0_COMPARE
	li	$s0, 0
	mtc0	$zero, CP0_COUNT
1:	mfc0	$t1, CP0_CAUSE
	andi	$t1, $t1, CAUSE_TIMER
	beq	$t1, $zero, 1b
	addiu	$s0, $s0, 1
	mfc0	$s1, CP0_COUNT
	mtc0	$t0, CP0_COMPARE	# takes the interrupt back
	mfc0	$s2, CP0_CAUSE

	/* Count above Compare: back to 0 at once. */
	li	$t0, 5000
	mtc0	$t0, CP0_COUNT
	li	$t0, 1000
	mtc0	$t0, CP0_COMPARE
	mfc0	$s3, CP0_COUNT
	mfc0	$s4, CP0_CAUSE

	/* A wait for the bus timer, 2 ms or 50000 cycles long. */
	lui	$t0, 0xbffd		# timer, slot 29
	li	$t1, 2000
	mfc0	$s5, CP0_COUNT
	sw	$t1, TIMER_COUNTDOWN($t0)
	.word	0x42000020		# wait
	mfc0	$s6, CP0_COUNT
	lw	$t1, TIMER_INTERRUPT($t0)
	report	polls, $s0
	report	count-after-match, $s1
	report	cause-after-compare, $s2
	report	count-after-lower-compare, $s3
	report	cause-after-lower-compare, $s4
	subu	$s6, $s6, $s5
	report	count-over-wait, $s6
	j	finish
	nop
