// The driver's bytes, as objcopy made them.
	.section .rodata
	.globl	driver_image, driver_image_end
driver_image:
	.incbin	"driver.bin"
driver_image_end:
	.section .note.GNU-stack, "", %progbits
