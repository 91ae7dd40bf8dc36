/* Says that it is there, takes no input for a second and a half, and then writes back whatever comes, up to ^D. It takes a
 * character at once, so that none can come between reading one and clearing READY. Section 3.3. */
#include "tests/guest/bare/macros.inc"

#define DEAF_TURNS 19000000 /* of two instructions, 40 ns each */
#define END	   4
#define BUFFER	   0x8004 /* high half of its address */

	.globl	_start
_start:
	lui	$t1, 0xbfe0		# serial, slot 0
	lui	$t2, BUFFER		# where the next character goes
	lui	$t3, BUFFER		# and the next one to write back
	li	$t4, '!'
	sw	$t4, SERIAL_CHARACTER($t1)
	li	$t5, DEAF_TURNS
1:	bne	$t5, $zero, 1b
	addiu	$t5, $t5, -1
	li	$t6, END
next:	lw	$t4, 8($t1)		# RIRQ
	andi	$t4, $t4, SERIAL_READY
	beq	$t4, $zero, write
	nop
	lw	$t4, SERIAL_CHARACTER($t1)
	sw	$zero, 8($t1)
	sb	$t4, 0($t2)
	addiu	$t2, $t2, 1
write:	lw	$t4, SERIAL_WRITE_IRQ($t1)
	andi	$t4, $t4, SERIAL_READY
	beq	$t4, $zero, next
	nop
	beq	$t2, $t3, next
	nop
	lbu	$t4, 0($t3)
	addiu	$t3, $t3, 1
	beq	$t4, $t6, finish
	sw	$zero, SERIAL_WRITE_IRQ($t1)
	b	next
	sw	$t4, SERIAL_CHARACTER($t1)
finish:
	lui	$t4, %hi(BUS_POWER)
	sw	$zero, %lo(BUS_POWER)($t4)
2:	.word	0x42000020		# wait
	b	2b
	nop
