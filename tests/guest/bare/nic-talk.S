/* Sends a broadcast every 20 ms and listens, until it has heard 20 frames of another card and told it for a while
 * longer; then says how many it has heard in all, at least (sections 3.5, 3.7). Ends at the latest after 400 ticks. */
	.set	noreorder
	.globl	_start
_start:
	lui	$8, 0xbffe		# trace
	lui	$9, 0xbffd		# timer
	lui	$11, 0xbfe3		# nic
	ori	$14, $11, 0x9000	# transmit buffer
	ori	$15, $11, 0x8000	# receive buffer
	lw	$20, 12($11)		# our address
	li	$10, 1
	sw	$10, 8($9)
	li	$10, 20000
	sw	$10, 16($9)
	li	$16, 400		# ticks left
	li	$17, 0			# frames heard
	li	$21, 100		# ticks after the 20th

loop:
	.word	0x42000020		# wait
	lw	$12, 0($11)
	beq	$12, $0, 1f
	lw	$12, 0($15)		# magic, source
	sw	$0, 0($11)
	andi	$12, $12, 0xffff
	beq	$12, $20, 1f
	nop
	addiu	$17, $17, 1
1:	sw	$0, 4($11)
	lw	$12, 12($9)
	beq	$12, $0, loop		# not a tick
	lw	$12, 8($11)
	andi	$12, $12, 2
	bne	$12, $0, 2f		# still sending
	lui	$12, 12
	ori	$12, $12, 0xffff
	sw	$12, 4($14)
	sw	$17, 8($14)
	li	$12, 2
	sw	$12, 8($11)
2:	slti	$12, $17, 20
	bne	$12, $0, 3f
	nop
	addiu	$21, $21, -1
	beq	$21, $0, done
	nop
3:	addiu	$16, $16, -1
	bne	$16, $0, loop
	nop
done:
	slti	$12, $17, 20
	xori	$12, $12, 1
	sw	$12, 8($8)		# 1: heard enough
	sw	$0, 8($9)
	lui	$13, 0xbfff
	sw	$0, 0x7e08($13)
4:	.word	0x42000020
	sw	$0, 0($11)
	lw	$12, 12($9)
	b	4b
	sw	$0, 4($11)
