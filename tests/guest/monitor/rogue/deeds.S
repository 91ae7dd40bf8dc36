/* The rogue's assembly: start, vectors that hand every exception to `caught` (attempt.S), and deeds that C has no words for. */
#include "tests/guest/kernel/hw.h"

	.set	noreorder
	.set	noat

	.section .vectors, "ax"
	j	vector
	nop
	.org	0x80
vector:
	mfc0	$a2, CP0_CAUSE
	mfc0	$a1, CP0_BADVADDR
	srl	$a0, $a2, 2
	andi	$a0, $a0, 31
	mtc0	$zero, CP0_COMPARE	# whatever the timer was set to; takes its interrupt back
	lui	$t0, 0xffff
	mtc0	$t0, CP0_COMPARE
	j	caught
	mtc0	$zero, CP0_STATUS

	.text
	.globl	_start
_start:
	mtc0	$zero, CP0_STATUS
	lui	$sp, %hi(stack_top)
	addiu	$sp, $sp, %lo(stack_top)
	j	rogue_main
	addiu	$sp, $sp, -16

.macro deed name
	.globl	\name
\name:
.endm
.macro done
	jr	$ra
	nop
.endm

deed read_no_register
	mfc0	$v0, $20
	done
deed unknown_operation
	.word	0x42000018		# ERET, which this processor does not have
	done
deed wait_with_code
	.word	0x420007e0
	done
deed jump_to_monitor
	lui	$t0, 0x8000
	jr	$t0
	nop
deed jump_to_device
	lui	$t0, %hi(segment + 0x3fe00000)
	addiu	$t0, $t0, %lo(segment + 0x3fe00000)
	jr	$t0
	nop
deed jump_to_user
	lui	$t0, 0x0040
	jr	$t0
	nop

/* A timer that comes every few cycles, with interrupts on. */
deed count_fast
	li	$t0, 3
	mtc0	$t0, CP0_COMPARE
	li	$t0, STATUS_IM_TIMER | STATUS_IEC
	mtc0	$t0, CP0_STATUS
1:	b	1b
	nop

/* k0 must live through whatever the monitor does behind the back of a kernel: here traps, and stores that miss the hardware's TLB. */
deed keep_k0
	lui	$k0, 0x1234
	ori	$k0, $k0, 0x5678
	lui	$t0, %hi(kernel_end)
	addiu	$t0, $t0, %lo(kernel_end)
	li	$t1, 64
1:	sw	$zero, 0($t0)
	mfc0	$t2, CP0_PRID
	mfc0	$t2, CP0_COUNT
	addiu	$t1, $t1, -1
	bne	$t1, $zero, 1b
	addiu	$t0, $t0, 4096
	lui	$t0, 0x1234
	ori	$t0, $t0, 0x5678
	beq	$t0, $k0, 2f
	nop
	break				# it did not
2:	done

/* User mode in the middle of its kernel. */
deed enter_user_mode
	li	$t0, STATUS_KUC
	mtc0	$t0, CP0_STATUS
	nop
	b	1f			# the jump is where the processor looks (section 1.5)
	nop
1:	done

deed isolate_caches
	lui	$t0, 1
	mtc0	$t0, CP0_STATUS
	done

deed wait_for_ever
	mtc0	$zero, CP0_STATUS
1:	.word	0x42000020
	b	1b
	nop

/* From low to high addresses, and over itself. */
deed overwrite_memory
1:	sw	$a2, 0($a0)
	addiu	$a0, $a0, 4
	bne	$a0, $a1, 1b
	nop
2:	b	2b
	nop

deed tlb_set
	sll	$a0, $a0, INDEX_SHIFT
	mtc0	$a0, CP0_INDEX
	mtc0	$a1, CP0_ENTRYHI
	mtc0	$a2, CP0_ENTRYLO
	tlbwi
	done

	.section .bss
	.align	3
	.space	4096
stack_top:
