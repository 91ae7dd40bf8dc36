/*
 * The bus timer, 1 ms, started by the sixth instruction, while the CPU spins with interrupts on. With no other
 * event near, the run of 50000 cycles goes to its end first (section 6.4): the interrupt comes a millisecond late.
 */
#include "tests/guest/bare/macros.inc"

	.section .vectors, "ax"
	.org	0x80
	lw	$s0, TIMER_NANOSECONDS($t0)
	lw	$s1, TIMER_INTERRUPT($t0)
	mfc0	$s2, CP0_CAUSE
	mfc0	$s3, CP0_STATUS
	j	done
	nop

	.text
	.globl	_start
_start:
	lui	$t0, 0xbffd		# timer, slot 29
	li	$t1, 1000
	li	$t2, STATUS_IM_BUS|STATUS_IEC
	mtc0	$t2, CP0_STATUS
	nop
	sw	$t1, TIMER_COUNTDOWN($t0)
1:	b	1b
	nop
done:
	set_stack
	report	nsec, $s0
	report	irq, $s1
	report	cause, $s2
	report	status, $s3
	j	finish
	nop
