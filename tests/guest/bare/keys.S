/* Waits for keys, with nothing else to do, until there is a q. Section 3.3. */
#include "tests/guest/bare/macros.inc"

#define SERIAL_READ_IRQ 8

	.globl	_start
_start:
	lui	$t1, 0xbfe0		# serial, slot 0
	li	$t4, SERIAL_ENABLE
	li	$t7, 'q'
	sw	$t4, SERIAL_READ_IRQ($t1)
1:	.word	0x42000020		# wait
	lw	$t5, SERIAL_READ_IRQ($t1)
	andi	$t5, $t5, SERIAL_READY
	beq	$t5, $zero, 1b
	nop
	lw	$t6, SERIAL_CHARACTER($t1)
	bne	$t6, $t7, 1b
	sw	$t4, SERIAL_READ_IRQ($t1)
	lui	$t4, %hi(BUS_POWER)
	sw	$zero, %lo(BUS_POWER)($t4)
2:	.word	0x42000020		# wait
	b	2b
	nop
