/* How long the serial device takes, polled: on a quiet machine, and with a bus timer running (section 6.4). */
#include "tests/guest/bare/macros.inc"

/* Sends a character and waits until it has gone; leaves the nanoseconds in a register. */
.macro send register
	lw	$t2, TIMER_NANOSECONDS($t0)
	sw	$zero, SERIAL_WRITE_IRQ($t1)
	sw	$t3, SERIAL_CHARACTER($t1)
1:	lw	$t4, SERIAL_WRITE_IRQ($t1)
	andi	$t4, $t4, SERIAL_READY
	beq	$t4, $zero, 1b
	nop
	lw	\register, TIMER_NANOSECONDS($t0)
	subu	\register, \register, $t2
.endm

	.globl	_start
_start:
	lui	$t0, 0xbffd		# timer, slot 29
	lui	$t1, 0xbfe0		# serial, slot 0
	li	$t3, '\n'
	send	$s0
	send	$s1
	li	$t4, 1
	sw	$t4, TIMER_RESTART($t0)
	li	$t4, 1000
	sw	$t4, TIMER_COUNTDOWN($t0)
	send	$s2
	send	$s3
	set_stack
	report	quiet-1, $s0
	report	quiet-2, $s1
	report	busy-1, $s2
	report	busy-2, $s3
	j	finish
	nop
