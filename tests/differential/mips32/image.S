// The driver's bytes in both byte orders, as objcopy made them.
	.section .rodata
	.globl	mips32_driver_big, mips32_driver_little, mips32_driver_end
mips32_driver_big:
	.incbin	"driver.big.bin"
mips32_driver_little:
	.incbin	"driver.little.bin"
mips32_driver_end:
	.section .note.GNU-stack, "", %progbits
