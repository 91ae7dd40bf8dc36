/* Every operation of the emulator file system, good and bad (section 3.6). */
	.set noreorder
	.globl _start
#define D $8
	.macro op n, h, o, l
	li $9, \h
	sw $9, 0(D)
	li $9, \o
	sw $9, 4(D)
	li $9, \l
	sw $9, 8(D)
	li $9, \n
	sw $9, 12(D)
1:	lw $10, 16(D)
	beqz $10, 1b
	nop
	sw $0, 16(D)
	.endm
	.macro name s
	la $9, 8f
	lui $11, 0xbfe1
	ori $11, $11, 0x8000
7:	lb $12, 0($9)
	sb $12, 0($11)
	addiu $9, $9, 1
	bnez $12, 7b
	addiu $11, $11, 1
	.section .rodata
8:	.asciz "\s"
	.text
	.endm
_start:
	lui $8, 0xbfe1		# emufs, slot 1
	lui $9, 0xbffd
	li $10, 1000
	li $11, 1
	sw $11, 8($9)
	sw $10, 16($9)
	name "file1"
	op 2, 0, 0, 5
	op 7, 1, 0, 100
	op 5, 1, 10, 20
	op 5, 1, 100, 20
	op 8, 1, 0, 0
	op 9, 1, 0, 7
	op 8, 1, 0, 0
	name "file1"
	op 3, 0, 0, 5
	op 1, 0, 0, 5
	op 4, 1, 0, 0
	op 4, 1, 0, 0
	name "file1"
	op 3, 0, 0, 5
	name "nothere"
	op 1, 0, 0, 7
	name "dir"
	op 1, 0, 0, 3
	name "dir"
	op 2, 0, 0, 3
	op 6, 1, 0, 30
	op 6, 1, 1, 30
	op 6, 1, 2, 30
	op 5, 1, 0, 30
	op 7, 1, 0, 30
	op 8, 1, 0, 30
	op 9, 1, 0, 30
	name "file1"
	op 1, 0, 0, 5
	op 1, 0, 0, 20000
	op 6, 2, 0, 20
	op 5, 2, 0, 20000
	op 17, 0, 0, 3
	op 17, 70, 0, 3
	op 5, 70, 0, 3
	op 5, 9, 0, 3
	op 4, 0, 0, 0
	lui $9, 0xbffd
	sw $0, 8($9)
	lui $13, 0xbfff
	sw $0, 0x7e08($13)
2:	.word 0x42000020
	b 2b
	lw $13, 12($9)
