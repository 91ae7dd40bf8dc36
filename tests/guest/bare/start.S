/* The start of bare programs in C. */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	set_stack
	jal	run
	nop
	j	finish
	nop
