/* CPUE forgets which processors it has started (section 2.3, and docs/quirks.md): a 1 starts one anew while it runs, a 0 does
 * not stop it. CPU 0 does it to CPU 1 at many points of that one's loop; in the end CPU 1 stops and starts CPU 0. */
#include "tests/guest/bare/macros.inc"

#define SYSCALL_LOOP 12

	.globl	_start
_start:
	set_stack
	use_vectors
	lui	$s0, 0xbfff
	ori	$s0, $s0, 0x8000	# CPU 0's control region
	lui	$s1, 0x8005		# what CPU 1 counts: starts, turns, sum of arguments
	lui	$t0, %hi(second)
	addiu	$t0, $t0, %lo(second)
	sw	$t0, 0x700($s0)		# CRAM of CPU 1
	li	$t0, 0x11
	sw	$t0, 0x704($s0)
	lw	$s2, -0x1ec($s0)	# CPUE
	li	$t0, 3
	sw	$t0, -0x1ec($s0)
	jal	pause
	li	$t9, 40
	lw	$s3, -0x1ec($s0)
	lw	$s4, 4($s1)		# turns
	li	$t0, 1
	sw	$t0, -0x1ec($s0)	# does not stop it
	jal	pause
	li	$t9, 40
	lw	$s5, 4($s1)
	report	before, $s2
	report	started, $s3
	sltu	$s4, $s4, $s5
	report	goes-on, $s4

	/* Anew at each place of its loop. */
	li	$s2, 24
1:	addiu	$t0, $s2, 0x100
	sw	$t0, 0x704($s0)
	li	$t0, 3
	sw	$t0, -0x1ec($s0)
	jal	pause
	move	$t9, $s2
	bnez	$s2, 1b
	addiu	$s2, $s2, -1
	lw	$s3, 0($s1)
	lw	$s4, 4($s1)
	lw	$s5, 8($s1)
	report	starts, $s3
	report	turns, $s4
	report	arguments, $s5

	/* The first instruction at the entry is a system call; where it was about to execute a delay slot, it is in one. */
	lui	$t0, %hi(calls)
	addiu	$t0, $t0, %lo(calls)
	sw	$t0, 0x700($s0)
	sw	$zero, 12($s1)
	li	$s2, SYSCALL_LOOP
1:	li	$t0, 3
	sw	$t0, -0x1ec($s0)
	jal	pause
	addiu	$t9, $s2, 30
	bnez	$s2, 1b
	addiu	$s2, $s2, -1
	lw	$s3, 12($s1)
	lw	$s4, 16($s1)
	report	causes, $s3
	report	epcs, $s4

	/* CPU 1 stops CPU 0, and starts it elsewhere. */
	lui	$t0, %hi(stops)
	addiu	$t0, $t0, %lo(stops)
	sw	$t0, 0x700($s0)
	lui	$t0, %hi(again)
	addiu	$t0, $t0, %lo(again)
	sw	$t0, 0x300($s0)
	li	$t0, 3
	sw	$t0, -0x1ec($s0)
2:	b	2b
	addiu	$s6, $s6, 1

again:	# with the stack in CRAM, as any that is started
	set_stack
	lw	$s2, -0x1ec($s0)
	report	again, $s2
	/* It starts itself: the store is the last instruction here. */
	lui	$t0, %hi(itself)
	addiu	$t0, $t0, %lo(itself)
	sw	$t0, 0x300($s0)
	li	$s3, 1
	sw	$s3, -0x1ec($s0)
	li	$s3, 2
	li	$s3, 3
itself:
	set_stack
	report	itself, $s3
	/* The same from a delay slot. */
	lui	$t0, %hi(in_slot)
	addiu	$t0, $t0, %lo(in_slot)
	sw	$t0, 0x300($s0)
	li	$s3, 1
	b	3f
	sw	$s3, -0x1ec($s0)
3:	li	$s3, 2
	li	$s3, 3
in_slot:
	set_stack
	report	slot, $s3
	j	finish
	nop

/* Some cycles: 2 for each of t9. */
pause:	bnez	$t9, pause
	addiu	$t9, $t9, -1
	jr	$ra
	nop

second:
	mtc0	$zero, CP0_STATUS
	resume_at called
	lui	$t8, 0x8005
	lw	$t0, 0($t8)
	addiu	$t0, $t0, 1
	sw	$t0, 0($t8)
	lw	$t0, 8($t8)
	addu	$t0, $t0, $a0
	sw	$t0, 8($t8)
1:	lw	$t0, 4($t8)
	bgez	$t0, 2f
	addiu	$t0, $t0, 1
2:	j	3f
	sw	$t0, 4($t8)
	nop
3:	beqz	$zero, 1b
	nop

calls:	syscall
	nop
called:	# vectors.S has noted it; $k1 is the record
	lui	$t8, 0x8005
	lw	$t0, 4($k1)		# Cause
	lw	$t1, 12($t8)
	sll	$t2, $t1, 3
	srl	$t1, $t1, 29
	or	$t1, $t1, $t2
	xor	$t1, $t1, $t0
	sw	$t1, 12($t8)
	lw	$t0, 8($k1)		# EPC
	lw	$t1, 16($t8)
	addu	$t1, $t1, $t0
	sw	$t1, 16($t8)
1:	nop
	bnez	$k1, 2f
	nop
2:	b	1b
	nop

stops:	lui	$t0, 0xbfff
	ori	$t0, $t0, 0x8000
	li	$t1, 0
	sw	$t1, -0x1ec($t0)	# both 0: only CPU 0 stops
	li	$t1, 1
	sw	$t1, -0x1ec($t0)	# which is started again
3:	.word	0x42000020		# wait
	b	3b
	nop
