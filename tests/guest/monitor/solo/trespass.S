/* What a program must not do: void NAME(void) for each deed in trespass.c. */
	.set	noreorder
	.set	noat

	.text

.macro deed name
	.globl	\name
\name:
.endm
.macro done
	jr	$ra
	nop
.endm

deed read_status
	mfc0	$v0, $12
	done
deed write_status
	mtc0	$zero, $12
	done
deed write_compare
	mtc0	$zero, $11
	done
deed read_tlb
	tlbr
	done
deed write_tlb
	tlbwi
	done
deed write_tlb_random
	tlbwr
	done
deed probe_tlb
	tlbp
	done
deed return_from_exception
	rfe
	done
deed wait
	.word	0x42000020
	done
deed privileged_in_slot
	b	1f
	mtc0	$zero, $12
1:	done
deed coprocessor_one
	.word	0x44000000		# mfc1
	done
deed reserved
	.word	0x0000000a		# movz
	done
deed overflow
	lui	$t0, 0x7fff
	ori	$t0, $t0, 0xffff
	addi	$t0, $t0, 1
	done
deed break_point
	break
	done
deed load_kernel
	lui	$t0, 0x8000
	lw	$v0, 0($t0)
	done
deed store_kernel
	lui	$t0, 0x8000
	sw	$zero, 0($t0)
	done
deed store_device
	lui	$t0, 0xbfe0
	sw	$zero, 0($t0)
	done
deed store_last
	sw	$zero, -4($zero)
	done
deed load_nothing
	lw	$v0, 0($zero)
	done
deed store_nothing
	lui	$t0, 0x0060
	sb	$zero, 5($t0)
	done
deed load_far
	lui	$t0, 0x3000
	lw	$v0, 0($t0)
	done
deed store_code
	lui	$t0, %hi(attempt)
	sw	$zero, %lo(attempt)($t0)
	done
deed load_misaligned
	lui	$t0, 0x0040
	lw	$v0, 2($t0)
	done
deed store_misaligned
	lui	$t0, 0x0040
	sh	$v0, 1($t0)
	done
deed jump_nowhere
	jr	$zero
	nop
deed jump_misaligned
	lui	$t0, 0x0040
	ori	$t0, $t0, 2
	jr	$t0
	nop
deed jump_kernel
	lui	$t0, 0x8000
	jr	$t0
	nop

/* Nothing wrong with this: a word counted up by LL and SC, which the monitor must leave alone. */
deed link_and_store
	.set	push
	.set	mips2
	lui	$t0, %hi(counter)
	addiu	$t0, $t0, %lo(counter)
1:	ll	$t1, 0($t0)
	move	$t2, $t1
	sc	$t2, 0($t0)
	beq	$t2, $zero, 1b
	nop
	.set	pop
	done

	.data
	.align	2
counter:
	.word	0
