/* SC compares with the value that LL saw; only an exception makes it fail otherwise (section 1.14). */
#include "tests/guest/bare/macros.inc"

	.set	mips2
	.globl	_start
_start:
	use_vectors
	set_stack
	lui	$t0, 0x8005		# a word of RAM
	sw	$zero, 0($t0)
	ll	$t1, 0($t0)
	li	$s0, 5
	sc	$s0, 0($t0)
	sw	$zero, 0($t0)		# the old value again
	li	$s1, 6
	sc	$s1, 0($t0)
	li	$s2, 7
	sc	$s2, 0($t0)		# now memory holds 6
	lw	$s3, 0($t0)

	ll	$t1, 0($t0)
	resume_at 1f
	syscall
1:	li	$s4, 8
	sc	$s4, 0($t0)

	ll	$t1, 0($t0)
	li	$s5, 9
	sc	$s5, 4($t0)		# another address
	report	sc, $s0
	report	sc-restored, $s1
	report	sc-changed, $s2
	report	memory, $s3
	report	sc-after-syscall, $s4
	report	sc-elsewhere, $s5
	j	finish
	nop
