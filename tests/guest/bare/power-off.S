/* Power-off and nothing else. A second CPU, never started, is idle for as many cycles as the first one runs. */
	.set	noreorder
	.globl	_start
_start:
	lui	$8, 0xbfff
	sw	$0, 0x7e08($8)		# PWR
2:	.word	0x42000020		# wait
	b	2b
	nop
