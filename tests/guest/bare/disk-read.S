/* The disk's timing (section 3.2): the head starts on the innermost track, sector 0 is on the outermost. */
#include "tests/guest/bare/macros.inc"

/* Reads a sector; leaves the nanoseconds that took, and the final status. */
.macro read sector, time, status
	li	$t2, \sector
	lw	$t3, TIMER_NANOSECONDS($t0)
	sw	$t2, DISK_SECTOR($t1)
	li	$t2, DISK_START_READ
	sw	$t2, DISK_STATUS($t1)
	.word	0x42000020		# wait
	lw	\time, TIMER_NANOSECONDS($t0)
	lw	\status, DISK_STATUS($t1)
	sw	$zero, DISK_STATUS($t1)
	subu	\time, \time, $t3
.endm

	.globl	_start
_start:
	lui	$t0, 0xbffd		# timer, slot 29
	lui	$t1, 0xbfe1		# disk, slot 1
	lw	$s6, DISK_SECTORS($t1)
	read	0, $s0, $s1
	read	1, $s2, $s3
	read	9000, $s4, $s5
	set_stack
	report	sectors, $s6
	report	first, $s0
	report	first-status, $s1
	report	second, $s2
	report	second-status, $s3
	report	far, $s4
	report	far-status, $s5
	lui	$t1, 0xbfe1
	sw	$s6, DISK_SECTOR($t1)	# one past the end: completes at once
	li	$t2, DISK_START_READ
	sw	$t2, DISK_STATUS($t1)
	lw	$s0, DISK_STATUS($t1)
	sw	$zero, DISK_STATUS($t1)
	report	beyond-status, $s0
	j	finish
	nop
