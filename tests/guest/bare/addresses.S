/* Addresses that fault: which vector, what the registers say, whose EPC (sections 1.5, 1.10, 1.12). */
#include "tests/guest/bare/macros.inc"

	.globl	_start
_start:
	use_vectors
	set_stack

	resume_at 1f
	lui	$t0, 0x8000
	lh	$t1, 0x203($t0)
1:	report_exception lh-misaligned

	resume_at 1f
	lb	$t1, 0x1003($zero)
1:	report_exception lb-unmapped

	resume_at 1f
	sb	$t1, 0x1003($zero)
1:	report_exception sb-unmapped

	resume_at 1f
	lui	$t0, 0xc000
	lw	$t1, 0x1004($t0)
1:	report_exception lw-kseg2

	resume_at 1f
	lui	$t0, 0xbfe8		# slot 8 is empty
	lw	$t1, 0($t0)
1:	report_exception lw-empty-slot

	/* The jump faults, not its target; the delay slot is not executed. */
	li	$s6, 0
	resume_at 1f
	li	$t0, 0x2000
	jr	$t0
	li	$s6, 1
1:	report_exception jr-unmapped
	report	jr-delay-slot, $s6

	resume_at 1f
	li	$t0, 0x2002
	jr	$t0
	nop
1:	report_exception jr-misaligned

	/* With RFE in the delay slot the target is looked up in the new mode, and faults itself. */
	resume_at 1f
	li	$t0, STATUS_KUP
	mtc0	$t0, CP0_STATUS
	li	$k0, 0x7004
	jr	$k0
	rfe
1:	report_exception rfe-unmapped
	mtc0	$zero, CP0_STATUS

	/* A load that faults in a delay slot, and after a branch that is not taken. */
	resume_at 1f
	beq	$zero, $zero, 1f
	lw	$t1, 0x3000($zero)
1:	report_exception delay-slot-taken

	resume_at 1f
	bne	$zero, $zero, 1f
	lw	$t1, 0x3000($zero)
1:	report_exception delay-slot-untaken
	j	finish
	nop
