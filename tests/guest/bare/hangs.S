/* One programming error of section 5.7, or another end, chosen by the first letter of the kernel's argument. Without a
 * letter: power-off. */
	.set	noreorder

#define CASE(letter, label)	li $9, letter; beq $8, $9, label; nop

	.globl	_start
_start:
	lb	$8, 0($4)
	lui	$16, 0xbfe0		# serial
	lui	$17, 0xbfe1		# disk
	lui	$18, 0xbfe2		# emufs
	lui	$19, 0xbfe3		# nic
	lui	$20, 0xbffd		# timer
	lui	$21, 0xbffe		# trace
	lui	$22, 0xbfff		# bus controller
	ori	$23, $22, 0x8000	# processors
	CASE('a', duplicate)
	CASE('b', cache_control)
	CASE('c', misaligned_entry)
	CASE('d', invalid_entry)
	CASE('e', power_state)
	CASE('f', power_read)
	CASE('g', timer_read)
	CASE('h', timer_write)
	CASE('i', disk_write)
	CASE('j', nic_interrupt)
	CASE('k', nic_control)
	CASE('l', nic_busy)
	CASE('m', nic_length)
	CASE('n', emufs_busy)
	CASE('o', trace_code)
	CASE('s', stop)
	CASE('t', beep)
	CASE('u', stop_twice)
	CASE('v', too_many_events)
off:
	sw	$0, 0x7e08($22)
1:	.word	0x42000020
	b	1b
	nop

duplicate:
	li	$9, 0x5000
	mtc0	$9, $10
	li	$9, 0x300
	mtc0	$9, $2
	mtc0	$0, $0
	tlbwi
	mtc0	$9, $0
	tlbwi
	b	off
	nop
cache_control:
	lui	$9, 1
	mtc0	$9, $12
	b	off
	nop
misaligned_entry:
	lui	$9, 0x8000
	ori	$9, $9, 0x401
	sw	$9, 0x700($23)
	li	$9, 3
	sw	$9, 0x7e14($22)
	b	off
	nop
invalid_entry:
	li	$9, 0x4000
	sw	$9, 0x700($23)
	li	$9, 3
	sw	$9, 0x7e14($22)
	b	off
	nop
power_state:
	li	$9, 1
	sw	$9, 0x7e08($22)
	b	off
	nop
power_read:
	lw	$9, 0x7e08($22)
	b	off
	nop
timer_read:
	lw	$9, 0x18($20)
	b	off
	nop
timer_write:
	sw	$9, 0x0c($20)
	b	off
	nop
disk_write:
	li	$9, 2
	sw	$9, 4($17)
	b	off
	nop
nic_interrupt:
	li	$9, 2
	sw	$9, 0($19)
	b	off
	nop
nic_control:
	li	$9, 4
	sw	$9, 8($19)
	b	off
	nop
nic_busy:
	li	$9, 2
	sw	$9, 8($19)
	sw	$9, 8($19)
	b	off
	nop
nic_length:
	ori	$10, $19, 0x9000
	li	$9, -1
	sw	$9, 4($10)
	li	$9, 2
	sw	$9, 8($19)
1:	.word	0x42000020
	b	1b
	nop
emufs_busy:
	li	$9, 8
	sw	$9, 12($18)
	sw	$9, 12($18)
	b	off
	nop
trace_code:
	li	$9, 'z'
	sw	$9, 0($21)
	b	off
	nop
stop_twice:
	sw	$9, 16($21)
	nop
	nop
stop:
	sw	$9, 16($21)
	b	off
	nop
beep:
	sw	$9, 20($20)
	b	off
	nop
too_many_events:
	lui	$10, 0x7fff		# microseconds: they stay in the queue
	li	$9, 1025
1:	sw	$10, 16($20)
	addiu	$9, $9, -1
	bnez	$9, 1b
	nop
	b	off
	nop
