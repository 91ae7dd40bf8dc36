/* Every integer instruction on many operands, as a digest each; and the check values of the Malta reference. */
#include "tests/guest/malta/lib.h"

#define ROUNDS 300

#define TWO(name, code)                                                                                      \
	do {                                                                                                 \
		uint32_t hash = 1;                                                                           \
		for (int i = 0; i < ROUNDS; i++) {                                                           \
			uint32_t d = random_word();                                                          \
			__asm__ volatile(".set push\n\t.set noreorder\n\t" code "\n\t.set pop"               \
					 : "+r"(d)                                                           \
					 : "r"(random_word()), "r"(random_word()));                          \
			hash = mix(hash, d);                                                                 \
		}                                                                                            \
		check(name, hash);                                                                           \
	} while (0)

#define HILO(name, code)                                                                                     \
	do {                                                                                                 \
		uint32_t hash = 1;                                                                           \
		for (int i = 0; i < ROUNDS; i++) {                                                           \
			uint32_t hi, lo;                                                                     \
			__asm__ volatile(".set push\n\t.set noreorder\n\tmthi %4\n\tmtlo %5\n\t" code        \
					 "\n\tmfhi %0\n\tmflo %1\n\t.set pop"                                \
					 : "=&r"(hi), "=&r"(lo)                                              \
					 : "r"(random_word()), "r"(random_word()), "r"(random_word()),       \
					   "r"(random_word())                                                \
					 : "hi", "lo");                                                      \
			hash = mix(mix(hash, hi), lo);                                                       \
		}                                                                                            \
		check(name, hash);                                                                           \
	} while (0)

/* Conditions: 1 if the branch is taken; the slot adds 2. */
#define BRANCH(name, code)                                                                                   \
	TWO(name, "move $8, $0\n\t" code ", 1f\n\taddiu $8, $8, 2\n\tb 2f\n\tnop\n1:\taddiu $8, $8, 1\n2:\t" \
		  "move %0, $8\n\t")

int main(void)
{
	TWO("addu", "addu %0, %1, %2");
	TWO("subu", "subu %0, %1, %2");
	TWO("and", "and %0, %1, %2");
	TWO("or", "or %0, %1, %2");
	TWO("xor", "xor %0, %1, %2");
	TWO("nor", "nor %0, %1, %2");
	TWO("slt", "slt %0, %1, %2");
	TWO("sltu", "sltu %0, %1, %2");
	TWO("addiu", "addiu %0, %1, -300");
	TWO("slti", "slti %0, %1, -300");
	TWO("sltiu", "sltiu %0, %1, -300");
	TWO("andi", "andi %0, %1, 0xf0f3");
	TWO("ori", "ori %0, %1, 0xf0f3");
	TWO("xori", "xori %0, %1, 0xf0f3");
	TWO("lui", "lui %0, 0xf0f3");
	TWO("sll", "sll %0, %1, 7");
	TWO("srl", "srl %0, %1, 7");
	TWO("sra", "sra %0, %1, 7");
	TWO("sllv", "sllv %0, %1, %2");
	TWO("srlv", "srlv %0, %1, %2");
	TWO("srav", "srav %0, %1, %2");
	TWO("rotr", "rotr %0, %1, 7");
	TWO("rotr 0", "rotr %0, %1, 0");
	TWO("rotrv", "rotrv %0, %1, %2");
	TWO("movz", "movz %0, %1, %2");
	TWO("movn", "movn %0, %1, %2");
	TWO("clz", "clz %0, %1");
	TWO("clo", "clo %0, %1");
	TWO("ext 0 32", "ext %0, %1, 0, 32");
	TWO("ext 5 1", "ext %0, %1, 5, 1");
	TWO("ext 28 4", "ext %0, %1, 28, 4");
	TWO("ins 0 32", "ins %0, %1, 0, 32");
	TWO("ins 8 16", "ins %0, %1, 8, 16");
	TWO("ins 31 1", "ins %0, %1, 31, 1");
	TWO("seb", "seb %0, %1");
	TWO("seh", "seh %0, %1");
	TWO("wsbh", "wsbh %0, %1");
	TWO("mul", "mul %0, %1, %2");
	HILO("mult", "mult %2, %3");
	HILO("multu", "multu %2, %3");
	HILO("div", "div $0, %2, %3");
	HILO("divu", "divu $0, %2, %3");
	HILO("madd", "madd %2, %3");
	HILO("maddu", "maddu %2, %3");
	HILO("msub", "msub %2, %3");
	HILO("msubu", "msubu %2, %3");
	BRANCH("beq", "beq %1, %2");
	BRANCH("bne", "bne %1, %2");
	BRANCH("blez", "blez %1");
	BRANCH("bgtz", "bgtz %1");
	BRANCH("bltz", "bltz %1");
	BRANCH("bgez", "bgez %1");
	BRANCH("beql", "beql %1, %2");
	BRANCH("bnel", "bnel %1, %2");
	BRANCH("blezl", "blezl %1");
	BRANCH("bgtzl", "bgtzl %1");
	BRANCH("bltzl", "bltzl %1");
	BRANCH("bgezl", "bgezl %1");

	/* Overflow leaves the register alone. */
	TWO("add", "add %0, %1, %2");
	TWO("sub", "sub %0, %1, %2");
	TWO("addi", "addi %0, %1, 0x7000");
	check("overflows", exception.count);

	TWO("bltzal", "move $8, $31\n\tbltzal %1, 1f\n\tnop\n1:\tsltu %0, $31, $8\n\tmove $31, $8");
	TWO("bgezall", "move $8, $31\n\tmove %0, $0\n\tbgezall %1, 1f\n\taddiu %0, %0, 1\n1:\tmove $31, $8");
	TWO("jalr same", "la $8, 1f\n\t.word 0x01004009\n\tmove %0, $0\n\tli %0, 5\n1:\taddiu %0, %0, 3");
	return 0;
}
