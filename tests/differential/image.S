// The drivers' bytes, as objcopy made them.
	.section .rodata
	.globl	driver_mips161, driver_mips32_big, driver_mips32_little, driver_end
driver_mips161:
	.incbin	"mips161.big.bin"
driver_mips32_big:
	.incbin	"mips32.big.bin"
driver_mips32_little:
	.incbin	"mips32.little.bin"
driver_end:
	.section .note.GNU-stack, "", %progbits
