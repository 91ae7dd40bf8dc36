/* Start of a user program, and its system calls. */
#include "bench/guest/runtime/calls.h"

	.set	noreorder

	.section .header, "a"
	.word	user_start, image_end	# see calls.h

	.text
/* a0: how much work, as for bench_program. */
	.globl	user_start
user_start:
	jal	bench_program
	nop
	.globl	call_exit
call_exit:
	li	$v0, CALL_EXIT
	syscall

	.macro	define_call name, number
	.globl	\name
\name:
	li	$v0, \number
	syscall
	jr	$ra
	nop
	.endm

	.globl	console_put
console_put:
	define_call call_put, CALL_PUT
	define_call call_add, CALL_ADD
	define_call call_unmap, CALL_UNMAP
	define_call call_spawn, CALL_SPAWN
	define_call call_yield, CALL_YIELD
	define_call call_join, CALL_JOIN
