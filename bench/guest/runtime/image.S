/* The user program that the kernel starts: the file IMAGE. */
	.section .data
	.align	12
	.globl	user_image, user_image_end
user_image:
	.incbin	IMAGE
user_image_end:
