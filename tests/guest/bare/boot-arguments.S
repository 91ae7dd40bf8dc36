/* What CPU 0 starts with: the argument string at the end of RAM, and the stack right below it (section 4.2). */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	move	$s0, $a0
	move	$s1, $sp
	move	$s2, $t9
	lw	$s3, 0($a0)		# the first four characters
	set_stack
	report	a0, $s0
	report	sp, $s1
	report	t9, $s2
	report	string, $s3
	j	finish
	nop
