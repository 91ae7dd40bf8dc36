/* User programs: start, system calls, atomic operations. */
#include "tests/guest/common/abi.h"

	.set	noreorder

	.section .text.start, "ax"
	.globl	_start
_start:
	jal	main			# a0 is the argument string, from exec
	nop
	move	$a0, $v0
	.globl	sys_exit
sys_exit:
	li	$v0, SYS_EXIT
	syscall

	.text

.macro call name, number
	.globl	\name
\name:
	li	$v0, \number
	syscall
	jr	$ra
	nop
.endm

	call	sys_fork, SYS_FORK
	call	sys_exec, SYS_EXEC
	call	sys_wait, SYS_WAIT
	call	sys_getpid, SYS_GETPID
	call	sys_yield, SYS_YIELD
	call	sys_write, SYS_WRITE
	call	sys_sbrk, SYS_SBRK
	call	sys_share, SYS_SHARE
	call	sys_time, SYS_TIME
	call	sys_sleep, SYS_SLEEP
	call	sys_disk_read, SYS_DISK_READ
	call	sys_disk_write, SYS_DISK_WRITE
	call	sys_send, SYS_SEND
	call	sys_receive, SYS_RECEIVE
	call	sys_random, SYS_RANDOM

/* int sys_raw(number, a0, a1, a2): any call, valid or not */
	.globl	sys_raw
sys_raw:
	move	$v0, $a0
	move	$a0, $a1
	move	$a1, $a2
	move	$a2, $a3
	syscall
	jr	$ra
	nop

	.set	mips2

/* bool atomic_compare_swap(volatile uint32_t *word, uint32_t expected, uint32_t value) */
	.globl	atomic_compare_swap
atomic_compare_swap:
1:	ll	$t0, 0($a0)
	bne	$t0, $a1, 2f
	move	$v0, $a2
	sc	$v0, 0($a0)
	beq	$v0, $zero, 1b
	nop
	sync
	jr	$ra
	nop
2:	jr	$ra
	move	$v0, $zero

/* uint32_t atomic_add(volatile uint32_t *word, uint32_t value) */
	.globl	atomic_add
atomic_add:
1:	ll	$t0, 0($a0)
	addu	$v0, $t0, $a1
	move	$t0, $v0
	sc	$t0, 0($a0)
	beq	$t0, $zero, 1b
	nop
	sync
	jr	$ra
	nop
