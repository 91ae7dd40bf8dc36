/* Words that are no instructions, and which exception each one raises (section 1.3): see the Cause register. */
#include "tests/guest/bare/macros.inc"

.macro try name, word
	resume_at 1f
	.word	\word
1:	report_exception \name
.endm

	.globl	_start
_start:
	use_vectors
	set_stack
	try	opcode-51, 0xcc000000
	try	cop1, 0x44000000
	try	cop3, 0x4c000000
	try	lwc1, 0xc4000000
	try	ldc1, 0xd4000000
	try	beql, 0x50000000
	try	special2-mul, 0x70000002
	try	movz, 0x0000000a
	try	teq, 0x00000034
	try	bltzl, 0x04020000
	try	eret, 0x42000018
	try	wait-code, 0x42000060
	try	cfc0, 0x40400000
	try	mfc0-3, 0x40081800
	try	mfc0-16.2, 0x40088002
	try	syscall, 0x0000000c
	lui	$t0, 0x7fff
	try	add-overflow, 0x01084020
	j	finish
	nop
