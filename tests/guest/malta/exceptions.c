/* Exceptions: which vector, code, EPC and BadVAddr; delay slots, likely branches, EXL, EBase. */
#include "tests/guest/malta/lib.h"

#define KSEG0_ODD 0x80001235u

static uint32_t word = 7;

#define CASE(name, code, a, b)                                                                               \
	do {                                                                                                 \
		uint32_t base__ = TRY(code, a, b);                                                           \
		check_exception(name, base__);                                                               \
	} while (0)
/* As CASE, but goes on at the end of the code, label 9; EPC is printed as it is. */
#define ESCAPE(name, code, a, b)                                                                             \
	do {                                                                                                 \
		TRY("la $8, 9f\n\tsw $8, 0(%2)\n\t" code "\n9:", a, b);                                      \
		check_exception(name, 0);                                                                    \
	} while (0)

static void instructions(void)
{
	CASE("syscall", "syscall 5", 0, 0);
	CASE("break", "break 7", 0, 0);
	CASE("add", "add $2, %1, %2", 0x7FFFFFFF, 1);
	CASE("teq not", "teq %1, %2", 1, 2);
	CASE("teq", "teq %1, %2", 2, 2);
	CASE("tne", "tne %1, %2", 1, 2);
	CASE("tge", "tge %1, %2", 2, 2);
	CASE("tgeu", "tgeu %1, %2", -1, 2);
	CASE("tlt", "tlt %1, %2", -1, 2);
	CASE("tltu", "tltu %1, %2", -1, 2);
	CASE("teqi", "teqi %1, -5", -5, 0);
	CASE("tnei", "tnei %1, -5", -6, 0);
	CASE("tgei", "tgei %1, -1", 5, 0);
	CASE("tgeiu", "tgeiu %1, -1", 5, 0);
	CASE("tlti", "tlti %1, -1", -5, 0);
	CASE("tltiu", "tltiu %1, -1", 5, 0);
	CASE("reserved", ".word 0x7c00003c", 0, 0);
	CASE("ext", ".word 0x7c493f00", 0, 0); /* pos 28, size 8 */
	CASE("function 28", ".word 0x00000028", 0, 0);
	CASE("ld", ".word 0xdc480000", 0, 0);
	CASE("add.s", ".word 0x46000000", 0, 0);
	CASE("lwc1", ".word 0xc4400000", 0, 0);
	CASE("pref", "pref 0, 0(%1)", 0x33, 0);
	CASE("rdhwr 4", ".word 0x7c02203b", 0, 0);
}

static void addresses(void)
{
	CASE("lh", "lh $2, 0(%1)", KSEG0_ODD, 0);
	CASE("lhu", "lhu $2, 0(%1)", KSEG0_ODD, 0);
	CASE("lw", "lw $2, 1(%1)", KSEG0_ODD, 0);
	CASE("sh", "sh $2, 0(%1)", KSEG0_ODD, 0);
	CASE("sw", "sw $2, 1(%1)", KSEG0_ODD, 0);
	CASE("ll", "ll $2, 0(%1)", KSEG0_ODD, 0);
	CASE("lw refill", "lw $2, 0(%1)", 0x00123454, 0);
	CASE("sw refill", "sw $2, 0(%1)", 0x00123454, 0);
	check("EntryHi", exception.entry_hi);
	check("Context", exception.context);
	CASE("lw kseg2", "lw $2, 0(%1)", 0xC0123454u, 0);
	CASE("lwl refill", "lwl $2, 0(%1)", 0x00123457, 0);
	CASE("swr refill", "swr $2, 0(%1)", 0x00123455, 0);
	CASE("misaligned unmapped", "lw $2, 0(%1)", 0x00123453, 0);
	check("EntryHi kept", exception.entry_hi);
}

static void slots(void)
{
	uint32_t resume = (uint32_t)&exception.resume;

	CASE("slot taken", "beq $0, $0, 2f\n\tsyscall\n2:", 0, 0);
	CASE("slot not taken", "beq %1, %2, 2f\n\tsyscall\n2:", 3, 4);
	CASE("likely slot taken", "beql %1, %2, 2f\n\tsyscall\n2:", 3, 3);
	CASE("likely slot skipped", "beql %1, %2, 2f\n\tsyscall\n2:", 3, 4);
	CASE("jump slot", "j 2f\n\tsyscall\n2:", 0, 0);
	CASE("load in slot", "b 2f\n\tlw $2, 0(%1)\n2:", 0x00456788, 0);
	CASE("branch in slot", "b 2f\n\tb 2f\n2:\tnop", 0, 0);
	ESCAPE("jr unmapped", "jr %1\n\taddiu $2, $0, 1", 0x00654320, resume);
	ESCAPE("jr kseg2", "jr %1\n\taddiu $2, $0, 1", 0xC0654320u, resume);
	ESCAPE("jalr misaligned", "jalr $8, %1\n\taddiu $2, $0, 1", 0x80001002u, resume);
}

static void nested(void)
{
	uint32_t resume = (uint32_t)&exception.resume, status = mfc0(12, 0);

	/* With EXL set: the general vector, and EPC keeps its value. */
	mtc0(14, 0, 0x1234);
	mtc0(12, 0, status | 2);
	TRY("la $8, 9f\n\tsw $8, 0(%2)\n\tlw $2, 0(%1)\n9:", 0x00700000, resume);
	check_exception("refill with EXL", 0);
	mtc0(14, 0, 0x5678);
	mtc0(12, 0, status | 2);
	TRY("la $8, 9f\n\tsw $8, 0(%2)\n\tb 2f\n\tsyscall\n2:\tnop\n9:", 0, resume);
	check_exception("slot with EXL", 0);
	mtc0(12, 0, status);

	/* ERET with ERL goes to ErrorEPC. */
	TRY("la $8, 3f\n\tmtc0 $8, $30\n\tmtc0 $0, $14\n\tmfc0 $8, $12\n\tori $8, $8, 6\n\tmtc0 $8, "
	    "$12\n\tehb\n\t"
	    "eret\n\tsyscall\n3:\tnop",
	    0, 0);
	check("Status after ERET", mfc0(12, 0) & 0xFF);
	mtc0(12, 0, status);

	/* kseg0 without TLB at its own address while ERL is set. */
	mtc0(12, 0, status | 4);
	uint32_t value = *word_at((uint32_t)&word & 0x1FFFFFFFu);
	mtc0(12, 0, status);
	check("ERL word", value);
	check_exception("ERL", 0);
}

static void base(void)
{
	for (uint32_t at = 0; at < 0x210; at += 4)
		*word_at(0x80008000u + at) = *word_at(0x80000000u + at);
	mtc0(15, 1, 0x80008000u);
	check("EBase", mfc0(15, 1));
	*word_at(0x80000180u) = 0; /* not used now */
	*word_at(0x80000184u) = 0;
	CASE("syscall at EBase", "syscall", 0, 0);
	CASE("refill at EBase", "lw $2, 0(%1)", 0x00123454, 0);
}

int main(void)
{
	instructions();
	addresses();
	slots();
	nested();
	base();
	return 0;
}
